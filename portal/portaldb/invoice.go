package portaldb

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
)

// Invoice returns an invoice with its lines and payments. With a viewer it notes the view in the same batch.
func (p *Pages) Invoice(ctx context.Context, s access.Session, id string, viewer *access.Visitor) (portal.InvoiceData, error) {
	const one = `
		SELECT ` + paymentsdb.InvoiceColumns + `
		  FROM invoices i
		 WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.id = @id AND i.sent_at IS NOT NULL`
	if !tenant.ValidID("inv", id) || s.Level == access.Provisional && id != s.DocumentID {
		id = "" // names nothing, and the session is looked at all the same
	}
	var data portal.InvoiceData
	var found []ledger.Invoice
	var lines []ledger.Line
	b := &pgx.Batch{}
	args := beginDocument(b, s, &data.Member)
	args["id"] = id
	collect(b, &found, paymentsdb.ScanInvoice, one, args)
	collect(b, &lines, paymentsdb.ScanLine, paymentsdb.LinesOf, s.Tenant, id)
	collect(b, &data.Payments, paymentsdb.ScanPayment, paymentsdb.PaymentsOf, s.Tenant, id)
	queueCounter(b, s, &data.Counter)
	if viewer != nil {
		queueView(b, args, *viewer)
	}
	if err := p.read(ctx, s, b, "an invoice"); err != nil {
		return portal.InvoiceData{}, err
	}
	if len(found) == 0 || data.Member.Contact.Role == access.Signer {
		return portal.InvoiceData{}, access.ErrNotFound
	}
	data.Invoice = found[0]
	data.Invoice.Lines = lines
	return data, nil
}

// queueView notes the first view of all on the invoice, and every view in the audit log. It asks for itself whether the session stands: the
// queries of a batch run whatever the earlier ones answered. A provisional session may be a mail scanner's, so that is no view;
// it is noted when its document was first shown, which a person takes a while to read. Where the viewer
// was is left out when the tenant keeps no visitors.
func queueView(b *pgx.Batch, args pgx.NamedArgs, viewer access.Visitor) {
	const q = `
		WITH seen AS (
			SELECT i.id, (SELECT s.level` + standing + ` AND c.role <> 'signer') AS level
			  FROM invoices i
			 WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.id = @id AND i.sent_at IS NOT NULL
		), first AS (
			UPDATE invoices SET viewed_at = app_now()
			 WHERE tenant_id = @tenant AND viewed_at IS NULL AND id IN (SELECT id FROM seen WHERE level = 'confirmed')
			RETURNING id
		), rendered AS (
			UPDATE crm_client_portal_sessions SET rendered_at = app_now()
			 WHERE tenant_id = @tenant AND id = @session AND rendered_at IS NULL AND EXISTS (SELECT FROM seen WHERE level = 'provisional')
		)
		INSERT INTO audit_events (tenant_id, id, at, kind, actor, actor_id, company_id, contact_id, document_id, session_id, ip, user_agent, details)
		SELECT @tenant, @event, app_now(), CASE seen.level WHEN 'confirmed' THEN 'invoice.viewed' ELSE 'invoice.seen' END, 'contact', @contact, @company,
		       @contact, seen.id, @session, CASE WHEN t.log_visitors THEN @ip::inet END, CASE WHEN t.log_visitors THEN @user_agent ELSE '' END,
		       CASE WHEN EXISTS (SELECT FROM first) THEN '{"first": "true"}' ELSE '{}' END::jsonb
		  FROM seen, tenants t
		 WHERE t.id = @tenant AND seen.level IS NOT NULL`
	args["event"] = tenant.NewID("evt", time.Now())
	args["ip"], args["user_agent"] = auditdb.Address(viewer.IP), auditdb.CutUserAgent(viewer.UserAgent)
	b.Queue(q, args)
}
