package tenantdb

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

const domainColumns = `
	d.id, d.tenant_id, d.host, d.status, d.epoch, d.label, d.token, d.proven_at, d.proven_by, d.reason, d.blocking_on, d.before_status, d.status_at,
	d.armed_at, d.checks, d.checked_at, d.next_check_at, d.bad_since, d.bad_checks, d.good_since, d.report, d.created_at`

type domainRow struct {
	ID, TenantID, Host, Status string

	Epoch        int64
	Label, Token string
	ProvenAt     *time.Time
	ProvenBy     string
	Reason       string
	BlockingOn   string
	BeforeStatus string
	StatusAt     time.Time
	ArmedAt      time.Time
	Checks       int
	CheckedAt    *time.Time
	NextCheckAt  *time.Time
	BadSince     *time.Time
	BadChecks    int
	GoodSince    *time.Time
	Report       []byte
	CreatedAt    time.Time
}

func (r domainRow) toDomain() (tenant.Domain, error) {
	host, err := tenant.ParseHostname(r.Host)
	if err != nil {
		return tenant.Domain{}, fmt.Errorf("reading domain %s: %w", r.ID, err)
	}
	return tenant.Domain{
		ID: r.ID, Tenant: tenant.ID(r.TenantID), Host: host, Status: tenant.DomainStatus(r.Status), Epoch: r.Epoch, Label: r.Label, Token: r.Token,
		ProvenAt: instant(r.ProvenAt), ProvenBy: r.ProvenBy,
		Reason: r.Reason, BlockingOn: tenant.BlockingOn(r.BlockingOn), Before: tenant.DomainStatus(r.BeforeStatus), StatusAt: r.StatusAt.UTC(),
		ArmedAt: r.ArmedAt.UTC(), Checks: r.Checks, CheckedAt: instant(r.CheckedAt), NextCheckAt: instant(r.NextCheckAt),
		BadSince: instant(r.BadSince), BadChecks: r.BadChecks, GoodSince: instant(r.GoodSince), Report: r.Report,
		CreatedAt: r.CreatedAt.UTC(),
	}, nil
}

func collectDomain(rows pgx.Rows) (tenant.Domain, error) {
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[domainRow])
	if err != nil {
		return tenant.Domain{}, one(err)
	}
	return row.toDomain()
}

func collectDomains(rows pgx.Rows) ([]tenant.Domain, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (tenant.Domain, error) {
		found, err := pgx.RowToStructByName[domainRow](row)
		if err != nil {
			return tenant.Domain{}, err
		}
		return found.toDomain()
	})
}

// AddDomain makes a host a tenant's, on the operator's word that it is proven: it is served at once. A host that somebody holds is
// tenant.ErrTaken, whoever it is; the platform's own names are refused.
func (s *Store) AddDomain(ctx context.Context, id tenant.ID, host tenant.Hostname) (tenant.Domain, error) {
	if err := s.notOurs(host); err != nil {
		return tenant.Domain{}, err
	}
	var added tenant.Domain
	err := s.change(ctx, id, "domain.added", func(tx pgx.Tx) (_ string, err error) {
		if err := lockAll(ctx, tx, id); err != nil {
			return "", err
		}
		added, err = insertDomain(ctx, tx, tenant.Domain{Tenant: id, Host: host, Status: tenant.DomainActive, ProvenBy: tenant.ProvenByOperator})
		return added.ID, err
	})
	switch {
	case rls.Violates(err, "domains_one_holder"), rls.Violates(err, "domains_one_claim_per_tenant"):
		return tenant.Domain{}, fmt.Errorf("the host %s: %w", host, tenant.ErrTaken)
	case err != nil:
		return tenant.Domain{}, fmt.Errorf("adding a domain to tenant %s: %w", id, err)
	}
	return added, nil
}

// notOurs refuses the platform's own names.
func (s *Store) notOurs(host tenant.Hostname) error {
	if host == s.platform || host.Under(s.platform) {
		return &tenant.FieldError{Field: "host", Reason: "is a name of the platform itself"}
	}
	return nil
}

