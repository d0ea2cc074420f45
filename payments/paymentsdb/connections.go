package paymentsdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

var _ payments.ConnectionStore = (*Store)(nil)

const connectionColumns = `id, processor, live, status, account_id, public_key, credentials, webhook_ref, currencies, bank_debits, trouble_code, trouble_since,
	checked_at, last_event_at, refused_events, created_at, disconnected_at`

// connectionRow is a row of payment_connections.
type connectionRow struct {
	ID, Processor, Status, AccountID, PublicKey, WebhookRef, TroubleCode string
	Live, BankDebits                                                     bool
	Credentials                                                          []byte
	Currencies                                                           []string
	TroubleSince, CheckedAt, LastEventAt, DisconnectedAt                 *time.Time
	RefusedEvents                                                        int64
	CreatedAt                                                            time.Time
}

func (r connectionRow) toDomain() payments.Connection {
	c := payments.Connection{ID: r.ID, Processor: r.Processor, Live: r.Live, Status: r.Status, AccountID: r.AccountID, PublicKey: r.PublicKey, Sealed: r.Credentials,
		WebhookRef: r.WebhookRef, BankDebits: r.BankDebits, TroubleCode: r.TroubleCode, TroubleSince: since(r.TroubleSince), CheckedAt: since(r.CheckedAt),
		LastEventAt: since(r.LastEventAt), RefusedEvents: r.RefusedEvents, CreatedAt: r.CreatedAt.UTC(), DisconnectedAt: since(r.DisconnectedAt)}
	for _, one := range r.Currencies {
		c.Currencies = append(c.Currencies, ledger.Currency(one))
	}
	return c
}

// since reads NULL as the zero time.
func since(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

func scanConnection(row pgx.CollectableRow) (payments.Connection, error) {
	r, err := pgx.RowToStructByName[connectionRow](row)
	return r.toDomain(), err
}

// AddConnection writes a connection.
func (s *Store) AddConnection(ctx context.Context, t tenant.ID, c payments.Connection, webhookHash [32]byte) error {
	const q = `
		INSERT INTO payment_connections (tenant_id, id, processor, live, status, account_id, public_key, credentials, webhook_hash, currencies, bank_debits, checked_at,
		                                 created_at)
		VALUES (@tenant, @id, @processor, @live, @status, @account, @public, @credentials, @hash, @currencies, @debits, @checked, @created)`
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "id": c.ID, "processor": c.Processor, "live": c.Live, "status": c.Status, "account": c.AccountID,
			"public": c.PublicKey, "credentials": c.Sealed, "hash": webhookHash[:], "currencies": codes(c.Currencies), "debits": c.BankDebits,
			"checked": stamp(c.CheckedAt), "created": c.CreatedAt}); err != nil {
			return err
		}
		return s.changed(ctx, tx, t, Event{What: "connection.added", ConnectionID: c.ID})
	})
	if rls.Violates(err, "payment_connections_one") {
		return payments.ErrConnected
	}
	if err != nil {
		return fmt.Errorf("adding a connection: %w", err)
	}
	return nil
}

func codes(all []ledger.Currency) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}

// Connection returns one connection.
func (s *Store) Connection(ctx context.Context, t tenant.ID, id string) (payments.Connection, error) {
	const q = `SELECT ` + connectionColumns + ` FROM payment_connections WHERE tenant_id = $1 AND id = $2`
	return s.oneConnection(ctx, t, q, id)
}

// ConnectionByWebhook returns the connection that events for a token come to.
func (s *Store) ConnectionByWebhook(ctx context.Context, t tenant.ID, webhookHash [32]byte) (payments.Connection, error) {
	const q = `SELECT ` + connectionColumns + ` FROM payment_connections WHERE tenant_id = $1 AND webhook_hash = $2`
	return s.oneConnection(ctx, t, q, webhookHash[:])
}

func (s *Store) oneConnection(ctx context.Context, t tenant.ID, q string, by any) (c payments.Connection, err error) {
	b := &pgx.Batch{}
	b.Queue(q, t, by).Query(func(rows pgx.Rows) (err error) {
		c, err = pgx.CollectExactlyOneRow(rows, scanConnection)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return payments.Connection{}, fmt.Errorf("reading a connection: %w", absent(err))
	}
	return c, nil
}

// Connections lists a tenant's connections, the newest first.
func (s *Store) Connections(ctx context.Context, t tenant.ID) (all []payments.Connection, err error) {
	const q = `SELECT ` + connectionColumns + ` FROM payment_connections WHERE tenant_id = $1 ORDER BY id DESC`
	b := &pgx.Batch{}
	b.Queue(q, t).Query(func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, scanConnection)
		return err
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	return all, nil
}

// ChangeConnection locks a connection and writes what decide makes of it.
func (s *Store) ChangeConnection(ctx context.Context, t tenant.ID, id string, decide func(c *payments.Connection) (string, error)) (c payments.Connection, err error) {
	const q = `SELECT ` + connectionColumns + ` FROM payment_connections WHERE tenant_id = $1 AND id = $2 FOR UPDATE`
	err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, t, id)
		if err != nil {
			return err
		}
		if c, err = pgx.CollectExactlyOneRow(rows, scanConnection); err != nil {
			return absent(err)
		}
		what, err := decide(&c)
		if err != nil {
			return err
		}
		if err := writeConnection(ctx, tx, t, c); err != nil || what == "" {
			return err
		}
		return s.changed(ctx, tx, t, Event{What: what, ConnectionID: c.ID})
	})
	if err != nil {
		return payments.Connection{}, fmt.Errorf("changing the connection %s: %w", id, err)
	}
	return c, nil
}

func writeConnection(ctx context.Context, tx pgx.Tx, t tenant.ID, c payments.Connection) error {
	const q = `
		UPDATE payment_connections
		   SET status = @status, credentials = @credentials, webhook_ref = @ref, currencies = @currencies, bank_debits = @debits, trouble_code = @trouble,
		       trouble_since = @since, checked_at = @checked, disconnected_at = @disconnected
		 WHERE tenant_id = @tenant AND id = @id`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "id": c.ID, "status": c.Status, "credentials": c.Sealed, "ref": c.WebhookRef,
		"currencies": codes(c.Currencies), "debits": c.BankDebits, "trouble": c.TroubleCode, "since": stamp(c.TroubleSince), "checked": stamp(c.CheckedAt),
		"disconnected": stamp(c.DisconnectedAt)})
	return err
}
