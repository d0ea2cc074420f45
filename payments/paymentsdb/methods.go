package paymentsdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

var _ payments.MethodStore = (*Store)(nil)

const methodColumns = `m.id, m.connection_id, m.company_id, coalesce(m.added_by, '') AS added_by, coalesce(c.name, '') AS added_by_name, m.processor_ref,
	m.setup_ref, m.kind, m.brand, m.last4, coalesce(m.exp_month, 0) AS exp_month, coalesce(m.exp_year, 0) AS exp_year, m.status, m.is_default, m.verify_by,
	m.mandate, m.created_at, m.changed_at`

const methodsOf = `
	SELECT ` + methodColumns + `
	  FROM payment_methods m
	  LEFT JOIN contacts c ON c.tenant_id = m.tenant_id AND c.id = m.added_by
	 WHERE m.tenant_id = $1 AND m.company_id = $2 AND m.status IN ('active', 'pending_verification')
	 ORDER BY `

// methodRow is a saved method with the name of who added it.
type methodRow struct {
	ID, ConnectionID, CompanyID, AddedBy, AddedByName, ProcessorRef, SetupRef, Kind, Brand, Last4, Status, Mandate string
	ExpMonth, ExpYear                                                                                              int
	IsDefault                                                                                                      bool
	VerifyBy                                                                                                       *time.Time
	CreatedAt, ChangedAt                                                                                           time.Time
}

func (r methodRow) toDomain() payments.Method {
	return payments.Method{ID: r.ID, ConnectionID: r.ConnectionID, CompanyID: r.CompanyID, AddedBy: r.AddedBy, AddedByName: r.AddedByName, Ref: r.ProcessorRef,
		SetupRef: r.SetupRef, Kind: r.Kind, Brand: r.Brand, Last4: r.Last4, ExpMonth: r.ExpMonth, ExpYear: r.ExpYear, Status: r.Status, Default: r.IsDefault,
		ArrivesAt: since(r.VerifyBy), Mandate: r.Mandate, CreatedAt: r.CreatedAt.UTC(), ChangedAt: r.ChangedAt.UTC()}
}

func scanMethod(row pgx.CollectableRow) (payments.Method, error) {
	r, err := pgx.RowToStructByName[methodRow](row)
	return r.toDomain(), err
}

// Methods lists a client's methods that are active or pending, the default first.
func (s *Store) Methods(ctx context.Context, t tenant.ID, companyID string) (all []payments.Method, err error) {
	b := &pgx.Batch{}
	b.Queue(methodsOf+"m.is_default DESC, m.id", t, companyID).Query(func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, scanMethod)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing saved methods: %w", err)
	}
	return all, nil
}

// Client returns what a processor is told of a client. The address is the contact's, when one is named; a contact of another client is ErrNotFound.
func (s *Store) Client(ctx context.Context, t tenant.ID, connectionID, companyID, contactID string) (facts payments.CustomerFacts, customerID string, err error) {
	const q = `
		SELECT co.name, coalesce(c.email, ''), coalesce(p.customer_id, '')
		  FROM companies co
		  LEFT JOIN contacts c ON c.tenant_id = co.tenant_id AND c.company_id = co.id AND c.id = $4
		  LEFT JOIN processor_customers p ON p.tenant_id = co.tenant_id AND p.company_id = co.id AND p.connection_id = $2
		 WHERE co.tenant_id = $1 AND co.id = $3 AND ($4 = '' OR c.id IS NOT NULL)`
	b := &pgx.Batch{}
	b.Queue(q, t, connectionID, companyID, contactID).QueryRow(func(row pgx.Row) error { return row.Scan(&facts.Name, &facts.Email, &customerID) })
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return payments.CustomerFacts{}, "", fmt.Errorf("reading the client %s: %w", companyID, absent(err))
	}
	return facts, customerID, nil
}

// AddMethod writes a method under the lock of its client's others. One that was removed before is found too, so that its form does not bring it back.
func (s *Store) AddMethod(ctx context.Context, t tenant.ID, m payments.Method) (payments.Method, error) {
	const known = `
		SELECT id FROM payment_methods WHERE tenant_id = $1 AND connection_id = $2 AND processor_ref = $3 AND company_id = $4 ORDER BY id DESC LIMIT 1`
	id := m.ID
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		if err := lockCompany(ctx, tx, t, m.CompanyID); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, known, t, m.ConnectionID, m.Ref, m.CompanyID)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		if len(found) > 0 {
			id = found[0]
			return nil
		}
		return s.insertMethod(ctx, tx, t, m)
	})
	if err != nil {
		return payments.Method{}, fmt.Errorf("keeping a method: %w", err)
	}
	all, err := s.Methods(ctx, t, m.CompanyID)
	if err != nil {
		return payments.Method{}, err
	}
	for _, one := range all {
		if one.ID == id {
			return one, nil
		}
	}
	return payments.Method{}, fmt.Errorf("the method %s was removed: %w", id, payments.ErrNotFound)
}

