package typeset

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// glyphTables are the tables of a font that its outlines are in, as they are in the file.
type glyphTables struct {
	head, hhea, hmtx, maxp, loca, glyf []byte
	long                               bool // loca has four bytes an entry
	glyphs, metrics                    int  // how many of each
}

// readGlyphTables takes the tables from a font, and fails when they are too short for what they say of themselves.
func readGlyphTables(loader *opentype.Loader) (glyphTables, error) {
	var t glyphTables
	for _, want := range []struct {
		name  string
		into  *[]byte
		least int
	}{{"head", &t.head, 54}, {"hhea", &t.hhea, 36}, {"maxp", &t.maxp, 32}, {"hmtx", &t.hmtx, 4}, {"loca", &t.loca, 4}, {"glyf", &t.glyf, 0}} {
		raw, err := loader.RawTable(opentype.MustNewTag(want.name))
		if err != nil || len(raw) < want.least {
			return t, fmt.Errorf("its table %s: %w", want.name, errFont)
		}
		*want.into = raw
	}
	t.long = t.head[51] == 1
	t.glyphs = int(binary.BigEndian.Uint16(t.maxp[4:]))
	t.metrics = int(binary.BigEndian.Uint16(t.hhea[34:]))
	entry := 2
	if t.long {
		entry = 4
	}
	if t.metrics < 1 || len(t.hmtx) < 4*t.metrics || len(t.loca) < entry*(t.glyphs+1) {
		return t, fmt.Errorf("its metrics: %w", errFont)
	}
	return t, nil
}

// outline returns a glyph's outline, nil when it has none or the font is damaged there.
func (t *glyphTables) outline(id font.GID) []byte {
	if int(id) >= t.glyphs {
		return nil
	}
	var from, to uint32
	if t.long {
		from, to = binary.BigEndian.Uint32(t.loca[4*id:]), binary.BigEndian.Uint32(t.loca[4*id+4:])
	} else {
		from, to = 2*uint32(binary.BigEndian.Uint16(t.loca[2*id:])), 2*uint32(binary.BigEndian.Uint16(t.loca[2*id+2:]))
	}
	if to > uint32(len(t.glyf)) || from >= to || to-from < 10 {
		return nil
	}
	return t.glyf[from:to]
}

// metric returns a glyph's width and left side bearing in the font's own units, as in the table.
func (t *glyphTables) metric(id font.GID) (out [4]byte) {
	i := int(id)
	if i < t.metrics {
		return [4]byte(t.hmtx[4*i:])
	}
	copy(out[:2], t.hmtx[4*(t.metrics-1):])
	if at := 4*t.metrics + 2*(i-t.metrics); at+2 <= len(t.hmtx) {
		copy(out[2:], t.hmtx[at:])
	}
	return out
}

// Width is how wide a glyph is by itself.
func (f *Font) Width(id font.GID) Em {
	m := f.tables.metric(id)
	units := int(f.parsed.Upem())
	return Em((int(binary.BigEndian.Uint16(m[:]))*1000 + units/2) / units)
}

// Metrics of a font in thousandths of an em.
type Metrics struct {
	Ascent, Descent        Em // Descent is negative
	Left, Low, Right, High Em // the box that holds every glyph
}

// Metrics returns what a PDF says of a font.
func (f *Font) Metrics() Metrics {
	scale := func(table []byte, at int) Em {
		return Em(int(int16(binary.BigEndian.Uint16(table[at:]))) * 1000 / int(f.parsed.Upem()))
	}
	head, hhea := f.tables.head, f.tables.hhea
	return Metrics{Ascent: scale(hhea, 4), Descent: scale(hhea, 6), Left: scale(head, 36), Low: scale(head, 38), Right: scale(head, 40), High: scale(head, 42)}
}

// Drawn is a glyph of a subset: one glyph of the font, several in their places, or none, which is a blank.
type Drawn struct {
	Glyphs  []Glyph // from left to right
	Advance Em      // of all together; of one glyph in its place, what the font says
}

