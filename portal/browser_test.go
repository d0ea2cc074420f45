package portal_test

import (
	"crypto/x509"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
	"tollhouse/tenant"
)

// widths are the sizes that every page is audited at: a phone, or a window zoomed to 400 %, and a desk.
var widths = []portaltest.Look{{Width: 320, Height: 640}, {Width: 1280, Height: 900}}

// stage is a world behind real TLS and a browser that knows its address.
type stage struct {
	world *portaltest.World
	tab   *portaltest.Tab
	base  string
}

func newStage(t *testing.T, tn *tenant.Tenant) *stage {
	t.Helper()
	return newStageOf(t, tn, besideOthers)
}

// newStageOf is newStage with something of its own around the world.
func newStageOf(t *testing.T, tn *tenant.Tenant, around func(http.Handler) http.Handler) *stage {
	t.Helper()
	world := portaltest.NewWorld(tn)
	server := httptest.NewTLSServer(around(world.Handler()))
	t.Cleanup(server.Close)
	browser, err := portaltest.StartBrowser(t.Context(), portaltest.BrowserConfig{Pinned: []*x509.Certificate{server.Certificate()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(browser.Close)
	tab, err := browser.NewTab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &stage{world, tab, "https://" + world.Host + ":" + at.Port()}
}

// axe is the source of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("TOLLHOUSE_AXE")
	if path == "" {
		path = filepath.Join("..", ".dev", "tools", "node_modules", "axe-core", "axe.min.js")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("axe-core is missing: run make tools (%v)", err)
	}
	return string(source)
}

func TestEveryPage_InARealBrowser(t *testing.T) {
	source := axe(t)
	for _, tn := range portaltest.Tenants() {
		t.Run(tn.Slug, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, tn)
			for _, look := range widths {
				for _, page := range portaltest.AllPages() {
					s.audit(t, page, look, source)
				}
			}
		})
	}
}

// audit looks at a page in one size: by every rule once, and by the rules of colour for every tenant, light and dark.
func (s *stage) audit(t *testing.T, page portaltest.Page, look portaltest.Look, source string) {
	t.Helper()
	if err := s.tab.SetLook(look); err != nil {
		t.Fatal(err)
	}
	if err := s.tab.Open(s.base+page.Path, page.Cookie); err != nil {
		t.Fatal(err)
	}
	s.checkManners(t, page, look)
	if s.world.Tenant.Slug == "plain" {
		s.checkAxe(t, page, look, source)
	} else {
		s.checkAxe(t, page, look, source, colourRules...)
	}
	look.Dark = true
	if err := s.tab.SetLook(look); err != nil {
		t.Fatal(err)
	}
	s.checkAxe(t, page, look, source, colourRules...)
}

// colourRules are the rules of axe-core that a tenant's colours and the scheme decide; all others see the same page for every tenant.
var colourRules = []string{"color-contrast", "link-in-text-block"}

func (s *stage) checkAxe(t *testing.T, page portaltest.Page, look portaltest.Look, source string, rules ...string) {
	t.Helper()
	findings, err := s.tab.Audit(source, rules...)
	if err != nil {
		t.Fatalf("%s: %v", page.Name, err)
	}
	for _, f := range findings {
		t.Errorf("%s at %+v: %s", page.Name, look, f)
	}
}

// checkManners fails the test when the page is wider than the window, asks for anything elsewhere, or tries what its policy forbids.
func (s *stage) checkManners(t *testing.T, page portaltest.Page, look portaltest.Look) {
	t.Helper()
	if over, err := s.tab.Overflow(); err != nil || over > 0 {
		t.Errorf("%s at %d pixels is %d too wide (%v)", page.Name, look.Width, over, err)
	}
	if stopped, err := s.tab.Stopped(); err != nil || len(stopped) > 0 {
		t.Errorf("%s: the policy stopped %v (%v)", page.Name, stopped, err)
	}
	requests := s.tab.Requests()
	if len(requests) < 3 {
		t.Errorf("%s asked only for %v: its style is missing", page.Name, requests)
	}
	for _, r := range requests {
		if !strings.HasPrefix(r, s.base+"/") {
			t.Errorf("%s asked for %s", page.Name, r)
		}
	}
}

