// Package apidb keeps what the API needs of its own in Postgres: the answers to requests with an Idempotency-Key, sealed because an answer
// may hold a magic link, and the reading side of the audit log. It decides nothing about a request.
//
//	replies := apidb.NewReplies(pool, ring)
//	claim, kept, err := replies.Begin(ctx, tenantID, key, hash)
package apidb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/api"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// Replies implements api.Replies. It is safe for concurrent use, also by many processes on one database; times are the database's.
type Replies struct {
	db   rls.DB
	ring *seal.Ring
}

var _ api.Replies = (*Replies)(nil)

// NewReplies returns a store that seals answers with ring.
func NewReplies(db rls.DB, ring *seal.Ring) *Replies { return &Replies{db: db, ring: ring} }

// Begin claims a key or returns the answer kept for it. One statement decides between callers; the loser of a race waits for the winner's
// short transaction, never for its request.
func (r *Replies) Begin(ctx context.Context, t tenant.ID, key string, hash [32]byte) (api.Claim, *api.Reply, error) {
	claim := api.Claim{Tenant: t, Key: key, Hash: hash}
	var kept *api.Reply
	err := rls.Tx(ctx, r.db, t, func(tx pgx.Tx) error {
		err := claimKey(ctx, tx, &claim)
		if errors.Is(err, pgx.ErrNoRows) {
			kept, err = r.kept(ctx, tx, claim)
		}
		return err
	})
	if err != nil {
		return api.Claim{}, nil, fmt.Errorf("claiming an idempotency key: %w", err)
	}
	return claim, kept, nil
}

// claimKey takes a key that is free: never used, past its 24 hours, or left at work for a minute by a process that must have died before it
// changed anything. It is pgx.ErrNoRows when the key is taken.
func claimKey(ctx context.Context, tx pgx.Tx, c *api.Claim) error {
	if err := sweep(ctx, tx, c.Tenant); err != nil {
		return err
	}
	const q = `
		INSERT INTO idempotency_keys AS i (tenant_id, key, request_hash, created_at, expires_at)
		VALUES (@tenant, @key, @hash, app_now(), app_now() + interval '24 hours')
		ON CONFLICT (tenant_id, key) DO UPDATE
		SET request_hash = EXCLUDED.request_hash, status = NULL, content_type = '', response = NULL, done_at = NULL,
		    created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
		WHERE i.tenant_id = @tenant
		  AND (i.expires_at <= app_now()
		       OR i.status IS NULL AND i.done_at IS NULL AND i.request_hash = EXCLUDED.request_hash AND i.created_at <= app_now() - interval '60 seconds')
		RETURNING created_at`
	return tx.QueryRow(ctx, q, pgx.NamedArgs{"tenant": string(c.Tenant), "key": c.Key, "hash": c.Hash[:]}).Scan(&c.At)
}

// sweep removes a few of the tenant's answers that are past their time: whoever adds keys also clears them away.
func sweep(ctx context.Context, tx pgx.Tx, t tenant.ID) error {
	const q = `
		DELETE FROM idempotency_keys
		WHERE tenant_id = $1 AND key IN (
			SELECT key FROM idempotency_keys
			WHERE tenant_id = $1 AND expires_at <= app_now() - interval '1 minute'
			ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED)`
	_, err := tx.Exec(ctx, q, string(t))
	return err
}

// kept returns the answer stored under a key that is taken.
func (r *Replies) kept(ctx context.Context, tx pgx.Tx, c api.Claim) (*api.Reply, error) {
	const q = `
		SELECT request_hash, status, content_type, response, done_at IS NOT NULL AND created_at <= app_now() - interval '60 seconds'
		FROM idempotency_keys WHERE tenant_id = $1 AND key = $2`
	var (
		hash, sealed []byte
		status       *int
		lost         bool
		answer       api.Reply
	)
	err := tx.QueryRow(ctx, q, string(c.Tenant), c.Key).Scan(&hash, &status, &answer.ContentType, &sealed, &lost)
	switch {
	case errors.Is(err, pgx.ErrNoRows): // dropped a moment ago; the caller's next try will claim it
		return nil, api.ErrInProgress
	case err != nil:
		return nil, err
	case string(hash) != string(c.Hash[:]):
		return nil, api.ErrMismatch
	case status == nil && lost:
		return nil, api.ErrAnswerLost
	case status == nil:
		return nil, api.ErrInProgress
	}
	answer.Status = *status
	answer.Body, err = r.ring.Open(sealed, place(c))
	return &answer, err
}

// Bind implements api.Replies: what changes under the returned context is noted beside the claim in the change's own transaction, or not done.
func (r *Replies) Bind(ctx context.Context, c api.Claim) context.Context {
	const q = `
		UPDATE idempotency_keys SET done_at = app_now()
		WHERE tenant_id = @tenant AND key = @key AND created_at = @at AND status IS NULL`
	return auditdb.WithWitness(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(c.Tenant), "key": c.Key, "at": c.At})
		if err != nil {
			return fmt.Errorf("noting a change under its idempotency key: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return api.ErrInProgress // given away: whoever has it now does the work
		}
		return nil
	})
}

// Keep stores the answer, unless the claim was given away meanwhile.
func (r *Replies) Keep(ctx context.Context, c api.Claim, answer api.Reply) error {
	const q = `
		UPDATE idempotency_keys SET status = @status, content_type = @type, response = @response
		WHERE tenant_id = @tenant AND key = @key AND created_at = @at AND status IS NULL`
	err := rls.Tx(ctx, r.db, c.Tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(c.Tenant), "key": c.Key, "at": c.At, "status": answer.Status,
			"type": answer.ContentType, "response": r.ring.Seal(answer.Body, place(c))})
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	return nil
}

// Drop frees the key, unless the claim was given away meanwhile or something was changed under it.
func (r *Replies) Drop(ctx context.Context, c api.Claim) error {
	const q = `DELETE FROM idempotency_keys WHERE tenant_id = $1 AND key = $2 AND created_at = $3 AND status IS NULL AND done_at IS NULL`
	err := rls.Tx(ctx, r.db, c.Tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, string(c.Tenant), c.Key, c.At)
		return err
	})
	if err != nil {
		return fmt.Errorf("freeing an idempotency key: %w", err)
	}
	return nil
}

// place binds a sealed answer to its row: copied to another tenant or key it does not open.
func place(c api.Claim) []byte { return []byte("idempotency_keys/" + string(c.Tenant) + "/" + c.Key) }
