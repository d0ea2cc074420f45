package portaldb

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments/paymentsdb"
	"tollhouse/portal"
	"tollhouse/portal/access"
)

// mostPaid is how many invoices one payment is for at most.
const mostPaid = 100

// Pay returns the invoices that are asked for, or all that are due in a currency, the oldest due date first, with what they can be paid with.
func (p *Pages) Pay(ctx context.Context, s access.Session, q portal.PayQuery) (portal.PayData, error) {
	const chosen = `
		SELECT ` + paymentsdb.InvoiceColumns + `
		  FROM invoices i
		 WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.sent_at IS NOT NULL
		   AND (i.id = ANY(@ids) OR i.standing = 'due' AND i.currency = @all)
		 ORDER BY i.due_date, i.id
		 LIMIT @limit`
	var data portal.PayData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	args["ids"], args["all"], args["limit"] = q.Invoices, q.All, mostPaid
	collect(b, &data.Invoices, paymentsdb.ScanInvoice, chosen, args)
	paymentsdb.QueueMethods(b, s.Tenant, s.CompanyID, &data.Methods)
	queueCounter(b, s, &data.Counter)
	if err := p.read(ctx, s, b, "what is to pay"); err != nil {
		return portal.PayData{}, err
	}
	if data.Member.Contact.Role == access.Signer {
		return portal.PayData{}, access.ErrNotFound
	}
	return data, nil
}

// queueCounter reads what every page that offers to pay must know.
func queueCounter(b *pgx.Batch, s access.Session, c *portal.Counter) {
	paymentsdb.QueueConnection(b, s.Tenant, &c.Connection)
	paymentsdb.QueueCredit(b, s.Tenant, s.CompanyID, &c.Credit)
	paymentsdb.QueuePresence(b, s.Tenant, s.CompanyID, &c.Presence)
}

// Payment returns one payment of the company; access.ErrNotFound when it is none of theirs.
func (p *Pages) Payment(ctx context.Context, s access.Session, id string) (portal.PaymentData, error) {
	const next = `
		SELECT ` + paymentsdb.ListedColumns + `
		  FROM invoices i
		 WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.standing = 'due' AND i.sent_at IS NOT NULL
		 ORDER BY i.due_date, i.id
		 LIMIT 1`
	var data portal.PaymentData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	paymentsdb.QueuePayment(b, s.Tenant, s.CompanyID, id, &data.Payment)
	collect(b, &data.Next, paymentsdb.ScanListed, next, args)
	if err := p.read(ctx, s, b, "a payment"); err != nil {
		return portal.PaymentData{}, err
	}
	if data.Payment == nil || data.Member.Contact.Role == access.Signer {
		return portal.PaymentData{}, access.ErrNotFound
	}
	return data, nil
}
