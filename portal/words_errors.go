package portal

import "net/http"

// said is the heading and the sentence of one error.
type said struct{ Title, Text string }

// errorWords is what each status says: what happened to the money, then what to do.
type errorWords struct {
	BadRequest, Forbidden, NotFound, MethodNotAllowed, Conflict, Gone, RequestEntityTooLarge, MisdirectedRequest, TooManyRequests,
	InternalServerError, ServiceUnavailable, CardNumber said
}

// of returns the words of a status, and whether it has any.
func (w errorWords) of(status int) (said, bool) {
	switch status {
	case http.StatusBadRequest:
		return w.BadRequest, true
	case http.StatusUnprocessableEntity: // the only thing typed that has no field to say it at
		return w.CardNumber, true
	case http.StatusForbidden:
		return w.Forbidden, true
	case http.StatusNotFound:
		return w.NotFound, true
	case http.StatusMethodNotAllowed:
		return w.MethodNotAllowed, true
	case http.StatusConflict:
		return w.Conflict, true
	case http.StatusGone:
		return w.Gone, true
	case http.StatusRequestEntityTooLarge:
		return w.RequestEntityTooLarge, true
	case http.StatusMisdirectedRequest:
		return w.MisdirectedRequest, true
	case http.StatusTooManyRequests:
		return w.TooManyRequests, true
	case http.StatusInternalServerError:
		return w.InternalServerError, true
	case http.StatusServiceUnavailable:
		return w.ServiceUnavailable, true
	}
	return said{}, false
}

var englishErrors = errorWords{
	CardNumber: said{"That looks like a card number",
		"Nothing was saved or paid. A card’s number does not belong in this field: when you pay there is a place for it that only the payment provider reads. Go back, take it out, and send again."},
	BadRequest: said{"We could not read that request",
		"Nothing was paid or changed. Go back, check what you entered, and send it again."},
	Forbidden: said{"That did not come from this page",
		"Nothing was paid or changed. Your browser says that the request was started somewhere else, so we did not act on it. Go back to your overview and start from there."},
	NotFound: said{"There is nothing at this address",
		"Nothing was paid or changed. The address may be mistyped, or what was here is no longer yours to see."},
	MethodNotAllowed: said{"That does not work here",
		"Nothing was paid or changed. Go back to your overview and start from there."},
	Conflict: said{"Something changed in the meantime",
		"Nothing was paid or changed by your last step. Open the page again to see how things stand now."},
	Gone: said{"This is no longer here",
		"Nothing was paid or changed. It was taken back or has run out."},
	RequestEntityTooLarge: said{"That is too much at once",
		"Nothing was paid or changed. What you sent is larger than we take here."},
	MisdirectedRequest: said{"This address is not served here",
		"Nothing was paid or changed. Close this tab and open the link from your email again."},
	TooManyRequests: said{"A little slower, please",
		"Nothing was paid or changed. There were more requests from your connection than we take at once."},
	InternalServerError: said{"Something went wrong on our side",
		"We did not take any money. Please try again; if it happens again, write to us and give the reference below."},
	ServiceUnavailable: said{"We cannot show this right now",
		"We did not take any money, and your documents are safe."},
}
