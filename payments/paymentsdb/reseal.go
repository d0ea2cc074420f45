package paymentsdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// SealedPlaces are all places where this package keeps sealed values: what opens the accounts at processors, and where payers must go on. They go from tenant
// to tenant, each in its own transactions.
func SealedPlaces(db rls.DB, ring *seal.Ring) []seal.Place {
	return []seal.Place{
		&sealedPlace{db: db, ring: ring, name: "payment_connections.credentials", bind: payments.CredentialsPlace,
			read:  `SELECT id, credentials AS sealed FROM payment_connections WHERE tenant_id = $1 ORDER BY id FOR NO KEY UPDATE`,
			write: `UPDATE payment_connections SET credentials = $3 WHERE tenant_id = $1 AND id = $2`},
		&sealedPlace{db: db, ring: ring, name: "payment_attempts.action", bind: func(_ tenant.ID, id string) []byte { return payments.ActionPlace(id) },
			read: `SELECT payment_id AS id, action AS sealed FROM payment_attempts WHERE tenant_id = $1 AND action IS NOT NULL ORDER BY payment_id
				FOR NO KEY UPDATE`,
			write: `UPDATE payment_attempts SET action = $3 WHERE tenant_id = $1 AND payment_id = $2`},
	}
}

// sealedPlace is one column. A tenant has few values in it: its connections, and its payments that wait for their payer.
type sealedPlace struct {
	db          rls.DB
	ring        *seal.Ring
	name        string
	bind        func(t tenant.ID, id string) []byte // the place of a value
	read, write string
}

// sealedValue is one value.
type sealedValue struct {
	ID     string
	Sealed []byte
}

// Name is the table and the column.
func (p *sealedPlace) Name() string { return p.name }

// Tally counts over all tenants.
func (p *sealedPlace) Tally(ctx context.Context) (map[string]int, error) {
	tally := map[string]int{}
	for t := tenant.ID(""); ; {
		var err error
		if t, err = p.next(ctx, t); err != nil || t == "" {
			return tally, err
		}
		err = rls.Tx(ctx, p.db, t, func(tx pgx.Tx) error {
			list, err := p.values(ctx, tx, t)
			for _, one := range list {
				id, _ := seal.KeyID(one.Sealed)
				tally[id]++
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("counting the keys of %s: %w", p.name, err)
		}
	}
}

// next returns the tenant after the given one; "" after the last.
func (p *sealedPlace) next(ctx context.Context, after tenant.ID) (t tenant.ID, err error) {
	const q = `SELECT id FROM tenants WHERE id > $1 ORDER BY id LIMIT 1`
	err = rls.Platform(ctx, p.db, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q, string(after)).Scan(&t) })
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("listing tenants: %w", err)
	}
	return t, nil
}

func (p *sealedPlace) values(ctx context.Context, tx pgx.Tx, t tenant.ID) ([]sealedValue, error) {
	rows, _ := tx.Query(ctx, p.read, string(t)) // its error comes again from the rows
	return pgx.CollectRows(rows, pgx.RowToStructByName[sealedValue])
}

// Reseal takes the values of about limit tenants. The position is the last of them.
func (p *sealedPlace) Reseal(ctx context.Context, after string, limit int) (step seal.Step, err error) {
	t := tenant.ID(after)
	for range limit {
		if t, err = p.next(ctx, t); err != nil || t == "" {
			return seal.Step{Resealed: step.Resealed, Unreadable: step.Unreadable}, err
		}
		if err := p.reseal(ctx, t, &step); err != nil {
			return step, fmt.Errorf("sealing %s of %s anew: %w", p.name, t, err)
		}
		step.After = string(t)
	}
	return step, nil
}

// reseal takes one tenant's, under their locks: nobody writes another value meanwhile.
func (p *sealedPlace) reseal(ctx context.Context, t tenant.ID, step *seal.Step) error {
	var done seal.Step
	err := rls.Tx(ctx, p.db, t, func(tx pgx.Tx) error {
		done = seal.Step{}
		list, err := p.values(ctx, tx, t)
		if err != nil {
			return err
		}
		for _, one := range list {
			fresh, changed, err := p.ring.Reseal(one.Sealed, p.bind(t, one.ID))
			if err != nil {
				done.Unreadable = append(done.Unreadable, p.name+" of "+one.ID)
				continue
			}
			if !changed {
				continue
			}
			if _, err := tx.Exec(ctx, p.write, string(t), one.ID, fresh); err != nil {
				return err
			}
			done.Resealed++
		}
		return nil
	})
	if err == nil {
		step.Resealed += done.Resealed
		step.Unreadable = append(step.Unreadable, done.Unreadable...)
	}
	return err
}