// insertDomain stores a new domain with the first line of its history, to be checked at once. The tenant and the head must be locked.
func insertDomain(ctx context.Context, tx pgx.Tx, d tenant.Domain) (tenant.Domain, error) {
	// The epoch begins above every epoch that any holder of this host ever had: epochs never run ahead of the directory head, and the
	// head moves with this statement.
	const q = `
		INSERT INTO domains AS d (tenant_id, id, host, status, epoch, label, token, proven_by, proven_at, next_check_at, status_at, armed_at, created_at)
		VALUES (@tenant, @id, @host, @status, (SELECT h.seq + 1 FROM directory_head h), @label, @token, @proven_by,
			CASE WHEN @proven_by::text <> '' THEN app_now() END, app_now(), app_now(), app_now(), app_now())
		RETURNING ` + domainColumns
	rows, _ := tx.Query(ctx, q, pgx.NamedArgs{"tenant": d.Tenant, "id": tenant.NewID("dom", time.Now()), "host": d.Host.String(), "status": d.Status,
		"label": d.Label, "token": d.Token, "proven_by": d.ProvenBy})
	added, err := collectDomain(rows)
	if err != nil {
		return tenant.Domain{}, err
	}
	if err := writeHistory(ctx, tx, added, tenant.DomainStep{At: added.CreatedAt, To: added.Status}); err != nil {
		return tenant.Domain{}, err
	}
	return added, writeCheck(ctx, tx, added)
}

// writeHistory adds one line to a domain's history.
func writeHistory(ctx context.Context, tx pgx.Tx, d tenant.Domain, step tenant.DomainStep) error {
	const q = `
		INSERT INTO domain_history (tenant_id, domain_id, at, from_status, to_status, reason)
		VALUES (@tenant, @id, @at, @from, @to, @reason)`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": d.Tenant, "id": d.ID, "at": step.At, "from": step.From, "to": step.To, "reason": step.Reason})
	return err
}

// writeFacts stores everything of a domain but its status, which only steps change.
func writeFacts(ctx context.Context, tx pgx.Tx, d tenant.Domain) (tenant.Domain, error) {
	const q = `
		UPDATE domains d SET version = d.version + 1, proven_at = @proven_at, proven_by = @proven_by, reason = @reason, blocking_on = @blocking_on,
			before_status = @before, armed_at = @armed_at, checks = @checks, checked_at = @checked_at, next_check_at = @next_check_at,
			bad_since = @bad_since, bad_checks = @bad_checks, good_since = @good_since, report = @report
		WHERE d.tenant_id = @tenant AND d.id = @id RETURNING ` + domainColumns
	rows, _ := tx.Query(ctx, q, pgx.NamedArgs{"tenant": d.Tenant, "id": d.ID, "proven_at": stored(d.ProvenAt), "proven_by": d.ProvenBy,
		"reason": d.Reason, "blocking_on": cmp.Or(d.BlockingOn, tenant.BlockingOnNobody), "before": d.Before, "armed_at": stored(d.ArmedAt),
		"checks": d.Checks, "checked_at": stored(d.CheckedAt), "next_check_at": stored(d.NextCheckAt), "bad_since": stored(d.BadSince),
		"bad_checks": d.BadChecks, "good_since": stored(d.GoodSince), "report": d.Report})
	return collectDomain(rows)
}

// writeCheck notes when the domain is looked at next, or that it never is again, and what the brake counts.
func writeCheck(ctx context.Context, tx pgx.Tx, d tenant.Domain) error {
	const gone = `DELETE FROM domain_checks WHERE tenant_id = $1 AND domain_id = $2`
	const q = `
		INSERT INTO domain_checks (tenant_id, domain_id, due_at, served, checked_at, bad_since)
		VALUES (@tenant, @id, @due, @served, @checked_at, @bad_since)
		ON CONFLICT (tenant_id, domain_id) DO UPDATE
			SET due_at = EXCLUDED.due_at, served = EXCLUDED.served, checked_at = EXCLUDED.checked_at, bad_since = EXCLUDED.bad_since`
	if d.Status == tenant.DomainDeleted || d.NextCheckAt.IsZero() {
		_, err := tx.Exec(ctx, gone, d.Tenant, d.ID)
		return err
	}
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": d.Tenant, "id": d.ID, "due": d.NextCheckAt, "served": braked(d),
		"checked_at": stored(d.CheckedAt), "bad_since": stored(d.BadSince)})
	return err
}

// braked reports whether the brake counts the domain: its DNS proved it, and has something to lose.
func braked(d tenant.Domain) bool {
	byDNS := d.ProvenBy == tenant.ProvenByCNAME || d.ProvenBy == tenant.ProvenByTXT
	return byDNS && (d.Status.Served() || d.Status == tenant.DomainMoved)
}
