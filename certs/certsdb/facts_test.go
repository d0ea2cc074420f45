package certsdb_test

import (
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
)

func facts(t testing.TB, s *certsdb.Store, h tenant.Hostname) certs.Facts {
	t.Helper()
	all, err := s.Facts(ctx, []tenant.Hostname{h})
	if err != nil {
		t.Fatal(err)
	}
	return all[h]
}

// join enters a node as one that has long been there.
func join(t testing.TB, s *certsdb.Store, db pgtest.DB, id string) {
	t.Helper()
	if _, err := s.Beat(ctx, certs.Node{ID: id, Name: "machine"}); err != nil {
		t.Fatal(err)
	}
	execute(t, db, `UPDATE nodes SET started_at = now() - interval '1 day' WHERE id = $1`, id)
}

func saw(t testing.TB, s *certsdb.Store, id string, c issued, version int64) {
	t.Helper()
	if err := s.Saw(ctx, id, []certs.Sighting{{Host: host, Serial: c.leaf.SerialNumber.Text(16), Version: version}}); err != nil {
		t.Fatal(err)
	}
}

func execute(t testing.TB, db pgtest.DB, q string, args ...any) {
	t.Helper()
	if _, err := db.Owner.Exec(ctx, q, args...); err != nil {
		t.Fatal(err)
	}
}

func counts(t testing.TB, s *certsdb.Store, serving, live int) {
	t.Helper()
	if f := facts(t, s, host); f.Serving != serving || f.Live != live {
		t.Errorf("%d of %d nodes serve, want %d of %d", f.Serving, f.Live, serving, live)
	}
}

func TestFacts_TellOfTheStoredCertificate(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := newAuthority().issue(billing, 24*time.Hour)
	if f := facts(t, s, host); f != (certs.Facts{}) {
		t.Errorf("without a certificate: %+v", f)
	}
	put(t, s, c)
	f := facts(t, s, host)
	if f.Issuer != "ca.example" || f.Serial != c.leaf.SerialNumber.Text(16) || f.Version != 1 || !f.NotAfter.Equal(c.leaf.NotAfter) ||
		!f.NotBefore.Equal(c.leaf.NotBefore) || !f.RenewAt.Before(f.NotAfter) || f.Trouble != "" {
		t.Errorf("got %+v", f)
	}
	foreign := open(t, db, func(cfg *certsdb.Config) { cfg.Roots = newAuthority().pool() })
	if f := facts(t, foreign, host); f.Serial != "" {
		t.Error("a certificate from a root that is gone counts as one")
	}
}

func TestFacts_CountNodesThatLiveAndServeThisSerial(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	ca := newAuthority()
	c := ca.issue(billing, 24*time.Hour)
	join(t, s, db, "node_a")
	join(t, s, db, "node_b")
	put(t, s, c)
	counts(t, s, 0, 2)
	saw(t, s, "node_a", c, 1)
	counts(t, s, 1, 2)
	saw(t, s, "node_b", c, 1)
	counts(t, s, 2, 2)
	next := ca.issue(billing, 24*time.Hour)
	put(t, s, next)
	counts(t, s, 0, 2)
	saw(t, s, "node_b", next, 2)
	counts(t, s, 1, 2)
	execute(t, db, `UPDATE nodes SET seen_at = now() - interval '16 seconds' WHERE id = 'node_a'`)
	counts(t, s, 1, 1)
	if err := s.Leave(ctx, "node_b"); err != nil {
		t.Fatal(err)
	}
	counts(t, s, 0, 0)
}

// A node that is started must not make every host that nobody visits look half deployed.
func TestFacts_ALaterNodeCountsOnceItWasSeen(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := newAuthority().issue(billing, 24*time.Hour)
	join(t, s, db, "node_a")
	put(t, s, c)
	saw(t, s, "node_a", c, 1)
	if _, err := s.Beat(ctx, certs.Node{ID: "node_late"}); err != nil {
		t.Fatal(err)
	}
	counts(t, s, 1, 1)
	saw(t, s, "node_late", issued{leaf: newAuthority().issue(billing, time.Hour).leaf}, 0)
	counts(t, s, 1, 2)
	saw(t, s, "node_late", c, 1)
	counts(t, s, 2, 2)
}

// A process that was stopped for a while missed what was committed meanwhile: what it served before says nothing.
func TestBeat_ANodeTakenForDeadJoinsAnew(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := newAuthority().issue(billing, 24*time.Hour)
	join(t, s, db, "node_a")
	put(t, s, c)
	saw(t, s, "node_a", c, 1)
	beat := func() certs.Pulse {
		t.Helper()
		return must(s.Beat(ctx, certs.Node{ID: "node_a"}))
	}
	if p := beat(); p.Joined || p.Live != 1 {
		t.Errorf("a living node's beat: %+v", p)
	}
	counts(t, s, 1, 1)
	execute(t, db, `UPDATE nodes SET seen_at = now() - interval '16 seconds'`)
	if p := beat(); !p.Joined || p.Live != 1 {
		t.Errorf("a dead node's beat: %+v", p)
	}
	counts(t, s, 0, 0)
	if got := must(s.Unseen(ctx, "node_a", time.Hour, 10)); len(got) != 1 || got[0] != host {
		t.Errorf("unseen: %v", got)
	}
}

