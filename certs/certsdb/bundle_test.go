package certsdb_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
)

func TestBundle_IsCommittedWithItsLastPieceOnly(t *testing.T) {
	s, _ := setup(t)
	c := newAuthority().issue(billing, 90*24*time.Hour)
	if err := s.Lock(ctx, lease); err != nil {
		t.Fatal(err)
	}
	defer unlock(t, s, lease)
	for _, piece := range []struct {
		ext   string
		value []byte
	}{{".key", c.key}, {".crt", c.chain}} {
		if err := s.Store(ctx, site+piece.ext, piece.value); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(ctx, site+piece.ext); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there before the rest: %v", piece.ext, err)
		}
	}
	if err := s.Store(ctx, site+".json", c.meta); err != nil {
		t.Fatal(err)
	}
	found, err := s.Find(ctx, host)
	if err != nil || found.Bundle == nil {
		t.Fatal(found, err)
	}
	if b := found.Bundle; b.Version != 1 || string(b.KeyPEM) != string(c.key) || string(b.ChainPEM) != string(c.chain) || !b.NotAfter.Equal(c.leaf.NotAfter) {
		t.Errorf("found another certificate than was stored: %v", b)
	}
	if left := time.Until(found.Bundle.RenewAt); left < 50*24*time.Hour || left > 60*24*time.Hour {
		t.Errorf("it is renewed in %s, want with a third of 90 days left or a little earlier", left)
	}
}

func TestBundle_RefusesWhatCannotBeServed(t *testing.T) {
	ca := newAuthority()
	good, other := ca.issue(billing, time.Hour), ca.issue(billing, time.Hour)
	for name, c := range map[string]issued{
		"another key":      {key: other.key, chain: good.chain, meta: good.meta},
		"another name":     ca.issue("other.acme.test", time.Hour),
		"expired":          ca.issue(billing, -time.Second),
		"no chain":         {key: good.key, chain: []byte("none"), meta: good.meta},
		"another root":     newAuthority().issue(billing, time.Hour),
		"an empty private": {key: nil, chain: good.chain, meta: good.meta},
	} {
		t.Run(name, func(t *testing.T) {
			_, db := setup(t)
			s := open(t, db, func(c *certsdb.Config) { c.Roots = ca.pool() })
			put(t, s, good)
			if err := s.Lock(ctx, lease); err != nil {
				t.Fatal(err)
			}
			defer unlock(t, s, lease)
			if err := write(ctx, s, c); err == nil {
				t.Error("it was committed")
			}
			found, err := s.Find(ctx, host)
			if err != nil || found.Bundle == nil || found.Bundle.Version != 1 || string(found.Bundle.KeyPEM) != string(good.key) {
				t.Errorf("the certificate before it is not as it was: %v, %v", found.Bundle, err)
			}
		})
	}
}

func TestBundle_RefusesPiecesWithoutALease(t *testing.T) {
	s, _ := setup(t)
	if err := write(ctx, s, newAuthority().issue(billing, time.Hour)); err == nil {
		t.Error("a certificate was stored without a lease")
	}
}

