package portal

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"tollhouse/portal/route"
	"tollhouse/tenant"
)

//go:embed assets/portal.css assets/session.js assets/method.js assets/pay.js
var assetFiles embed.FS

// assets are the files that are the same for every tenant, under names that change with their content.
type assets struct {
	byName  map[string][]byte
	portal  string // address of the style sheet of every page
	session string // address of the script that watches for the end of a session
	pay     string // address of the script of the pages about payments
	method  string // address of the script that saves a way to pay
	neutral string // address of the colours of a page without a tenant
}

// loadAssets names the embedded style sheet and script, and the colours of a page that belongs to no tenant.
func loadAssets() (*assets, error) {
	sheet, err := assetFiles.ReadFile("assets/portal.css")
	if err != nil {
		return nil, fmt.Errorf("loading the style sheet: %w", err)
	}
	script, err := assetFiles.ReadFile("assets/session.js")
	if err != nil {
		return nil, fmt.Errorf("loading the script: %w", err)
	}
	slate := tenant.Color{R: 0x3b, G: 0x47, B: 0x5c}
	pay, err := assetFiles.ReadFile("assets/pay.js")
	if err != nil {
		return nil, fmt.Errorf("loading the script: %w", err)
	}
	a := &assets{byName: map[string][]byte{}}
	a.portal = a.add("portal", ".css", sheet)
	a.neutral = a.add("neutral", ".css", tenant.NewStyle(slate, slate).CSS())
	a.session = a.add("session", ".js", script)
	a.pay = a.add("pay", ".js", pay)
	if script, err = assetFiles.ReadFile("assets/method.js"); err != nil {
		return nil, fmt.Errorf("loading the script of ways to pay: %w", err)
	}
	a.method = a.add("method", ".js", script)
	return a, nil
}

// add keeps a file under a name that changes with its content and returns its address.
func (a *assets) add(name, suffix string, data []byte) string {
	sum := sha256.Sum256(data)
	file := name + "-" + hex.EncodeToString(sum[:8]) + suffix
	a.byName[file] = data
	return "/assets/" + file
}

func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) error {
	file := route.Param(r, "file")
	if data, ok := s.assets.byName[file]; ok {
		return serveFile(w, contentTypeOf(file), data, true)
	}
	// While a new version is rolled out, a page of one node may name the sheet of another version.
	if name, _, ok := strings.Cut(file, "-"); ok && name == "portal" && strings.HasSuffix(file, ".css") {
		return serveCSS(w, s.assets.byName[strings.TrimPrefix(s.assets.portal, "/assets/")], false)
	}
	for name, now := range map[string]string{"session": s.assets.session, "pay": s.assets.pay} {
		if asked, _, ok := strings.Cut(file, "-"); ok && name == asked && strings.HasSuffix(file, ".js") {
			return serveFile(w, contentTypeOf(file), s.assets.byName[strings.TrimPrefix(now, "/assets/")], false)
		}
	}
	if name, _, ok := strings.Cut(file, "-"); ok && name == "method" && strings.HasSuffix(file, ".js") {
		return serveFile(w, contentTypeOf(file), s.assets.byName[strings.TrimPrefix(s.assets.method, "/assets/")], false)
	}
	return tenant.ErrNotFound
}

func contentTypeOf(file string) string {
	if strings.HasSuffix(file, ".js") {
		return "text/javascript; charset=utf-8"
	}
	return "text/css; charset=utf-8"
}

// serveCSS is serveFile for a style sheet.
func serveCSS(w http.ResponseWriter, data []byte, exact bool) error {
	return serveFile(w, contentTypeOf(".css"), data, exact)
}

// serveFile answers with a file, to be kept for good when the address says which one it is.
func serveFile(w http.ResponseWriter, contentType string, data []byte, exact bool) error {
	if exact {
		immutable(w.Header())
	} else {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(data) // the reader has gone; there is nobody to tell
	return nil
}

func (s *Server) serveRobots(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = strings.NewReader("User-agent: *\nDisallow: /\n").WriteTo(w)
	return nil
}
