package sheet

import (
	"crypto/sha256"
	"fmt"
)

// fontObjects is how many objects a font takes.
const fontObjects = 5

// write returns the objects of a font, the first of which has the number n.
func (e *embedded) write(n int, z *compressor) [fontObjects][]byte {
	name := e.tag() + "+" + e.font.Name()
	return [fontObjects][]byte{
		fmt.Appendf(nil, "<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R>>", name, n+1, n+2),
		e.cidFont(name, n+3),
		z.stream(e.toUnicode(), ""),
		e.descriptor(name, n+4),
		e.file(z),
	}
}

func (e *embedded) file(z *compressor) []byte {
	file := e.font.Subset(e.glyphs)
	return z.stream(file, fmt.Sprintf("/Length1 %d ", len(file)))
}

// tag is the six letters that tell one subset of a font from another.
func (e *embedded) tag() string {
	all := []byte(e.font.Name())
	for _, d := range e.glyphs {
		for _, g := range d.Glyphs {
			all = append(all, byte(g.ID>>8), byte(g.ID))
		}
	}
	sum := sha256.Sum256(all)
	tag := sum[:6]
	for i := range tag {
		tag[i] = 'A' + tag[i]%26
	}
	return string(tag)
}

// cidFont says how wide the glyphs are.
func (e *embedded) cidFont(name string, descriptor int) []byte {
	o := ops(fmt.Appendf(nil, "<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> "+
		"/FontDescriptor %d 0 R /CIDToGIDMap /Identity /DW 1000 /W [0 [", name, descriptor))
	for _, d := range e.glyphs {
		o.em(e.width(d))
		o.str(" ")
	}
	o.str("]]>>")
	return o
}

func (e *embedded) descriptor(name string, file int) []byte {
	m := e.font.Metrics()
	const symbolic = 4 // its glyphs are known by number alone
	return fmt.Appendf(nil, "<</Type /FontDescriptor /FontName /%s /Flags %d /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d "+
		"/StemV 80 /FontFile2 %d 0 R>>", name, symbolic, m.Left, m.Low, m.Right, m.High, m.Ascent, m.Descent, m.Ascent, file)
}

// toUnicode maps each glyph back to what it stands for (ISO 32000, 9.10.3).
func (e *embedded) toUnicode() []byte {
	var o ops
	o.str("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	var said []int
	for i, text := range e.texts {
		if len(text) > 0 {
			said = append(said, i)
		}
	}
	const most = 100 // of one block
	for len(said) > 0 {
		block := said[:min(most, len(said))]
		said = said[len(block):]
		o = fmt.Appendf(o, "%d beginbfchar\n", len(block))
		for _, i := range block {
			o.str("<")
			o.cid(uint16(i))
			o.str("> <")
			o.utf16(e.texts[i])
			o.str(">\n")
		}
		o.str("endbfchar\n")
	}
	o.str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return o
}
