package portaldb

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal"
	"tollhouse/portal/access"
)

// Home returns what is due and what happened lately.
func (p *Pages) Home(ctx context.Context, s access.Session, today ledger.Date) (portal.HomeData, error) {
	const due = `
		SELECT ` + paymentsdb.ListedColumns + `
		  FROM invoices i
		 WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.standing = 'due' AND i.sent_at IS NOT NULL
		 ORDER BY i.due_date, i.id
		 LIMIT 10`
	var data portal.HomeData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	args["today"] = today.String()
	collect(b, &data.Due, paymentsdb.ScanListed, due, args)
	collect(b, &data.DueTotal, scanTotal, dueTotals, args)
	collect(b, &data.Activity, scanActivity, activity, args)
	queueCounter(b, s, &data.Counter)
	if err := p.read(ctx, s, b, "the home page"); err != nil {
		return portal.HomeData{}, err
	}
	if data.Member.Contact.Role == access.Signer {
		return portal.HomeData{Member: data.Member}, nil
	}
	ownCurrencyFirst(data.DueTotal, ledger.Currency(data.Member.Company.Currency))
	return data, nil
}

// dueTotals sums what is due in each currency. The sums are cut to what fits into 64 bits: a page of absurd figures, but a page.
const dueTotals = `
	SELECT i.currency,
	       LEAST(sum(i.total - i.settled - i.in_flight), 9223372036854775807)::bigint,
	       LEAST(COALESCE(sum(i.total - i.settled - i.in_flight) FILTER (WHERE i.due_date < @today), 0), 9223372036854775807)::bigint,
	       LEAST(sum(i.in_flight), 9223372036854775807)::bigint,
	       count(*) FILTER (WHERE i.standing = 'due')
	  FROM invoices i
	 WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.standing IN ('due', 'processing') AND i.sent_at IS NOT NULL
	 GROUP BY i.currency
	 ORDER BY i.currency`

func scanTotal(row pgx.CollectableRow) (portal.DueTotal, error) {
	var t portal.DueTotal
	var currency ledger.Currency
	err := row.Scan(&currency, &t.Due.Amount, &t.Overdue.Amount, &t.InFlight.Amount, &t.Invoices)
	t.Due.Currency, t.Overdue.Currency, t.InFlight.Currency = currency, currency, currency
	return t, err
}

// ownCurrencyFirst puts the company's own currency before the others.
func ownCurrencyFirst(totals []portal.DueTotal, own ledger.Currency) {
	at := slices.IndexFunc(totals, func(t portal.DueTotal) bool { return t.Due.Currency == own })
	if at > 0 {
		first := totals[at]
		copy(totals[1:at+1], totals[:at])
		totals[0] = first
	}
}

// activity takes the newest eight of each kind from its own index, then the newest of those. A payment is there once, as it stands now; one for
// several invoices names the first.
const activity = `
	(SELECT i.sent_at AS at, 'invoice_sent' AS kind, i.number, i.id, i.total AS amount, i.currency, '' AS who, '' AS method
	   FROM invoices i
	  WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.sent_at IS NOT NULL
	  ORDER BY i.sent_at DESC LIMIT 8)
	UNION ALL
	(SELECT i.voided_at, 'invoice_voided', i.number, i.id, i.total, i.currency, '', ''
	   FROM invoices i
	  WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.sent_at IS NOT NULL AND i.voided_at IS NOT NULL
	  ORDER BY i.voided_at DESC LIMIT 8)
	UNION ALL
	(SELECT p.changed_at, 'payment_' || p.status, COALESCE(f.number, ''), COALESCE(f.id, ''), p.amount, p.currency, COALESCE(c.name, ''), p.method
	   FROM payments p
	   LEFT JOIN contacts c ON c.tenant_id = p.tenant_id AND c.id = p.contact_id
	   LEFT JOIN LATERAL (SELECT i.number, i.id
	                        FROM payment_allocations a JOIN invoices i ON i.tenant_id = a.tenant_id AND i.id = a.invoice_id
	                       WHERE a.tenant_id = p.tenant_id AND a.payment_id = p.id
	                       ORDER BY a.invoice_id LIMIT 1) f ON true
	  WHERE p.tenant_id = @tenant AND p.company_id = @company
	  ORDER BY p.changed_at DESC LIMIT 8)
	ORDER BY at DESC, id DESC, kind DESC
	LIMIT 8`

func scanActivity(row pgx.CollectableRow) (portal.Activity, error) {
	var a portal.Activity
	err := row.Scan(&a.At, &a.Kind, &a.Number, &a.ID, &a.Amount.Amount, &a.Amount.Currency, &a.Who, &a.Method)
	a.At = a.At.UTC()
	return a, err
}