// alone returns the glyph that stands by itself, as the font has it.
func (d Drawn) alone() (font.GID, bool) {
	if len(d.Glyphs) == 1 && d.Glyphs[0].X == 0 && d.Glyphs[0].Y == 0 {
		return d.Glyphs[0].ID, true
	}
	return 0, false
}

// Subset writes a TrueType font of some of a font's glyphs, numbered in their order; the first is drawn for what is unknown. A glyph may be there more
// than once. Several glyphs that belong together become one, composed of them, so that a reader sees one sign where there is one. The parts
// of composed glyphs are added behind. Instructions for screens of few pixels are left out, and with them the tables they use.
func (f *Font) Subset(glyphs []Drawn) []byte {
	s := subset{from: &f.tables, upem: int(f.parsed.Upem()), ids: make([]font.GID, len(glyphs), 2*len(glyphs)), added: map[font.GID]int{}}
	for i, g := range glyphs {
		if id, ok := g.alone(); ok {
			s.ids[i] = id
			s.add(id)
		} else {
			s.compose(g)
		}
	}
	for i := len(glyphs); i < len(s.ids); i++ { // grows while composed glyphs add their parts
		s.add(s.ids[i])
	}
	return s.file()
}

// subset is a font that is being written.
type subset struct {
	from  *glyphTables
	upem  int
	ids   []font.GID
	added map[font.GID]int // parts of composed glyphs, and what they are called here
	glyf  []byte
	loca  []byte
	hmtx  []byte
}

// add copies a glyph.
func (s *subset) add(id font.GID) {
	s.begin()
	metric := s.from.metric(id)
	s.hmtx = append(s.hmtx, metric[:]...)
	outline := s.from.outline(id)
	if outline == nil {
		return
	}
	if contours := int16(binary.BigEndian.Uint16(outline)); contours >= 0 {
		s.glyf = appendSimple(s.glyf, outline, int(contours))
	} else {
		s.appendComposite(outline)
	}
}

// begin starts the next glyph's outline, at a multiple of four bytes.
func (s *subset) begin() {
	s.glyf = padded(s.glyf)
	s.loca = binary.BigEndian.AppendUint32(s.loca, uint32(len(s.glyf)))
}

// units is a width in the font's own units.
func (s *subset) units(e Em) int {
	if e < 0 {
		return -s.units(-e)
	}
	return (int(e)*s.upem + 500) / 1000
}

// compose writes a glyph that is made of several. Those without ink are passed over.
func (s *subset) compose(d Drawn) {
	s.begin()
	const argsAreOffsets = 1 << 1
	start, last, x := len(s.glyf), -1, Em(0)
	around := box{math.MaxInt16, math.MaxInt16, math.MinInt16, math.MinInt16}
	for _, g := range d.Glyphs {
		dx, dy := s.units(x+g.X), s.units(g.Y)
		x += g.Advance
		outline := s.from.outline(g.ID)
		if outline == nil {
			continue
		}
		if last < 0 {
			s.glyf = append(s.glyf, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0) // composed; the box follows
		} else {
			s.glyf[last+1] |= moreParts
		}
		around = around.with(outline, dx, dy)
		last = len(s.glyf)
		s.glyf = binary.BigEndian.AppendUint16(s.glyf, argsAreWords|argsAreOffsets)
		s.glyf = binary.BigEndian.AppendUint16(s.glyf, uint16(s.part(g.ID)))
		s.glyf = binary.BigEndian.AppendUint16(s.glyf, uint16(dx))
		s.glyf = binary.BigEndian.AppendUint16(s.glyf, uint16(dy))
	}
	bearing := 0
	if last >= 0 {
		bearing = around[0]
		for i, side := range around {
			binary.BigEndian.PutUint16(s.glyf[start+2+2*i:], uint16(side))
		}
	}
	s.hmtx = binary.BigEndian.AppendUint16(s.hmtx, uint16(s.units(d.Advance)))
	s.hmtx = binary.BigEndian.AppendUint16(s.hmtx, uint16(bearing)) // other than the box's left side, it would move the glyph
}

// box is how far a glyph reaches: left, low, right, high.
type box [4]int

