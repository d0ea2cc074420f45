package document

import (
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Config is what a Maker needs.
type Config struct {
	// FontDirs are searched, with all below them, for fonts of the scripts that the built-in font has not: Devanagari, Thai, Chinese, Japanese,
	// Korean and others. A directory that is not there is passed over. Empty: the built-in font alone.
	FontDirs []string
	// Warn is told, once a document, which characters no font has. The document shows their numbers in boxes. It must be safe for concurrent
	// use; nil hears nothing.
	Warn func(missing []rune)
	// Trouble is told what else a document had to do without: a logo that cannot be read. Safe for concurrent use; nil hears nothing.
	Trouble func(error)
}

// Result is a finished document.
type Result struct {
	Bytes   []byte
	SHA256  [32]byte // of Bytes
	Pages   int
	Missing []rune // characters that no font has, in ascending order; nil when all are there
}

// Brand is how the tenant looks on paper.
type Brand struct {
	Name string // as clients read it
	Logo []byte // PNG or JPEG; nil, or what cannot be decoded, is set as the name in type
	// Colors are those of the tenant's light scheme, Style.Palette().Light, corrected for contrast there. The zero value is ink on white.
	Colors tenant.Scheme
	Footer string // the small print at the foot of each page; may be empty
}

// Party is one side of a document.
type Party struct {
	Name         string
	Address      []string // a line each, without the name
	Country      string   // ISO 3166-1 alpha-2; the bill-to's decides the paper: Letter in North America and where it is usual, else A4
	TaxID        string
	Registration string // a company number; may be empty
	Email        string
}

// InvoiceDoc is all that an invoice says.
type InvoiceDoc struct {
	Brand    Brand
	Language string // BCP 47, of words, amounts and dates; what we have no words for is English
	Invoice  ledger.Invoice
	Seller   Party
	BillTo   Party
	// Payments are those that went to this invoice, with the part that did in Applied. Failed ones are left out.
	Payments     []ledger.Payment
	Instructions string       // how to pay without the portal; may be empty
	PortalURL    string       // of the portal's sign-in page, for the QR code, never with a token; "" leaves the code out
	Status       ledger.State // Invoice.State of the day; "" is open
	AsOf         ledger.Date  // the day that Status and Payments are of; the zero value is the day of issue and is not printed
}
