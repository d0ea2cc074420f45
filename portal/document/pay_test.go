package document_test

import (
	"bytes"
	"errors"
	"image"
	_ "image/png"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document"
)

// The code on the page is that of the address, square for square: it is printed, found in the picture of the page, and read.
func TestHowToPay_TheCodeHoldsTheAddress(t *testing.T) {
	for _, language := range []string{"en-US", "ar"} {
		d := sample(t)
		d.Language = language
		p := invoice(t, d)
		want, err := qr.Encode(d.PortalURL, qr.M)
		if err != nil {
			t.Fatal(err)
		}
		const dots = 5 // a point
		out, err := exec.Command("pdftoppm", "-r", "360", "-gray", "-png", "-f", "1", "-l", "1", p.path).Output()
		if err != nil {
			t.Fatal(err)
		}
		page, _, err := image.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		dark := func(x, y float64) bool { r, _, _, _ := page.At(int(x*dots), int(y*dots)).RGBA(); return r < 0x8000 }
		side := float64(72000/want.Size) / 1000
		left := 48.0
		if language == "ar" {
			left = float64(page.Bounds().Dx())/dots - 48 - side*float64(want.Size)
		}
		top := corner(t, dark, left, side)
		for row := range want.Size {
			for col := range want.Size {
				x, y := left+side*(float64(col)+0.5), top+side*(float64(row)+0.5)
				if dark(x, y) != want.Black(col, row) {
					t.Fatalf("%s: square %d, %d is wrong", language, col, row)
				}
			}
		}
		if !strings.Contains(p.plain(t), "/URI ("+d.PortalURL+")") {
			t.Errorf("%s: the address is no link", language)
		}
	}
}

// corner finds where a code begins: its corner is a square of seven squares a side, hollow, with one of three within.
func corner(t *testing.T, dark func(x, y float64) bool, left, side float64) float64 {
	t.Helper()
	is := func(top float64) bool {
		for row := range 7 {
			for col := range 8 {
				ring, within := min(row, col, 6-row, 6-col) == 0, min(row, col, 6-row, 6-col) >= 2
				if dark(left+side*(float64(col)+0.5), top+side*(float64(row)+0.5)) != (col < 7 && (ring || within)) {
					return false
				}
			}
		}
		return true
	}
	for y := 300.0; y < 760; y += 0.2 {
		if is(y) {
			return y + 0.4 // the first that fits meets each square at its upper edge; this is inside
		}
	}
	t.Fatal("there is no code")
	return 0
}

// Paper is passed around: what is printed on it opens nothing by itself.
func TestHowToPay_NeverPrintsASecret(t *testing.T) {
	for _, url := range []string{
		"https://billing.example/portal/signin?token=abcdef123456", "https://billing.example/portal/signin#abcdef123456", "http://billing.example/abcdef123456",
		"javascript:abcdef123456", "https://me:abcdef123456@billing.example/", "https://billing.example/ abcdef123456",
	} {
		d := sample(t)
		d.PortalURL = url
		p := invoice(t, d)
		if strings.Contains(p.flat(t), "abcdef123456") || strings.Contains(p.plain(t), "abcdef123456") || strings.Contains(p.plain(t), "/URI") {
			t.Errorf("%s is on the paper", url)
		}
		if !strings.Contains(p.flat(t), "First Example Bank") {
			t.Errorf("%s: the instructions are gone with it", url)
		}
	}
}

// Figures that do not come to what the ledger says are not printed one by one.
func TestTotals_AddUpWhateverPaymentsAreKnown(t *testing.T) {
	d := sample(t)
	d.Payments = append(d.Payments, ledger.Payment{ID: "pay_3", Status: "succeeded", Applied: 777, ReceivedOn: day(time.May, 4), Method: "Cheque 88"})
	d.Invoice.InFlight = 1000
	flat := invoice(t, d).flat(t)
	for _, want := range []string{"Paid −$500.00", "Processing −$10.00", "Amount due $1,807.65"} {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is not in %s", want, flat)
		}
	}
	if strings.Contains(flat, "Cheque 88") {
		t.Error("a payment is listed that the ledger does not know of")
	}
	d = sample(t)
	d.Invoice.InFlight = 1000
	d.Payments = append(d.Payments, ledger.Payment{ID: "pay_3", Status: "processing", Applied: 1000, ReceivedOn: day(time.May, 4), Method: "Bank"})
	if flat := invoice(t, d).flat(t); !strings.Contains(flat, "On its way since May 4, 2026 −$10.00 Amount due $1,807.65") {
		t.Errorf("the payment on its way is not in %s", flat)
	}
}

