package document

import (
	"crypto/sha256"
	"slices"
	"sync"

	"tollhouse/portal/document/sheet"
	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// Maker makes documents. It is safe for concurrent use.
type Maker struct {
	warn    func(missing []rune)
	library *typeset.Library
	logos   logos
	ink     tenant.Scheme // for brands without colours
}

// New parses the built-in font, and looks which characters the installed ones have, which takes some 50 ms for a few hundred of them.
func New(c Config) (*Maker, error) {
	library, err := typeset.NewLibrary(c.FontDirs...)
	if err != nil {
		return nil, err
	}
	ink := tenant.Color{R: 0x16, G: 0x1b, B: 0x25}
	return &Maker{warn: c.Warn, library: library, ink: tenant.NewPalette(ink, ink).Light}, nil
}

// finish writes what was set, and warns of what could not be.
func (m *Maker) finish(p *paper) (Result, error) {
	p.feet()
	data, err := p.sheet.Finish()
	if err != nil {
		return Result{}, err
	}
	missing := p.sheet.Missing()
	if len(missing) > 0 && m.warn != nil {
		m.warn(slices.Clone(missing))
	}
	return Result{Bytes: data, SHA256: sha256.Sum256(data), Pages: p.sheet.Pages(), Missing: missing}, nil
}

// logos keeps the logos that were made fit for paper, because reading one takes longer than the rest of a page.
type logos struct {
	mu   sync.Mutex
	kept map[[32]byte]*sheet.Picture // nil for what is no picture
}

// keptLogos bounds what is kept; a node whose tenants' papers are made turn by turn starts over, which costs it a few milliseconds each.
const keptLogos = 64

// picture returns the logo, nil when there is none or it cannot be read.
func (l *logos) picture(data []byte) *sheet.Picture {
	if len(data) == 0 {
		return nil
	}
	key := sha256.Sum256(data)
	l.mu.Lock()
	picture, known := l.kept[key]
	l.mu.Unlock()
	if known {
		return picture
	}
	picture, err := sheet.NewPicture(data)
	if err != nil {
		picture = nil // the name stands in its place
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil || len(l.kept) >= keptLogos {
		l.kept = map[[32]byte]*sheet.Picture{}
	}
	l.kept[key] = picture
	return picture
}
