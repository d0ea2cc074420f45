package tenantdb_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

// known compares domains by what can be read of them.
var known = cmp.Options{same, cmpopts.IgnoreUnexported(tenant.Domain{})}

func TestUpdate_KeepsEverythingAsItWasSet(t *testing.T) {
	f := setup(t)
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	want := d
	change := func(d *tenant.Domain) error {
		d.ProvenAt, d.ProvenBy = at, tenant.ProvenByTXT
		d.Reason, d.BlockingOn = "dns.wrong_target", tenant.BlockingOnTenant
		d.ArmedAt, d.Checks, d.CheckedAt, d.NextCheckAt = at.Add(1*time.Hour), 7, at.Add(2*time.Hour), at.Add(3*time.Hour)
		d.BadSince, d.BadChecks, d.GoodSince = at.Add(4*time.Hour), 3, at.Add(5*time.Hour)
		d.Report = []byte(`{"a": 1}`)
		return nil
	}
	if err := change(&want); err != nil {
		t.Fatal(err)
	}
	got, err := f.store.Update(t.Context(), f.acme.ID, d.ID, change)
	if diff := cmp.Diff(want, got, known); diff != "" || err != nil {
		t.Errorf("Update: %v (-want +got):\n%s", err, diff)
	}
	read, err := f.store.Domain(t.Context(), f.acme.ID, d.ID)
	if diff := cmp.Diff(want, read, known); diff != "" || err != nil {
		t.Errorf("Domain: %v (-want +got):\n%s", err, diff)
	}
	empty := func(d *tenant.Domain) error {
		*d = tenant.Domain{ID: d.ID, Tenant: d.Tenant, Host: d.Host, Status: d.Status, Epoch: d.Epoch, Label: d.Label, Token: d.Token,
			StatusAt: d.StatusAt, ArmedAt: d.ArmedAt, CreatedAt: d.CreatedAt}
		return nil
	}
	if err := empty(&want); err != nil {
		t.Fatal(err)
	}
	want.BlockingOn = tenant.BlockingOnNobody
	got, err = f.store.Update(t.Context(), f.acme.ID, d.ID, empty)
	if diff := cmp.Diff(want, got, known); diff != "" || err != nil {
		t.Errorf("emptied: %v (-want +got):\n%s", err, diff)
	}
}

func TestUpdate_WritesEachStepWithItsHistoryAndItsEntry(t *testing.T) {
	f := setup(t)
	store, noted := f.watched()
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	got, err := store.Update(t.Context(), f.acme.ID, d.ID, to(tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainIssuing))
	if err != nil || got.Status != tenant.DomainIssuing || !got.StatusAt.Equal(at) || got.StatusAt.Location() != time.UTC || len(got.Steps()) != 0 {
		t.Errorf("Update = %+v, %v", got, err)
	}
	history, err := store.History(t.Context(), f.acme.ID, d.ID, 10)
	want := []tenant.DomainStep{
		{At: at, From: tenant.DomainPreflight, To: tenant.DomainIssuing, Reason: "some.reason"},
		{At: at, From: tenant.DomainPendingDNS, To: tenant.DomainPreflight, Reason: "some.reason"},
		{At: at, From: tenant.DomainPendingOwnership, To: tenant.DomainPendingDNS, Reason: "some.reason"},
		{At: d.CreatedAt, To: tenant.DomainPendingOwnership},
	}
	if diff := cmp.Diff(want, history); diff != "" || err != nil {
		t.Errorf("History: %v\n%s", err, diff)
	}
	if newest, err := store.History(t.Context(), f.acme.ID, d.ID, 1); err != nil || len(newest) != 1 || newest[0] != want[0] {
		t.Errorf("the newest step: %v, %v", newest, err)
	}
	entries := []string{"domain.pending_dns pending_ownership", "domain.preflight pending_dns", "domain.issuing preflight"}
	for i := range entries {
		entries[i] = fmt.Sprintf("%s %s some.reason", f.acme.ID, entries[i])
	}
	if diff := cmp.Diff(entries, noted.events); diff != "" {
		t.Errorf("noted:\n%s", diff)
	}
}

func TestUpdate_OfChecksAloneIsNoChangeForAnybodyElse(t *testing.T) {
	f := setup(t)
	store, noted := f.watched()
	d := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	before := f.head(t)
	got, err := store.Update(t.Context(), f.acme.ID, d.ID, func(d *tenant.Domain) error {
		d.Checks, d.CheckedAt, d.NextCheckAt, d.BadSince, d.Report = 9, at, at.Add(time.Hour), at, []byte(`{}`)
		return nil
	})
	if err != nil || got.Epoch != d.Epoch {
		t.Errorf("epoch %d, was %d, %v", got.Epoch, d.Epoch, err)
	}
	if after := f.head(t); after != before || len(noted.events) != 0 {
		t.Errorf("the directory went from %d to %d, noted %v", before, after, noted.events)
	}
	if history, err := store.History(t.Context(), f.acme.ID, d.ID, 99); err != nil || history[0].To != tenant.DomainActive {
		t.Errorf("the newest step is %v, %v", history[0], err)
	}
	f.lead(t, got, tenant.DomainMoving)
	if f.head(t) == before {
		t.Error("control: a step does not move the directory")
	}
}

