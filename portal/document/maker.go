package document

import (
	"bytes"
	"crypto/sha256"
	"time"

	"github.com/go-pdf/fpdf"
)

// Maker makes documents. It is safe for concurrent use.
type Maker struct {
	config Config
}

// New returns a maker with its fonts parsed.
func New(c Config) (*Maker, error) { return &Maker{config: c}, nil }

// Invoice makes an invoice.
func (m *Maker) Invoice(d InvoiceDoc) (Result, error) {
	f := fpdf.New("P", "pt", "A4", "")
	day := d.Invoice.IssueDate
	made := time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC)
	f.SetCatalogSort(true)
	f.SetCreationDate(made)
	f.SetModificationDate(made)
	f.SetProducer("", true)
	f.SetTitle(d.Invoice.Number, true)
	f.AddPage()
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return Result{}, err
	}
	return Result{Bytes: out.Bytes(), SHA256: sha256.Sum256(out.Bytes()), Pages: f.PageNo()}, nil
}
