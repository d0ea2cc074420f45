package portaldb

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/portal"
	"tollhouse/portal/access"
)

// SavedMethods returns what the company has saved to pay with, and the connection that takes payments in its currency. What the processor knows a method
// or the tenant by is not read: no page has a use for it.
func (p *Pages) SavedMethods(ctx context.Context, s access.Session) (portal.MethodsData, error) {
	const methods = `
		SELECT m.id, m.connection_id, m.company_id, COALESCE(m.added_by, ''), COALESCE(c.name, ''), m.kind, m.brand, m.last4, COALESCE(m.exp_month, 0),
		       COALESCE(m.exp_year, 0), m.status, m.is_default, m.verify_by, m.created_at, m.changed_at
		  FROM payment_methods m
		  LEFT JOIN contacts c ON c.tenant_id = m.tenant_id AND c.company_id = m.company_id AND c.id = m.added_by
		 WHERE m.tenant_id = @tenant AND m.company_id = @company
		 ORDER BY m.status IN ('active', 'pending_verification') DESC, m.is_default DESC, m.id
		 LIMIT 100`
	var data portal.MethodsData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	collect(b, &data.Methods, scanMethod, methods, args)
	queueConnection(b, args, &data.Connection)
	if err := p.read(ctx, s, b, "the ways to pay"); err != nil {
		return portal.MethodsData{}, err
	}
	if data.Member.Contact.Role == access.Signer {
		return portal.MethodsData{}, access.ErrNotFound
	}
	return data, nil
}

func scanMethod(row pgx.CollectableRow) (m payments.Method, err error) {
	var arrives *time.Time
	err = row.Scan(&m.ID, &m.ConnectionID, &m.CompanyID, &m.AddedBy, &m.AddedByName, &m.Kind, &m.Brand, &m.Last4, &m.ExpMonth, &m.ExpYear, &m.Status, &m.Default,
		&arrives, &m.CreatedAt, &m.ChangedAt)
	if arrives != nil {
		m.ArrivesAt = arrives.UTC()
	}
	m.CreatedAt, m.ChangedAt = m.CreatedAt.UTC(), m.ChangedAt.UTC()
	return m, err
}

// queueConnection asks for the connection that takes payments in the currency of the company, or else of the tenant. Without one c stays as it is.
func queueConnection(b *pgx.Batch, args pgx.NamedArgs, c *payments.Connection) {
	const q = `
		SELECT n.id, n.processor, n.live, n.status, n.public_key, n.bank_debits
		  FROM payment_connections n
		  JOIN companies k ON k.tenant_id = n.tenant_id AND k.id = @company
		  JOIN tenants t ON t.id = n.tenant_id
		 WHERE n.tenant_id = @tenant AND n.status = 'active'
		   AND (n.currencies = '{}' OR COALESCE(NULLIF(k.currency, ''), t.currency) = ANY (n.currencies))
		 LIMIT 1`
	b.Queue(q, args).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&c.ID, &c.Processor, &c.Live, &c.Status, &c.PublicKey, &c.BankDebits}, func() error { return nil })
		return err
	})
}
