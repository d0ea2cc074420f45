package sendersdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/mail/senders"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// SealedKeys is the place of the keys that sign tenants' mails. It goes from tenant to tenant, each in its own transactions.
func SealedKeys(db rls.DB, ring *seal.Ring) seal.Place { return &sealedKeys{db: db, ring: ring} }

type sealedKeys struct {
	db   rls.DB
	ring *seal.Ring
}

// Name is the table and the column.
func (*sealedKeys) Name() string { return "sender_keys.key_sealed" }

// key is one sealed key.
type key struct {
	Selector, Domain string
	Sealed           []byte
}

// Tally counts over all tenants.
func (k *sealedKeys) Tally(ctx context.Context) (map[string]int, error) {
	tally := map[string]int{}
	for t := tenant.ID(""); ; {
		var err error
		if t, err = k.next(ctx, t); err != nil || t == "" {
			return tally, err
		}
		if err := k.count(ctx, t, tally); err != nil {
			return nil, fmt.Errorf("counting the keys of mail keys: %w", err)
		}
	}
}

func (k *sealedKeys) count(ctx context.Context, t tenant.ID, tally map[string]int) error {
	return rls.Tx(ctx, k.db, t, func(tx pgx.Tx) error {
		list, err := keys(ctx, tx, t)
		for _, one := range list {
			id, _ := seal.KeyID(one.Sealed)
			tally[id]++
		}
		return err
	})
}

// next returns the tenant with a sender after the given one; "" after the last.
func (k *sealedKeys) next(ctx context.Context, after tenant.ID) (t tenant.ID, err error) {
	const q = `SELECT tenant_id FROM sender_domains WHERE tenant_id > $1 AND selector IS NOT NULL ORDER BY tenant_id LIMIT 1`
	err = rls.Platform(ctx, k.db, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q, string(after)).Scan(&t) })
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("listing tenants with senders: %w", err)
	}
	return t, nil
}

func keys(ctx context.Context, tx pgx.Tx, t tenant.ID) ([]key, error) {
	const q = `SELECT selector, domain, key_sealed AS sealed FROM sender_keys WHERE tenant_id = $1 ORDER BY selector FOR UPDATE`
	rows, _ := tx.Query(ctx, q, string(t))
	return pgx.CollectRows(rows, pgx.RowToStructByName[key])
}

// Reseal takes the keys of about limit tenants, which have two at most. The position is the last of them.
func (k *sealedKeys) Reseal(ctx context.Context, after string, limit int) (step seal.Step, err error) {
	t := tenant.ID(after)
	for range limit {
		if t, err = k.next(ctx, t); err != nil || t == "" {
			return seal.Step{Resealed: step.Resealed, Unreadable: step.Unreadable}, err
		}
		if err := k.reseal(ctx, t, &step); err != nil {
			return step, err
		}
		step.After = string(t)
	}
	return step, nil
}

func (k *sealedKeys) reseal(ctx context.Context, t tenant.ID, step *seal.Step) error {
	const q = `UPDATE sender_keys SET key_sealed = $1 WHERE tenant_id = $2 AND selector = $3`
	return rls.Tx(ctx, k.db, t, func(tx pgx.Tx) error {
		list, err := keys(ctx, tx, t)
		if err != nil {
			return err
		}
		for _, one := range list {
			at := senders.KeyPlace(t, one.Domain, one.Selector)
			fresh, changed, err := k.ring.Reseal(one.Sealed, at)
			if err != nil {
				step.Unreadable = append(step.Unreadable, string(at))
				continue
			}
			if !changed {
				continue
			}
			if _, err := tx.Exec(ctx, q, fresh, string(t), one.Selector); err != nil {
				return err
			}
			step.Resealed++
		}
		return nil
	})
}
