package typeset

import (
	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
)

// Direction is which way a paragraph runs.
type Direction uint8

// The directions. Auto is that of the text's first letter, and the language's when it has none (UAX 9, rules P2 and P3).
const (
	Auto Direction = iota
	LTR
	RTL
)

// MissingAdvance is the width of a character that no font has, for the box that stands for it.
const MissingAdvance Em = 900

// Setter shapes texts in one language. It is for one document and one goroutine; Done gives it back.
type Setter struct {
	library *Library
	lang    language.Language
	rtl     bool
	fonts   map[*Font]*harfbuzz.Font
	buffer  *harfbuzz.Buffer
	bidi    bidi.Paragraph
	seg     segmenter.Segmenter
	runs    []run
	weight  Weight // of the text at hand
}

func newSetter(l *Library) *Setter {
	return &Setter{library: l, fonts: map[*Font]*harfbuzz.Font{}, buffer: harfbuzz.NewBuffer()}
}

// Setter returns a setter for texts in a language, a BCP 47 tag.
func (l *Library) Setter(tag string) *Setter {
	s := l.setters.Get().(*Setter)
	s.lang = language.NewLanguage(tag)
	primary := s.lang.Primary()
	s.rtl = primary == "ar" || primary == "he" || primary == "fa" || primary == "ur"
	return s
}

// Done gives the setter back. Neither it nor a Text that has not been broken into lines may be used afterwards.
func (s *Setter) Done() { s.library.setters.Put(s) }

// run is a piece of a text that is shaped at once.
type run struct {
	start, end int
	level      uint8
	script     language.Script
	font       *Font
}

// Shape sets a paragraph, which holds no line feed: see OneLine. The text is as it will be drawn.
func (s *Setter) Shape(paragraph string, w Weight, d Direction) *Text {
	t := &Text{Runes: []rune(paragraph), setter: s}
	s.runs, s.weight = s.runs[:0], w
	t.RTL = s.direct(t.Runes, d)
	s.split(w, t.Runes)
	t.Clusters = make([]Cluster, 0, len(t.Runes))
	for i := range s.runs {
		s.shapeRun(t, &s.runs[i])
	}
	for i := range t.Clusters {
		t.Width += t.Clusters[i].Advance
	}
	return t
}

// direct splits the text by direction, and returns whether the paragraph runs from right to left.
func (s *Setter) direct(text []rune, d Direction) bool {
	rtl := d == RTL
	if d == Auto {
		rtl = s.firstStrong(text)
	}
	if !rtl && plain(text) {
		if len(text) > 0 {
			s.runs = append(s.runs, run{end: len(text)})
		}
		return false
	}
	// The segmenter decides the direction by itself when the text has a letter. A mark in front, which is a letter to it, decides it for us.
	mark := '\u200e'
	if rtl {
		mark = '\u200f'
	}
	marked := append([]rune{mark}, text...)
	unnest(marked)
	runs := s.bidi.Segment(marked, bidi.Neutral)
	for i := range runs.NumRuns() {
		r := runs.Run(i)
		if start := max(r.Start-1, 0); r.End-1 > start {
			s.runs = append(s.runs, run{start: start, end: r.End - 1, level: uint8(r.Level)})
		}
	}
	return rtl
}

// unnest takes the isolates out of a text that has more of them than anybody writes. UAX 9 nests 125 deep, and the segmenter looks for the end of each
// through all that follows: thousands of them would keep it busy for minutes.
func unnest(text []rune) {
	isolates := 0
	for _, r := range text {
		if r >= 0x2066 && r <= 0x2068 {
			isolates++
		}
	}
	if isolates <= 125 {
		return
	}
	for i, r := range text {
		if r >= 0x2066 && r <= 0x2069 {
			text[i] = 0x2060 // is passed over
		}
	}
}