// Trap 7: certmagic's roll-back deletes the key that the generation being served needs.
func TestBundle_RollBackLeavesTheGenerationBefore(t *testing.T) {
	s, _ := setup(t)
	ca := newAuthority()
	first := ca.issue(billing, time.Hour)
	put(t, s, first)
	if err := s.Lock(ctx, lease); err != nil {
		t.Fatal(err)
	}
	second := ca.issue(billing, time.Hour)
	for _, step := range []error{
		s.Store(ctx, site+".key", second.key), s.Store(ctx, site+".crt", second.chain),
		s.Delete(ctx, site+".crt"), s.Delete(ctx, site+".key"),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	unlock(t, s, lease)
	if got, err := s.Load(ctx, site+".key"); err != nil || string(got) != string(first.key) {
		t.Errorf("the first key is gone: %v", err)
	}
	put(t, s, second)
	if got, err := s.Load(ctx, site+".key"); err != nil || string(got) != string(second.key) {
		t.Errorf("the second generation was not stored afterwards: %v", err)
	}
}

func TestBundle_KeepsTheGenerationBeforeAndCountsVersions(t *testing.T) {
	s, db := setup(t)
	ca := newAuthority()
	put(t, s, ca.issue(billing, time.Hour))
	put(t, s, ca.issue(billing, time.Hour))
	versions, err := s.Versions(ctx, []tenant.Hostname{host, tenant.MustParseHostname("none.acme.test")})
	if err != nil || len(versions) != 1 || versions[host] != 2 {
		t.Errorf("got %v, %v", versions, err)
	}
	var kept bool
	if err := db.Owner.QueryRow(ctx, `SELECT previous IS NOT NULL FROM certificates`).Scan(&kept); err != nil || !kept {
		t.Errorf("the generation before was not kept: %v", err)
	}
}

// In development the CA has a new root at each start.
func TestBundle_OfARootThatIsGoneIsAbsent(t *testing.T) {
	s, db := setup(t)
	old, now := newAuthority(), newAuthority()
	put(t, s, old.issue(billing, time.Hour))
	s = open(t, db, func(c *certsdb.Config) { c.Roots = now.pool() })
	if found, err := s.Find(ctx, host); err != nil || found.Bundle != nil {
		t.Errorf("Find: %v, %v", found.Bundle, err)
	}
	if s.Exists(ctx, site+".crt") {
		t.Error("it exists")
	}
	if missing, err := s.Missing(ctx, []tenant.Hostname{host}); err != nil || len(missing) != 1 {
		t.Errorf("Missing: %v, %v", missing, err)
	}
	put(t, s, now.issue(billing, time.Hour))
	if found, err := s.Find(ctx, host); err != nil || found.Bundle == nil {
		t.Errorf("one of the new root: %v, %v", found.Bundle, err)
	}
	if missing, err := s.Missing(ctx, []tenant.Hostname{host}); err != nil || len(missing) != 0 {
		t.Errorf("Missing: %v, %v", missing, err)
	}
}

// Trap 3: a node that still has the old certificate would otherwise write its dates over the new one's.
func TestWindow_IsTakenForTheStoredCertificateOnly(t *testing.T) {
	s, _ := setup(t)
	ca := newAuthority()
	old, now := ca.issue(billing, 90*24*time.Hour), ca.issue(billing, 90*24*time.Hour)
	put(t, s, old)
	put(t, s, now)
	retry := time.Now().Add(time.Hour)
	window := func(c issued) acme.RenewalInfo {
		w := acme.RenewalInfo{RetryAfter: &retry, UniqueIdentifier: must(acme.ARIUniqueIdentifier(c.leaf)), SelectedTime: time.Now().Add(-time.Minute)}
		w.SuggestedWindow.Start, w.SuggestedWindow.End = time.Now().Add(-time.Hour), time.Now()
		return w
	}
	if err := s.SetWindow(ctx, host, window(old)); err != nil {
		t.Fatal(err)
	}
	if due, err := s.Due(ctx, certs.Due{}, 10); err != nil || len(due) != 0 {
		t.Errorf("the old certificate's window made the new one due: %v, %v", due, err)
	}
	if err := s.SetWindow(ctx, host, window(now)); err != nil {
		t.Fatal(err)
	}
	if due, err := s.Due(ctx, certs.Due{}, 10); err != nil || len(due) != 1 {
		t.Errorf("its own window did not: %v, %v", due, err)
	}
}

func TestSchedule_BacksOffAfterRefusalsUntilACommit(t *testing.T) {
	s, _ := setup(t)
	b := certs.Backoff{Base: 5 * time.Minute, Max: time.Hour}
	for _, want := range []time.Duration{5 * time.Minute, 15 * time.Minute, 45 * time.Minute, time.Hour, time.Hour} {
		got, err := s.Failed(ctx, host, certs.Refusal{Reason: "dns: no record"}, b)
		if err != nil || got > want || got < want-time.Minute {
			t.Errorf("backing off %s, %v, want %s", got, err, want)
		}
	}
	found, err := s.Find(ctx, host)
	if err != nil || found.RetryIn < 50*time.Minute || found.Reason != "dns: no record" {
		t.Errorf("got %+v, %v", found, err)
	}
	if missing, err := s.Missing(ctx, []tenant.Hostname{host}); err != nil || len(missing) != 1 || missing[0].RetryIn == 0 {
		t.Errorf("got %+v, %v", missing, err)
	}
	put(t, s, newAuthority().issue(billing, time.Hour))
	if found, err := s.Find(ctx, host); err != nil || found.RetryIn != 0 || found.Bundle == nil {
		t.Errorf("after a commit: %+v, %v", found, err)
	}
}

func TestSchedule_DuePagesOnInOrder(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, 90*24*time.Hour))
	const more = `INSERT INTO certificates (host, issuer, fence, serial, not_before, not_after, renew_at, chain_pem, key_sealed, metadata)
		SELECT 'h' || n || '.acme.test', issuer, fence, serial, not_before, not_after, now() - n * interval '1 minute', chain_pem, key_sealed, metadata
		FROM certificates, generate_series(1, 5) AS n`
	if _, err := db.Owner.Exec(ctx, more); err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for after := (certs.Due{}); ; {
		page, err := s.Due(ctx, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			hosts = append(hosts, d.Host.String())
			after = d
		}
	}
	if len(hosts) != 5 || hosts[0] != "h5.acme.test" || hosts[4] != "h1.acme.test" {
		t.Errorf("got %v", hosts)
	}
}

func TestSchedule_RefreshIsClaimedOnce(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, time.Hour))
	if _, err := db.Owner.Exec(ctx, `UPDATE certificates SET refresh_at = now() - interval '1 second'`); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if got, err := s.ClaimRefresh(ctx, time.Hour, 10); err != nil || len(got) != want {
			t.Errorf("got %v, %v, want %d", got, err, want)
		}
	}
}

func TestSweep_DropsCertificatesAMonthAfterTheyExpired(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, time.Hour))
	for _, c := range []struct {
		days int
		kept bool
	}{{20, true}, {40, false}} {
		later := open(t, db, func(cfg *certsdb.Config) { cfg.Now = func() time.Time { return time.Now().AddDate(0, 0, c.days) } })
		if err := later.Sweep(ctx); err != nil || s.Exists(ctx, site+".crt") != c.kept {
			t.Errorf("after %d days: kept %v, %v, want %v", c.days, !c.kept, err, c.kept)
		}
	}
}

// Whoever can write to the database and has no key ring cannot have one host served with another's certificate.
func TestFind_RefusesARowThatWasMoved(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(host.String(), time.Hour))
	execute(t, db, `UPDATE certificates SET host = 'pay.acme.test'`)
	found, err := s.Find(ctx, tenant.MustParseHostname("pay.acme.test"))
	if err == nil || found.Bundle != nil {
		t.Errorf("%v, %v", found.Bundle, err)
	}
	execute(t, db, `UPDATE certificates SET host = $1`, host.String())
	if find(t, s).Bundle == nil {
		t.Error("moved back it is not there")
	}
}
