package document_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document"
	"tollhouse/portal/lang"
)

var stretch = regexp.MustCompile(`  +`)

var update = flag.Bool("update", false, "write the expected texts anew")

// golden compares the text of a document, line by line and with each stretch of spaces as two: programs of other versions space differently.
func golden(t *testing.T, name string, p page) {
	t.Helper()
	var got string
	for line := range strings.Lines(p.text(t)) {
		if line = strings.Trim(line, " \n\f"); line != "" {
			got += stretch.ReplaceAllString(line, "  ") + "\n"
		}
	}
	path := "testdata/" + name + ".txt"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestInvoice_SaysAllThatItIs(t *testing.T) {
	p := invoice(t, sample(t))
	if p.Pages != 1 || p.Missing != nil {
		t.Errorf("%d pages, missing %q", p.Pages, string(p.Missing))
	}
	if p.SHA256 != sha256.Sum256(p.Bytes) {
		t.Error("the hash is of something else")
	}
	golden(t, "invoice", p)
	p.within(t)
}

func TestInvoice_RunsFromRightToLeft(t *testing.T) {
	d := sample(t)
	d.Language, d.Invoice.Currency = "ar-AE", "AED"
	d.Brand.Name, d.Brand.Logo, d.Brand.Footer = "شركة النور للتجارة والخدمات", nil, "شركة النور، دبي، الإمارات العربية المتحدة"
	d.Seller = document.Party{Name: "شركة النور للتجارة والخدمات ذ.م.م", Address: []string{"شارع الشيخ زايد 12", "دبي"}, Country: "AE", TaxID: "100234567890003"}
	d.BillTo = document.Party{Name: "Acme العالمية (فرع دبي)", Address: []string{"برج 5، الطابق 12", "دبي"}, Country: "AE", Email: "billing@acme.example"}
	d.Invoice.Title, d.Invoice.Notes = "موقع الويب، الربع الثاني", "شكرًا لثقتكم بنا."
	d.Invoice.Lines[0].Description = "استشارات، مايو 2026 (Acme)"
	d.Instructions = "حوالة بنكية إلى شركة النور\nIBAN AE07 0331 2345 6789 0123 456"
	p := invoice(t, d)
	p.within(t)
	first := p.words(t)[0]
	side := func(text string) float64 {
		for _, w := range first.Words {
			if strings.Contains(w.Text, text) {
				return (w.Left + w.Right) / 2 / first.Width
			}
		}
		t.Errorf("%q is not there", text)
		return 0.5
	}
	if panel, number, description := side("1,817.65"), side("INV-1042"), side("Hosting"); panel > 0.5 || number < 0.5 || description < 0.5 {
		t.Errorf("amount at %.2f, number at %.2f, description at %.2f of the width", panel, number, description)
	}
	var ends []float64 // of the sums: decimals under each other
	for _, w := range first.Words {
		if w.Top > first.Height*0.45 && strings.HasPrefix(w.Text, "AED") && w.Right < first.Width*0.3 {
			ends = append(ends, w.Right)
		}
	}
	if len(ends) < 5 || slices.Max(ends[len(ends)-5:])-slices.Min(ends[len(ends)-5:]) > 1 {
		t.Errorf("the sums end at %v", ends)
	}
	for _, want := range []string{"الإجمالي", "المبلغ المستحق", "شكرًا لثقتكم بنا"} {
		if !strings.Contains(p.flat(t), want) {
			t.Errorf("%q is not in %s", want, p.flat(t))
		}
	}
}

func TestInvoice_CarriesItsSumOverPages(t *testing.T) {
	d := sample(t)
	var lines []ledger.Line
	for n := range 500 {
		lines = append(lines, ledger.Line{Description: fmt.Sprintf("Position %d", n+1), Quantity: ledger.OneUnit, UnitAmount: 100})
	}
	d.Invoice, d.Payments, d.Status = computed(t, lines, 0), nil, ledger.StateOpen
	p := invoice(t, d)
	pages := strings.Split(strings.TrimSuffix(p.text(t), "\f"), "\f")
	if len(pages) != p.Pages || p.Pages < 15 {
		t.Fatalf("%d pages, the result says %d", len(pages), p.Pages)
	}
	seen := 0
	for n, text := range pages {
		flat := strings.Join(strings.Fields(text), " ")
		if !strings.Contains(flat, fmt.Sprintf("Page %d of %d", n+1, len(pages))) {
			t.Errorf("page %d does not say that it is", n+1)
		}
		here := strings.Count(flat, "Position ")
		if here > 0 && !strings.Contains(flat, "Description Quantity Unit price Tax Amount") {
			t.Errorf("page %d has no head of its table", n+1)
		}
		if n > 0 && here > 0 && !strings.Contains(flat, fmt.Sprintf("Carried forward $%d.00", seen)) {
			t.Errorf("page %d does not begin with what %d lines come to", n+1, seen)
		}
		if seen += here; seen < 500 && !strings.Contains(flat, fmt.Sprintf("Carried forward $%d.00 Invoice INV-1042", seen)) {
			t.Errorf("page %d does not carry $%d.00 forward", n+1, seen)
		}
	}
	if seen != 500 {
		t.Errorf("%d lines of 500", seen)
	}
	p.within(t)
}

func TestInvoice_WithoutLines(t *testing.T) {
	d := document.InvoiceDoc{Invoice: ledger.Invoice{Number: "1", Currency: "EUR", Status: ledger.Sent}} // nor dates, nor anything else
	p := invoice(t, d)
	if again := invoice(t, d); again.SHA256 != p.SHA256 || strings.Contains(p.flat(t), "€0.00 Due") || !strings.Contains(p.plain(t), "(D:19700101000000)") {
		t.Errorf("without dates it reads %s", p.flat(t))
	}
	for _, want := range []string{"This invoice has no lines.", "Total", "€0.00", "Page 1 of 1"} {
		if !strings.Contains(p.flat(t), want) {
			t.Errorf("%q is not in %s", want, p.flat(t))
		}
	}
}

func TestInvoice_NothingLeavesItsPlace(t *testing.T) {
	words := strings.TrimSpace(strings.Repeat("word of many words ", 640)) // 12,000 characters
	long := strings.Repeat("W", 300) + " " + strings.Repeat("界", 300) + " " + strings.Repeat("مرحبا ", 60)
	d := sample(t)
	d.Brand.Name, d.Brand.Logo, d.Brand.Footer = long, nil, strings.Repeat(long, 2)
	d.Invoice.Number, d.Invoice.Title, d.Invoice.PONumber = strings.Repeat("N", 200), long, strings.Repeat("7", 400)
	d.BillTo.Name, d.BillTo.Email, d.BillTo.Address = long, strings.Repeat("e", 200)+"@example.com", []string{long, long}
	d.Seller = d.BillTo
	d.Invoice.Notes, d.Instructions = words, long
	lines := []ledger.Line{
		{Description: words, Quantity: ledger.OneUnit, UnitAmount: 100}, {Description: strings.Repeat("0123456789", 40), Quantity: ledger.OneUnit, UnitAmount: 100},
		{Description: long, Quantity: math.MaxInt64, UnitAmount: ledger.OneUnit / 2, TaxBPS: 825},
	}
	d.Invoice = func(i ledger.Invoice) ledger.Invoice { i.Lines = lines; return i }(d.Invoice)
	d.Invoice.Lines[2].Amount, d.Invoice.Total, d.Invoice.Settled = math.MaxInt64/2, math.MaxInt64, 0
	d.Payments = []ledger.Payment{{Status: "succeeded", Applied: math.MaxInt64 / 3, Method: long, ReceivedOn: d.AsOf}}
	p := invoice(t, d)
	p.within(t)
	flat := p.flat(t)
	if got := strings.Count(flat, "word of many") + strings.Count(flat, "words word"); strings.Count(flat, "many") != 1280 {
		t.Errorf("%d of 1280 words come through (%d pairs)", strings.Count(flat, "many"), got)
	}
	for _, want := range []string{"$92,233,720,368,547,758.07", "$46,116,860,184,273,879.03"} {
		if !strings.Contains(flat, want) {
			t.Errorf("%s is cut", want)
		}
	}
	if got := strings.Count(strings.ReplaceAll(flat, " ", ""), "0123456789"); got < 30 { // where a line of digits ends, the ten are parted
		t.Errorf("%d of 40 tens of digits", got)
	}
}

func TestInvoice_IsTheSameEachTime(t *testing.T) {
	d := sample(t)
	d.BillTo.Name = "Acme 日本 שלום مرحبا नमस्ते ไทย 한글 🙂"
	other, err := document.New(document.Config{FontDirs: fontDirs})
	if err != nil {
		t.Fatal(err)
	}
	first, err := other.Invoice(d)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			again := sample(t)
			again.BillTo.Name = d.BillTo.Name
			for range 3 {
				r, err := maker().Invoice(again)
				if err != nil || r.SHA256 != first.SHA256 {
					t.Errorf("another document: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestInvoice_NamesNobodyButTheTenant(t *testing.T) {
	p := invoice(t, sample(t))
	file := strings.ToLower(p.plain(t))
	for _, name := range []string{"tollhouse", "fpdf", "producer", "creator"} {
		if strings.Contains(file, "/"+name) || name != "producer" && name != "creator" && strings.Contains(file, name) {
			t.Errorf("the file says %q", name)
		}
	}
	info := run(t, "pdfinfo", p.path)
	for _, want := range []string{"Title:           Invoice INV-1042 from Northwind Studio", "Author:          Northwind Studio", "Mon Apr 20"} {
		if !strings.Contains(info, want) {
			t.Errorf("%q is not in %s", want, info)
		}
	}
	for _, want := range []string{"/Lang (en)", "/DisplayDocTitle true"} {
		if !strings.Contains(p.plain(t), want) {
			t.Errorf("%q is not in the file", want)
		}
	}
}

func TestInvoice_IsOnTheClientsPaper(t *testing.T) {
	for country, want := range map[string]string{
		"US": "612 x 792", "ca": "612 x 792", "MX": "612 x 792", "PH": "612 x 792", "": "612 x 792", "DE": "595.28 x 841.89", "JP": "595.28 x 841.89",
	} {
		d := sample(t)
		d.BillTo.Country = country // without one it is the seller's
		if info := run(t, "pdfinfo", invoice(t, d).path); !strings.Contains(info, want) {
			t.Errorf("%q: %s", country, info)
		}
	}
}

func TestInvoice_SpeaksEveryLanguage(t *testing.T) {
	totals := map[string]string{
		"en": "Total", "es": "Importe pendiente", "fr": "Montant à payer", "de": "Offener Betrag", "pt-BR": "Valor a pagar", "ja": "お支払い額", "ar": "المبلغ المستحق",
	}
	if len(totals) != int(lang.Count) {
		t.Fatalf("%d languages are checked", len(totals))
	}
	for tag, want := range totals {
		d := sample(t)
		d.Language = tag
		p := invoice(t, d)
		if !strings.Contains(p.flat(t), want) || len(p.Missing) > 0 {
			t.Errorf("%s: %q is not there, or %q is missing", tag, want, string(p.Missing))
		}
		if !strings.Contains(p.plain(t), "/Lang ("+tag+")") {
			t.Errorf("%s: the file does not say its language", tag)
		}
		p.within(t)
	}
}

func TestInvoice_ShowsEachState(t *testing.T) {
	for state, want := range map[ledger.State][2]string{
		ledger.StateDraft: {"Draft", "Amount due"}, ledger.StateOpen: {"Due", "Amount due"}, ledger.StateOverdue: {"Overdue", "Amount due"},
		ledger.StateProcessing: {"Processing", "Being paid"}, ledger.StatePaid: {"Paid", "Paid in full"}, ledger.StateVoid: {"Void", "nothing to pay"},
		ledger.StateUncollectible: {"Closed", "nothing to pay"},
	} {
		d := sample(t)
		d.Status, d.AsOf = state, ledger.Date{}
		flat := invoice(t, d).flat(t)
		if !strings.Contains(flat, want[0]) || !strings.Contains(flat, want[1]) {
			t.Errorf("%s: %q are not in %s", state, want, flat)
		}
		if got := strings.Contains(flat, "How to pay"); got != state.IsDue() {
			t.Errorf("%s: asks for money: %v", state, got)
		}
	}
}