// plain reports whether a text is known to run from left to right throughout: below Hebrew there is nothing else.
func plain(text []rune) bool {
	for _, r := range text {
		if r >= 0x590 {
			return false
		}
	}
	return true
}

// firstStrong returns whether the first letter runs from right to left; what stands between isolates is passed over.
func (s *Setter) firstStrong(text []rune) bool {
	depth := 0
	for _, r := range text {
		switch {
		case r >= 0x2066 && r <= 0x2068:
			depth++
		case r == 0x2069:
			depth = max(depth-1, 0)
		case depth > 0:
		case r == 0x200e:
			return false
		case r == 0x200f || r == 0x061c:
			return true
		default:
			if strong, rtl := strength(r); strong {
				return rtl
			}
		}
	}
	return s.rtl
}

// strength tells letters from the rest, by their script.
func strength(r rune) (strong, rtl bool) {
	switch script := language.LookupScript(r); script {
	case language.Common, language.Inherited, language.Unknown:
		return false, false
	case language.Arabic, language.Hebrew, language.Syriac, language.Thaana, language.Nko, language.Samaritan, language.Mandaic, language.Adlam:
		return r < 0x660 || r > 0x669, true
	}
	return true, false
}

// split divides the pieces further, where the script or the font changes.
func (s *Setter) split(w Weight, text []rune) {
	byDirection := s.runs
	s.runs = nil
	ends := s.graphemes(text)
	for _, r := range byDirection {
		script := firstScript(text[r.start:r.end])
		for at := r.start; at < r.end; {
			end := min(ends(at), r.end)
			if found := language.LookupScript(text[at]); found != language.Common && found != language.Inherited {
				script = found
			}
			at = s.choose(w, text, run{at, end, r.level, script, nil})
		}
	}
}

// choose finds the font of a grapheme and adds it to the pieces. A grapheme that no font has whole is taken apart.
func (s *Setter) choose(w Weight, text []rune, g run) (end int) {
	if last := s.last(); last != nil && last.font != nil && neutral(text[g.start]) && last.level == g.level && hasAll(last.font, text[g.start:g.end]) {
		g.font, g.script = last.font, last.script // a space or a comma within Thai stays Thai
		return s.extend(g)
	}
	if g.font = s.fontFor(text, g, w); g.font != nil || g.end == g.start+1 {
		return s.extend(g)
	}
	for at := g.start; at < g.end; at++ {
		part := g
		if part.start, part.end = at, at+1; !invisible(text[at]) {
			part.font = s.library.fontFor(text[at:at+1], w)
		}
		s.extend(part)
	}
	return g.end
}

// fontFor is the font of a grapheme. What belongs to no script, like the full stop of Chinese, goes with the letters before it or after it: many fonts
// have it, each with its own script's form.
func (s *Setter) fontFor(text []rune, g run, w Weight) *Font {
	whole := text[g.start:g.end]
	if language.LookupScript(whole[0]) != language.Common || hasAll(s.library.families[0].in(w), whole) {
		return s.library.fontFor(whole, w)
	}
	if last := s.last(); last != nil && last.font != nil && hasAll(last.font, whole) {
		return last.font
	}
	for i, r := range text[g.end:] {
		if script := language.LookupScript(r); script != language.Common && script != language.Inherited {
			if next := s.library.fontFor(text[g.end+i:g.end+i+1], w); next != nil && hasAll(next, whole) {
				return next
			}
			break
		}
	}
	return s.library.fontFor(whole, w)
}

// neutral reports whether a character goes with whatever is before it.
func neutral(r rune) bool { return r == ' ' || r == ',' || r == '.' || r == 0xa0 || invisible(r) }

func (s *Setter) last() *run {
	if len(s.runs) == 0 {
		return nil
	}
	return &s.runs[len(s.runs)-1]
}

// extend adds a piece, to the one before when nothing changes.
func (s *Setter) extend(r run) (end int) {
	if last := s.last(); last != nil && last.end == r.start && last.font == r.font && last.level == r.level && last.script == r.script {
		last.end = r.end
		return r.end
	}
	s.runs = append(s.runs, r)
	return r.end
}

