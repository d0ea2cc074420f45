package document_test

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/document"
	"tollhouse/tenant"
)

// fontDirs are those that `make tools` fills.
var fontDirs = []string{"/usr/share/fonts/truetype/noto", "/usr/share/fonts/truetype/wqy"}

// maker is shared by all tests.
var maker = sync.OnceValue(func() *document.Maker {
	m, err := document.New(document.Config{FontDirs: fontDirs})
	if err != nil {
		panic(err)
	}
	return m
})

func day(month time.Month, d int) ledger.Date { return ledger.Date{Year: 2026, Month: month, Day: d} }

// logo is a disc and a bar on a transparent ground.
func logo(t testing.TB) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 320, 120))
	for y := range 120 {
		for x := range 320 {
			if dx, dy := x-60, y-60; dx*dx+dy*dy < 58*58 || x > 140 && y > 40 && y < 80 {
				picture.SetNRGBA(x, y, color.NRGBA{R: 0x0b, G: 0x6e, B: 0x4f, A: 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func brand(t testing.TB) document.Brand {
	t.Helper()
	return document.Brand{
		Name: "Northwind Studio", Logo: logo(t), Footer: "Northwind Studio LLC, 12 Harbour Street, Portland, OR 97201\nhttps://northwind.example",
		Colors: tenant.NewPalette(tenant.Color{R: 0x0b, G: 0x6e, B: 0x4f}, tenant.Color{R: 0xd9, G: 0x5d, B: 0x39}).Light,
	}
}

var (
	seller = document.Party{Name: "Northwind Studio LLC", Address: []string{"12 Harbour Street", "Portland, OR 97201"}, Country: "US", TaxID: "93-1234567"}
	client = document.Party{Name: "Acme Corporation", Address: []string{"500 Market Street", "San Francisco, CA 94105"}, Country: "US", Email: "billing@acme.example"}
)

// sample is an invoice with everything on it.
func sample(t testing.TB) document.InvoiceDoc {
	t.Helper()
	lines := []ledger.Line{
		{Description: "Consulting, May 2026", Quantity: 125000, UnitAmount: 14000, TaxBPS: 825},
		{
			Description: "Hosting of shop.example.com, with backups kept for ninety days and a report at the end of each month", Quantity: 10000,
			UnitAmount: 8900, TaxBPS: 825, Discount: 900,
		},
		{Description: "Printed manual", Quantity: 30000, UnitAmount: 2450, TaxBPS: 500},
		{Description: "Travel, as agreed", Quantity: 10000, UnitAmount: 31299},
	}
	d := document.InvoiceDoc{
		Brand: brand(t), Language: "en-US", Invoice: computed(t, lines, 5000), Seller: seller, BillTo: client,
		Payments: []ledger.Payment{
			{ID: "pay_2", Status: "failed", Applied: 70000, ReceivedOn: day(time.May, 4), Method: "Visa ending 0002"},
			{ID: "pay_1", Status: "succeeded", Applied: 50000, ReceivedOn: day(time.May, 3), Method: "Visa ending 4242"},
		},
		Instructions: "Bank transfer to Northwind Studio LLC\nFirst Example Bank, account 000123456789, routing 110000000",
		PortalURL:    "https://billing.northwind.example/portal/signin",
		Status:       ledger.StatePartiallyPaid, AsOf: day(time.May, 5),
	}
	d.Invoice.Settled = 50000
	return d
}

func computed(t testing.TB, lines []ledger.Line, discount int64) ledger.Invoice {
	t.Helper()
	totals, err := ledger.Compute(lines, discount)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Invoice{
		Number: "INV-1042", Status: ledger.Sent, Currency: "USD", IssueDate: day(time.April, 20), DueDate: day(time.May, 20), Title: "Website, second quarter",
		PONumber: "PO-7781", Notes: "Thank you for your trust.", Lines: totals.Lines, Subtotal: totals.Subtotal, Discount: totals.Discount,
		DocumentDiscount: totals.DocumentDiscount, Tax: totals.Tax, Total: totals.Total,
	}
}

// page is a finished document, in a file.
type page struct {
	document.Result
	path string
}

// finished keeps a document, where TOLLHOUSE_PAPERS says when people want to look at it, and has its file checked.
func finished(t testing.TB, r document.Result, err error) page {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("TOLLHOUSE_PAPERS")
	if dir == "" {
		dir = t.TempDir()
	}
	p := page{r, filepath.Join(dir, strings.NewReplacer("/", "-", "#", "-").Replace(t.Name())+".pdf")}
	if err := os.WriteFile(p.path, r.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "qpdf", "--check", p.path); !strings.Contains(out, "No syntax or stream encoding errors found") || strings.Contains(out, "WARNING") {
		t.Errorf("qpdf: %s", out)
	}
	return p
}

func invoice(t testing.TB, d document.InvoiceDoc) page {
	t.Helper()
	r, err := maker().Invoice(d)
	return finished(t, r, err)
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

// text is what a page shows, where it shows it.
func (p page) text(t testing.TB) string {
	return run(t, "pdftotext", "-layout", "-enc", "UTF-8", p.path, "-")
}

// flat is the text with each stretch of spaces as one.
func (p page) flat(t testing.TB) string {
	return strings.Join(strings.Fields(strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u202a", "", "\u202b", "", "\u202c", "").Replace(p.text(t))), " ")
}

// plain is the file without compression, for people and tests to read.
func (p page) plain(t testing.TB) string {
	return run(t, "qpdf", "--qdf", "--object-streams=disable", p.path, "-")
}

// word is a word and the box that it stands in, in points from the top left.
type word struct {
	Left   float64 `xml:"xMin,attr"`
	Top    float64 `xml:"yMin,attr"`
	Right  float64 `xml:"xMax,attr"`
	Bottom float64 `xml:"yMax,attr"`
	Text   string  `xml:",chardata"`
}

// sheetOf is the words of one page.
type sheetOf struct {
	Width  float64 `xml:"width,attr"`
	Height float64 `xml:"height,attr"`
	Words  []word  `xml:"word"`
}

func (p page) words(t testing.TB) []sheetOf {
	t.Helper()
	var parsed struct {
		Pages []sheetOf `xml:"body>doc>page"`
	}
	if err := xml.Unmarshal([]byte(run(t, "pdftotext", "-bbox", "-enc", "UTF-8", p.path, "-")), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed.Pages
}

// within fails for each word that leaves the margins or its page.
func (p page) within(t testing.TB) {
	t.Helper()
	const margin, hair = 48, 1.5
	for n, sheet := range p.words(t) {
		for _, w := range sheet.Words {
			if w.Left < margin-hair || w.Right > sheet.Width-margin+hair || w.Top < 20 || w.Bottom > sheet.Height-8 {
				t.Errorf("page %d of %.0f × %.0f: %q stands at %.1f–%.1f, %.1f–%.1f", n+1, sheet.Width, sheet.Height, w.Text, w.Left, w.Right, w.Top, w.Bottom)
			}
		}
	}
}
