package portaldb_test

import (
	"testing"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/portaldb"
)

// crowd is a fixture whose company has 10,000 sent invoices, one in ten still due, beside another company with 90,000.
func crowd(tb testing.TB) (*fixture, string) {
	tb.Helper()
	w := paymentstest.New(tb, pgtest.Clone(tb))
	f := &fixture{World: w, pages: portaldb.New(w.DB.App)}
	f.session = f.sessionOf(tb, w.Company, w.Contact)
	const invoices = `
		INSERT INTO invoices (tenant_id, id, company_id, number, status, currency, issue_date, due_date, subtotal, tax, total, sent_at)
		SELECT $1, 'inv_' || lpad(i::text, 26, '0'), $2, 'N-' || i, 'sent', 'USD', date '2020-01-01' + i % 2000, date '2020-02-01' + i % 2000, 12000, 0, 12000,
		       timestamptz '2020-01-01' + i * interval '3 hours'
		  FROM generate_series($3::integer, $4::integer) i`
	w.Exec(tb, invoices, w.Tenant.ID, w.Company, 1, 10_000)
	w.Exec(tb, invoices, w.Tenant.ID, w.AddCompany(tb), 10_001, 100_000)
	w.Exec(tb, `
		INSERT INTO payments (tenant_id, id, company_id, status, kind, amount, currency, received_on, changed_at)
		SELECT $1, 'pay' || i.id, $2, 'succeeded', 'manual', i.total, 'USD', i.due_date, i.sent_at
		  FROM invoices i WHERE i.tenant_id = $1 AND i.company_id = $2 AND right(i.id, 1) <> '0'`, w.Tenant.ID, w.Company)
	analyze(tb, w) // without figures about so many rows, each row's foreign keys are looked up the long way
	w.Exec(tb, `
		INSERT INTO payment_allocations (tenant_id, company_id, payment_id, invoice_id, amount)
		SELECT $1, $2, p.id, substr(p.id, 4), p.amount FROM payments p WHERE p.tenant_id = $1 AND p.company_id = $2`, w.Tenant.ID, w.Company)
	w.Exec(tb, `
		INSERT INTO ledger_entries (tenant_id, id, company_id, invoice_id, payment_id, kind, amount, currency, effective_on)
		SELECT $1, 'e' || p.id, $2, substr(p.id, 4), p.id, 'payment', -p.amount, 'USD', p.received_on
		  FROM payments p WHERE p.tenant_id = $1 AND p.company_id = $2`, w.Tenant.ID, w.Company)
	for range 2 { // the first leaves out what was in use a moment ago
		analyze(tb, w)
	}
	return f, "inv_00000000000000000000005001"
}

func analyze(tb testing.TB, w *paymentstest.World) {
	tb.Helper()
	if _, err := w.DB.Owner.Exec(ctx, `VACUUM ANALYZE invoices, invoice_lines, payments, payment_allocations, ledger_entries`); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkPages(b *testing.B) {
	f, id := crowd(b)
	list := func(q portal.InvoiceQuery) func(access.Session) error {
		return func(s access.Session) error { _, err := f.pages.Invoices(ctx, s, q); return err }
	}
	middle, err := f.pages.Invoices(ctx, f.session, portal.InvoiceQuery{Tab: portal.TabAll, Limit: 100})
	if err != nil || middle.Next == "" {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		open func(access.Session) error
	}{
		{"home", func(s access.Session) error { _, err := f.pages.Home(ctx, s, f.Today()); return err }},
		{"due", list(portal.InvoiceQuery{Tab: portal.TabDue})},
		{"paid", list(portal.InvoiceQuery{Tab: portal.TabPaid})},
		{"all, 40 rows", list(portal.InvoiceQuery{Tab: portal.TabAll, Limit: 40})},
		{"all, second page", list(portal.InvoiceQuery{Tab: portal.TabAll, After: middle.Next})},
		{"invoice", func(s access.Session) error { _, err := f.pages.Invoice(ctx, s, id, nil); return err }},
		{"invoice, viewed", func(s access.Session) error { _, err := f.pages.Invoice(ctx, s, id, visitor); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.open(f.session); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
