package document

import (
	"tollhouse/payments/ledger"
	"tollhouse/portal/document/typeset"
	"tollhouse/portal/format"
	"tollhouse/tenant"
)

// column is one column of a table. Its figures stand under each other at the right, which lines their decimals up: all amounts of a column have
// the same number of them.
type column struct {
	title       string
	from, width length
}

// grid is a table that is being set: a wide column of words, and columns of figures that are as wide as they need.
type grid struct {
	*paper
	columns []column
	size    length // of its type
}

// gutter is the space between two columns.
const gutter = 12 * pt

// newGrid measures a table's columns. When the figures leave too little to the words, all of it is set smaller.
func (p *paper) newGrid(titles []string, rows [][]string) grid {
	g := grid{paper: p}
	for g.size = body; ; g.size -= 500 {
		widths, taken := make([]length, len(titles)), length(0)
		for c := 1; c < len(titles); c++ {
			widths[c] = p.shape(titles[c], typeset.Bold, p.own()).Width.At(min(small, g.size))
			widths[c] = min(widths[c], p.width/6)
			for _, row := range rows {
				widths[c] = max(widths[c], p.shape(row[c], typeset.Regular, typeset.LTR).Width.At(g.size))
			}
			taken += widths[c] + gutter
		}
		if taken > p.width*62/100 && g.size > 3*pt {
			continue
		}
		from := p.width
		g.columns = make([]column, len(titles))
		for c := len(titles) - 1; c > 0; c-- {
			from -= widths[c]
			g.columns[c] = column{titles[c], from, widths[c]}
			from -= gutter
		}
		g.columns[0] = column{titles[0], 0, from}
		return g
	}
}

// head is the row of titles, on each page.
func (g grid) head() {
	size := min(small, g.size)
	for c, col := range g.columns {
		title := g.fit(col.title, typeset.Bold, size, col.width)
		if c == 0 {
			g.put(title, col.from, col.width, start, g.colors.TextQuiet)
		} else {
			g.figureAt(title, col.from, col.width, g.colors.TextQuiet)
		}
	}
	g.y += lead(size) + 3*pt
	g.rule(0, g.width, hair, g.colors.LineStrong)
	g.y += 5 * pt
}

// cell sets a figure of the row at the current height.
func (g grid) cell(c int, text string, w typeset.Weight, color tenant.Color) {
	if text != "" {
		g.figureAt(g.amount(text, w, g.size, g.columns[c].width), g.columns[c].from, g.columns[c].width, color)
	}
}

// table is the lines of the invoice.
func (i invoice) table() {
	if len(i.inv.Lines) == 0 {
		i.need(4 * lead(body))
		i.rule(0, i.width, hair, i.colors.Line)
		i.y += 8 * pt
		i.put(i.fit(i.words.NoLines, typeset.Regular, body, i.width), 0, i.width, start, i.colors.TextQuiet)
		i.y += lead(body) + 8*pt
		return
	}
	titles := []string{i.words.Description, i.words.Quantity, i.words.UnitPrice, i.words.Tax, i.words.Amount}
	rows := make([][]string, len(i.inv.Lines))
	sum := int64(0)
	for n, line := range i.inv.Lines {
		sum += line.Amount
		rows[n] = []string{"", format.Decimal(line.Quantity, 4, i.figures), i.sum(line.UnitAmount), i.rate(line.TaxBPS), i.sum(line.Amount)}
	}
	g := i.newGrid(titles, append(rows, []string{"", "", "", "", i.sum(sum)})) // what a page carries forward has to fit too
	i.need(lead(small) + 4*lead(g.size))
	g.head()
	t := table{invoice: i, grid: g}
	for n := range i.inv.Lines {
		t.row(&i.inv.Lines[n], rows[n])
	}
	i.y += 4 * pt
}

// rate is a line's tax, "" when it has none.
func (i invoice) rate(bps int32) string {
	if bps == 0 {
		return ""
	}
	return format.Percent(int64(bps), i.figures)
}

// table is the lines that are being set, and what they come to so far.
type table struct {
	invoice
	grid  grid
	soFar int64
}

// row sets one line. Its description may take pages; the figures stand beside its beginning.
func (t *table) row(l *ledger.Line, figures []string) {
	lines := t.prose(l.Description, typeset.Regular, t.grid.size, t.grid.columns[0].width)
	if len(lines) == 0 {
		lines = t.prose("–", typeset.Regular, t.grid.size, t.grid.columns[0].width)
	}
	less := 0
	if l.Discount > 0 {
		note := t.prose(fill(t.words.LineDiscount, "amount", figure(t.sum(l.Discount))), typeset.Regular, t.grid.size, t.grid.columns[0].width)
		less = len(note)
		lines = append(lines, note...)
	}
	step := lead(t.grid.size)
	t.room(step * length(min(len(lines), 3)))
	for c := 1; c < len(figures); c++ {
		t.grid.cell(c, figures[c], typeset.Regular, t.colors.Text)
	}
	t.soFar += l.Amount
	for n, line := range lines {
		if n > 0 {
			t.room(step)
		}
		color := t.colors.Text
		if n >= len(lines)-less {
			color = t.colors.TextQuiet
		}
		t.put(set{line, t.grid.size}, 0, t.grid.columns[0].width, start, color)
		t.y += step
	}
	t.y += 4 * pt
	t.rule(0, t.width, hair, t.colors.Line)
	t.y += 5 * pt
}

// room goes to the next page when a height does not fit, and carries the sum so far over.
func (t *table) room(height length) {
	carry := lead(t.grid.size) + 6*pt
	if t.y+height+carry <= t.bottom {
		return
	}
	t.forward()
	t.addPage()
	t.grid.head()
	t.forward()
	t.rule(0, t.width, hair, t.colors.Line)
	t.y += 5 * pt
}

// forward is the row that says what the lines before come to.
func (t *table) forward() {
	last := len(t.grid.columns) - 1
	size := t.grid.size
	width := t.width - t.grid.columns[last].width - gutter
	t.put(t.fit(t.words.CarriedForward, typeset.Regular, size, width), 0, width, start, t.colors.TextQuiet)
	t.grid.cell(last, t.sum(t.soFar), typeset.Regular, t.colors.TextQuiet)
	t.y += lead(size) + 4*pt
}
