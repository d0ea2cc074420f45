package tenantdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

// served starts a Directory over the fixture's feed and ends it with the test.
func (f fixture) served(t *testing.T) *tenant.Directory {
	t.Helper()
	d := tenant.NewDirectory(quietLog())
	feed := f.store.Feed(quietLog())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- d.Run(ctx, feed) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		feed.Close()
	})
	eventually(t, "the first snapshot", d.Loaded)
	return d
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("%s did not come", what)
		case <-tick.C:
		}
	}
}

func site(d *tenant.Directory, name string) *tenant.Site {
	e, ok := d.Lookup(host(name))
	if !ok {
		return nil
	}
	return e.Site()
}

func TestFeed_ServesDefaultHostsAndTheAPI(t *testing.T) {
	f := setup(t)
	d := f.served(t)
	for name, id := range map[string]tenant.ID{"acme.pay.test": f.acme.ID, "globe.pay.test": f.globe.ID} {
		s := site(d, name)
		if s == nil || s.Kind != tenant.Portal || s.Tenant.ID != id || s.Links != host(name) || s.Epoch < 1 {
			t.Errorf("%s stands for %+v", name, s)
		}
	}
	if s := site(d, "api.pay.test"); s == nil || s.Kind != tenant.API || s.Tenant != nil {
		t.Errorf("the API host stands for %+v", s)
	}
	if s := site(d, "nobody.pay.test"); s != nil {
		t.Errorf("an unknown host stands for %+v", s)
	}
	if got, ok := d.Tenant(f.globe.ID); !ok || got.Name != f.globe.Name || got.TimeZone.String() != "Asia/Jerusalem" {
		t.Errorf("Tenant = %+v, %v", got, ok)
	}
}

func TestFeed_AnnouncesEveryKindOfChange(t *testing.T) {
	f := setup(t)
	d := f.served(t)
	ctx := t.Context()
	begun := time.Now()

	f.create(t, tenant.Draft{Slug: "third", Name: "Third"})
	eventually(t, "a new tenant", func() bool { return site(d, "third.pay.test") != nil })

	if _, err := f.store.AddDomain(ctx, f.acme.ID, host("billing.acme.test")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new domain", func() bool { return site(d, "billing.acme.test") != nil })
	if s := site(d, "acme.pay.test"); s.Links != host("billing.acme.test") {
		t.Errorf("new links point to %s", s.Links)
	}

	if _, err := f.store.UpdateBrand(ctx, f.acme.ID, func(b *tenant.Brand) error { b.Footer = "new"; return nil }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new brand", func() bool { return site(d, "billing.acme.test").Tenant.Brand.Footer == "new" })
	if site(d, "globe.pay.test").Tenant.Brand.Footer != "" {
		t.Error("the other tenant has the brand")
	}

	before := [2]int64{site(d, "acme.pay.test").Epoch, site(d, "billing.acme.test").Epoch}
	if _, err := f.store.Suspend(ctx, f.acme.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the suspension", func() bool { return site(d, "billing.acme.test").Tenant.Status == tenant.Suspended })
	if site(d, "acme.pay.test").Epoch <= before[0] || site(d, "billing.acme.test").Epoch <= before[1] {
		t.Errorf("epochs %v did not grow with the suspension", before)
	}

	f.owner(t, f.acme.ID, `UPDATE domains SET status = 'quarantined' WHERE tenant_id = $1`, f.acme.ID)
	eventually(t, "the loss of a domain", func() bool { return site(d, "billing.acme.test") == nil })
	if s := site(d, "acme.pay.test"); s.Links != s.Host {
		t.Errorf("new links point to a lost host, %s", s.Links)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %v: changes were found by reconciliation, not announced", took)
	}
}

func TestFeed_NewLinksPointToTheNewestGoodHost(t *testing.T) {
	f := setup(t)
	for i, name := range []string{"old.acme.test", "new.acme.test", "broken.acme.test"} {
		if _, err := f.store.AddDomain(t.Context(), f.acme.ID, host(name)); err != nil {
			t.Fatal(err)
		}
		f.owner(t, f.acme.ID, `UPDATE domains SET created_at = now() + $3 * interval '1 minute' WHERE tenant_id = $1 AND host = $2`, f.acme.ID, name, i)
	}
	f.owner(t, f.acme.ID, `UPDATE domains SET status = 'degraded' WHERE tenant_id = $1 AND host = 'broken.acme.test'`, f.acme.ID)
	d := f.served(t)
	for _, name := range []string{"acme.pay.test", "old.acme.test", "new.acme.test", "broken.acme.test"} {
		if s := site(d, name); s == nil || s.Links != host("new.acme.test") {
			t.Errorf("%s stands for %+v; want its links on new.acme.test", name, s)
		}
	}
}

func TestFeed_ListensAgainAfterALostConnection(t *testing.T) {
	f := setup(t)
	d := f.served(t)
	admin, err := pgx.Connect(t.Context(), f.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(context.Background()) }()
	const kill = `
		SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a
		WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.query = 'LISTEN directory'`
	killed := func() bool {
		var n int
		if err := admin.QueryRow(t.Context(), kill).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n > 0
	}
	begun := time.Now()
	for _, slug := range []string{"third", "fourth"} {
		eventually(t, "a listening connection", killed)
		f.create(t, tenant.Draft{Slug: slug, Name: "Late"})
		eventually(t, "a tenant made while nobody listened", func() bool { return site(d, slug+".pay.test") != nil })
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %v: found by reconciliation, not by listening again", took)
	}
}

func TestFeed_LeavesOutOnlyWhatItCannotRead(t *testing.T) {
	f := setup(t)
	f.owner(t, f.acme.ID, `UPDATE tenants SET time_zone = 'Mars/Olympus' WHERE id = $1`, f.acme.ID)
	d := f.served(t)
	if site(d, "acme.pay.test") != nil {
		t.Error("a tenant without a time zone is served")
	}
	if site(d, "globe.pay.test") == nil {
		t.Error("one tenant's trouble stopped another")
	}
	f.owner(t, f.acme.ID, `UPDATE tenants SET time_zone = 'UTC' WHERE id = $1`, f.acme.ID)
	eventually(t, "the mended tenant", func() bool { return site(d, "acme.pay.test") != nil })
}

func TestFeed_TellsThatAHostIsLeaving(t *testing.T) {
	f := setup(t)
	for _, name := range []string{"well.acme.test", "moving.acme.test"} {
		if _, err := f.store.AddDomain(t.Context(), f.acme.ID, host(name)); err != nil {
			t.Fatal(err)
		}
	}
	f.owner(t, f.acme.ID, `UPDATE domains SET status = 'moving' WHERE tenant_id = $1 AND host = $2`, f.acme.ID, "moving.acme.test")
	d := f.served(t)
	for name, want := range map[string]bool{"acme.pay.test": false, "well.acme.test": false, "moving.acme.test": true} {
		if s := site(d, name); s == nil || s.Leaving != want {
			t.Errorf("%s stands for %+v; want leaving %t", name, s, want)
		}
	}
}
