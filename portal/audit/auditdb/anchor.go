package auditdb

import (
	"context"
	"crypto/hmac"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Seals derives what only a holder of the key ring can compute; *seal.Ring does.
type Seals interface {
	Newest() string
	Derive(keyID string, parts ...string) ([32]byte, bool)
}

// Anchor is a tenant's head as it was found on one day.
type Anchor struct {
	Tenant tenant.ID
	Day    time.Time // midnight, UTC
	audit.Head
}

// MakeAnchor keeps the tenant's head as that of the day, unless the day has one: any number of nodes may try. made is false then.
func MakeAnchor(ctx context.Context, db rls.DB, seals Seals, t tenant.ID, day time.Time) (a Anchor, made bool, err error) {
	a = Anchor{Tenant: t, Day: day.UTC().Truncate(24 * time.Hour)}
	err = rls.Tx(ctx, db, t, func(tx pgx.Tx) error {
		if a.Head, err = head(ctx, tx, t); err != nil {
			return err
		}
		key := seals.Newest()
		mac, _ := seals.Derive(key, a.parts()...)
		const q = `INSERT INTO audit_anchors (tenant_id, day, n, hash, key_id, mac) VALUES (@tenant, @day, @n, @hash, @key, @mac) ON CONFLICT DO NOTHING`
		tag, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(t), "day": a.Day, "n": a.N, "hash": a.Hash[:], "key": key, "mac": mac[:]})
		made = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return a, false, fmt.Errorf("anchoring the audit log of tenant %s: %w", t, err)
	}
	return a, made, nil
}

// Unanchored returns up to limit tenants that have entries and no anchor for the day.
func Unanchored(ctx context.Context, db rls.DB, day time.Time, limit int) (ids []tenant.ID, err error) {
	const q = `SELECT h.tenant_id FROM audit_heads h WHERE h.n > 0
			AND NOT EXISTS (SELECT FROM audit_anchors a WHERE a.tenant_id = h.tenant_id AND a.day = $1)
		ORDER BY h.tenant_id LIMIT $2`
	err = rls.Platform(ctx, db, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, q, day.UTC().Truncate(24*time.Hour), limit) // its error is the rows' error
		ids, err = pgx.CollectRows(rows, pgx.RowTo[tenant.ID])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for audit logs to anchor: %w", err)
	}
	return ids, nil
}

// parts is what the anchor's MAC covers.
func (a Anchor) parts() []string {
	return []string{"audit anchor", string(a.Tenant), a.Day.Format(time.DateOnly), strconv.FormatInt(a.N, 10), a.Hash.String()}
}

// anchors returns the heads that were anchored. One whose MAC is not right is a break of its own; one of a key that left the ring counts, for
// what it says must hold all the same.
func anchors(ctx context.Context, tx pgx.Tx, seals Seals, t tenant.ID) ([]audit.Head, error) {
	const q = `SELECT day, n, hash, key_id, mac FROM audit_anchors WHERE tenant_id = $1 AND n > 0 ORDER BY day`
	rows, err := tx.Query(ctx, q, string(t))
	if err != nil {
		return nil, err
	}
	var heads []audit.Head
	var key string
	var hash, mac []byte
	a := Anchor{Tenant: t}
	_, err = pgx.ForEachRow(rows, []any{&a.Day, &a.N, &hash, &key, &mac}, func() error {
		a.Hash = audit.Hash(hash)
		if want, ok := seals.Derive(key, a.parts()...); ok && !hmac.Equal(want[:], mac) {
			return &audit.BrokenError{N: a.N, What: "the anchor of " + a.Day.Format(time.DateOnly) + " was forged"}
		}
		heads = append(heads, a.Head)
		return nil
	})
	return heads, err
}

// Head returns where a tenant's chain stands now.
func Head(ctx context.Context, db rls.DB, t tenant.ID) (h audit.Head, err error) {
	err = rls.Tx(ctx, db, t, func(tx pgx.Tx) error {
		h, err = head(ctx, tx, t)
		return err
	})
	if err != nil {
		return h, fmt.Errorf("reading the head of the audit log of tenant %s: %w", t, err)
	}
	return h, nil
}
