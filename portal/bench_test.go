package portal

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/format"
	"tollhouse/tenant"
)

// listOf is the invoice list with n rows, as a handler fills it.
func listOf(n int) invoicesPage {
	files, err := loadAssets()
	if err != nil {
		panic(err)
	}
	day := ledger.Date{Year: 2026, Month: time.May, Day: 21}
	p := invoicesPage{tab: TabAll, from: 1}
	p.view = view{words: &english, figures: "en-US", assets: files, title: english.Invoices, today: day, place: atInvoices, tenant: &tenant.Tenant{
		Name: "Maple & Stone Studio", Locale: "en-US", TimeZone: time.UTC, Style: tenant.NewStyle(tenant.Color{B: 200}, tenant.Color{R: 200}),
		Brand: tenant.Brand{SupportEmail: "billing@maplestone.example", Footer: "48 Alder Street, Portland, ME 04101"}}}
	p.member = &access.Member{Session: access.Session{ExpiresAt: time.Date(2026, time.May, 28, 0, 0, 0, 0, time.UTC)},
		Contact: access.Contact{Name: "Accounts payable"}, Company: access.Company{Name: "Acme Ltd"}}
	p.data.Counts = map[InvoiceTab]int{TabDue: n, TabAll: n}
	for i := range n {
		p.data.Invoices = append(p.data.Invoices, ledger.Invoice{ID: fmt.Sprintf("inv_%026d", i), Number: fmt.Sprintf("INV-2026-%06d", i),
			Status: ledger.Sent, Currency: "USD", IssueDate: day.AddDays(-i), DueDate: day.AddDays(30 - 2*i), Title: "Hosting & maintenance",
			Total: int64(120450 + 1000*i)})
	}
	return p
}

// sameList is the same page for html/template, written as one would write it there.
//
//go:embed testdata/list.tmpl
var sameList string

func parseSameList(p invoicesPage) *template.Template {
	return template.Must(template.New("list").Funcs(template.FuncMap{
		"date":     func(d ledger.Date) string { return format.ShortDate(d, "en-US") },
		"longDate": func(d ledger.Date) string { return format.Date(d, "en-US") },
		"money":    func(m ledger.Money) format.Parts { return format.MoneyParts(m, "en-US") },
		"state":    func(inv ledger.Invoice) string { return string(inv.State(p.today)) },
	}).Parse(sameList))
}

// sameData is what the handler would hand to html/template.
func sameData(p invoicesPage) map[string]any {
	var tabs []map[string]any
	for _, t := range p.tabs() {
		tabs = append(tabs, map[string]any{"Tab": t.tab, "Name": t.name, "Count": t.count, "Here": t.tab == p.tab})
	}
	at := p.pages()
	return map[string]any{"Words": p.words, "Title": p.fullTitle(), "Colours": p.colours(), "Sheet": p.assets.portal, "Home": p.home(), "Tenant": p.tenant,
		"Member": p.member, "Tabs": tabs, "Rows": p.data.Invoices, "From": strconv.Itoa(at.from), "To": strconv.Itoa(at.to), "Of": strconv.Itoa(at.of),
		"Ends": p.sessionEnds(), "Footer": paragraphs(p.footer())}
}

// TestSameList_IsTheSame holds the benchmark's two pages to the same bytes, white space aside.
func TestSameList_IsTheSame(t *testing.T) {
	p := listOf(40)
	var ours, theirs bytes.Buffer
	if err := invoicesView(p).Render(t.Context(), &ours); err != nil {
		t.Fatal(err)
	}
	if err := parseSameList(p).Execute(&theirs, sameData(p)); err != nil {
		t.Fatal(err)
	}
	a, b := squeezed(ours.String()), squeezed(theirs.String())
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("they part at\n%s\n%s", a[max(0, i-80):min(len(a), i+80)], b[max(0, i-80):min(len(b), i+80)])
		}
	}
	if len(a) != len(b) {
		t.Fatalf("%d bytes and %d", len(a), len(b))
	}
}

// squeezed drops the white space and writes what both escape in one way.
func squeezed(s string) string {
	s = strings.NewReplacer("&#43;", "+", "&#34;", "\"").Replace(s)
	return strings.Join(strings.Fields(s), "")
}

// BenchmarkInvoiceList renders the list of 40 invoices, and the same page with html/template between, and reports how many times as much that
// costs. The product promises five.
func BenchmarkInvoiceList(b *testing.B) {
	p := listOf(40)
	other, data := parseSameList(p), sameData(p)
	ctx := b.Context()
	var ours, theirs time.Duration
	for b.Loop() {
		start := time.Now()
		if err := invoicesView(p).Render(ctx, io.Discard); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if err := other.Execute(io.Discard, data); err != nil {
			b.Fatal(err)
		}
		ours, theirs = ours+between.Sub(start), theirs+time.Since(between)
	}
	b.ReportMetric(0, "ns/op") // the sum of both, which says nothing
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/page")
	b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "ns/html-template-page")
	b.ReportMetric(float64(theirs)/float64(ours), "times-cheaper")
}

// BenchmarkInvoiceListAlone is our half of the comparison, with its allocations.
func BenchmarkInvoiceListAlone(b *testing.B) {
	p, ctx := listOf(40), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := invoicesView(p).Render(ctx, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
