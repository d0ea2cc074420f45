package document

import (
	"strings"

	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// side is where in its box a line stands.
type side uint8

const (
	start side = iota // where lines begin
	end
)

// set is a line in a size.
type set struct {
	typeset.Line
	size length
}

// x is the left edge of a box, given where it begins.
func (p *paper) x(from, width length) length {
	if p.rtl {
		return margin + p.width - from - width
	}
	return margin + from
}

// put sets a line at the current height, in a box that it fits into.
func (p *paper) put(l set, from, width length, at side, c tenant.Color) {
	x := p.x(from, width)
	if (at == end) != p.rtl {
		x += width - l.Width.At(l.size)
	}
	p.sheet.Text(l.Line, x, p.y+l.size, l.size, c)
}

// way is the side on which prose begins: that of its own direction, whatever the document's.
func (p *paper) way(l typeset.Line) side {
	if l.RTL() != p.rtl {
		return end
	}
	return start
}

// rule draws a line along the current height.
func (p *paper) rule(from, width, thickness length, c tenant.Color) {
	p.sheet.Fill(p.x(from, width), p.y, width, thickness, c)
}

func (p *paper) shape(text string, w typeset.Weight, way typeset.Direction) *typeset.Text {
	key := textKey{text, w, way}
	t, ok := p.known[key]
	if !ok {
		t = p.setter.Shape(text, w, way)
		p.known[key] = t
	}
	return t
}

// own is the direction of the document, for its own words: a figure or a name in them does not turn them around.
func (p *paper) own() typeset.Direction {
	if p.rtl {
		return typeset.RTL
	}
	return typeset.LTR
}

// fit is one line of the document's own words, which ends in an ellipsis when it is too long for its box.
func (p *paper) fit(text string, w typeset.Weight, size, width length) set {
	return set{p.shape(text, w, p.own()).Cut(size, width, w), size}
}

// shrunk is one line in the largest of the sizes in which it fits, in the last with an ellipsis.
func (p *paper) shrunk(text string, w typeset.Weight, way typeset.Direction, width length, sizes ...length) set {
	t := p.shape(text, w, way)
	for _, size := range sizes {
		if t.Width.At(size) <= width {
			return set{t.Cut(size, width, w), size}
		}
	}
	last := sizes[len(sizes)-1]
	return set{t.Cut(last, width, w), last}
}

// amount is a figure on one line. It is made smaller until it fits, and never cut: half a figure is a wrong one.
func (p *paper) amount(text string, w typeset.Weight, size, width length) set {
	t := p.shape(text, w, typeset.LTR)
	for size > 2*pt && t.Width.At(size) > width {
		size -= 250
	}
	return set{t.Lines(size, 1<<40)[0], size}
}

// prose breaks what somebody typed into lines. A blank line stays one.
func (p *paper) prose(text string, w typeset.Weight, size, width length) []typeset.Line {
	text = strings.Trim(typeset.Clean(text), " \n")
	if text == "" {
		return nil
	}
	var lines []typeset.Line
	for paragraph := range strings.SplitSeq(text, "\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph == "" {
			paragraph = " "
		}
		lines = append(lines, p.shape(paragraph, w, typeset.Auto).Lines(size, width)...)
	}
	return lines
}

// few is prose of some lines at most; the last ends in an ellipsis when there is more.
func (p *paper) few(text string, most int, w typeset.Weight, size, width length) []typeset.Line {
	lines := p.prose(text, w, size, width)
	if len(lines) <= most {
		return lines
	}
	rest := typeset.OneLine(lines[most-1].String() + " " + lines[most].String())
	t := p.shape(rest, w, typeset.Auto)
	if t.Width.At(size) <= width {
		t = p.shape(rest+" …", w, typeset.Auto)
	}
	return append(lines[:most-1:most-1], t.Cut(size, width, w))
}

// flow sets prose from the current height on, over as many pages as it takes. All of it begins on the side on which its first paragraph does.
func (p *paper) flow(text string, from, width, size length, c tenant.Color) {
	lines := p.prose(text, typeset.Regular, size, width)
	for _, line := range lines {
		p.need(lead(size))
		p.put(set{line, size}, from, width, p.way(lines[0]), c)
		p.y += lead(size)
	}
}

// figureAt sets a figure at the right of its box, in Arabic too: its decimals stand under those of the figure above.
func (p *paper) figureAt(l set, from, width length, c tenant.Color) {
	at := end
	if p.rtl {
		at = start
	}
	p.put(l, from, width, at, c)
}
