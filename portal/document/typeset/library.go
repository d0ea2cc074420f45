package typeset

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"codeberg.org/go-fonts/dejavu/dejavusans"
	"codeberg.org/go-fonts/dejavu/dejavusansbold"
)

// Weight is how heavy the letters are.
type Weight uint8

// The two weights. A script whose font has no bold is set in regular, and its clusters say so.
const (
	Regular Weight = iota
	Bold
)

// family is a font in its weights.
type family struct {
	name    string
	weights [2]*Font
}

// in returns the font of a weight, or of the other when the family has only that.
func (f family) in(w Weight) *Font { return cmp.Or(f.weights[w], f.weights[Regular], f.weights[Bold]) }

// Library is every font that texts are set in, the most wanted first: the built-in DejaVu Sans, then what the directories hold, sans before serif. It
// is safe for concurrent use.
type Library struct {
	families []family
	setters  sync.Pool
}

// maxFiles bounds how many font files are looked into.
const maxFiles = 4000

// NewLibrary reads the built-in font and looks, in directories and all below them, which characters the fonts there have. What is not there, is no font,
// or may not be embedded is passed over.
func NewLibrary(dirs ...string) (*Library, error) {
	regular, err := builtIn("DejaVuSans", dejavusans.TTF)
	if err != nil {
		return nil, err
	}
	bold, err := builtIn("DejaVuSans-Bold", dejavusansbold.TTF)
	if err != nil {
		return nil, err
	}
	bold.bold = true
	l := &Library{families: []family{{weights: [2]*Font{regular, bold}}}}
	for _, found := range find(dirs) {
		l.add(found)
	}
	l.setters.New = func() any { return newSetter(l) }
	return l, nil
}

// candidate is a file that may be a font.
type candidate struct {
	path, family string
	weight       Weight
}

// find lists the font files of directories in the order in which they are wanted.
func find(dirs []string) []candidate {
	var found []candidate
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error { // a directory that cannot be read has no fonts
			if err != nil || len(found) >= maxFiles {
				return fs.SkipDir
			}
			if c, ok := nominate(path); ok && !entry.IsDir() {
				found = append(found, c)
			}
			return nil
		})
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(rank(a.family), rank(b.family)), cmp.Compare(a.family, b.family), cmp.Compare(a.weight, b.weight), cmp.Compare(a.path, b.path))
	})
	return found
}

// nominate judges a file by its name: upright, of normal width, regular or bold.
func nominate(path string) (candidate, bool) {
	base := filepath.Base(path)
	ending := strings.ToLower(filepath.Ext(base))
	if ending != ".ttf" && ending != ".ttc" && ending != ".otf" {
		return candidate{}, false
	}
	c := candidate{path: path, family: strings.TrimSuffix(base, base[len(base)-len(ending):])}
	name, style := c.family, ""
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		name, style = name[:i], strings.ToLower(name[i+1:])
	}
	switch {
	case style == "regular":
		c.family = name
	case style == "bold":
		c.family, c.weight = name, Bold
	case strings.HasPrefix(name, "DejaVu") || slanted.MatchString(c.family):
		return candidate{}, false
	}
	return c, true
}

// slanted matches the names of styles that are neither regular nor bold.
var slanted = regexp.MustCompile(`(?i)(italic|oblique|slanted|thin|light|medium|semi|demi|extra|black|heavy|condensed|narrow|mono)`)

// rank puts the fonts that go with the built-in one first: 0 the script's own sans, 1 those of many scripts, 2 what is left.
func rank(family string) int {
	lower := strings.ToLower(family)
	switch {
	case strings.Contains(lower, "mono"), strings.Contains(lower, "serif"), strings.Contains(lower, "display"), strings.HasSuffix(lower, "ui"):
		return 2
	case strings.HasPrefix(lower, "notosans"):
		return 0
	case strings.Contains(lower, "sans"), strings.Contains(lower, "gothic"), strings.Contains(lower, "hei"):
		return 1
	}
	return 2
}

// add takes a file into the library, as a weight of the family before it when it is one.
func (l *Library) add(c candidate) {
	fonts, err := examine(c.path, pdfName(filepath.Base(c.path)))
	if err != nil {
		return
	}
	last := &l.families[len(l.families)-1]
	for _, f := range fonts {
		f.bold = c.weight == Bold
		if f.bold && last.name == c.family && last.weights[Bold] == nil {
			last.weights[Bold] = f
			continue
		}
		own := family{name: c.family}
		own.weights[c.weight] = f
		l.families = append(l.families, own)
	}
}

// pdfName is a file's name without its ending and without what a PDF name would have to escape.
func pdfName(base string) string {
	base = strings.TrimSuffix(base, filepath.Ext(base))
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, base)
}

// fontFor returns the font for a grapheme: the first that has all of it, nil when none has.
func (l *Library) fontFor(grapheme []rune, w Weight) *Font {
	for i := range l.families {
		if f := l.families[i].in(w); hasAll(f, grapheme) {
			return f
		}
		if f := l.families[i].weights[Regular]; w != Regular && f != nil && hasAll(f, grapheme) {
			return f // a bold may have fewer characters than its regular
		}
	}
	return nil
}

func hasAll(f *Font, grapheme []rune) bool {
	for _, r := range grapheme {
		if !invisible(r) && !f.has(r) {
			return false
		}
	}
	return true
}

// BuiltIn is the font that is always there.
func (l *Library) BuiltIn() *Font { return l.families[0].weights[Regular] }
