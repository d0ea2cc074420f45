package portaltest_test

import (
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
)

// bad is a page with one of each thing that the pages' tests must find.
const bad = `<!DOCTYPE html><html><title>Bad</title><style>p{width:2000px}</style><p style="color:#777;background:#888">grey on grey</p>
<img src="https://elsewhere.example/x.png"><script>document.title = "ran"</script>`

func TestTab_FindsWhatIsWrong(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join("..", "..", ".dev", "tools", "node_modules", "axe-core", "axe.min.js"))
	if path := os.Getenv("TOLLHOUSE_AXE"); path != "" {
		axe, err = os.ReadFile(path)
	}
	if err != nil {
		t.Fatalf("axe-core is missing: run make tools (%v)", err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/strict" {
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
		}
		_, _ = io.WriteString(w, bad)
	}))
	defer server.Close()
	tab := openTab(t, server)
	if err := tab.Open(server.URL+"/", ""); err != nil {
		t.Fatal(err)
	}
	findings, err := tab.Audit(string(axe))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"image-alt", "html-has-lang", "color-contrast", "landmark-one-main"} {
		if !slices.ContainsFunc(findings, func(f portaltest.Finding) bool { return f.ID == id }) {
			t.Errorf("axe does not find %s: %v", id, findings)
		}
	}
	if over, err := tab.Overflow(); err != nil || over < 1000 {
		t.Errorf("the page is %d too wide (%v)", over, err)
	}
	if !slices.ContainsFunc(tab.Requests(), func(r string) bool { return strings.HasPrefix(r, "https://elsewhere.example/") }) {
		t.Errorf("requests: %v", tab.Requests())
	}
	if err := tab.Open(server.URL+"/strict", ""); err != nil {
		t.Fatal(err)
	}
	if stopped, err := tab.Stopped(); err != nil || len(stopped) < 3 {
		t.Errorf("the policy stopped %v (%v)", stopped, err)
	}
}

func openTab(t *testing.T, server *httptest.Server) *portaltest.Tab {
	t.Helper()
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
	if err := tab.SetLook(portaltest.Look{Width: 320, Height: 640}); err != nil {
		t.Fatal(err)
	}
	return tab
}
