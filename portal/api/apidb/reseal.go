package apidb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/api"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// SealedReplies is the place of the kept answers. It goes from tenant to tenant, each in its own transactions; answers are gone after a day in
// any case.
func SealedReplies(db rls.DB, ring *seal.Ring) seal.Place { return &sealedReplies{db: db, ring: ring} }

type sealedReplies struct {
	db   rls.DB
	ring *seal.Ring
}

// Name is the table and the column.
func (*sealedReplies) Name() string { return "idempotency_keys.response" }

// Tally counts over all tenants.
func (r *sealedReplies) Tally(ctx context.Context) (map[string]int, error) {
	tally := map[string]int{}
	for t := tenant.ID(""); ; {
		var err error
		if t, err = r.next(ctx, t); err != nil || t == "" {
			return tally, err
		}
		if err := r.count(ctx, t, tally); err != nil {
			return nil, fmt.Errorf("counting the keys of kept answers: %w", err)
		}
	}
}

func (r *sealedReplies) count(ctx context.Context, t tenant.ID, tally map[string]int) error {
	const q = `SELECT substring(response FROM 1 FOR 34) FROM idempotency_keys WHERE tenant_id = $1 AND response IS NOT NULL`
	return rls.Tx(ctx, r.db, t, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, q, string(t))
		var head []byte
		_, err := pgx.ForEachRow(rows, []any{&head}, func() error {
			id, _ := seal.KeyID(head)
			tally[id]++
			return nil
		})
		return err
	})
}

// next returns the tenant after the given one; "" after the last.
func (r *sealedReplies) next(ctx context.Context, after tenant.ID) (t tenant.ID, err error) {
	const q = `SELECT id FROM tenants WHERE id > $1 ORDER BY id LIMIT 1`
	err = rls.Platform(ctx, r.db, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q, string(after)).Scan(&t) })
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("listing tenants: %w", err)
	}
	return t, nil
}

// Reseal takes some answers of one tenant. The position is the tenant and the last key that was looked at.
func (r *sealedReplies) Reseal(ctx context.Context, after string, limit int) (step seal.Step, err error) {
	id, key, _ := strings.Cut(after, "\x00")
	t := tenant.ID(id)
	if after == "" {
		if t, err = r.next(ctx, ""); err != nil || t == "" {
			return step, err
		}
	}
	err = rls.Tx(ctx, r.db, t, func(tx pgx.Tx) error {
		step = seal.Step{}
		key, err = r.some(ctx, tx, t, key, limit, &step)
		return err
	})
	if err != nil {
		return seal.Step{}, err
	}
	if key == "" {
		if t, err = r.next(ctx, t); err != nil || t == "" {
			return step, err
		}
	}
	step.After = string(t) + "\x00" + key
	return step, nil
}

// answer is one sealed answer.
type answer struct {
	Key      string
	Response []byte
}

// some returns the last key that it looked at; "" when none are left.
func (r *sealedReplies) some(ctx context.Context, tx pgx.Tx, t tenant.ID, after string, limit int, step *seal.Step) (last string, err error) {
	const q = `SELECT key, response FROM idempotency_keys
		WHERE tenant_id = @tenant AND key > @after AND response IS NOT NULL AND substring(response FROM 1 FOR length(@mark::bytea)) <> @mark
		ORDER BY key LIMIT @limit FOR UPDATE`
	rows, _ := tx.Query(ctx, q, pgx.NamedArgs{"tenant": string(t), "after": after, "mark": r.ring.Mark(), "limit": limit})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[answer])
	if err != nil {
		return "", err
	}
	const write = `UPDATE idempotency_keys SET response = @fresh WHERE tenant_id = @tenant AND key = @key AND response = @old`
	for _, a := range list {
		at := place(api.Claim{Tenant: t, Key: a.Key})
		fresh, _, err := r.ring.Reseal(a.Response, at)
		if err != nil {
			step.Unreadable = append(step.Unreadable, string(at))
			continue
		}
		tag, err := tx.Exec(ctx, write, pgx.NamedArgs{"fresh": fresh, "tenant": string(t), "key": a.Key, "old": a.Response})
		if err != nil {
			return "", err
		}
		step.Resealed += int(tag.RowsAffected())
	}
	if len(list) < limit {
		return "", nil
	}
	return list[limit-1].Key, nil
}
