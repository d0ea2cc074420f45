// Package sendersdb keeps tenants' senders in Postgres.
package sendersdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/portal/mail/senders"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Store implements senders.Store. It is safe for concurrent use.
type Store struct{ db rls.DB }

var _ senders.Store = (*Store)(nil)

// New returns a Store on the server's role.
func New(db rls.DB) *Store { return &Store{db: db} }

// row is a sender with its keys.
type row struct {
	Address, Name, State             string
	Selector, NextSelector           *string
	Domain, NextDomain               *string
	Public, NextPublic               *string
	Sealed, NextSealed               []byte
	Checks                           []senders.Check
	CreatedAt, ChangedAt             time.Time
	AskedAt, CheckedAt, SeenAt, Next *time.Time
	Minted                           int
	MintedSince                      time.Time
}

const read = `
	SELECT s.address, s.name, s.state, s.selector, s.next_selector, k.domain, n.domain AS next_domain, k.public_key AS public, n.public_key AS next_public,
		k.key_sealed AS sealed, n.key_sealed AS next_sealed, s.checks, s.created_at, s.changed_at, s.asked_at, s.checked_at, s.seen_at,
		s.next_check_at AS next, s.minted, s.minted_since
	FROM sender_domains s
	LEFT JOIN sender_keys k ON k.tenant_id = s.tenant_id AND k.selector = s.selector
	LEFT JOIN sender_keys n ON n.tenant_id = s.tenant_id AND n.selector = s.next_selector
	WHERE s.tenant_id = $1`

// Sender reads a tenant's sender in one round trip.
func (s *Store) Sender(ctx context.Context, t tenant.ID) (found senders.Sender, err error) {
	b := &pgx.Batch{}
	b.Queue(read, string(t)).Query(func(rows pgx.Rows) error {
		found, err = collect(rows, t)
		return err
	})
	return found, rls.Read(ctx, s.db, t, b)
}

func collect(rows pgx.Rows, t tenant.ID) (senders.Sender, error) {
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
	if errors.Is(err, pgx.ErrNoRows) {
		return senders.Sender{Tenant: t}, nil
	}
	return r.sender(t), err
}

func (r row) sender(t tenant.ID) senders.Sender {
	return senders.Sender{Tenant: t, Address: r.Address, Name: r.Name, State: senders.State(r.State), Checks: r.Checks,
		Key:       senders.Key{Selector: text(r.Selector), Domain: text(r.Domain), Public: text(r.Public), Sealed: r.Sealed},
		Next:      senders.Key{Selector: text(r.NextSelector), Domain: text(r.NextDomain), Public: text(r.NextPublic), Sealed: r.NextSealed},
		CreatedAt: r.CreatedAt, ChangedAt: r.ChangedAt, AskedAt: moment(r.AskedAt), CheckedAt: moment(r.CheckedAt), SeenAt: moment(r.SeenAt),
		NextCheckAt: moment(r.Next), Minted: r.Minted, MintedSince: r.MintedSince}
}

// Change locks by the tenant's row, so that a first sender is locked, too.
func (s *Store) Change(ctx context.Context, t tenant.ID, fn func(*senders.Sender) ([]senders.Event, error)) (after senders.Sender, err error) {
	err = rls.Tx(ctx, s.db, t, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, t); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, read, string(t))
		if after, err = collect(rows, t); err != nil {
			return err
		}
		events, err := fn(&after)
		if err != nil || after.State == "" {
			return err
		}
		if err := write(ctx, tx, t, after); err != nil {
			return err
		}
		return note(ctx, tx, t, events)
	})
	return after, err
}

func lock(ctx context.Context, tx pgx.Tx, t tenant.ID) error {
	const q = `SELECT t.id FROM tenants t WHERE t.id = $1 FOR NO KEY UPDATE`
	var id string
	err := tx.QueryRow(ctx, q, string(t)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return tenant.ErrNotFound
	}
	return err
}

func write(ctx context.Context, tx pgx.Tx, t tenant.ID, s senders.Sender) error {
	const q = `
		INSERT INTO sender_domains (tenant_id, address, name, state, selector, next_selector, checks, created_at, changed_at, asked_at, checked_at, seen_at,
			next_check_at, minted, minted_since)
		VALUES (@tenant, @address, @name, @state, @selector, @next_selector, @checks, @created, @changed, @asked, @checked, @seen, @next_check, @minted, @minted_since)
		ON CONFLICT (tenant_id) DO UPDATE SET address = @address, name = @name, state = @state, selector = @selector, next_selector = @next_selector,
			checks = @checks, created_at = @created, changed_at = @changed, asked_at = @asked, checked_at = @checked, seen_at = @seen,
			next_check_at = @next_check, minted = @minted, minted_since = @minted_since`
	checks := s.Checks
	if checks == nil {
		checks = []senders.Check{}
	}
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(t), "address": s.Address, "name": s.Name, "state": string(s.State),
		"selector": orNull(s.Key.Selector), "next_selector": orNull(s.Next.Selector), "checks": checks, "created": s.CreatedAt, "changed": s.ChangedAt,
		"asked": never(s.AskedAt), "checked": never(s.CheckedAt), "seen": never(s.SeenAt), "next_check": never(s.NextCheckAt),
		"minted": s.Minted, "minted_since": s.MintedSince})
	if err != nil {
		return fmt.Errorf("writing the sender: %w", err)
	}
	return writeKeys(ctx, tx, t, s)
}

// writeKeys keeps the keys that are named, and no others.
func writeKeys(ctx context.Context, tx pgx.Tx, t tenant.ID, s senders.Sender) error {
	const forget = `DELETE FROM sender_keys WHERE tenant_id = $1 AND NOT selector = ANY($2)`
	if _, err := tx.Exec(ctx, forget, string(t), []string{s.Key.Selector, s.Next.Selector}); err != nil {
		return fmt.Errorf("forgetting old keys: %w", err)
	}
	const keep = `
		INSERT INTO sender_keys (tenant_id, selector, domain, public_key, key_sealed, created_at)
		VALUES ($1, $2, $3, $4, $5, app_now()) ON CONFLICT (tenant_id, selector) DO NOTHING`
	for _, k := range []senders.Key{s.Key, s.Next} {
		if k.Selector == "" {
			continue
		}
		if _, err := tx.Exec(ctx, keep, string(t), k.Selector, k.Domain, k.Public, k.Sealed); err != nil {
			return fmt.Errorf("keeping the key %s: %w", k.Selector, err)
		}
	}
	return nil
}

func note(ctx context.Context, tx pgx.Tx, t tenant.ID, events []senders.Event) error {
	by := access.ActorFrom(ctx)
	for _, e := range events {
		err := auditdb.Insert(ctx, tx, t, audit.Event{Kind: e.Kind, Actor: audit.Actor(by.Kind), ActorID: by.ID, IP: by.Visitor.IP,
			UserAgent: by.Visitor.UserAgent, Details: e.Details})
		if err != nil {
			return err
		}
	}
	return nil
}

// Due reads over all tenants, and no more than their ids.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) (ids []tenant.ID, err error) {
	const q = `SELECT tenant_id FROM sender_domains WHERE next_check_at <= $1 ORDER BY next_check_at LIMIT $2`
	err = rls.Platform(ctx, s.db, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, q, now, limit)
		ids, err = pgx.CollectRows(rows, pgx.RowTo[tenant.ID])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing senders to check: %w", err)
	}
	return ids, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func never(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
