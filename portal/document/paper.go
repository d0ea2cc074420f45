package document

import (
	"strconv"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document/sheet"
	"tollhouse/portal/document/typeset"
	"tollhouse/portal/format"
	"tollhouse/portal/lang"
	"tollhouse/tenant"
)

type length = typeset.Length

const pt = typeset.Point

// Sizes of type, and the space around things.
const (
	tiny, small, body, large, title, huge = 7500, 8500, 9500, 12 * pt, 20 * pt, 22 * pt

	margin    = 48 * pt // left and right
	topMargin = 40 * pt
	gap       = 16 * pt // between columns
	hair      = 500     // the thickness of a hairline
)

// lead is the height of a line of a size.
func lead(size length) length { return size * 140 / 100 }

// paper is a document that is being set: where the next thing goes, and how its reader reads. Positions along a line count from where lines begin,
// which is the right edge in Arabic.
type paper struct {
	maker   *Maker
	sheet   *sheet.Sheet
	setter  *typeset.Setter
	words   *phrases
	figures string // the locale of amounts and dates
	rtl     bool
	colors  tenant.Scheme
	brand   Brand
	name    string // of the paper, "Invoice INV-12"

	currency ledger.Currency
	width    length // between the margins
	y        length // of the next thing
	bottom   length // where a page's content ends
	foot     []typeset.Line
	known    map[textKey]*typeset.Text
}

// textKey is a text that was shaped already: papers repeat themselves.
type textKey struct {
	text   string
	weight typeset.Weight
	way    typeset.Direction
}

// start begins a document on paper of a country.
func (m *Maker) start(b Brand, language, country string, made ledger.Date, titled func(*phrases) string) *paper {
	reader := lang.Choose(language)
	p := &paper{
		maker: m, words: catalogue[reader.Lang], figures: reader.Locale, rtl: reader.Lang.Dir() == "rtl", brand: b, colors: b.Colors,
		known: map[textKey]*typeset.Text{},
	}
	if p.colors == (tenant.Scheme{}) {
		p.colors = m.ink
	}
	p.brand.Name = typeset.OneLine(b.Name)
	p.setter = m.library.Setter(reader.Lang.Tag())
	width, height := size(country)
	if made.IsZero() {
		made = ledger.Date{Year: 1970, Month: time.January, Day: 1} // never the clock's
	}
	p.sheet = sheet.New(width, height, m.library, sheet.Info{
		Title: titled(p.words), Author: p.brand.Name, Language: reader.Lang.Tag(),
		Made: time.Date(made.Year, made.Month, made.Day, 0, 0, 0, 0, time.UTC),
	})
	p.width = width - 2*margin
	p.foot = p.footer()
	p.bottom = height - 58*pt - lead(tiny)*length(len(p.foot))
	return p
}

// size is the paper of a country: Letter where offices have no other.
func size(country string) (width, height length) {
	switch strings.ToUpper(country) {
	case "US", "CA", "MX", "PH", "CL", "CO", "CR", "DO", "GT", "NI", "PA", "PR", "SV", "VE":
		return 612 * pt, 792 * pt
	}
	return 595276, 841890
}

// addPage goes to a new page. After the first it says what it continues.
func (p *paper) addPage() {
	p.sheet.AddPage()
	p.y = topMargin
	if p.sheet.Pages() == 1 {
		return
	}
	p.put(p.fit(fill(p.words.Continued, "title", p.name), typeset.Bold, body, p.width), 0, p.width, start, p.colors.Text)
	p.y += lead(body) + 6*pt
	p.rule(0, p.width, pt, p.colors.PrimaryRule)
	p.y += 14 * pt
}

// need goes to a new page when a height does not fit on this one.
func (p *paper) need(height length) {
	if p.y+height > p.bottom {
		p.addPage()
	}
}

// footer is the brand's small print, as many lines as a page can spare.
func (p *paper) footer() []typeset.Line {
	const most = 6
	lines := p.prose(p.brand.Footer, typeset.Regular, tiny, p.width)
	if len(lines) > most {
		cut := p.shape(typeset.OneLine(lines[most-1].String()+" "+lines[most].String()), typeset.Regular, typeset.Auto).Cut(tiny, p.width, typeset.Regular)
		lines = append(lines[:most-1:most-1], cut)
	}
	return lines
}

// feet writes the foot of each page, which is known when all pages are.
func (p *paper) feet() {
	pages := p.sheet.Pages()
	for n := 1; n <= pages; n++ {
		p.sheet.Go(n)
		p.y = p.bottom + 14*pt
		p.rule(0, p.width, hair, p.colors.Line)
		p.y += 6 * pt
		numbers := p.fit(fill(p.words.Page, "page", strconv.Itoa(n), "pages", strconv.Itoa(pages)), typeset.Regular, tiny, p.width/3)
		p.put(numbers, 0, p.width, end, p.colors.TextQuiet)
		p.put(p.fit(p.name, typeset.Regular, tiny, p.width*2/3-gap), 0, p.width, start, p.colors.TextQuiet)
		for _, line := range p.foot {
			p.y += lead(tiny)
			p.put(set{line, tiny}, 0, p.width, p.way(line), p.colors.TextQuiet)
		}
	}
}

// sum writes an amount of the paper's currency.
func (p *paper) sum(minor int64) string {
	return format.Money(ledger.Money{Amount: minor, Currency: p.currency}, p.figures)
}

func (p *paper) date(d ledger.Date) string { return format.Date(d, lang.Dates(p.figures)) }
