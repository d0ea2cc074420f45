package certs_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/certs/localca"
	"tollhouse/tenant"
)

// giveUp revokes a host's certificate as a domain that ends does.
func (f *fleet) giveUp(host string, reason certs.Reason) {
	f.t.Helper()
	err := pgx.BeginFunc(context.Background(), f.db.App, func(tx pgx.Tx) error {
		return certsdb.RequestRevocation(context.Background(), tx, tenant.MustParseHostname(host), reason)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// revoked waits until the CA knows of a number of revocations and returns them.
func (f *fleet) revoked(n int) []localca.Revocation {
	f.t.Helper()
	eventually(f.t, "the CA was told", func() bool { return len(f.ca.Revocations()) >= n })
	return f.ca.Revocations()
}

func (f *fleet) execute(q string, args ...any) {
	f.t.Helper()
	if _, err := f.db.Owner.Exec(context.Background(), q, args...); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) count(q string) (n int) {
	f.t.Helper()
	if err := f.db.Owner.QueryRow(context.Background(), q).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

func (f *fleet) noKeyIsKept() {
	f.t.Helper()
	const kept = `SELECT count(*) FROM certificate_revocations WHERE revoked_at IS NULL OR key_sealed IS NOT NULL OR previous IS NOT NULL`
	eventually(f.t, "the keys are forgotten", func() bool { return f.count(kept) == 0 })
}

func TestRevoke_AHostThatIsGivenUpIsServedNowhereAndRevokedAtItsCA(t *testing.T) {
	t.Parallel()
	f, n := warm(t)
	other := f.start(quiet)
	if _, err := other.shake(billing); err != nil {
		t.Fatal(err)
	}
	serial := f.facts(billing).Serial
	f.feed.set(2) // in the record this and the next are one transaction
	f.giveUp(billing, certs.CessationOfOperation)
	if got := f.revoked(1); len(got) != 1 || got[0].Serial != serial || got[0].Reason != 5 {
		t.Errorf("revoked at the CA: %+v, want %s", got, serial)
	}
	f.noKeyIsKept()
	for _, n := range []*node{n, other} {
		eventually(t, "it is not served", func() bool { _, err := n.shake(billing); return err != nil })
	}
	if got := f.count(`SELECT count(*) FROM certificates`); got != 0 {
		t.Errorf("%d certificates are stored", got)
	}
}

func TestRevoke_AHostThatIsServedStillGetsANewKey(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(nil)
	state, err := n.shake(billing)
	if err != nil {
		t.Fatal(err)
	}
	old := state.PeerCertificates[0]
	f.giveUp(billing, certs.KeyCompromise)
	if got := f.revoked(1); got[0].Serial != old.SerialNumber.Text(16) || got[0].Reason != 1 {
		t.Errorf("revoked at the CA: %+v", got)
	}
	eventually(t, "there is another certificate", func() bool { s := f.facts(billing).Serial; return s != "" && s != old.SerialNumber.Text(16) })
	if state, err = n.shake(billing); err != nil {
		t.Fatal(err)
	}
	if state.PeerCertificates[0].PublicKey.(*ecdsa.PublicKey).Equal(old.PublicKey) {
		t.Error("the new certificate has the compromised key")
	}
	if got := f.ca.Orders(); got != 2 {
		t.Errorf("%d orders, want 2", got)
	}
}

func TestRevoke_ACAThatIsAwayIsToldLater(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	registry := prometheus.NewPedanticRegistry()
	n := f.start(func(c *certs.Config) { quiet(c); c.Registerer = registry })
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	f.ca.SetOffline(true)
	f.feed.set(2)
	f.giveUp(billing, certs.CessationOfOperation)
	eventually(t, "an attempt failed", func() bool { return f.count(`SELECT count(*) FROM certificate_revocations WHERE error <> ''`) == 1 })
	if got := f.count(`SELECT count(*) FROM certificate_revocations WHERE key_sealed IS NOT NULL AND due_at > now()`); got != 1 {
		t.Error("what was not revoked is not kept for later")
	}
	n.close()
	f.ca.SetOffline(false)
	f.execute(`UPDATE certificate_revocations SET due_at = now()`)
	f.start(quiet) // another process finds it
	f.revoked(1)
	f.noKeyIsKept()
	if got := value(t, registry, "tollhouse_certs_revocations_total", "failed"); got != 1 {
		t.Errorf("%v failed attempts are counted, want 1", got)
	}
}

// A process that dies between the CA's answer and its note repeats the request, and the CA says that it was done.
func TestRevoke_RepeatedAfterADeathIsASuccess(t *testing.T) {
	t.Parallel()
	f, n := warm(t)
	f.execute(`CREATE TABLE kept AS SELECT * FROM certificate_revocations`)
	f.feed.set(2)
	f.execute(`CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
		$$ BEGIN INSERT INTO kept SELECT NEW.*; RETURN NEW; END $$`)
	f.execute(`CREATE TRIGGER keep AFTER INSERT ON certificate_revocations FOR EACH ROW EXECUTE FUNCTION keep()`)
	f.giveUp(billing, certs.CessationOfOperation)
	f.revoked(1)
	f.noKeyIsKept()
	n.close()
	f.execute(`DROP TRIGGER keep ON certificate_revocations`)
	f.execute(`DELETE FROM certificate_revocations`)
	f.execute(`INSERT INTO certificate_revocations SELECT * FROM kept`)
	f.start(quiet)
	f.noKeyIsKept()
	if got := f.ca.Revocations(); len(got) != 1 {
		t.Errorf("the CA revoked %d times", len(got))
	}
}

func TestRevoke_WithTheCertificatesKeyWhenTheAccountIsLost(t *testing.T) {
	t.Parallel()
	f, n := warm(t)
	n.close()
	f.execute(`DELETE FROM certificate_objects`)
	f.giveUp(billing, certs.CessationOfOperation)
	f.start(quiet)
	f.revoked(1)
	f.noKeyIsKept()
}

func TestRevoke_OfACAThatIsConfiguredNoLonger(t *testing.T) {
	t.Parallel()
	f, n := warm(t)
	n.close()
	f.execute(`UPDATE certificates SET issuer = 'another-ca'`) // its key opens no more then, and nothing is left to sign with
	f.giveUp(billing, certs.CessationOfOperation)
	f.start(quiet)
	eventually(t, "it is said", func() bool {
		return f.count(`SELECT count(*) FROM certificate_revocations WHERE error LIKE 'nothing is left to revoke%' AND revoked_at IS NULL`) == 1
	})
}

func TestRevoke_WhatHasExpiredIsOnlyForgotten(t *testing.T) {
	t.Parallel()
	f, n := warm(t)
	n.close()
	f.giveUp(billing, certs.CessationOfOperation)
	f.execute(`UPDATE certificate_revocations SET not_after = now() - interval '1 minute'`)
	requests := f.ca.Requests()
	f.start(quiet)
	f.noKeyIsKept()
	if got := f.ca.Requests(); got != requests {
		t.Errorf("%d requests for a certificate that has expired", got-requests)
	}
}

// The order was begun when the host was served, and its certificate came when it was not.
func TestOrder_ACertificateForAHostThatLeftMeanwhileIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	f.ca.SetFault(localca.Fault{Delay: 300e6})
	n := f.start(quiet)
	go func() { _, _ = n.shake(billing) }()
	eventually(t, "the order is made", func() bool { return f.ca.Orders() == 1 })
	f.feed.set(2)
	eventually(t, "the host is gone", func() bool { _, ok := f.directory.Lookup(tenant.MustParseHostname(billing)); return !ok })
	f.ca.SetFault(localca.Fault{})
	f.revoked(1)
	if got := f.count(`SELECT count(*) FROM certificates`); got != 0 {
		t.Errorf("%d certificates are stored", got)
	}
}

// A key that may be known to others must be nowhere, not on a disk either.
func TestRevoke_TakesTheLocalCopiesOfAllNodes(t *testing.T) {
	t.Parallel()
	f, one, two := newFleet(t, localca.Options{}, billing), t.TempDir(), t.TempDir()
	for _, dir := range []string{one, two} {
		apart := f.apart(billing)
		if _, err := f.start(func(c *certs.Config) { apart(c); c.Copy = f.folder(dir) }).shake(billing); err != nil {
			t.Fatal(err)
		}
		f.copied(dir, billing)
	}
	f.ca.SetOffline(true)
	f.giveUp(billing, certs.KeyCompromise)
	for _, dir := range []string{one, two} {
		eventually(t, "its copy is gone", func() bool { _, err := f.folder(dir).Read(billing); return errors.Is(err, fs.ErrNotExist) })
	}
}
