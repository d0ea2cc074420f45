package document

import (
	"tollhouse/portal/document/typeset"
)

// letterhead is the brand's logo, or its name when there is none, over a thin rule in its colour.
func (p *paper) letterhead() {
	const height, most = 34 * pt, 200 * pt
	if logo := p.maker.logos.picture(p.brand.Logo); logo != nil {
		w, h := length(logo.Width)*height/length(logo.Height), height
		if w > most {
			w, h = most, length(logo.Height)*most/length(logo.Width)
		}
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
