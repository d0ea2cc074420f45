package sheet

import (
	"fmt"
	"strconv"

	"github.com/go-text/typesetting/font"

	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// embedded is a font of which a document holds some glyphs. A glyph is there once for each text that it stands for, so that each has its own map back.
type embedded struct {
	font   *typeset.Font
	name   string          // in the pages' resources
	glyphs []typeset.Drawn // the first is for what is unknown
	texts  [][]rune        // what each stands for
	plain  map[plainKey]uint16
	others map[string]uint16
}

// plainKey is a glyph for one character, which nearly all are.
type plainKey struct {
	id font.GID
	r  rune
}

// embed returns the document's subset of a font.
func (s *Sheet) embed(f *typeset.Font) *embedded {
	e, ok := s.byFont[f]
	if !ok {
		e = &embedded{font: f, name: "T" + strconv.Itoa(len(s.fonts)), glyphs: []typeset.Drawn{{Glyphs: make([]typeset.Glyph, 1)}}, texts: [][]rune{nil},
			plain: map[plainKey]uint16{}, others: map[string]uint16{}}
		s.byFont[f] = e
		s.fonts = append(s.fonts, e)
	}
	return e
}

// cid returns the number that a drawing has in the subset where it stands for text.
func (e *embedded) cid(d typeset.Drawn, text []rune) uint16 {
	if plain(d, text) {
		key := plainKey{d.Glyphs[0].ID, text[0]}
		c, ok := e.plain[key]
		if !ok {
			c = e.add(d, text)
			e.plain[key] = c
		}
		return c
	}
	key := fmt.Sprint(d.Glyphs, d.Advance, text)
	c, ok := e.others[key]
	if !ok {
		c = e.add(d, text)
		e.others[key] = c
	}
	return c
}

func plain(d typeset.Drawn, text []rune) bool {
	return len(d.Glyphs) == 1 && len(text) == 1 && d.Glyphs[0].X == 0 && d.Glyphs[0].Y == 0
}

func (e *embedded) add(d typeset.Drawn, text []rune) uint16 {
	if len(e.glyphs) > 0xfffe {
		return 0 // more than a font can number: drawn as unknown, which no document of a bearable length comes to
	}
	e.glyphs, e.texts = append(e.glyphs, d), append(e.texts, text)
	return uint16(len(e.glyphs) - 1)
}

// width is how wide a reader takes a drawing to be. The unkerned width of a plain glyph is the font's.
func (e *embedded) width(d typeset.Drawn) typeset.Em {
	if len(d.Glyphs) == 1 && d.Glyphs[0].X == 0 && d.Glyphs[0].Y == 0 {
		return e.font.Width(d.Glyphs[0].ID)
	}
	return d.Advance
}

// writer puts one line on a page.
type writer struct {
	*Sheet
	ops      *ops
	x, y     Length // where the line begins, from below
	size     Length
	color    tenant.Color
	done     typeset.Em // how far the line is written
	font     *embedded  // of the text object that is open, nil when none is
	heavier  bool       // of that object
	open     bool       // within the brackets of an array of glyphs
	inString bool       // within a string of that array
	carry    typeset.Em // by how much the next glyph moves to the right
}

// Text sets a line with its left end at x and its baseline at y, and returns where it ends.
func (s *Sheet) Text(line typeset.Line, x, y, size Length, c tenant.Color) (end Length) {
	w := writer{Sheet: s, ops: (*ops)(&s.at.ops), x: x, y: s.Height - y, size: size, color: c}
	w.ops.color(c, "rg")
	unsaid := false
	for cluster := range line.Visual {
		text := line.Runes(cluster)
		switch {
		case len(text) == 1 && typeset.Directs(text[0]):
			// its work is done
		case cluster.Font == nil:
			unsaid = w.substitute(cluster, text) || unsaid
		case cluster.Level%2 == 1:
			w.begin(cluster.Font, cluster.Heavier)
			w.backwards(cluster, text)
		default:
			w.begin(cluster.Font, cluster.Heavier)
			w.glyph(typeset.Drawn{Glyphs: cluster.Glyphs, Advance: cluster.Advance}, text)
		}
		w.done += cluster.Advance
	}
	w.end()
	if unsaid {
		s.unsaid = append(s.unsaid, line.String())
	}
	return x + line.Width.At(size)
}

// begin opens a text object in a font. Letters that are to be heavier than their font has them are outlined as well, by a thirtieth of their size.
func (w *writer) begin(f *typeset.Font, heavier bool) {
	e := w.embed(f)
	if w.font == e && w.heavier == heavier {
		return
	}
	w.end()
	w.font, w.heavier, w.carry = e, heavier, 0
	if heavier {
		w.ops.color(w.color, "RG")
		w.ops.length(w.size / 30).op("w 2 Tr")
	}
	w.ops.str("BT /")
	w.ops.str(e.name)
	w.ops.str(" ")
	w.ops.length(w.size).str("Tf 1 0 0 1 ")
	w.ops.points(w.x+w.done.At(w.size), w.y).op("Tm")
}

// end closes the text object.
func (w *writer) end() {
	if w.font == nil {
		return
	}
	w.endArray()
	w.ops.op("ET")
	if w.heavier {
		w.ops.op("0 Tr")
	}
	w.font, w.heavier = nil, false
}

func (w *writer) endArray() {
	if !w.open {
		return
	}
	w.endString()
	w.ops.op("]TJ")
	w.open = false
}

func (w *writer) endString() {
	if w.inString {
		w.ops.str(">")
		w.inString = false
	}
}

// glyph writes a drawing that stands for text. What its width differs from its advance, by kerning, moves the next.
func (w *writer) glyph(d typeset.Drawn, text []rune) {
	if !w.open {
		w.ops.str("[")
		w.open = true
	}
	if w.carry != 0 {
		w.endString()
		w.ops.em(-w.carry)
	}
	if !w.inString {
		w.ops.str("<")
		w.inString = true
	}
	w.ops.cid(w.font.cid(d, text))
	w.carry = d.Advance - w.font.width(d)
}

// backwards writes letters that run from right to left. Whoever copies them takes what is on the page from left to right and turns it around, a
// character at a time; some turn the characters of one glyph around as well, others do not, and spans of actual text fare no better. So the
// letter stands for one character, and what joined it (an alef its lam, a vowel its consonant) stands before it as blanks.
func (w *writer) backwards(c *typeset.Cluster, text []rune) {
	for last := len(text) - 1; last > 0; last-- {
		w.glyph(typeset.Drawn{}, text[last:last+1])
	}
	w.glyph(typeset.Drawn{Glyphs: c.Glyphs, Advance: c.Advance}, text[:1])
}

// substitute draws a box with the number of a character that no font has, and reports whether there was something to draw. A blank carries the
// character, so that it is copied with the text around it.
func (w *writer) substitute(c *typeset.Cluster, text []rune) bool {
	w.begin(w.library.BuiltIn(), false)
	w.glyph(typeset.Drawn{Advance: c.Advance}, text)
	if c.Advance == 0 {
		return false
	}
	w.end()
	w.missing[text[0]] = true
	x, unit := w.x+w.done.At(w.size), w.size/100
	w.ops.length(unit * 4).op("w")
	w.ops.color(w.color, "RG")
	w.ops.rect(x+8*unit, w.y-12*unit, c.Advance.At(w.size)-16*unit, 88*unit)
	w.ops.op("S")
	w.number(text[0], x+c.Advance.At(w.size)/2)
	return true
}
