package document

import "tollhouse/portal/document/typeset"

// total is one row under the lines.
type total struct {
	label  string
	amount int64
	strong bool
	ruled  bool // with a line above
}

// sums sets rows of labels and amounts in the half where the amounts of the lines end. They stay together when a page has room for them.
func (p *paper) sums(rows []total, note string) (noted bool) {
	wide := p.width * 58 / 100
	from, height, figures := p.width-wide, length(0), 40*pt
	amounts := make([]set, len(rows))
	for n, row := range rows {
		height += row.height()
		weight, size := row.face()
		amounts[n] = p.amount(p.sum(row.amount), weight, size, wide*45/100)
		figures = max(figures, amounts[n].Width.At(amounts[n].size))
	}
	p.need(min(height, p.bottom/2))
	noted = p.noteBeside(note, from-2*gutter, height)
	for n, row := range rows {
		p.need(row.height())
		if row.ruled {
			p.rule(from, wide, hair, p.colors.LineStrong)
			p.y += 5 * pt
		}
		weight, size := row.face()
		room := wide - figures - gutter
		p.put(p.shrunk(row.label, weight, p.own(), room, size, small, tiny), from, room, start, p.colors.Text)
		p.figureAt(amounts[n], from+wide-figures, figures, p.colors.Text)
		p.y += lead(size) + 2*pt
	}
	p.y += 16 * pt
	return noted
}

// noteBeside sets the tenant's note to the left of the sums, where the page is empty, when it is short enough. It reports whether it did.
func (p *paper) noteBeside(note string, width, height length) bool {
	lines := p.prose(note, typeset.Regular, small, width)
	if len(lines) == 0 || lead(small)*length(len(lines)+1)+2*pt > height {
		return false
	}
	top := p.y
	p.heading(p.words.Notes, 0, width)
	p.flow(note, 0, width, small, p.colors.Text)
	p.y = top
	return true
}

// face is how a row is set.
func (t total) face() (typeset.Weight, length) {
	if t.strong {
		return typeset.Bold, 11 * pt
	}
	return typeset.Regular, body
}

func (t total) height() length {
	if t.ruled {
		return lead(11*pt) + 7*pt
	}
	return lead(body) + 2*pt
}
