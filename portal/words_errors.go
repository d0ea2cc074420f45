package portal

import "net/http"

// said is the heading and the sentence of one error.
type said struct{ title, text string }

// errorWords is what each status says: what happened to the money, then what to do.
var errorWords = map[int]said{
	http.StatusBadRequest: {"We could not read that request",
		"Nothing was paid or changed. Go back, check what you entered, and send it again."},
	http.StatusForbidden: {"That did not come from this page",
		"Nothing was paid or changed. Your browser says that the request was started somewhere else, so we did not act on it. Go back to your overview and start from there."},
	http.StatusNotFound: {"There is nothing at this address",
		"Nothing was paid or changed. The address may be mistyped, or what was here is no longer yours to see."},
	http.StatusMethodNotAllowed: {"That does not work here",
		"Nothing was paid or changed. Go back to your overview and start from there."},
	http.StatusConflict: {"Something changed in the meantime",
		"Nothing was paid or changed by your last step. Open the page again to see how things stand now."},
	http.StatusGone: {"This is no longer here",
		"Nothing was paid or changed. It was taken back or has run out."},
	http.StatusRequestEntityTooLarge: {"That is too much at once",
		"Nothing was paid or changed. What you sent is larger than we take here."},
	http.StatusMisdirectedRequest: {"This address is not served here",
		"Nothing was paid or changed. Close this tab and open the link from your email again."},
	http.StatusTooManyRequests: {"A little slower, please",
		"Nothing was paid or changed. There were more requests from your connection than we take at once."},
	http.StatusInternalServerError: {"Something went wrong on our side",
		"We did not take any money. Please try again; if it happens again, write to us and give the reference below."},
	http.StatusServiceUnavailable: {"We cannot show this right now",
		"We did not take any money, and your documents are safe."},
}
