package portal

import (
	"net/http"
	"strings"
)

// contentPolicy lets a page load its own styles and pictures and post its own forms, and nothing else. There is no script, so there is no
// source for one.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
	"base-uri 'none'; object-src 'none'"

// withHeaders sets what holds for every answer. A handler of something public and unchanging replaces Cache-Control.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header(), r)
		next.ServeHTTP(w, r)
	})
}

// linkPaths begin the address of every magic link. Such an address is a key: no page under it, an error's neither, tells it to another page.
const linkPaths = "/portal/l/"

func setHeaders(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	if strings.HasPrefix(r.URL.Path, linkPaths) || strings.HasPrefix(r.URL.Path, previewPaths) {
		h.Set("Referrer-Policy", "no-referrer")
	}
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
}

// immutable marks an answer whose address changes when it does.
func immutable(h http.Header) { h.Set("Cache-Control", "public, max-age=31536000, immutable") }
