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

//go:embed assets/portal.css assets/neutral.css
var assetFiles embed.FS

// assets are the files that are the same for every tenant, under names that change with their content.
type assets struct {
	byName  map[string][]byte
	portal  string // address of the style sheet of every page
	neutral string // address of the colours of a page without a tenant
}

func loadAssets() (*assets, error) {
	a := &assets{byName: map[string][]byte{}}
	for _, f := range []struct {
		file string
		url  *string
	}{{"portal", &a.portal}, {"neutral", &a.neutral}} {
		data, err := assetFiles.ReadFile("assets/" + f.file + ".css")
		if err != nil {
			return nil, fmt.Errorf("loading the style sheet %s: %w", f.file, err)
		}
		sum := sha256.Sum256(data)
		name := f.file + "-" + hex.EncodeToString(sum[:8]) + ".css"
		a.byName[name] = data
		*f.url = "/assets/" + name
	}
	return a, nil
}

func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) error {
	data, ok := s.assets.byName[route.Param(r, "file")]
	if !ok {
		return tenant.ErrNotFound
	}
	return serveCSS(w, data)
}

func serveCSS(w http.ResponseWriter, data []byte) error {
	immutable(w.Header())
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(data) // the reader has gone; there is nobody to tell
	return nil
}

func (s *Server) serveRobots(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = strings.NewReader("User-agent: *\nDisallow: /\n").WriteTo(w)
	return nil
}
