package document

import (
	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// letterhead is the brand's logo, or its name when there is none, over a thin rule in its colour.
func (p *paper) letterhead() {
	const height, most = 34 * pt, 200 * pt
	if logo := p.maker.logo(p.brand.Logo); logo != nil {
		w, h := length(logo.Width)*height/length(logo.Height), height
		if w > most {
			w, h = most, length(logo.Height)*most/length(logo.Width)
		}
		w, h = max(w, pt), max(h, pt)
		p.sheet.Picture(logo, p.x(0, w), p.y+(height-h)/2, w, h)
	} else {
		p.y += 8 * pt
		p.put(p.shrunk(p.brand.Name, typeset.Bold, typeset.Auto, p.width, 18*pt, 15*pt, large, body), 0, p.width, start, p.colors.Text)
		p.y -= 8 * pt
	}
	p.y += height + 10*pt
	p.rule(0, p.width, 3*pt/2, p.colors.PrimaryRule)
	p.y += 22 * pt
}

// opening is what stands at the top of a paper, beside its name.
type opening struct {
	subtitle    string
	label, note string // around the amount
	amount      int64
	word        string // how things stand
	tint        tenant.Tint
}

// open sets the paper's name and, where the eye ends, what it is about.
func (p *paper) open(o opening) {
	const panelWidth, panelHeight = 196 * pt, 76 * pt
	top := p.y
	p.panel(o, p.width-panelWidth, panelWidth, panelHeight)
	p.y = top
	room := p.width - panelWidth - gap
	p.put(p.shrunk(p.name, typeset.Bold, p.own(), room, title, 16*pt, large, body), 0, room, start, p.colors.Text)
	p.y += lead(title) + 2*pt
	for _, line := range p.few(o.subtitle, 2, typeset.Regular, body, room) {
		p.put(set{line, body}, 0, room, start, p.colors.TextQuiet)
		p.y += lead(body)
	}
	p.chip(o.word, o.tint, room)
	p.y = max(p.y, top+panelHeight) + 18*pt
}

// panel is the amount on a quiet ground.
func (p *paper) panel(o opening, from, width, height length) {
	const pad = 12 * pt
	p.sheet.Panel(p.x(from, width), p.y, width, height, 8*pt, p.colors.Surface2)
	inner, inside := width-2*pad, from+pad
	p.y += pad
	p.put(p.fit(o.label, typeset.Regular, small, inner), inside, inner, start, p.colors.TextQuiet)
	p.y += lead(small)
	p.put(p.amount(p.sum(o.amount), typeset.Bold, huge, inner), inside, inner, start, p.colors.Text)
	p.y += lead(huge) - 2*pt
	p.put(p.fit(o.note, typeset.Regular, small, inner), inside, inner, start, p.colors.TextQuiet)
}

// chip is a word on a quiet tint.
func (p *paper) chip(word string, tint tenant.Tint, room length) {
	const pad, height = 7 * pt, 16 * pt
	line := p.fit(word, typeset.Bold, small, room-2*pad)
	width := line.Width.At(small) + 2*pad
	p.y += 2 * pt
	p.sheet.Panel(p.x(0, width), p.y, width, height, height/2, tint.Tint)
	p.y += 3 * pt
	p.put(line, pad, width-2*pad, start, tint.Text)
	p.y += height
}

// labelled is a party and what it is to the paper.
type labelled struct {
	label string
	Party
}

// sides is who is who, and the facts, side by side.
func (p *paper) sides(first, second labelled, facts [][2]string) {
	column := (p.width - 2*gap) / 3
	top := p.y
	lowest := p.party(first.label, first.Party, 0, column)
	p.y = top
	lowest = max(lowest, p.party(second.label, second.Party, column+gap, column))
	p.y = top
	for _, fact := range facts {
		p.fact(fact[0], fact[1], 2*(column+gap), column)
	}
	p.y = max(lowest, p.y) + 14*pt
}

// heading is a label over what follows.
func (p *paper) heading(text string, from, width length) {
	p.put(p.fit(text, typeset.Bold, small, width), from, width, start, p.colors.TextQuiet)
	p.y += lead(small) + 2*pt
}

// party sets one side of the document in a column, and returns where it ends.
func (p *paper) party(label string, who Party, from, width length) (lowest length) {
	p.heading(label, from, width)
	for _, line := range p.few(typeset.OneLine(who.Name), 4, typeset.Bold, body, width) {
		p.put(set{line, body}, from, width, start, p.colors.Text)
		p.y += lead(body)
	}
	quiet := append([]string(nil), who.Address...)
	if id := typeset.OneLine(who.TaxID); id != "" {
		quiet = append(quiet, fill(p.words.TaxID, "number", value(id)))
	}
	if number := typeset.OneLine(who.Registration); number != "" {
		quiet = append(quiet, fill(p.words.Registration, "number", value(number)))
	}
	quiet = append(quiet, who.Email)
	for _, text := range quiet[:min(len(quiet), 12)] {
		for _, line := range p.few(typeset.OneLine(text), 3, typeset.Regular, small, width) {
			p.put(set{line, small}, from, width, start, p.colors.Text)
			p.y += lead(small)
		}
	}
	return p.y
}

// fact is a label with its value beneath. Without a value it is left out.
func (p *paper) fact(label, said string, from, width length) {
	lines := p.few(typeset.OneLine(said), 2, typeset.Regular, body, width)
	if len(lines) == 0 {
		return
	}
	p.put(p.fit(label, typeset.Regular, small, width), from, width, start, p.colors.TextQuiet)
	p.y += lead(small)
	for _, line := range lines {
		p.put(set{line, body}, from, width, start, p.colors.Text)
		p.y += lead(body)
	}
	p.y += 3 * pt
}
