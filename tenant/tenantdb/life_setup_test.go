package tenantdb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/tenantdb"
)

const label, token = "abcdefghjkmnpqrstvwxyz0123", "token-of-this-claim"

// at is a moment of checks; the database keeps microseconds.
var at = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// recorder is hooks that remember what was committed or undone alike, and can fail.
type recorder struct {
	mu     sync.Mutex
	events []string // "<tenant> <what> <from> <reason>"
	lost   []tenant.Hostname
	fail   func(ctx context.Context, tx pgx.Tx, what string) error
}

func (r *recorder) hooks() tenantdb.Hooks {
	return tenantdb.Hooks{
		Note: func(ctx context.Context, tx pgx.Tx, t tenant.ID, e tenantdb.Event) error {
			r.mu.Lock()
			r.events = append(r.events, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", t, e.What, e.From, e.Reason)))
			r.mu.Unlock()
			if r.fail != nil {
				return r.fail(ctx, tx, e.What)
			}
			return nil
		},
		Lost: func(_ context.Context, _ pgx.Tx, h tenant.Hostname) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lost = append(r.lost, h)
			return nil
		},
	}
}

// watched is a second store on the fixture's database.
func (f fixture) watched() (*tenantdb.Store, *recorder) {
	r := &recorder{}
	return tenantdb.New(f.db.App, host("pay.test"), r.hooks()), r
}

func (f fixture) claim(t *testing.T, id tenant.ID, name string) tenant.Domain {
	t.Helper()
	d, _, err := f.store.Claim(t.Context(), id, domains.NewClaim{Host: host(name), Label: label, Token: token, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// claimAt claims a host and leads the claim to a status.
func (f fixture) claimAt(t *testing.T, id tenant.ID, name string, status tenant.DomainStatus) tenant.Domain {
	t.Helper()
	return f.lead(t, f.claim(t, id, name), status)
}

func (f fixture) lead(t *testing.T, d tenant.Domain, status tenant.DomainStatus) tenant.Domain {
	t.Helper()
	d, err := f.store.Update(t.Context(), d.Tenant, d.ID, to(path(d.Status, status)...))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// to is a change that takes these steps.
func to(path ...tenant.DomainStatus) func(*tenant.Domain) error {
	return func(d *tenant.Domain) error {
		for _, next := range path {
			if err := d.Go(next, "some.reason", at); err != nil {
				return err
			}
		}
		return nil
	}
}

// path is the shortest way from one status to another.
func path(from, to tenant.DomainStatus) []tenant.DomainStatus {
	ways := [][]tenant.DomainStatus{{from}}
	for i := 0; i < len(ways); i++ {
		last := ways[i][len(ways[i])-1]
		if last == to {
			return ways[i][1:]
		}
		for _, next := range tenant.DomainStatuses() {
			if last.May(next) && len(ways[i]) < 12 && !slices.Contains(ways[i], next) {
				ways = append(ways, append(slices.Clone(ways[i]), next))
			}
		}
	}
	panic(fmt.Sprintf("nothing leads from %s to %s", from, to))
}

// ask reads one value as a tenant.
func ask[T any](t *testing.T, f fixture, id tenant.ID, q string, args ...any) T {
	t.Helper()
	tx, err := f.db.Owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }() // only read
	var got T
	if _, err := tx.Exec(t.Context(), `SELECT set_config('app.tenant', $1, true)`, id); err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRow(t.Context(), q, args...).Scan(&got); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return got
}

func (f fixture) head(t *testing.T) int64 {
	t.Helper()
	return ask[int64](t, f, "", `SELECT seq FROM directory_head`)
}

// holders returns whose domains hold a host.
func (f fixture) holders(t *testing.T, h tenant.Hostname) []tenant.ID {
	t.Helper()
	all, err := f.store.FindDomains(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	var ids []tenant.ID
	for _, d := range all {
		if d.Status.Holds() {
			ids = append(ids, d.Tenant)
		}
	}
	return ids
}

var errStop = errors.New("stop")
