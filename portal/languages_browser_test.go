package portal_test

import (
	"net/http"
	"testing"

	"tollhouse/portal/lang"
	"tollhouse/portal/portaltest"
)

// withoutWishes serves as to a browser that asks for no language, so that the tenant's decides.
func withoutWishes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Language")
		next.ServeHTTP(w, r)
	})
}

// audited are the pages that are looked at by every rule of axe-core in each of the languages; all others are only measured.
var audited = map[string]bool{"home": true, "invoices-all": true, "invoice-part-paid": true, "sign-in-error": true, "error-500": true}

// The languages that differ most: one from right to left, one without spaces, one with long words.
func TestEveryPage_HoldsOtherScriptsInARealBrowser(t *testing.T) {
	source := axe(t)
	for _, id := range []lang.ID{lang.Arabic, lang.Japanese, lang.German} {
		t.Run(id.Tag(), func(t *testing.T) {
			t.Parallel()
			tn := portaltest.Plain()
			tn.Locale = id.Tag()
			s := newStageOf(t, tn, withoutWishes)
			look := portaltest.Look{Width: 320, Height: 640}
			if err := s.tab.SetLook(look); err != nil {
				t.Fatal(err)
			}
			for _, page := range portaltest.AllPages() {
				if err := s.tab.Open(s.base+page.Path, page.Cookie); err != nil {
					t.Fatal(err)
				}
				if got, err := portaltest.Evaluate[string](s.tab, "document.documentElement.lang + getComputedStyle(document.body).direction"); err != nil ||
					got != id.Tag()+id.Dir() {
					t.Errorf("%s: %q (%v)", page.Name, got, err)
				}
				s.checkManners(t, page, look)
				if audited[page.Name] {
					s.checkAxe(t, page, look, source)
				}
			}
		})
	}
}
