package typeset

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/font/opentype/tables"
)

// Font is one font with TrueType outlines. It is safe for concurrent use. Of a font that was found on disk only the characters it has are
// known at first; the rest is read when a text needs it.
type Font struct {
	name string
	bold bool
	path string // "" for what is built in
	at   int    // which font of a collection
	cmap font.Cmap

	once   sync.Once
	parsed *font.Font
	tables glyphTables
	err    error
}

// errFont is wrapped by the reasons why a file is no font for us.
var errFont = errors.New("not a font that can be embedded")

// Name is the font's file name without its ending, in letters that PDF takes for a name.
func (f *Font) Name() string { return f.name }

// builtIn parses a font that is part of the program.
func builtIn(name string, file []byte) (*Font, error) {
	f := &Font{name: name}
	f.once.Do(func() { f.err = f.parse(file) })
	if f.err != nil {
		return nil, f.err
	}
	f.cmap = f.parsed.Cmap
	return f, nil
}

// load reads the font, once. A font that has gone since it was found, or is damaged, has no characters.
func (f *Font) load() error {
	f.once.Do(func() {
		file, err := os.ReadFile(f.path)
		if err != nil {
			f.err = err
			return
		}
		f.err = f.parse(file)
	})
	return f.err
}

func (f *Font) parse(file []byte) (err error) {
	defer notAFont(&err)
	loaders, err := opentype.NewLoaders(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	if f.at >= len(loaders) {
		return fmt.Errorf("%s: %w", f.name, errFont)
	}
	if f.parsed, err = font.NewFont(loaders[f.at]); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	f.tables, err = readGlyphTables(loaders[f.at])
	return err
}

// notAFont makes an error of a panic: the parser does not look before it reads a table that is cut off.
func notAFont(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", errFont, r)
	}
}

// has reports whether the font can draw a character.
func (f *Font) has(r rune) bool {
	_, ok := f.cmap.Lookup(r)
	return ok && f.load() == nil
}

// examine reads of a file what is needed to know which characters its fonts have.
func examine(path, name string) (found []*Font, err error) {
	defer notAFont(&err)
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	loaders, err := opentype.NewLoaders(file)
	if err != nil {
		return nil, err
	}
	for i, loader := range loaders {
		cmap, err := coverage(loader)
		if err != nil {
			continue
		}
		return []*Font{{name: name, path: path, at: i, cmap: cmap}}, nil // the others of a collection differ in their Han forms
	}
	return nil, errFont
}

// coverage reads the characters of a font that may be embedded and has TrueType outlines, which is what a subset is made from.
func coverage(loader *opentype.Loader) (font.Cmap, error) {
	if !loader.HasTable(opentype.MustNewTag("glyf")) || loader.HasTable(opentype.MustNewTag("fvar")) {
		return nil, errFont
	}
	raw, err := loader.RawTable(opentype.MustNewTag("OS/2"))
	if err != nil || len(raw) < 10 || raw[9]&0x0f == 0x02 { // fsType: a restricted licence forbids embedding
		return nil, errFont
	}
	os2, _, err := tables.ParseOs2(raw)
	if err != nil {
		return nil, err
	}
	if raw, err = loader.RawTable(opentype.MustNewTag("cmap")); err != nil {
		return nil, err
	}
	table, _, err := tables.ParseCmap(raw)
	if err != nil {
		return nil, err
	}
	cmap, _, err := font.ProcessCmap(table, os2.FontPage())
	return cmap, err
}

// Glyph is the glyph of a character by itself, 0 when there is none.
func (f *Font) Glyph(r rune) font.GID {
	id, _ := f.cmap.Lookup(r)
	return id
}