func TestUpdate_RefusesWhatNoStepDid(t *testing.T) {
	f := setup(t)
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	for name, change := range map[string]func(*tenant.Domain) error{
		"another status":          func(d *tenant.Domain) error { d.Status = tenant.DomainActive; return nil },
		"another status at first": func(d *tenant.Domain) error { d.Status = tenant.DomainMoved; return d.Go(tenant.DomainIssuing, "", at) },
		"another status after": func(d *tenant.Domain) error {
			err := d.Go(tenant.DomainPendingDNS, "", at)
			d.Status = tenant.DomainActive
			return err
		},
		"another tenant":  func(d *tenant.Domain) error { d.Tenant = f.globe.ID; return nil },
		"another id":      func(d *tenant.Domain) error { d.ID = "dom_x"; return nil },
		"another host":    func(d *tenant.Domain) error { d.Host = host("x.acme.test"); return nil },
		"another label":   func(d *tenant.Domain) error { d.Label += "x"; return nil },
		"another token":   func(d *tenant.Domain) error { d.Token += "x"; return nil },
		"another epoch":   func(d *tenant.Domain) error { d.Epoch++; return nil },
		"its own refusal": func(d *tenant.Domain) error { d.Reason = "x"; return errStop },
	} {
		if _, err := f.store.Update(t.Context(), f.acme.ID, d.ID, change); err == nil {
			t.Errorf("%s is stored", name)
		}
		read, err := f.store.Domain(t.Context(), f.acme.ID, d.ID)
		if diff := cmp.Diff(d, read, known); diff != "" || err != nil {
			t.Errorf("%s: %v (-before +after):\n%s", name, err, diff)
		}
	}
	_, err := f.store.Update(t.Context(), f.acme.ID, d.ID, func(*tenant.Domain) error { return errStop })
	is(t, "its own refusal", err, errStop)
}