// graphemes returns a function that says where the grapheme ends that starts at a rune.
func (s *Setter) graphemes(text []rune) func(at int) int {
	if simple(text) {
		return func(at int) int { return at + 1 }
	}
	s.seg.Init(text)
	ends := make([]int, len(text))
	for it := s.seg.GraphemeIterator(); it.Next(); {
		g := it.Grapheme()
		for i := range g.Text {
			ends[g.Offset+i] = g.Offset + len(g.Text)
		}
	}
	return func(at int) int { return ends[at] }
}

// simple reports whether each character is a grapheme of its own: there are no marks below U+0300.
func simple(text []rune) bool {
	for _, r := range text {
		if r >= 0x300 {
			return false
		}
	}
	return true
}

// firstScript is the script of the first letter: what is before it goes with it.
func firstScript(text []rune) language.Script {
	for _, r := range text {
		if s := language.LookupScript(r); s != language.Common && s != language.Inherited {
			return s
		}
	}
	return language.Latin
}

// shapeRun adds a piece's clusters to the text.
func (s *Setter) shapeRun(t *Text, r *run) {
	if r.font == nil {
		for i := r.start; i < r.end; i++ {
			t.Clusters = append(t.Clusters, missing(t.Runes[i], i, r.level))
		}
		return
	}
	s.buffer.Clear()
	s.buffer.AddRunes(t.Runes, r.start, r.end-r.start)
	s.buffer.Props = harfbuzz.SegmentProperties{Direction: harfbuzz.LeftToRight + harfbuzz.Direction(r.level%2), Script: r.script, Language: s.lang}
	s.buffer.Shape(s.face(r.font), nil)
	s.collect(t, r)
}

// missing is a character that no font has. What has no ink is missed by nobody.
func missing(r rune, at int, level uint8) Cluster {
	c := Cluster{Start: at, End: at + 1, Level: level, Advance: MissingAdvance}
	if invisible(r) {
		c.Advance = 0
	}
	return c
}

// face returns the font as HarfBuzz uses it, with widths in thousandths of an em.
func (s *Setter) face(f *Font) *harfbuzz.Font {
	face, ok := s.fonts[f]
	if !ok {
		face = harfbuzz.NewFont(font.NewFace(f.parsed))
		face.XScale, face.YScale = 1000, 1000
		s.fonts[f] = face
	}
	return face
}

// collect groups the shaped glyphs into clusters, in reading order.
func (s *Setter) collect(t *Text, r *run) {
	info, pos := s.buffer.Info, s.buffer.Pos
	glyphs := make([]Glyph, len(info))
	first := len(t.Clusters)
	rtl := r.level%2 == 1
	next := r.end // where the cluster ends that was read before this one, when reading from right to left
	for i := 0; i < len(info); {
		c := Cluster{Font: r.font, Start: info[i].Cluster, End: r.end, Level: r.level, Heavier: s.weight == Bold && !r.font.bold}
		from := i
		for ; i < len(info) && info[i].Cluster == c.Start; i++ {
			glyphs[i] = Glyph{ID: info[i].Glyph, Advance: Em(pos[i].XAdvance), X: Em(pos[i].XOffset), Y: Em(pos[i].YOffset)}
			c.Advance += glyphs[i].Advance
		}
		if c.Glyphs = glyphs[from:i:i]; rtl {
			c.End, next = next, c.Start
		} else if i < len(info) {
			c.End = info[i].Cluster
		}
		t.Clusters = append(t.Clusters, c)
	}
	if rtl {
		for a, b := first, len(t.Clusters)-1; a < b; a, b = a+1, b-1 {
			t.Clusters[a], t.Clusters[b] = t.Clusters[b], t.Clusters[a]
		}
	}
}
