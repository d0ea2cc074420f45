// Package document makes the papers of a tenant's client, as PDF: data in, bytes out. It reads no clock, no database and no network; what it knows
// of the world beside its arguments is the fonts that are installed.
//
//	maker, err := document.New(document.Config{FontDirs: []string{"/usr/share/fonts"}, Warn: func(missing []rune) { … }})
//	result, err := maker.Invoice(document.InvoiceDoc{Brand: brand, Language: "fr", Invoice: invoice, Seller: seller, BillTo: client})
//
// The same data makes the same bytes, so a paper can be kept by its hash and made again. No paper says whose program made it.
package document
