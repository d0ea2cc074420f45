package tenantdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/rls"
)

// Why the store itself ends a domain.
const (
	reasonClaimedAgain = "claim.again" // its tenant has proven the name anew
	reasonTakenOver    = "claim.lost"  // somebody else has proven the name
)

// Update locks a domain, calls change with it and writes what that did: each step of its status with its history and audit entry, the facts
// of checks, and when it is looked at next. All of it or nothing. change runs once, must not call over the network, and changes the status
// only through Go; its error is returned and nothing is written. What it Tells has an audit entry too. A step to a status that holds the name fails with tenant.ErrTaken when
// somebody else holds it; the same tenant's own quarantined domain of that name is deleted for it. A deleted domain is tenant.ErrNotFound.
func (s *Store) Update(ctx context.Context, t tenant.ID, id string, change func(d *tenant.Domain) error) (tenant.Domain, error) {
	var updated tenant.Domain
	err := rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) (err error) {
		if err := lock(ctx, tx, t); err != nil {
			return err
		}
		updated, err = s.updateDomain(ctx, tx, t, id, change)
		return err
	})
	if err != nil {
		return tenant.Domain{}, fmt.Errorf("updating domain %s: %w", id, err)
	}
	return updated, nil
}

// updateDomain is Update inside a transaction that has the tenant's lock.
func (s *Store) updateDomain(ctx context.Context, tx pgx.Tx, t tenant.ID, id string, change func(d *tenant.Domain) error) (tenant.Domain, error) {
	const q = `SELECT ` + domainColumns + ` FROM domains d WHERE d.tenant_id = $1 AND d.id = $2 AND d.status <> 'deleted' FOR UPDATE`
	rows, _ := tx.Query(ctx, q, t, id)
	before, err := collectDomain(rows)
	if err != nil {
		return tenant.Domain{}, err
	}
	after := before
	if err := change(&after); err != nil {
		return tenant.Domain{}, err
	}
	if err := changedByGo(before, after); err != nil {
		return tenant.Domain{}, err
	}
	return s.writeDomain(ctx, tx, before, after)
}

// changedByGo refuses a change of what never changes, and of the status behind the life cycle's back.
func changedByGo(before, after tenant.Domain) error {
	if after.ID != before.ID || after.Tenant != before.Tenant || after.Host != before.Host || after.Epoch != before.Epoch ||
		after.Label != before.Label || after.Token != before.Token || !after.CreatedAt.Equal(before.CreatedAt) {
		return errors.New("a domain's identity was changed")
	}
	status := before.Status
	for _, step := range after.Steps() {
		if step.From != status {
			return fmt.Errorf("the status became %s without a step", step.From)
		}
		status = step.To
	}
	if status != after.Status {
		return fmt.Errorf("the status became %s without a step", after.Status)
	}
	return nil
}

func (s *Store) writeDomain(ctx context.Context, tx pgx.Tx, before, after tenant.Domain) (tenant.Domain, error) {
	steps := after.Steps()
	if len(steps) > 0 {
		// Before the first step, not by its trigger: see lockAll.
		if err := lockHead(ctx, tx); err != nil {
			return tenant.Domain{}, err
		}
	}
	for _, step := range steps {
		if err := s.writeStep(ctx, tx, after, step); err != nil {
			return tenant.Domain{}, err
		}
	}
	for _, what := range after.Told() {
		if err := s.hooks.Note(ctx, tx, after.Tenant, Event{What: "domain." + what, Subject: after.ID, ByOther: true}); err != nil {
			return tenant.Domain{}, err
		}
	}
	written, err := writeFacts(ctx, tx, after)
	if err != nil {
		return tenant.Domain{}, err
	}
	return written, writeCheck(ctx, tx, written)
}

// writeStep changes the status, which the database compares with its own table of steps, and all that goes with it.
func (s *Store) writeStep(ctx context.Context, tx pgx.Tx, d tenant.Domain, step tenant.DomainStep) error {
	if step.To.Holds() && !step.From.Holds() {
		if err := s.endQuarantine(ctx, tx, d, step.At); err != nil {
			return err
		}
	}
	const q = `
		UPDATE domains d SET version = d.version + 1, status = @to, status_at = @at,
			epoch = CASE WHEN @renew THEN h.seq + 1 ELSE d.epoch END -- above all earlier ones of this host: see insertDomain
		FROM directory_head h WHERE d.tenant_id = @tenant AND d.id = @id AND d.status = @from`
	tag, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": d.Tenant, "id": d.ID, "from": step.From, "to": step.To, "at": step.At, "renew": renewsEpoch(step)})
	switch {
	case rls.Violates(err, "domains_one_holder"):
		return fmt.Errorf("the host %s: %w", d.Host, tenant.ErrTaken)
	case err != nil:
		return err
	case tag.RowsAffected() != 1:
		return fmt.Errorf("the domain is not %s any more", step.From)
	}
	if err := writeHistory(ctx, tx, d, step); err != nil {
		return err
	}
	if loses(step) {
		if err := s.hooks.Lost(ctx, tx, d.Host); err != nil {
			return err
		}
	}
	return s.hooks.Note(ctx, tx, d.Tenant, Event{What: "domain." + string(step.To), Subject: d.ID, From: string(step.From), Reason: step.Reason})
}