// with is the box that holds an outline too, moved.
func (b box) with(outline []byte, dx, dy int) box {
	side := func(i int) int { return int(int16(binary.BigEndian.Uint16(outline[2+2*i:]))) }
	return box{min(b[0], side(0)+dx), min(b[1], side(1)+dy), max(b[2], side(2)+dx), max(b[3], side(3)+dy)}
}

// appendSimple copies an outline of contours without its instructions. One that is cut off is left empty.
func appendSimple(glyf, outline []byte, contours int) []byte {
	at := 10 + 2*contours
	if len(outline) < at+2 {
		return glyf
	}
	after := at + 2 + int(binary.BigEndian.Uint16(outline[at:]))
	if after > len(outline) {
		return glyf
	}
	glyf = append(glyf, outline[:at]...)
	glyf = append(glyf, 0, 0)
	return append(glyf, outline[after:]...)
}

// Flags of a composite's parts (OpenType, table glyf).
const (
	argsAreWords    = 1 << 0
	hasScale        = 1 << 3
	moreParts       = 1 << 5
	hasXYScale      = 1 << 6
	hasTwoByTwo     = 1 << 7
	hasInstructions = 1 << 8
)

// appendComposite copies an outline that is made of other glyphs, under the names they have here.
func (s *subset) appendComposite(outline []byte) {
	start := len(s.glyf)
	s.glyf = append(s.glyf, outline[:10]...)
	for at, more := 10, true; more; {
		if at+4 > len(outline) {
			s.glyf = s.glyf[:start] // cut off: draw nothing rather than a part
			return
		}
		flags := binary.BigEndian.Uint16(outline[at:])
		end := at + partLength(flags)
		if end > len(outline) {
			s.glyf = s.glyf[:start]
			return
		}
		s.glyf = binary.BigEndian.AppendUint16(s.glyf, flags&^hasInstructions)
		s.glyf = binary.BigEndian.AppendUint16(s.glyf, uint16(s.part(font.GID(binary.BigEndian.Uint16(outline[at+2:])))))
		s.glyf = append(s.glyf, outline[at+4:end]...)
		at, more = end, flags&moreParts != 0
	}
}

func partLength(flags uint16) int {
	n := 6
	if flags&argsAreWords != 0 {
		n += 2
	}
	switch {
	case flags&hasScale != 0:
		n += 2
	case flags&hasXYScale != 0:
		n += 4
	case flags&hasTwoByTwo != 0:
		n += 8
	}
	return n
}

// part returns what a glyph is called here, and adds it when it is new.
func (s *subset) part(id font.GID) int {
	at, ok := s.added[id]
	if !ok {
		at = len(s.ids)
		s.added[id] = at
		s.ids = append(s.ids, id)
	}
	return at
}

// file puts the tables together.
func (s *subset) file() []byte {
	s.begin()
	head, hhea, maxp := append([]byte(nil), s.from.head...), append([]byte(nil), s.from.hhea...), append([]byte(nil), s.from.maxp...)
	binary.BigEndian.PutUint32(head[8:], 0) // the sum over the file, which readers of PDF do not look at
	binary.BigEndian.PutUint16(head[50:], 1)
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(s.ids)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(s.ids)))
	binary.BigEndian.PutUint16(maxp[26:], 0) // no instructions
	binary.BigEndian.PutUint16(maxp[28:], max(binary.BigEndian.Uint16(maxp[28:]), 32))
	binary.BigEndian.PutUint16(maxp[30:], binary.BigEndian.Uint16(maxp[30:])+1) // what we compose may hold what the font composes
	tag := opentype.MustNewTag
	return opentype.WriteTTF([]opentype.Table{
		{Tag: tag("glyf"), Content: s.glyf}, {Tag: tag("head"), Content: padded(head)}, {Tag: tag("hhea"), Content: hhea}, {Tag: tag("hmtx"), Content: s.hmtx},
		{Tag: tag("loca"), Content: s.loca}, {Tag: tag("maxp"), Content: padded(maxp)},
	})
}

// padded fills a table up to four bytes, so that the next begins at a multiple of them.
func padded(table []byte) []byte {
	for len(table)%4 != 0 {
		table = append(table, 0)
	}
	return table
}