func TestReceipt_SaysWhereTheMoneyWent(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	d := document.ReceiptDoc{
		Brand: brand(t), Language: "en-US", Number: "R-77", Seller: seller, Payer: client,
		Payment: ledger.Payment{
			Status: "succeeded", Amount: 100000, Currency: "USD", Method: "Visa ending 4242", Reference: "ch_3Nx", ReceivedOn: day(time.May, 3),
		},
		ReceivedAt: time.Date(2026, time.May, 3, 20, 5, 0, 0, time.UTC).In(zone),
		Parts:      []document.ReceiptPart{{Invoice: "INV-1042", Amount: 50000, Remaining: 181765}, {Invoice: "INV-1043", Amount: 30000}},
		Refunds:    []document.Refund{{On: day(time.May, 9), Amount: 2500}},
	}
	r, err := maker().Receipt(d)
	p := finished(t, r, err)
	p.within(t)
	golden(t, "receipt", p)

	d.Payment.Status, d.Refunds = "processing", nil
	r, err = maker().Receipt(d)
	if flat := finished(t, r, err).flat(t); !strings.Contains(flat, "this is not a final receipt") || strings.Contains(flat, "Amount received") {
		t.Errorf("a payment on its way reads %s", flat)
	}
	d.Payment.Status = "failed"
	if _, err := maker().Receipt(d); !errors.Is(err, document.ErrNoReceipt) {
		t.Errorf("a receipt for a failed payment: %v", err)
	}
	d.Payment.Status, d.Parts[1].Amount = "succeeded", 50001
	if _, err := maker().Receipt(d); !errors.Is(err, document.ErrParts) {
		t.Errorf("more given out than came in: %v", err)
	}
}

func TestReceipt_OfManyInvoicesFlowsOverPages(t *testing.T) {
	d := document.ReceiptDoc{
		Brand: brand(t), Language: "fr", Number: "R-78", Payment: ledger.Payment{Status: "succeeded", Amount: 100, Currency: "EUR", ReceivedOn: day(time.May, 3)},
	}
	for range 100 {
		d.Parts = append(d.Parts, document.ReceiptPart{Invoice: "INV-9", Amount: 1})
	}
	r, err := maker().Receipt(d)
	p := finished(t, r, err)
	p.within(t)
	if got := strings.Count(p.flat(t), "INV-9"); got != 100 || p.Pages < 3 {
		t.Errorf("%d of 100 invoices on %d pages", got, p.Pages)
	}
}

func TestMaker_WarnsOfWhatItHasNot(t *testing.T) {
	var heard []rune
	var trouble error
	m, err := document.New(document.Config{
		FontDirs: []string{"/does/not/exist"}, Warn: func(missing []rune) { heard = append(heard, missing...) }, Trouble: func(err error) { trouble = err },
	})
	if err != nil {
		t.Fatal(err)
	}
	d := sample(t)
	d.BillTo.Name, d.Brand.Logo = "Acme 日本 Ltd", []byte("\x89PNG\r\n\x1a\n and no more")
	r, err := m.Invoice(d)
	p := finished(t, r, err)
	if string(r.Missing) != "日本" || string(heard) != "日本" {
		t.Errorf("missing %q, heard of %q", string(r.Missing), string(heard))
	}
	if !strings.Contains(p.flat(t), "Acme 日本 Ltd") {
		t.Errorf("the name cannot be copied from %s", p.flat(t))
	}
	if info := run(t, "pdfinfo", "-enc", "UTF-8", p.path); !strings.Contains(info, "Keywords:        Acme 日本 Ltd") {
		t.Errorf("the text is not kept in %s", info)
	}
	if trouble == nil || !strings.HasPrefix(p.flat(t), "Northwind Studio Invoice INV-1042") {
		t.Errorf("a logo that cannot be read: %v, and the page begins with %.40s", trouble, p.flat(t))
	}
	if images := run(t, "pdfimages", "-list", p.path); strings.Contains(images, "image") && strings.Contains(images, "rgb") {
		t.Errorf("a picture is there: %s", images)
	}
}

func TestInvoice_TakesControlCharactersOut(t *testing.T) {
	d := sample(t)
	d.BillTo.Name = "Acme\x00\x07\x1b[31m\u202eCorp\u202c\u009b\nLtd\xff"
	d.Invoice.Number = "INV\u0000-\u200e1\r\n042) Tj ET"
	d.Invoice.Lines[0].Description = "A\u2028B\x0bC\tD \\( <0041> \ufeff\ufffe"
	p := invoice(t, d)
	flat := p.flat(t)
	for _, want := range []string{"Acme[31mCorp Ltd\ufffd", "INV-1 042) Tj ET", "C D \\( <0041>"} {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is not in %s", want, flat)
		}
	}
	if strings.ContainsAny(flat, "\x00\x07\x1b\u202e\u009b") {
		t.Errorf("control characters in %q", flat)
	}
}

// Bounds that the page's own cost must keep to; the time is the benchmark's to say.
func TestInvoice_TakesLittleMemory(t *testing.T) {
	d := sample(t)
	if _, err := maker().Invoice(d); err != nil { // fonts and logo are kept from here on
		t.Fatal(err)
	}
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := maker().Invoice(d); err != nil {
				b.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 2<<20 {
		t.Errorf("%d bytes for one page, want at most 2 MB", got)
	}
}

func BenchmarkInvoice(b *testing.B) {
	d := sample(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := maker().Invoice(d); err != nil {
			b.Fatal(err)
		}
	}
}
