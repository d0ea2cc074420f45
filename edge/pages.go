package edge

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"tollhouse/tenant/request"
)

// fail answers with an error page: in the brand of the site when it is known and somebody gave us pages, else with the neutral one.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int) {
	if s.config.ErrorPage == nil || request.From(r.Context()).Site == nil {
		writeNeutral(w, r, status)
		return
	}
	s.config.ErrorPage(w, r, status)
}

// neutralPage belongs to nobody: no brand, no host, nothing that the request said.
const neutralPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>%[1]s</title><style>` + neutralStyle + `</style></head>
<body><main><h1>%[1]s</h1><p>%[2]s</p><p class="small">Reference: %[3]s</p></main></body></html>
`

// neutralStyle is in the page, because a host of nobody has no other address to take it from; the page's policy names it by its hash.
const neutralStyle = `body{margin:0;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;` +
	`color:#1a1f2b;background:#f7f8fa}main{max-width:30rem;margin:0 auto;padding:15vh 1.5rem 3rem}h1{font-size:1.75rem;line-height:2.25rem;margin:0 0 .5rem}` +
	`p{margin:0 0 1.5rem}.small{font-size:.875rem;color:#566070;overflow-wrap:anywhere}` +
	`@media (prefers-color-scheme:dark){body{color:#eceff5;background:#0f131a}.small{color:#a3adbd}}`

// neutralPolicy allows the page's own style and nothing else.
func neutralPolicy() string {
	sum := sha256.Sum256([]byte(neutralStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}

// neutralText says what happened and what the reader can do. What is not here is called by its name in HTTP.
func neutralText(status int) (title, text string) {
	switch status {
	case http.StatusBadRequest:
		return "That did not arrive whole", "The request could not be understood. Open the address again."
	case http.StatusForbidden:
		return "Not available", "This address is not available at the moment."
	case http.StatusMethodNotAllowed:
		return "That does not work here", "This address does not answer requests of this kind."
	case http.StatusRequestEntityTooLarge:
		return "That is too large", "What was sent is larger than what is taken here."
	case http.StatusMisdirectedRequest:
		return "Nothing is here", "Nothing is served under this name. Check the address, or open it in a new window."
	case http.StatusInternalServerError:
		return "That did not work", "Something went wrong on our side. Please try again in a moment."
	}
	return http.StatusText(status), ""
}

func writeNeutral(w http.ResponseWriter, r *http.Request, status int) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", neutralPolicy())
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	title, text := neutralText(status)
	_, _ = fmt.Fprintf(w, neutralPage, title, text, request.From(r.Context()).ID)
}
