package portal_test

import (
	"net/http"
	"strings"
	"testing"
)

// A page and its style sheet may come from two nodes, or from before and after a change of the brand.
func TestStyles_OfAnotherMomentAreTodaysAndNotKept(t *testing.T) {
	b := newBrowser(t, plainWorld(), "")
	for _, tc := range []struct {
		path   string
		status int
		cache  string
	}{
		{"/brand/0123456789abcdef.css", http.StatusOK, "no-store"},
		{"/assets/portal-0123456789abcdef.css", http.StatusOK, "no-store"},
		{"/brand/x.css", http.StatusNotFound, "no-store"},
		{"/assets/other-0123456789abcdef.css", http.StatusNotFound, "no-store"},
	} {
		r := b.get(tc.path)
		if r.Code != tc.status || !strings.Contains(r.Header().Get("Cache-Control"), tc.cache) {
			t.Errorf("%s: %d, Cache-Control %q; want %d, %s", tc.path, r.Code, r.Header().Get("Cache-Control"), tc.status, tc.cache)
		}
		if sheet := r.Header().Get("Content-Type") == "text/css; charset=utf-8"; sheet != (tc.status == http.StatusOK) {
			t.Errorf("%s is %s", tc.path, r.Header().Get("Content-Type"))
		}
	}
}
