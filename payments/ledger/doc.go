// Package ledger is the ground that money stands on: amounts as whole minor units with their currency, calendar days, invoices and their
// arithmetic, and what an invoice is to its reader. It is pure: no clock, no storage, no rounding that it does not name, and no float
// anywhere. It refuses what does not fit into 64 bits and never wraps around.
//
//	total, err := ledger.Money{Amount: 120450, Currency: "USD"}.Add(ledger.Money{Amount: 99, Currency: "USD"})
//	totals, err := ledger.Compute([]ledger.Line{{Quantity: 15000, UnitAmount: 2000, TaxBPS: 825}}, 0) // 30.00 + 2.48 tax
//	state := invoice.State(ledger.DateIn(now, tenant.TimeZone))
package ledger
