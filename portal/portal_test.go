package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
)

// browser is a person's browser in small: it keeps cookies and says where a request comes from.
type browser struct {
	t       *testing.T
	handler http.Handler
	cookies map[string]string
	site    string // the Sec-Fetch-Site of its POSTs
}

func newBrowser(t *testing.T, world *portaltest.World, session string) *browser {
	b := &browser{t: t, handler: world.Handler(), cookies: map[string]string{}, site: "same-origin"}
	if session != "" {
		b.cookies["__Host-bp"] = session
	}
	return b
}

func (b *browser) get(path string) *answer { return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, form url.Values) *answer {
	return b.do(http.MethodPost, path, form)
}

func (b *browser) do(method, path string, form url.Values) *answer {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://plain.portal.test"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method == http.MethodPost && b.site != "" {
		r.Header.Set("Sec-Fetch-Site", b.site)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	a := &answer{t: b.t, path: path, ResponseRecorder: w}
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return a
}

// answer is what came back.
type answer struct {
	t    *testing.T
	path string // that was asked for
	*httptest.ResponseRecorder
}

func (a *answer) page() htmlcheck.Document {
	a.t.Helper()
	doc, err := htmlcheck.Parse(strings.NewReader(a.Body.String()))
	if err != nil {
		a.t.Fatal(err)
	}
	return doc
}

// wants fails the test unless the answer has a status and, for a page, a heading that begins so.
func (a *answer) wants(status int, heading string) *answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	if h := a.page().Text("h1"); !strings.HasPrefix(h, heading) {
		a.t.Fatalf("the page is headed %q, want %q", h, heading)
	}
	return a
}

// leadsTo fails the test unless the answer is a 303 to a path.
func (a *answer) leadsTo(path string) *answer {
	a.t.Helper()
	if got := a.Header().Get("Location"); a.Code != http.StatusSeeOther || got != path {
		a.t.Fatalf("status %d to %q, want 303 to %q: %s", a.Code, got, path, a.Body)
	}
	return a
}

// cookie returns the Set-Cookie line of a name, "" for none.
func (a *answer) cookie(name string) string {
	for _, line := range a.Header().Values("Set-Cookie") {
		if strings.HasPrefix(line, name+"=") {
			return line
		}
	}
	return ""
}

func plainWorld() *portaltest.World { return portaltest.NewWorld(portaltest.Plain()) }
