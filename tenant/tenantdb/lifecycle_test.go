package tenantdb_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

func TestLifecycle_DatabaseHasTheSameTable(t *testing.T) {
	f := setup(t)
	got, want := map[[2]tenant.DomainStatus]bool{}, map[[2]tenant.DomainStatus]bool{}
	rows, err := f.db.App.Query(t.Context(), `SELECT from_status, to_status FROM domain_steps`)
	if err != nil {
		t.Fatal(err)
	}
	var pair [2]tenant.DomainStatus
	if _, err := pgx.ForEachRow(rows, []any{&pair[0], &pair[1]}, func() error { got[pair] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, from := range tenant.DomainStatuses() {
		for _, to := range tenant.DomainStatuses() {
			if from.May(to) {
				want[[2]tenant.DomainStatus{from, to}] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 60 {
		t.Errorf("%d steps, -code +database:\n%s", len(want), diff)
	}
}

// The database is asked past the store, as the server's own role: whatever the program writes, no other step can be stored.
func TestLifecycle_DatabaseTakesTheseStepsAndNoOther(t *testing.T) {
	f := setup(t)
	const insert = `INSERT INTO domains (tenant_id, id, host, status) VALUES ($1, $2, $3, $4)`
	const step = `UPDATE domains SET status = $3 WHERE tenant_id = $1 AND id = $2`
	for i, from := range tenant.DomainStatuses() {
		id := fmt.Sprintf("dom_%d", i)
		f.owner(t, f.acme.ID, insert, f.acme.ID, id, fmt.Sprintf("h%d.acme.test", i), from)
		for _, to := range append(tenant.DomainStatuses(), "draft", "nonsense") {
			err := rls.Tx(t.Context(), f.db.App, f.acme.ID, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), step, f.acme.ID, id, to); err != nil {
					return err
				}
				return errStop
			})
			switch refused := rls.Violates(err, "domain_step"); {
			case from == to || from.May(to):
				is(t, fmt.Sprintf("%s to %s", from, to), err, errStop)
			case !refused:
				t.Errorf("%s to %s: %v, want a refusal", from, to, err)
			}
		}
	}
}

func TestLifecycle_TheServersRoleCannotChangeTheTableOrTheHistory(t *testing.T) {
	f := setup(t)
	d := f.claim(t, f.acme.ID, "billing.acme.test")
	for _, q := range []string{
		`INSERT INTO domain_steps VALUES ('deleted', 'active')`, `DELETE FROM domain_steps`, `ALTER TABLE domains DISABLE TRIGGER domains_step`,
		`UPDATE domain_history SET reason = 'x'`, `DELETE FROM domain_history`, `DELETE FROM domains WHERE id = '` + d.ID + `'`,
	} {
		if err := rls.Tx(t.Context(), f.db.App, f.acme.ID, func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), q); return err }); err == nil {
			t.Errorf("%s is carried out", q)
		}
	}
}

func TestHolds_AgreesWithTheDatabasesReferee(t *testing.T) {
	f := setup(t)
	const insert = `INSERT INTO domains (tenant_id, id, host, status) VALUES ($1, $2, $3, $4)`
	for i, status := range tenant.DomainStatuses() {
		name := fmt.Sprintf("h%d.acme.test", i)
		f.owner(t, f.acme.ID, insert, f.acme.ID, fmt.Sprintf("dom_%d", i), name, status)
		holder, err := f.store.Holder(t.Context(), host(name))
		if status.Holds() && (err != nil || holder.Tenant != f.acme.ID || holder.Status != status) {
			t.Errorf("%s: the holder is %+v, %v", status, holder, err)
		}
		if !status.Holds() {
			is(t, string(status), err, tenant.ErrNotFound)
		}
		err = rls.Tx(t.Context(), f.db.App, f.globe.ID, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), insert, f.globe.ID, fmt.Sprintf("dom_%d", i), name, tenant.DomainActive)
			return err
		})
		if rls.Violates(err, "domains_one_holder") != status.Holds() {
			t.Errorf("%s: a second holder: %v", status, err)
		}
	}
}

func TestFeed_HandsOutExactlyTheServedStatuses(t *testing.T) {
	f := setup(t)
	const insert = `INSERT INTO domains (tenant_id, id, host, status) VALUES ($1, $2, $3, $4)`
	for i, status := range tenant.DomainStatuses() {
		f.owner(t, f.acme.ID, insert, f.acme.ID, fmt.Sprintf("dom_%d", i), fmt.Sprintf("h%d.acme.test", i), status)
	}
	snapshot, err := f.store.Feed(slog.New(slog.DiscardHandler)).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	served := map[tenant.Hostname]bool{}
	for _, site := range snapshot.Sites {
		served[site.Host] = true
	}
	for i, status := range tenant.DomainStatuses() {
		if got := served[host(fmt.Sprintf("h%d.acme.test", i))]; got != status.Served() {
			t.Errorf("%s: handed out %v", status, got)
		}
	}
}

// Whoever proves the name next must not be served with what was ordered for this tenant, on whatever way it goes.
func TestUpdate_TellsThatAHostIsLostWhoseProofIsGone(t *testing.T) {
	f := setup(t)
	store, noted := f.watched()
	for i, way := range [][]tenant.DomainStatus{
		{tenant.DomainPendingDNS, tenant.DomainPendingOwnership}, {tenant.DomainPendingDNS, tenant.DomainTimedOut},
		{tenant.DomainQuarantined, tenant.DomainDeleted},
	} {
		d := f.claimAt(t, f.acme.ID, fmt.Sprintf("h%d.acme.test", i), tenant.DomainIssuing)
		noted.lost = nil
		if _, err := store.Update(t.Context(), d.Tenant, d.ID, to(way...)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]tenant.Hostname{d.Host}, noted.lost, same); diff != "" {
			t.Errorf("%v: lost (-want +got):\n%s", way, diff)
		}
	}
}
