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

func rowToTime(row pgx.CollectableRow) (at time.Time, err error) {
	return at, row.Scan((*moment)(&at))
}

// TakeLooks takes what is due of all tenants, the longest waiting first, and puts each off by hold. What another node is taking in this moment is left to it:
// nobody waits for a lock.
func (s *Store) TakeLooks(ctx context.Context, now time.Time, hold time.Duration, limit int) (taken []payments.Look, err error) {
	const q = `
		WITH due AS (
			SELECT l.tenant_id, l.kind, l.ref, l.due_at FROM payment_looks l WHERE l.due_at <= @now ORDER BY l.due_at LIMIT @limit
			   FOR NO KEY UPDATE SKIP LOCKED
		)
		UPDATE payment_looks l SET due_at = @until, lease = l.lease + 1 FROM due
		 WHERE l.tenant_id = due.tenant_id AND l.kind = due.kind AND l.ref = due.ref
		RETURNING l.tenant_id, l.kind, l.ref, l.status, l.since, due.due_at, l.lease`
	err = rls.Shared(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, pgx.NamedArgs{"now": now, "until": now.Add(hold), "limit": limit})
		if err != nil {
			return err
		}
		taken, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l payments.Look, err error) {
			return l, row.Scan(&l.Tenant, &l.Kind, &l.Ref, &l.Status, (*moment)(&l.Since), (*moment)(&l.Due), &l.Lease)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("taking what is due: %w", err)
	}
	return taken, nil
}

// PutOff makes a look due at another time, or ends it, unless somebody else moved it on meanwhile.
func (s *Store) PutOff(ctx context.Context, l payments.Look, due time.Time, status string) error {
	const later = `
		UPDATE payment_looks SET due_at = @due, status = @status
		 WHERE tenant_id = @tenant AND kind = @kind AND ref = @ref AND lease = @lease`
	const end = `DELETE FROM payment_looks WHERE tenant_id = @tenant AND kind = @kind AND ref = @ref AND lease = @lease`
	q := later
	if due.IsZero() {
		q = end
	}
	err := rls.Shared(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": l.Tenant, "kind": l.Kind, "ref": l.Ref, "lease": l.Lease, "due": due, "status": status})
		return err
	})
	if err != nil {
		return fmt.Errorf("putting a look off: %w", err)
	}
	return nil
}

// LookStats counts what waits, across tenants.
func (s *Store) LookStats(ctx context.Context, now time.Time) (payments.Stats, error) {
	const q = `
		SELECT l.kind, l.status, count(*), min(l.since), min(l.due_at) FROM payment_looks l GROUP BY l.kind, l.status`
	st := payments.Stats{Live: map[string]int{}, Refunds: map[string]int{}}
	err := rls.Shared(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q)
		if err != nil {
			return err
		}
		var kind, status string
		var n int
		var since, due time.Time
		_, err = pgx.ForEachRow(rows, []any{&kind, &status, &n, &since, &due}, func() error {
			st.Late = max(st.Late, now.Sub(due))
			switch {
			case kind == payments.LookEvent && status == payments.LookParked:
				st.Parked += n
			case kind == payments.LookEvent:
				st.EventLag = max(st.EventLag, now.Sub(since))
			case kind == payments.LookRefund && status != payments.Succeeded:
				st.Refunds[status] = n
			case kind == payments.LookPayment && payments.Live(status):
				st.Live[status] = n
				if status == payments.Unknown {
					st.OldestUnknown = now.Sub(since)
				}
			}
			return nil
		})
		return err
	})
	if err != nil {
		return payments.Stats{}, fmt.Errorf("counting what waits: %w", err)
	}
	return st, nil
}

// AddEvent keeps a message and has it looked at; false when it is known.
func (s *Store) AddEvent(ctx context.Context, t tenant.ID, connectionID string, e payments.Event, now time.Time) (fresh bool, err error) {
	const insert = `
		INSERT INTO processor_events (tenant_id, connection_id, event_id, kind, object_id, received_at) VALUES (@tenant, @connection, @id, @kind, @object, @now)
		ON CONFLICT DO NOTHING`
	const seen = `UPDATE payment_connections SET last_event_at = @now WHERE tenant_id = @tenant AND id = @connection`
	err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"tenant": t, "connection": connectionID, "id": e.ID, "kind": e.About + " " + e.Kind, "object": e.ObjectID, "now": now}
		tag, err := tx.Exec(ctx, insert, args)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		fresh = true
		b := &pgx.Batch{}
		b.Queue(seen, args)
		queueLook(b, t, payments.LookEvent, connectionID+" "+e.ID, "new", now, now)
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return false, fmt.Errorf("keeping a message: %w", err)
	}
	return fresh, nil
}

