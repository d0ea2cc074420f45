package portal

import (
	"image"
	"image/color"
	"image/png"
	"net/http"
	"regexp"

	"tollhouse/portal/route"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// serveStyle answers with the tenant's colours. The address names their content, so another name is another tenant's or an old one: 404.
func (s *Server) serveStyle(w http.ResponseWriter, r *http.Request) error {
	style := request.From(r.Context()).Site.Tenant.Style
	file := route.Param(r, "file")
	if !styleFile.MatchString(file) {
		return tenant.ErrNotFound
	}
	return serveCSS(w, style.CSS(), file == style.Hash()+".css")
}

// styleFile is how a brand's style sheet is named: by its hash. Another hash than today's is that of a page written a moment before the brand
// changed, or by a node that has heard of the change while this one has not: it gets today's sheet rather than none, and nobody keeps it.
var styleFile = regexp.MustCompile(`^[0-9a-f]{16}\.css$`)

// logoHash is how a logo is named: hexadecimal SHA-256.
var logoHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// serveLogo answers with the stored picture. Should it ever be opened as a page of its own, the sandbox lets it do nothing.
func (s *Server) serveLogo(w http.ResponseWriter, r *http.Request) error {
	hash := route.Param(r, "hash")
	if route.Param(r, "file") != "logo" || !logoHash.MatchString(hash) {
		return tenant.ErrNotFound
	}
	data, contentType, err := s.logos.Logo(r.Context(), request.From(r.Context()).Site.Tenant.ID, hash)
	if err != nil {
		return err
	}
	immutable(w.Header())
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(data) // the reader has gone; there is nobody to tell
	return nil
}

// iconSize is the side of the tab's icon in pixels, iconRadius the rounding of its corners.
const iconSize, iconRadius = 32, 8

// serveIcon draws a square in the tenant's main colour: what tells one tab from another.
func (s *Server) serveIcon(w http.ResponseWriter, r *http.Request) error {
	fill := request.From(r.Context()).Site.Tenant.Style.Palette().Light.Primary
	picture := image.NewNRGBA(image.Rect(0, 0, iconSize, iconSize))
	for y := range iconSize {
		for x := range iconSize {
			if insideIcon(x, y) {
				picture.SetNRGBA(x, y, color.NRGBA{R: fill.R, G: fill.G, B: fill.B, A: 255})
			}
		}
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_ = png.Encode(w, picture) // a small picture in memory cannot fail; the reader may have gone
	return nil
}

// insideIcon reports whether a pixel lies in the rounded square.
func insideIcon(x, y int) bool {
	dx := max(iconRadius-x, x-(iconSize-1-iconRadius), 0)
	dy := max(iconRadius-y, y-(iconSize-1-iconRadius), 0)
	return dx*dx+dy*dy <= iconRadius*iconRadius
}
