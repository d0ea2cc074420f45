// Package route is a thin router over httprouter. It records the pattern that matched, for logs, metrics and the test that walks every
// route; it answers HEAD wherever GET is answered; and it redirects nothing by itself: a path is right or unknown.
//
//	r := route.New(notFound, notAllowed)
//	r.Handle("GET", "/portal/invoices/:id", handler)
package route

import (
	"net/http"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"tollhouse/tenant/request"
)

// Route is one registered method and pattern.
type Route struct{ Method, Pattern string }

// Router dispatches by method and path. Register everything before serving; serving is then safe for any number of goroutines.
type Router struct {
	router *httprouter.Router
	routes []Route
}

// New returns a router that answers unknown paths with notFound and known paths with another method with notAllowed; the Allow header is set
// before the latter is called.
func New(notFound, notAllowed http.Handler) *Router {
	r := httprouter.New()
	r.RedirectFixedPath = false
	r.RedirectTrailingSlash = false
	r.HandleOPTIONS = false
	r.NotFound = notFound
	r.MethodNotAllowed = notAllowed
	return &Router{router: r}
}

// Handle registers h for a method and an httprouter pattern. GET also answers HEAD; net/http drops the body. It panics on a pattern that
// conflicts with another, which a test meets before an operator does.
func (r *Router) Handle(method, pattern string, h http.Handler) {
	r.routes = append(r.routes, Route{method, pattern})
	wrapped := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		request.From(req.Context()).SetRoute(pattern)
		h.ServeHTTP(w, req)
	})
	r.router.Handler(method, pattern, wrapped)
	if method == http.MethodGet {
		r.router.Handler(http.MethodHead, pattern, wrapped)
	}
}

// Routes lists what was registered, sorted; HEAD is implied by GET.
func (r *Router) Routes() []Route {
	sorted := slices.Clone(r.routes)
	slices.SortFunc(sorted, func(a, b Route) int {
		if c := strings.Compare(a.Pattern, b.Pattern); c != 0 {
			return c
		}
		return strings.Compare(a.Method, b.Method)
	})
	return sorted
}

// ServeHTTP dispatches one request.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.router.ServeHTTP(w, req) }

// Param returns a named parameter of the matched pattern, "" when the pattern has none of that name.
func Param(req *http.Request, name string) string {
	return httprouter.ParamsFromContext(req.Context()).ByName(name)
}