// renewsEpoch reports whether what visitors got before the step must not count after it: the name changes hands, or begins or ends to be
// served, or is stopped.
func renewsEpoch(step tenant.DomainStep) bool {
	return step.From.Holds() != step.To.Holds() || step.From.Served() != step.To.Served() ||
		step.To == tenant.DomainSuspended || step.To == tenant.DomainQuarantined
}

// loses reports whether the step ends the tenant's title to the name's certificate. From quarantine nothing is left to be lost.
func loses(step tenant.DomainStep) bool {
	return step.To == tenant.DomainQuarantined || step.From != tenant.DomainQuarantined && step.From.Holds() && !step.To.Holds()
}

// endQuarantine deletes the tenant's own given-up domain of a name that it is about to hold again.
func (s *Store) endQuarantine(ctx context.Context, tx pgx.Tx, d tenant.Domain, at time.Time) error {
	const q = `SELECT d.id FROM domains d WHERE d.tenant_id = $1 AND d.host = $2 AND d.status = 'quarantined'`
	var id string
	err := one(tx.QueryRow(ctx, q, d.Tenant, d.Host.String()).Scan(&id))
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	_, err = s.updateDomain(ctx, tx, d.Tenant, id, func(old *tenant.Domain) error { return old.Go(tenant.DomainDeleted, reasonClaimedAgain, at) })
	return err
}

// TakeOver ends the holder's domain (to quarantined, then deleted) and then does an Update of the claimant's, in one transaction: at no
// moment does nobody hold the host, or do two. lose is called with the holder's domain under its lock and returns an error to leave all
// as it is; the steps that it does not take itself are taken after it. A holder that holds the host no more is tenant.ErrNotFound: the
// claimant may simply Update.
func (s *Store) TakeOver(ctx context.Context, holder, claimant domains.Ref, lose, win func(d *tenant.Domain) error) error {
	err := rls.Both(ctx, s.pool, holder.Tenant, claimant.Tenant, func(tx pgx.Tx, as func(tenant.ID) error) error {
		if err := as(holder.Tenant); err != nil {
			return err
		}
		lost, err := s.byOther().updateDomain(ctx, tx, holder.Tenant, holder.ID, func(d *tenant.Domain) error { return end(ctx, tx, d, lose) })
		if err != nil {
			return err
		}
		if err := as(claimant.Tenant); err != nil {
			return err
		}
		won, err := s.updateDomain(ctx, tx, claimant.Tenant, claimant.ID, win)
		if err == nil && (won.Host != lost.Host || !won.Status.Holds()) {
			err = fmt.Errorf("the claimant %s does not hold the host afterwards", won.ID)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("taking over for domain %s: %w", claimant.ID, err)
	}
	return nil
}

// byOther is the store for changes that another tenant brings about.
func (s *Store) byOther() *Store {
	other, note := *s, s.hooks.Note
	other.hooks.Note = func(ctx context.Context, tx pgx.Tx, t tenant.ID, e Event) error {
		e.ByOther = true
		return note(ctx, tx, t, e)
	}
	return &other
}

// end calls lose with a holder's domain and then leads it to deleted.
func end(ctx context.Context, tx pgx.Tx, d *tenant.Domain, lose func(d *tenant.Domain) error) error {
	if !d.Status.Holds() {
		return tenant.ErrNotFound
	}
	if err := lose(d); err != nil {
		return err
	}
	var at time.Time
	if err := tx.QueryRow(ctx, `SELECT app_now()`).Scan(&at); err != nil {
		return err
	}
	reason := reasonTakenOver
	if steps := d.Steps(); len(steps) > 0 {
		at, reason = steps[len(steps)-1].At, steps[len(steps)-1].Reason
	}
	for _, next := range []tenant.DomainStatus{tenant.DomainQuarantined, tenant.DomainDeleted} {
		if d.Status.May(next) {
			if err := d.Go(next, reason, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// Holder returns the domain that holds a host, whoever's it is; tenant.ErrNotFound when nobody holds it. It looks across tenants: no tenant may
// be told what it returns.
func (s *Store) Holder(ctx context.Context, host tenant.Hostname) (tenant.Domain, error) {
	const q = `
		SELECT ` + domainColumns + ` FROM domains d
		WHERE d.host = $1 AND d.status NOT IN ('deleted', 'draft', 'claim_conflict', 'pending_ownership', 'timed_out')`
	var holder tenant.Domain
	err := rls.Platform(ctx, s.pool, func(tx pgx.Tx) (err error) {
		rows, _ := tx.Query(ctx, q, host.String())
		holder, err = collectDomain(rows)
		return err
	})
	if err != nil {
		return tenant.Domain{}, fmt.Errorf("looking for the holder of a host: %w", err)
	}
	return holder, nil
}