func TestUpdate_OfAnotherTenantsDomainIsNotFound(t *testing.T) {
	f := setup(t)
	d := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	called := func(*tenant.Domain) error { t.Error("change was called"); return nil }
	for name, err := range map[string]error{
		"Domain":  third(f.store.Domain(t.Context(), f.globe.ID, d.ID)),
		"History": third(f.store.History(t.Context(), f.globe.ID, d.ID, 5)),
		"Update":  third(f.store.Update(t.Context(), f.globe.ID, d.ID, called)),
		"no id":   third(f.store.Update(t.Context(), f.acme.ID, "dom_00000000000000000000000000", called)),
		"nobody":  third(f.store.Update(t.Context(), "ten_00000000000000000000000000", d.ID, called)),
	} {
		is(t, name, err, tenant.ErrNotFound)
	}
	if page, err := f.store.DomainPage(t.Context(), f.globe.ID, "", 10); len(page) != 0 || err != nil {
		t.Errorf("DomainPage = %v, %v", page, err)
	}
	if _, err := f.store.Update(t.Context(), f.acme.ID, d.ID, func(d *tenant.Domain) error { d.NextCheckAt = at.AddDate(90, 0, 0); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Hurry(t.Context(), f.globe.ID, d.ID); err != nil {
		t.Error(err)
	}
	if taken, err := f.store.Take(t.Context(), 10, time.Minute, domains.Work{}); len(taken) != 0 || err != nil {
		t.Errorf("the other tenant hurried it: %v, %v", taken, err)
	}
}

func third[T any](_ T, err error) error { return err }

func TestUpdate_ADeletedDomainIsGone(t *testing.T) {
	f := setup(t)
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	gone, err := f.store.Update(t.Context(), f.acme.ID, d.ID, to(tenant.DomainDeleted))
	if err != nil || gone.Status != tenant.DomainDeleted {
		t.Errorf("%+v, %v", gone, err)
	}
	_, err = f.store.Update(t.Context(), f.acme.ID, d.ID, to(tenant.DomainDeleted))
	is(t, "deleting it twice", err, tenant.ErrNotFound)
	if n := ask[int](t, f, f.acme.ID, `SELECT count(*) FROM domain_checks`); n != 0 {
		t.Errorf("%d checks are left", n)
	}
}

// One host changes hands many times; what a visitor got from an earlier holder must never fit.
func TestUpdate_EpochGrowsWhereTrustEnds(t *testing.T) {
	f := setup(t)
	last := int64(0)
	for i := range 4 {
		id := []tenant.ID{f.acme.ID, f.globe.ID}[i%2]
		d := f.claim(t, id, "billing.acme.test")
		for _, next := range path(d.Status, tenant.DomainActive) {
			d = f.lead(t, d, next)
		}
		if d.Epoch <= last {
			t.Fatalf("the next holder's epoch is %d after %d", d.Epoch, last)
		}
		for _, step := range []struct {
			to    tenant.DomainStatus
			grows bool
		}{
			{tenant.DomainRenewalFailing, false}, {tenant.DomainActive, false}, {tenant.DomainIssuing, false}, {tenant.DomainBlocked, true},
			{tenant.DomainPreflight, false}, {tenant.DomainIssuing, true}, {tenant.DomainSuspended, true}, {tenant.DomainActive, true},
			{tenant.DomainMoving, false}, {tenant.DomainMoved, true}, {tenant.DomainQuarantined, true}, {tenant.DomainDeleted, true},
		} {
			after, err := f.store.Update(t.Context(), id, d.ID, to(step.to))
			if err != nil || after.Epoch < d.Epoch || after.Epoch > d.Epoch != step.grows {
				t.Errorf("%s to %s: epoch %d after %d, %v", d.Status, step.to, after.Epoch, d.Epoch, err)
			}
			d = after
		}
		last = d.Epoch
	}
	if head := f.head(t); last > head {
		t.Errorf("epoch %d has run ahead of the directory's head %d", last, head)
	}
}

// A tenant may have deleted many; each one touched would hold up every other tenant's changes a little.
func TestSuspend_LeavesDeletedDomainsAlone(t *testing.T) {
	f := setup(t)
	gone := f.claimAt(t, f.acme.ID, "gone.acme.test", tenant.DomainDeleted)
	f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	before := f.head(t)
	if _, err := f.store.Suspend(t.Context(), f.acme.ID); err != nil {
		t.Fatal(err)
	}
	epoch := ask[int64](t, f, f.acme.ID, `SELECT epoch FROM domains WHERE tenant_id = $1 AND id = $2`, f.acme.ID, gone.ID)
	if moved := f.head(t) - before; epoch != gone.Epoch || moved != 2 {
		t.Errorf("its epoch went from %d to %d, the directory by %d, want 2", gone.Epoch, epoch, moved)
	}
}

// However many domains a tenant has, the directory moves once for all of them and once for the tenant: every other tenant's changes wait
// meanwhile.
func TestSuspend_TouchesTheDirectoryOnceForAThousandDomains(t *testing.T) {
	f := setup(t)
	const many = `
		INSERT INTO domains (tenant_id, id, host, status, epoch)
		SELECT $1, 'dom_' || lpad(n::text, 26, '0'), 'n' || n || '.acme.test', 'active', 1 FROM generate_series(1, 1000) n`
	before := f.head(t)
	f.owner(t, f.acme.ID, many, f.acme.ID)
	if moved := f.head(t) - before; moved != 1 {
		t.Errorf("a thousand added in one statement moved the directory by %d, want 1", moved)
	}
	before = f.head(t)
	if _, err := f.store.Suspend(t.Context(), f.acme.ID); err != nil {
		t.Fatal(err)
	}
	raised := ask[int](t, f, f.acme.ID, `SELECT count(*) FROM domains WHERE tenant_id = $1 AND epoch = 2`, f.acme.ID)
	if moved := f.head(t) - before; moved != 2 || raised != 1000 {
		t.Errorf("the directory moved by %d, want 2; %d epochs were raised, want 1000", moved, raised)
	}
}

func TestUpdate_QuarantineTellsTheLossInTheSameTransaction(t *testing.T) {
	f := setup(t)
	store, noted := f.watched()
	d := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainActive)
	if _, err := store.Update(t.Context(), f.acme.ID, d.ID, to(tenant.DomainMoving)); err != nil || len(noted.lost) != 0 {
		t.Fatalf("lost %v, %v", noted.lost, err)
	}
	if _, err := store.Update(t.Context(), f.acme.ID, d.ID, to(tenant.DomainQuarantined, tenant.DomainDeleted)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]tenant.Hostname{d.Host}, noted.lost, same); diff != "" {
		t.Errorf("lost:\n%s", diff)
	}
}

