package document

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"tollhouse/portal/document/sheet"
	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// Maker makes documents. It is safe for concurrent use.
type Maker struct {
	warn    func(missing []rune)
	trouble func(error)
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
	return &Maker{warn: c.Warn, trouble: c.Trouble, library: library, ink: tenant.NewPalette(ink, ink).Light}, nil
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

// logo returns a brand's logo, nil when there is none or it cannot be read, which is told.
func (m *Maker) logo(data []byte) *sheet.Picture {
	if len(data) == 0 {
		return nil
	}
	l := m.logos.read(data)
	if l.err != nil && m.trouble != nil {
		m.trouble(fmt.Errorf("the document has no logo: %w", l.err))
	}
	return l.picture
}

// logos keeps the logos that were made fit for paper, because reading one takes longer than the rest of a page.
type logos struct {
	mu   sync.Mutex
	kept map[[32]byte]logo
}

// logo is a picture, or why there is none.
type logo struct {
	picture *sheet.Picture
	err     error
}

// keptLogos bounds what is kept; a node whose tenants' papers are made turn by turn starts over, which costs it a few milliseconds each.
const keptLogos = 64

func (l *logos) read(data []byte) logo {
	key := sha256.Sum256(data)
	l.mu.Lock()
	found, known := l.kept[key]
	l.mu.Unlock()
	if known {
		return found
	}
	found.picture, found.err = sheet.NewPicture(data)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil || len(l.kept) >= keptLogos {
		l.kept = map[[32]byte]logo{}
	}
	l.kept[key] = found
	return found
}
