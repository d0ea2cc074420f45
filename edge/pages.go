package edge

import (
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
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>%[1]s</title></head>
<body><main><h1>%[1]s</h1><p>%[2]s</p><p><small>Request %[3]s</small></p></main></body></html>
`

// neutralText says what the reader can do. Statuses that are not here get an empty line.
func neutralText(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "The request could not be understood."
	case http.StatusForbidden:
		return "This address is not available at the moment."
	case http.StatusMethodNotAllowed:
		return "This address does not answer requests of this kind."
	case http.StatusRequestEntityTooLarge:
		return "What was sent is too large."
	case http.StatusMisdirectedRequest:
		return "Nothing is served under this name here. Check the address."
	case http.StatusInternalServerError:
		return "Something went wrong on our side. Please try again in a moment."
	}
	return ""
}

func writeNeutral(w http.ResponseWriter, r *http.Request, status int) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = fmt.Fprintf(w, neutralPage, http.StatusText(status), neutralText(status), request.From(r.Context()).ID)
}