// CountForged counts a message whose signature did not fit.
func (s *Store) CountForged(ctx context.Context, t tenant.ID, connectionID string) error {
	const q = `UPDATE payment_connections SET refused_events = refused_events + 1 WHERE tenant_id = $1 AND id = $2`
	return rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, t, connectionID)
		return err
	})
}

// Event returns a kept message.
func (s *Store) Event(ctx context.Context, t tenant.ID, connectionID, eventID string) (e payments.KeptEvent, err error) {
	const q = `
		SELECT split_part(e.kind, ' ', 1), substr(e.kind, position(' ' IN e.kind) + 1), e.object_id, e.tries, e.done_at IS NOT NULL, e.received_at
		  FROM processor_events e WHERE e.tenant_id = $1 AND e.connection_id = $2 AND e.event_id = $3`
	b := &pgx.Batch{}
	b.Queue(q, t, connectionID, eventID).QueryRow(func(row pgx.Row) error {
		return row.Scan(&e.About, &e.Kind, &e.ObjectID, &e.Tries, &e.Done, (*moment)(&e.ReceivedAt))
	})
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return e, fmt.Errorf("reading a message: %w", absent(err))
	}
	return e, nil
}

// EventDone writes what became of a message.
func (s *Store) EventDone(ctx context.Context, t tenant.ID, connectionID, eventID string, now time.Time, parkedWhy string, done bool) error {
	const q = `
		UPDATE processor_events SET tries = tries + 1, parked_why = @why, done_at = CASE WHEN @done::boolean THEN @now::timestamptz END
		 WHERE tenant_id = @tenant AND connection_id = @connection AND event_id = @id AND done_at IS NULL`
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": t, "connection": connectionID, "id": eventID, "now": now, "why": parkedWhy, "done": done})
		return err
	})
	if err != nil {
		return fmt.Errorf("writing what became of a message: %w", err)
	}
	return nil
}

// MethodOwner returns the customer whom a method at a processor belongs to.
func (s *Store) MethodOwner(ctx context.Context, t tenant.ID, connectionID, ref string) (customerID string, err error) {
	const q = `
		SELECT u.customer_id FROM payment_methods m
		  JOIN processor_customers u ON u.tenant_id = m.tenant_id AND u.connection_id = m.connection_id AND u.company_id = m.company_id
		 WHERE m.tenant_id = $1 AND m.connection_id = $2 AND m.processor_ref = $3 AND m.status IN ('active', 'pending_verification')`
	b := &pgx.Batch{}
	b.Queue(q, t, connectionID, ref).QueryRow(func(row pgx.Row) error { return row.Scan(&customerID) })
	if err := rls.Read(ctx, s.pool, t, b); err != nil {
		return "", fmt.Errorf("finding a method's owner: %w", absent(err))
	}
	return customerID, nil
}

// RefreshMethod writes what a processor says of a saved method; nil: it is gone.
func (s *Store) RefreshMethod(ctx context.Context, t tenant.ID, connectionID, ref string, facts *payments.MethodFacts, now time.Time) error {
	const gone = `
		UPDATE payment_methods SET status = 'gone', is_default = false, changed_at = @now
		 WHERE tenant_id = @tenant AND connection_id = @connection AND processor_ref = @ref AND status IN ('active', 'pending_verification')`
	const fresh = `
		UPDATE payment_methods SET brand = left(@brand, 60), last4 = @last4, exp_month = NULLIF(@month, 0), exp_year = NULLIF(@year, 0), changed_at = @now
		 WHERE tenant_id = @tenant AND connection_id = @connection AND processor_ref = @ref AND status IN ('active', 'pending_verification')`
	q, args := gone, pgx.NamedArgs{"tenant": t, "connection": connectionID, "ref": ref, "now": now}
	if facts != nil {
		q = fresh
		args["brand"], args["last4"], args["month"], args["year"] = facts.Brand, facts.Last4, facts.ExpMonth, facts.ExpYear
	}
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, args)
		return err
	})
	if err != nil {
		return fmt.Errorf("refreshing a method: %w", err)
	}
	return nil
}
