package portaldb

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// outcomes are the conditions that a list of payments is filtered by. What was refused before anything was asked is no payment to anybody.
var outcomes = map[portal.Outcome]string{
	portal.AnyOutcome: `p.status <> 'rejected'`,
	portal.UnderWay:   `payment_live(p.status)`,
	portal.Received:   `p.status = 'succeeded'`,
	portal.NotPaid:    `p.status IN ('failed', 'canceled')`,
	portal.GivenBack:  `p.status = 'succeeded' AND (p.refunded > 0 OR p.reversed > 0)`,
}

// History returns one page of the company's payments: those under way first, then the newest. The cursor is a place in that order. One that is none is
// taken for the first page.
func (p *Pages) History(ctx context.Context, s access.Session, q portal.HistoryQuery) (portal.HistoryData, error) {
	var data portal.HistoryData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	limit := pageLimit(q.Limit)
	args["limit"] = limit + 1 // one more shows whether there is a next page
	collect(b, &data.Payments, scanPaid, historyQuery(q, args), args)
	if err := p.read(ctx, s, b, "the payments"); err != nil {
		return portal.HistoryData{}, err
	}
	if data.Member.Contact.Role == access.Signer {
		return portal.HistoryData{}, access.ErrNotFound
	}
	if len(data.Payments) > limit {
		data.Payments = data.Payments[:limit]
		last := data.Payments[limit-1]
		data.Next = paidCursor(payments.Live(last.Status), last.ID)
	}
	return data, nil
}

// historyQuery cuts the page before it looks up what belongs to it; it adds its values to args.
func historyQuery(q portal.HistoryQuery, args pgx.NamedArgs) string {
	where := outcomes[q.What]
	if where == "" {
		where = outcomes[portal.AnyOutcome]
	}
	if !q.From.IsZero() {
		where += ` AND p.created_at >= @from`
		args["from"] = q.From
	}
	if !q.To.IsZero() {
		where += ` AND p.created_at < @to`
		args["to"] = q.To
	}
	if live, id, ok := paidPlace(q.After); ok {
		where += ` AND (payment_live(p.status), p.id) < (@live, @id)`
		args["live"], args["id"] = live, id
	}
	return `
	WITH page AS MATERIALIZED (
		SELECT p.* FROM payments p
		 WHERE p.tenant_id = @tenant AND p.company_id = @company AND ` + where + `
		 ORDER BY payment_live(p.status) DESC, p.id DESC
		 LIMIT @limit
	)` + history
}

const history = `
	SELECT p.id, p.status, p.kind, p.amount, p.currency, p.method, COALESCE(c.name, ''), p.received_on, p.created_at, p.refunded, p.refunding, p.reversed,
	       COALESCE(a.brand, ''), COALESCE(a.last4, ''), COALESCE(r.number, ''), COALESCE(d.kind, ''), COALESCE(d.status, ''),
	       ARRAY (SELECT i.number FROM payment_allocations x
	                JOIN invoices i ON i.tenant_id = x.tenant_id AND i.id = x.invoice_id AND i.sent_at IS NOT NULL
	               WHERE x.tenant_id = p.tenant_id AND x.payment_id = p.id ORDER BY i.number LIMIT 20)
	  FROM page p
	  LEFT JOIN contacts c ON c.tenant_id = p.tenant_id AND c.company_id = p.company_id AND c.id = p.contact_id
	  LEFT JOIN payment_attempts a ON a.tenant_id = p.tenant_id AND a.payment_id = p.id
	  LEFT JOIN receipts r ON r.tenant_id = p.tenant_id AND r.payment_id = p.id
	  LEFT JOIN LATERAL (SELECT o.kind, o.status FROM disputes o
	                      WHERE o.tenant_id = p.tenant_id AND o.payment_id = p.id AND o.status <> 'won' ORDER BY o.opened_at DESC, o.id DESC LIMIT 1) d ON true
	 ORDER BY payment_live(p.status) DESC, p.id DESC`

func scanPaid(row pgx.CollectableRow) (p payments.Payment, err error) {
	var received *time.Time
	var dispute payments.Dispute
	err = row.Scan(&p.ID, &p.Status, &p.Kind, &p.Amount, &p.Currency, &p.Method, &p.PaidBy, &received, &p.CreatedAt, &p.Refunded, &p.Refunding, &p.Reversed,
		&p.Brand, &p.Last4, &p.Receipt, &dispute.Kind, &dispute.Status, &p.InvoiceNumbers)
	p.CreatedAt = p.CreatedAt.UTC()
	if received != nil {
		p.ReceivedOn = ledger.DateIn(*received, time.UTC)
	}
	if dispute.Kind != "" {
		p.Disputes = []payments.Dispute{dispute}
	}
	return p, err
}

// paidCursor names the place behind a payment.
func paidCursor(live bool, id string) string {
	state := "ended"
	if live {
		state = "live"
	}
	return base64.RawURLEncoding.EncodeToString([]byte(state + " " + id))
}

// paidPlace reads what paidCursor wrote.
func paidPlace(after string) (live bool, id string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return false, "", false
	}
	state, id, found := strings.Cut(string(raw), " ")
	return state == "live", id, found && (state == "live" || state == "ended") && tenant.ValidID("pay", id)
}