// A tenant that gave its name up and proves it anew gets it at once; the given-up domain ends beside it, or neither happens.
func TestUpdate_EndsItsOwnQuarantine(t *testing.T) {
	f := setup(t)
	old := f.claimAt(t, f.acme.ID, "billing.acme.test", tenant.DomainQuarantined)
	again, other := f.claim(t, f.acme.ID, "billing.acme.test"), f.claim(t, f.globe.ID, "billing.acme.test")
	_, err := f.store.Update(t.Context(), f.globe.ID, other.ID, to(tenant.DomainPendingDNS))
	is(t, "another tenant", err, tenant.ErrTaken)
	_, err = f.store.Update(t.Context(), f.acme.ID, again.ID, func(d *tenant.Domain) error {
		d.Reason = strings.Repeat("too long", 9)
		return to(tenant.DomainPendingDNS)(d)
	})
	if err == nil {
		t.Fatal("control: a reason that cannot be stored is stored")
	}
	if still, err := f.store.Domain(t.Context(), f.acme.ID, old.ID); err != nil || still.Status != tenant.DomainQuarantined {
		t.Errorf("after a failure: %+v, %v", still, err)
	}
	held, err := f.store.Update(t.Context(), f.acme.ID, again.ID, to(tenant.DomainPendingDNS))
	if err != nil || held.Epoch <= old.Epoch {
		t.Errorf("epoch %d after %d, %v", held.Epoch, old.Epoch, err)
	}
	history, err := f.store.History(t.Context(), f.acme.ID, old.ID, 1)
	want := tenant.DomainStep{At: at, From: tenant.DomainQuarantined, To: tenant.DomainDeleted, Reason: "claim.again"}
	if err != nil || len(history) != 1 || history[0] != want {
		t.Errorf("its end: %v, %v", history, err)
	}
	if holders := f.holders(t, held.Host); len(holders) != 1 {
		t.Errorf("held by %v", holders)
	}
}

// Fifty proofs at once by two tenants: one holds the name, all others hear that it is taken.
func TestUpdate_OfManyProofsAtOnceOneWins(t *testing.T) {
	f := setup(t)
	var wg sync.WaitGroup
	results := make(chan error, 50)
	for i := range cap(results) {
		id, rival := f.acme.ID, f.globe.ID
		if i%2 == 1 {
			id, rival = rival, id
		}
		wg.Go(func() {
			d, _, err := f.store.Claim(t.Context(), id, domains.NewClaim{Host: host("billing.acme.test"), Label: label, Token: token, Limit: 1})
			if err != nil {
				t.Error(err)
				return
			}
			_, err = f.store.Update(t.Context(), id, d.ID, func(d *tenant.Domain) error {
				if d.Status != tenant.DomainPendingOwnership {
					return nil // an earlier one of this tenant has won
				}
				return to(tenant.DomainPendingDNS)(d)
			})
			if err != nil && strings.Contains(err.Error(), string(rival)) {
				t.Errorf("the refusal tells who holds the host: %v", err)
			}
			results <- err
		})
	}
	wg.Wait()
	close(results)
	won, lost := 0, 0
	for err := range results {
		if err == nil {
			won++
			continue
		}
		lost++
		is(t, "a loser", err, tenant.ErrTaken)
	}
	if holders := f.holders(t, host("billing.acme.test")); len(holders) != 1 || won != 25 || lost != 25 {
		t.Errorf("held by %v, %d won and %d lost", holders, won, lost)
	}
}

// Two steps in one change: without the head's lock before the first, one claim waits for the head while it is waited for at the host.
func TestUpdate_RivalsWithManyStepsDoNotDeadlock(t *testing.T) {
	f := setup(t)
	var wg sync.WaitGroup
	for i := range 8 {
		name := fmt.Sprintf("h%d.acme.test", i)
		one, two := f.claimAt(t, f.acme.ID, name, tenant.DomainTimedOut), f.claim(t, f.globe.ID, name)
		three := f.create(t, tenant.Draft{Slug: fmt.Sprintf("rival%d", i), Name: "Rival"})
		rivals := []func() error{
			func() error {
				return third(f.store.Update(t.Context(), one.Tenant, one.ID, to(path(one.Status, tenant.DomainIssuing)...)))
			},
			func() error {
				return third(f.store.Update(t.Context(), two.Tenant, two.ID, to(path(two.Status, tenant.DomainPendingDNS)...)))
			},
			func() error { return third(f.store.AddDomain(t.Context(), three.ID, host(name))) },
			func() error { return third(f.store.Suspend(t.Context(), f.acme.ID)) },
			func() error { return third(f.store.Resume(t.Context(), f.acme.ID)) },
		}
		for _, act := range rivals {
			wg.Go(func() {
				if err := act(); err != nil && !strings.Contains(err.Error(), tenant.ErrTaken.Error()) {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for i := range 8 {
		if holders := f.holders(t, host(fmt.Sprintf("h%d.acme.test", i))); len(holders) != 1 {
			t.Errorf("h%d is held by %v", i, holders)
		}
	}
}
