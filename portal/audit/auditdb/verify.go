package auditdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Verify follows a tenant's whole chain as of one moment, in constant memory, and holds it to its anchors and to heads that were kept elsewhere.
// It returns how far the chain is as it was written; a *audit.BrokenError names the first place where it is not.
func Verify(ctx context.Context, db rls.DB, seals Seals, t tenant.ID, kept ...audit.Head) (audit.Head, error) {
	var reached audit.Head
	err := rls.Snapshot(ctx, db, t, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil { // a long log takes its time
			return err
		}
		anchored, err := anchors(ctx, tx, seals, t)
		if err != nil {
			return err
		}
		v := audit.NewVerifier(t, append(anchored, kept...)...)
		err = follow(ctx, tx, t, v)
		if err == nil {
			err = unlinked(ctx, tx, t)
		}
		if err == nil {
			err = end(ctx, tx, t, v)
		}
		reached = v.Head()
		return err
	})
	return reached, unwrapped(t, err)
}

// unwrapped lets a broken chain speak for itself.
func unwrapped(t tenant.ID, err error) error {
	var broken *audit.BrokenError
	if err == nil || errors.As(err, &broken) {
		return err
	}
	return fmt.Errorf("verifying the audit log of tenant %s: %w", t, err)
}

// follow hands every link to v. The join is an outer one: a link whose event is gone must show.
func follow(ctx context.Context, tx pgx.Tx, t tenant.ID, v *audit.Verifier) error {
	const q = `SELECT c.n, c.event_id, c.hash, e.id IS NOT NULL, COALESCE((extract(epoch FROM e.at) * 1000000)::bigint, 0), COALESCE(e.kind, ''),
			COALESCE(e.actor, ''), COALESCE(e.actor_id, ''), e.company_id, e.contact_id, e.document_id, e.session_id, e.link_id, host(e.ip),
			COALESCE(e.user_agent, ''), COALESCE(e.details::text, '')
		FROM audit_chain c LEFT JOIN audit_events e ON e.tenant_id = c.tenant_id AND e.id = c.event_id
		WHERE c.tenant_id = $1 ORDER BY c.n`
	rows, err := tx.Query(ctx, q, string(t))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r := audit.Record{Tenant: t}
		var n int64
		var there bool
		var hash []byte
		if err := rows.Scan(&n, &r.ID, &hash, &there, &r.Micros, &r.Kind, &r.Actor, &r.ActorID, &r.CompanyID, &r.ContactID, &r.DocumentID,
			&r.SessionID, &r.LinkID, &r.IP, &r.UserAgent, &r.Details); err != nil {
			return err
		}
		event := &r
		if !there {
			event = nil
		}
		if err := v.Add(n, r.ID, audit.Hash(hash), event); err != nil {
			return err
		}
	}
	return rows.Err()
}

// unlinked looks for an event that was put in beside the chain.
func unlinked(ctx context.Context, tx pgx.Tx, t tenant.ID) error {
	const q = `SELECT e.id FROM audit_events e WHERE e.tenant_id = $1
			AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.tenant_id = e.tenant_id AND c.event_id = e.id)
		ORDER BY e.id LIMIT 1`
	var id string
	err := tx.QueryRow(ctx, q, string(t)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &audit.BrokenError{EventID: id, What: "it stands in the log but not in the chain: it was inserted past it"}
}

func end(ctx context.Context, tx pgx.Tx, t tenant.ID, v *audit.Verifier) error {
	stored, err := head(ctx, tx, t)
	if err != nil {
		return err
	}
	return v.End(stored)
}

// head reads where a tenant's chain stands; before its first entry that is its genesis.
func head(ctx context.Context, tx pgx.Tx, t tenant.ID) (audit.Head, error) {
	const q = `SELECT n, hash FROM audit_heads WHERE tenant_id = $1`
	var h audit.Head
	var hash []byte
	err := tx.QueryRow(ctx, q, string(t)).Scan(&h.N, &hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return audit.Head{Hash: audit.Genesis(t)}, nil
	}
	if err != nil {
		return h, err
	}
	h.Hash = audit.Hash(hash)
	return h, nil
}