// lockCompany makes who changes a client's methods wait for each other, also when it has none yet.
func lockCompany(ctx context.Context, tx pgx.Tx, t tenant.ID, companyID string) error {
	const q = `SELECT id FROM companies WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`
	var id string
	return absent(tx.QueryRow(ctx, q, t, companyID).Scan(&id))
}

func (s *Store) insertMethod(ctx context.Context, tx pgx.Tx, t tenant.ID, m payments.Method) error {
	const q = `
		INSERT INTO payment_methods (tenant_id, id, connection_id, company_id, added_by, processor_ref, setup_ref, kind, brand, last4, exp_month, exp_year, status,
		                             is_default, verify_by, mandate, mandate_ip, mandate_agent, created_at, changed_at)
		VALUES (@tenant, @id, @connection, @company, @by, @ref, @setup, @kind, @brand, @last4, nullif(@month, 0), nullif(@year, 0), @status,
		        @status = 'active' AND NOT EXISTS (SELECT FROM payment_methods d WHERE d.tenant_id = @tenant AND d.company_id = @company AND d.is_default),
		        @arrives, @mandate, @ip, @agent, @created, @created)`
	if m.Status == payments.MethodActive {
		if err := giveWay(ctx, tx, t, m); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "id": m.ID, "connection": m.ConnectionID, "company": m.CompanyID, "by": null(m.AddedBy), "ref": m.Ref,
		"setup": m.SetupRef, "kind": m.Kind, "brand": m.Brand, "last4": m.Last4, "month": m.ExpMonth, "year": m.ExpYear, "status": m.Status,
		"arrives": stamp(m.ArrivesAt), "mandate": m.Mandate, "ip": null(m.Visitor.IP), "agent": m.Visitor.UserAgent, "created": m.CreatedAt}); err != nil {
		return err
	}
	return s.changed(ctx, tx, t, Event{What: "method.added", CompanyID: m.CompanyID, MethodID: m.ID})
}

// giveWay ends the preference for a method of an earlier connection: it cannot pay any more.
func giveWay(ctx context.Context, tx pgx.Tx, t tenant.ID, m payments.Method) error {
	const q = `
		UPDATE payment_methods SET is_default = false, changed_at = $4
		 WHERE tenant_id = $1 AND company_id = $2 AND connection_id <> $3 AND is_default`
	_, err := tx.Exec(ctx, q, t, m.CompanyID, m.ConnectionID, m.CreatedAt)
	return err
}

// ChangeMethods locks a client's methods and writes those that decide changes.
func (s *Store) ChangeMethods(ctx context.Context, t tenant.ID, companyID string,
	decide func(all []*payments.Method) (what, about string, err error)) error {
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		if err := lockCompany(ctx, tx, t, companyID); err != nil {
			return err
		}
		before, after, err := methodsNow(ctx, tx, t, companyID)
		if err != nil {
			return err
		}
		what, about, err := decide(after)
		if err != nil {
			return err
		}
		if err := writeMethods(ctx, tx, t, before, after); err != nil || what == "" {
			return err
		}
		return s.changed(ctx, tx, t, Event{What: what, CompanyID: companyID, MethodID: about})
	})
	if err != nil {
		return fmt.Errorf("changing saved methods: %w", err)
	}
	return nil
}

// methodsNow reads a client's methods twice over: as they are, and to be changed.
func methodsNow(ctx context.Context, tx pgx.Tx, t tenant.ID, companyID string) (before []payments.Method, after []*payments.Method, err error) {
	rows, err := tx.Query(ctx, methodsOf+"m.id", t, companyID)
	if err != nil {
		return nil, nil, err
	}
	if before, err = pgx.CollectRows(rows, scanMethod); err != nil {
		return nil, nil, err
	}
	for _, m := range before {
		after = append(after, &m)
	}
	return before, after, nil
}

// writeMethods writes what changed; who stops being the default goes first, for there is one at any time.
func writeMethods(ctx context.Context, tx pgx.Tx, t tenant.ID, before []payments.Method, after []*payments.Method) error {
	const q = `
		UPDATE payment_methods
		   SET processor_ref = @ref, setup_ref = @setup, brand = @brand, last4 = @last4, exp_month = nullif(@month, 0), exp_year = nullif(@year, 0),
		       status = @status, is_default = @default, changed_at = @changed
		 WHERE tenant_id = @tenant AND id = @id`
	b := &pgx.Batch{}
	for _, first := range []bool{false, true} {
		for i, m := range after {
			if *m != before[i] && m.Default == first {
				b.Queue(q, pgx.NamedArgs{"tenant": t, "id": m.ID, "ref": m.Ref, "setup": m.SetupRef, "brand": m.Brand, "last4": m.Last4, "month": m.ExpMonth,
					"year": m.ExpYear, "status": m.Status, "default": m.Default, "changed": m.ChangedAt})
			}
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}
