package certsdb_test

import (
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
)

func due(t *testing.T, s certs.Store) (hosts []string) {
	t.Helper()
	for _, d := range must(s.Due(ctx, certs.Due{}, 10)) {
		hosts = append(hosts, d.Host.String())
	}
	return hosts
}

// refuse puts the host into an hour's back-off.
func refuse(t *testing.T, db pgtest.DB) {
	t.Helper()
	const q = `INSERT INTO certificate_failures (host, issuer, failures, reason, retry_at) VALUES ($1, $2, 1, 'no', now() + interval '1 hour')`
	if _, err := db.App.Exec(ctx, q, billing, issuer); err != nil {
		t.Fatal(err)
	}
}

func TestHurry_MakesACertificateDueAndEndsTheBackOff(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, 90*24*time.Hour))
	refuse(t, db)
	if found := must(s.Find(ctx, host)); found.RetryIn == 0 || len(due(t, s)) != 0 {
		t.Fatalf("before: %+v, due %v", found, due(t, s))
	}
	if known, err := s.Hurry(ctx, host); err != nil || !known {
		t.Fatalf("%v, %v", known, err)
	}
	if found := must(s.Find(ctx, host)); found.RetryIn != 0 || found.Bundle.RenewAt.After(time.Now()) || len(due(t, s)) != 1 {
		t.Errorf("after: %+v, due %v", found, due(t, s))
	}
	if known, err := s.Hurry(ctx, tenant.MustParseHostname("other.acme.test")); err != nil || known {
		t.Errorf("a host without a certificate: %v, %v", known, err)
	}
}

// What the CA says of its window, asked for before the request and answered after it, must not undo the request.
func TestHurry_OutlivesTheCAsWindow(t *testing.T) {
	s, _ := setup(t)
	c := newAuthority().issue(billing, 90*24*time.Hour)
	put(t, s, c)
	window := acme.RenewalInfo{UniqueIdentifier: must(acme.ARIUniqueIdentifier(c.leaf)), RetryAfter: new(time.Now().Add(time.Hour))}
	window.SuggestedWindow.Start, window.SuggestedWindow.End = time.Now().AddDate(0, 0, 50), time.Now().AddDate(0, 0, 51)
	if err := s.SetWindow(ctx, host, window); err != nil || len(due(t, s)) != 0 {
		t.Fatalf("%v, due %v", err, due(t, s))
	}
	must(s.Hurry(ctx, host))
	if err := s.SetWindow(ctx, host, window); err != nil || len(due(t, s)) != 1 {
		t.Errorf("%v, due %v", err, due(t, s))
	}
	if claimed := must(s.ClaimRefresh(ctx, time.Hour, 10)); len(claimed) != 0 {
		t.Errorf("its window is asked for again: %v", claimed)
	}
	put(t, s, newAuthority().issue(billing, 90*24*time.Hour))
	if len(due(t, s)) != 0 {
		t.Errorf("renewed, and due still: %v", due(t, s))
	}
}

func TestHurry_IsHeardByTheNodes(t *testing.T) {
	s, _ := setup(t)
	heard, ready := make(chan certs.Event, 10), make(chan struct{})
	go func() { _ = s.Listen(t.Context(), func() { close(ready) }, func(e certs.Event) { heard <- e }) }()
	<-ready
	must(s.Hurry(ctx, host))
	if e := <-heard; e.Kind != certs.Retried || e.Host != host {
		t.Errorf("%+v", e)
	}
}

func TestHurryAll_LeavesExpiredAndRefusedNamesAlone(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, 90*24*time.Hour))
	if n, err := s.HurryAll(ctx); err != nil || n != 1 || len(due(t, s)) != 1 {
		t.Errorf("%d, %v, due %v", n, err, due(t, s))
	}
	refuse(t, db)
	if n, err := s.HurryAll(ctx); err != nil || n != 1 || len(due(t, s)) != 0 {
		t.Errorf("in back-off: %d, %v, due %v", n, err, due(t, s))
	}
}