func TestJourney_InARealBrowser(t *testing.T) {
	s := newStage(t, portaltest.Plain())
	steps := []struct{ press, address, says string }{
		{"", ready, "This link was sent to"},
		{"main button", firstPage, "Amount due"},
		{".back a", "/portal/invoices", "Invoices"},
		{".tabs a:last-child", "/portal/invoices?tab=all", "Showing 1–25 of 40"},
		{".pager a[rel=next]", "/portal/invoices?tab=all&after=25&from=26", "Showing 26–40 of 40"},
		{".menu a", "/portal/", "Due now"},
		{".hero a.main", firstPage, "How to pay"},
		{".who button", "/portal/signed-out", "You are signed out"},
		{"main a.main", "/portal/sign-in", "Get a sign-in link"},
	}
	for _, step := range steps {
		var err error
		if step.press == "" {
			err = s.tab.Open(s.base+step.address, "")
		} else {
			err = s.tab.Click(step.press)
		}
		if err != nil {
			t.Fatal(err)
		}
		address, err := s.tab.Address()
		if err != nil || address != s.base+step.address {
			t.Fatalf("pressing %s leads to %s, want %s (%v)", step.press, address, step.address, err)
		}
		if text, err := s.tab.Text(); err != nil || !strings.Contains(text, step.says) {
			t.Fatalf("%s does not say %q (%v): %s", step.address, step.says, err, text)
		}
	}
	if !slices.Equal(s.world.Redeemed, []string{portaltest.Token(access.LinkReady)}) || len(s.world.Ended) != 1 {
		t.Errorf("redeemed %v, ended %v", s.world.Redeemed, s.world.Ended)
	}
}

func TestLanding_IsChangedByNoBrowserThatOnlyLooks(t *testing.T) {
	s := newStage(t, portaltest.Plain())
	for range 5 {
		if err := s.tab.Open(s.base+ready, ""); err != nil {
			t.Fatal(err)
		}
		if got, err := portaltest.Evaluate[string](s.tab, "document.referrer"); err != nil || got != "" {
			t.Errorf("the page was told that it came from %q (%v)", got, err)
		}
	}
	if len(s.world.Redeemed) != 0 {
		t.Errorf("redeemed %v", s.world.Redeemed)
	}
}

// besideOthers serves the world on its own host, and on every other host a page that wants to post to it.
func besideOthers(world http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "attacker.") || strings.HasPrefix(r.Host, "sibling.") {
			_, _ = fmt.Fprintf(w, `<!DOCTYPE html><form method="post" action="%s"><input name="nonce" value="x"><button>Win a prize</button></form>`,
				html.EscapeString(r.URL.Query().Get("to")))
			return
		}
		world.ServeHTTP(w, r)
	})
}

func TestForms_OfOtherSitesDoNothingInARealBrowser(t *testing.T) {
	s := newStage(t, portaltest.Plain())
	port := s.base[strings.LastIndex(s.base, ":"):]
	for _, host := range []string{"attacker.test", "sibling.portal.test"} {
		for _, path := range []string{ready, ready + "/resend", "/portal/sign-out"} {
			if err := s.tab.Open(s.base+"/portal/", portaltest.Full); err != nil {
				t.Fatal(err)
			}
			if err := s.tab.Go("https://" + host + port + "/?to=" + url.QueryEscape(s.base+path)); err != nil {
				t.Fatal(err)
			}
			if err := s.tab.Click("button"); err != nil {
				t.Fatal(err)
			}
			if text, err := s.tab.Text(); err != nil || !strings.Contains(text, "That did not come from this page") {
				t.Errorf("a form on %s reached %s (%v): %s", host, path, err, text)
			}
		}
	}
	if n := len(s.world.Redeemed) + len(s.world.Resent) + len(s.world.Ended); n != 0 {
		t.Errorf("other sites changed %d things", n)
	}
}

func TestSignOut_LeavesNothingBehindTheBackButton(t *testing.T) {
	s := newStage(t, portaltest.Plain())
	if err := s.tab.Open(s.base+firstPage, portaltest.Full); err != nil {
		t.Fatal(err)
	}
	if text, err := s.tab.Text(); err != nil || !strings.Contains(text, "$1,582.72") {
		t.Fatalf("the invoice does not show (%v): %s", err, text)
	}
	if err := s.tab.Click(".who button"); err != nil {
		t.Fatal(err)
	}
	if err := s.tab.Back(); err != nil {
		t.Fatal(err)
	}
	if text, err := s.tab.Text(); err != nil || strings.Contains(text, "$") || !strings.Contains(text, "Please sign in again") {
		t.Errorf("behind the back button (%v): %s", err, text)
	}
}
