package portal

import (
	"bytes"
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
	p.view = view{words: &english, assets: files, title: english.Invoices, today: day, place: atInvoices, tenant: &tenant.Tenant{
		Name: "Maple & Stone Studio", Locale: "en-US", TimeZone: time.UTC, Style: tenant.NewStyle(tenant.Color{B: 200}, tenant.Color{R: 200}),
		Brand: tenant.Brand{SupportEmail: "billing@maplestone.example", Footer: "48 Alder Street, Portland, ME 04101"}}}
	p.member = &access.Member{Session: access.Session{ExpiresAt: time.Date(2026, time.May, 28, 0, 0, 0, 0, time.UTC)},
		Contact: access.Contact{Name: "Maria Lopez"}, Company: access.Company{Name: "Acme Ltd"}}
	p.data.Counts = map[InvoiceTab]int{TabDue: n, TabAll: n}
	for i := range n {
		p.data.Invoices = append(p.data.Invoices, ledger.Invoice{ID: fmt.Sprintf("inv_%026d", i), Number: fmt.Sprintf("INV-2026-%06d", i),
			Status: ledger.Sent, Currency: "USD", IssueDate: day.AddDays(-i), DueDate: day.AddDays(30 - 2*i), Title: "Hosting & maintenance", Total: int64(120450 + 1000*i)})
	}
	return p
}

// sameList is the same page for html/template, written as one would write it there.
const sameList = `<!doctype html><html lang="{{.Words.Lang}}" dir="{{.Words.Dir}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex, nofollow"><meta name="format-detection" content="telephone=no, date=no, address=no, email=no"><title>{{.Title}}</title><link rel="stylesheet" href="{{.Colours}}"><link rel="stylesheet" href="{{.Sheet}}"><link rel="icon" href="/favicon.ico"></head><body class=""><a class="skip" href="#main">{{.Words.Skip}}</a>
<header class="masthead"><a class="brand" href="{{.Home}}"><span class="name"><bdi>{{.Tenant.Name}}</bdi></span></a><nav class="menu" aria-label="{{.Words.Menu}}"><a href="/portal/">{{.Words.Overview}}</a> <a href="/portal/invoices" aria-current="page">{{.Words.Invoices}}</a></nav>
<div class="who"><p>Signed in as <bdi>{{.Member.Contact.Name}}</bdi> for <bdi>{{.Member.Company.Name}}</bdi></p><form method="post" action="/portal/sign-out"><button class="plain">{{.Words.SignOut}}</button></form></div></header>
<main id="main" tabindex="-1"><h1>{{.Words.Invoices}}</h1><nav class="tabs" aria-label="{{.Words.ListTabs}}">{{range .Tabs}}<a href="/portal/invoices?tab={{.Tab}}"{{if .Here}} aria-current="page"{{end}}>{{.Name}} <span class="count">{{.Count}}</span></a>{{end}}</nav>
<table class="list" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">{{.Words.Invoice}}</th><th scope="col" role="columnheader">{{.Words.Issued}}</th><th scope="col" role="columnheader">{{.Words.DueDate}}</th><th scope="col" role="columnheader">{{.Words.Status}}</th><th scope="col" role="columnheader" class="num">{{.Words.Amount}}</th></tr></thead><tbody role="rowgroup">
{{range .Rows}}<tr role="row"><td role="cell" class="lead-cell"><a class="row" href="/portal/invoices/{{.ID}}"><bdi>{{.Number}}</bdi></a>{{if .Title}} <span class="sub"><bdi>{{.Title}}</bdi></span>{{end}}</td>
<td role="cell" data-label="{{$.Words.Issued}}"><time datetime="{{.IssueDate.String}}" dir="auto">{{date .IssueDate}}</time></td>
<td role="cell" data-label="{{$.Words.DueDate}}"><time datetime="{{.DueDate.String}}" dir="auto">{{date .DueDate}}</time></td>
<td role="cell" class="state">{{template "status" .}}</td>
<td role="cell" class="num" data-label="{{$.Words.Amount}}">{{with money .Due}}<bdi dir="ltr" class="amount">{{with .Before}}<span class="cur">{{.}}</span>{{end}}{{.Digits}}{{with .After}}<span class="cur">{{.}}</span>{{end}}</bdi>{{end}}</td></tr>
{{end}}</tbody></table>
<nav class="pager" aria-label="{{.Words.Pages}}"><p class="quiet">Showing <bdi>{{.From}}</bdi>–<bdi>{{.To}}</bdi> of <bdi>{{.Of}}</bdi></p></nav></main>
<footer class="foot"><p>Questions? Write to <a href="mailto:{{.Tenant.Brand.SupportEmail}}"><bdi>{{.Tenant.Brand.SupportEmail}}</bdi></a></p><p>You stay signed in until <time datetime="{{.Ends.String}}" dir="auto">{{longDate .Ends}}</time>. <a href="/portal/sign-in">{{.Words.EmailMeALink}}</a></p>{{range .Footer}}<p class="typed" dir="auto">{{.}}</p>{{end}}</footer></body></html>
{{define "status"}}{{$s := state .}}<span class="status {{if eq $s "overdue"}}overdue{{else}}due{{end}}"><svg class="icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false">{{if eq $s "overdue"}}<path d="M10 3 18 16.5H2z"/><path d="M10 8v4M10 14.2v.1"/>{{else}}<circle cx="10" cy="10" r="7.25"/><path d="M10 6v4.25l2.75 1.75"/>{{end}}</svg> {{if eq $s "overdue"}}Overdue{{else}}Due{{end}}</span>{{end}}`

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
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if err := invoicesView(p).Render(ctx, io.Discard); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		b.StopTimer()
		start = time.Now()
		if err := other.Execute(io.Discard, data); err != nil {
			b.Fatal(err)
		}
		theirs += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(theirs)/float64(ours), "×cheaper")
}