func TestFade_SweepsTheDeadAndTheirSightings(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := newAuthority().issue(billing, 24*time.Hour)
	put(t, s, c)
	for _, id := range []string{"node_a", "node_b"} {
		join(t, s, db, id)
		saw(t, s, id, c, 1)
	}
	execute(t, db, `UPDATE nodes SET seen_at = now() - interval '61 minutes' WHERE id = 'node_a'`)
	const revoked = `INSERT INTO certificate_revocations (issuer, serial, host, reason, chain_pem, metadata, not_after, revoked_at)
		VALUES ('ca', 'old', 'a', 5, '', '', now() - interval '32 days', now()), ('ca', 'late', 'a', 5, '', '', now() - interval '32 days', NULL),
			('ca', 'new', 'a', 5, '', '', now() + interval '1 day', now())`
	execute(t, db, revoked)
	if err := s.Fade(ctx); err != nil {
		t.Fatal(err)
	}
	if n := number(t, db, `SELECT count(*) FROM nodes`); n != 1 {
		t.Errorf("%d nodes are left, want 1", n)
	}
	if n := number(t, db, `SELECT count(*) FROM certificate_sightings`); n != 1 {
		t.Errorf("%d sightings are left, want 1", n)
	}
	if n := number(t, db, `SELECT count(*) FROM certificate_revocations WHERE serial IN ('late', 'new')`); n != 2 {
		t.Errorf("%d revocations are left of the two that are needed", n)
	}
	if n := number(t, db, `SELECT count(*) FROM certificate_revocations`); n != 2 {
		t.Errorf("%d revocations are left, want 2", n)
	}
	if err := s.Saw(ctx, "node_a", []certs.Sighting{{Host: host, Serial: "1"}}); err == nil {
		t.Error("a node that is not in the list was seen")
	}
}

func number(t testing.TB, db pgtest.DB, q string, args ...any) (n int) {
	t.Helper()
	if err := db.Owner.QueryRow(ctx, q, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUnseen_NamesCommitsOfLateOnly(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	ca := newAuthority()
	c := ca.issue(billing, 24*time.Hour)
	join(t, s, db, "node_a")
	put(t, s, c)
	if got := must(s.Unseen(ctx, "node_a", time.Hour, 10)); len(got) != 1 {
		t.Errorf("unseen after a commit: %v", got)
	}
	saw(t, s, "node_a", c, 1)
	if got := must(s.Unseen(ctx, "node_a", time.Hour, 10)); len(got) != 0 {
		t.Errorf("unseen after a sighting: %v", got)
	}
	put(t, s, ca.issue(billing, 24*time.Hour))
	if got := must(s.Unseen(ctx, "node_a", time.Hour, 10)); len(got) != 1 {
		t.Errorf("unseen after a renewal: %v", got)
	}
	execute(t, db, `UPDATE certificates SET committed_at = now() - interval '2 hours'`)
	if got := must(s.Unseen(ctx, "node_a", time.Hour, 10)); len(got) != 0 {
		t.Errorf("unseen though long ago: %v", got)
	}
}

func TestFacts_TroubleOfTheNameAndOfTheCA(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	if _, err := s.Failed(ctx, host, certs.Refusal{Reason: "caa: forbidden"}, certs.Backoff{Base: time.Hour, Max: time.Hour}); err != nil {
		t.Fatal(err)
	}
	execute(t, db, `UPDATE certificate_failures SET code = 'caa.forbids'`)
	f := facts(t, s, host)
	if f.Trouble != "caa.forbids" || f.Reason != "caa: forbidden" || time.Until(f.RetryAt) < 59*time.Minute || f.TroubleSince.IsZero() {
		t.Errorf("a refused name: %+v", f)
	}
	execute(t, db, `DELETE FROM certificate_failures`)
	execute(t, db, `INSERT INTO ca_health (issuer, failing_since, error) VALUES ($1, now() - interval '1 hour', 'it is away')`, issuer)
	if f := facts(t, s, host); f.Trouble != "ca.unavailable" || f.Reason != "it is away" || time.Since(f.TroubleSince) < time.Hour-time.Minute {
		t.Errorf("no certificate and a CA that fails: %+v", f)
	}
	execute(t, db, `UPDATE ca_health SET code = 'ca.rate_limited', retry_at = now() + interval '1 hour'`)
	if f := facts(t, s, host); f.Trouble != "ca.rate_limited" || time.Until(f.RetryAt) < 59*time.Minute {
		t.Errorf("no certificate and a CA that is left alone: %+v", f)
	}
	put(t, s, newAuthority().issue(billing, 24*time.Hour))
	if f := facts(t, s, host); f.Trouble != "" {
		t.Errorf("a CA that fails troubles a host that needs nothing of it: %+v", f)
	}
	execute(t, db, `UPDATE certificates SET renew_at = now() - interval '1 minute'`)
	if f := facts(t, s, host); f.Trouble != "ca.rate_limited" {
		t.Errorf("a CA that fails does not trouble a host that is due: %+v", f)
	}
}

// While one of two CAs issues, nobody has to wait for the other.
func TestFacts_OneCAThatFailsOfTwoIsNoTrouble(t *testing.T) {
	t.Parallel()
	_, db := setup(t)
	s := open(t, db, func(c *certsdb.Config) { c.Fallback = "https://second.example/dir" })
	const fails = `INSERT INTO ca_health (issuer, failing_since, error, code) VALUES ($1, now(), 'it is away', 'ca.unavailable')`
	execute(t, db, fails, issuer)
	if f := facts(t, s, host); f.Trouble != "" {
		t.Errorf("one fails: %+v", f)
	}
	execute(t, db, fails, "second.example-dir")
	if f := facts(t, s, host); f.Trouble != "ca.unavailable" {
		t.Errorf("both fail: %+v", f)
	}
}
