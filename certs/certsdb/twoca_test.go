package certsdb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
)

const second = "https://other.example/dir"

// pair is a store of two CAs.
func pair(t *testing.T, db pgtest.DB, order ...string) *certsdb.Store {
	t.Helper()
	return open(t, db, func(cfg *certsdb.Config) { cfg.CA, cfg.Fallback = order[0], order[1] })
}

// from commits a certificate as one of the CA with this directory.
func from(t *testing.T, s *certsdb.Store, ca string, c issued) {
	t.Helper()
	if err := s.Lock(ctx, lease); err != nil {
		t.Fatal(err)
	}
	defer unlock(t, s, lease)
	at := strings.Replace(site, issuer, strings.Replace(strings.TrimPrefix(ca, "https://"), "/", "-", 1), 1)
	for _, piece := range []struct {
		ext   string
		value []byte
	}{{".key", c.key}, {".crt", c.chain}, {".json", c.meta}} {
		if err := s.Store(ctx, at+piece.ext, piece.value); err != nil {
			t.Fatal(err)
		}
	}
}

func find(t *testing.T, s *certsdb.Store) certs.Found {
	t.Helper()
	found, err := s.Find(ctx, host)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTwoCAs_AHostHasOneCertificateAndItsVersionsGrow(t *testing.T) {
	db := pgtest.Clone(t)
	s, a := pair(t, db, directory, second), newAuthority()
	for i, ca := range []string{directory, second, second, directory} {
		c := a.issue(billing, 90*24*time.Hour)
		from(t, s, ca, c)
		b := find(t, s).Bundle
		if b == nil || b.Version != int64(i+1) || string(b.KeyPEM) != string(c.key) || (b.CA == 0) != (ca == directory) {
			t.Errorf("after %s: %+v", ca, b)
		}
		var rows int
		if err := db.Owner.QueryRow(ctx, `SELECT count(*) FROM certificates`).Scan(&rows); err != nil || rows != 1 {
			t.Errorf("%d rows, %v: the other CA's key is kept", rows, err)
		}
	}
	// Nodes that hold version 4 must take what comes after a deletion for newer.
	if err := s.Delete(ctx, site); err != nil {
		t.Fatal(err)
	}
	from(t, s, second, a.issue(billing, time.Hour))
	if b := find(t, s).Bundle; b == nil || b.Version <= 4 {
		t.Errorf("after a deletion: %+v", b)
	}
}

func TestTwoCAs_WhatOneIssuedServesOnWhenTheConfigurationChanges(t *testing.T) {
	db := pgtest.Clone(t)
	alone, a := open(t, db, nil), newAuthority()
	c := a.issue(billing, 90*24*time.Hour)
	put(t, alone, c)
	for name, s := range map[string]*certsdb.Store{"a second CA": pair(t, db, directory, second), "the other way round": pair(t, db, second, directory)} {
		if b := find(t, s).Bundle; b == nil || string(b.KeyPEM) != string(c.key) {
			t.Errorf("%s: %+v", name, b)
		}
		if missing, err := s.Missing(ctx, []tenant.Hostname{host}); err != nil || len(missing) != 0 {
			t.Errorf("%s: missing %v, %v", name, missing, err)
		}
		if versions, err := s.Versions(ctx, []tenant.Hostname{host}); err != nil || versions[host] != 1 {
			t.Errorf("%s: versions %v, %v", name, versions, err)
		}
	}
	other := open(t, db, func(cfg *certsdb.Config) { cfg.CA = second })
	if b := find(t, other).Bundle; b != nil {
		t.Errorf("a CA that is not configured: %+v", b)
	}
}

func TestTwoCAs_TheScheduleSeesBoth(t *testing.T) {
	db := pgtest.Clone(t)
	s, a := pair(t, db, directory, second), newAuthority()
	c := a.issue(billing, 90*24*time.Hour)
	from(t, s, second, c)
	if _, err := db.Owner.Exec(ctx, `UPDATE certificates SET renew_at = now(), refresh_at = now()`); err != nil {
		t.Fatal(err)
	}
	if due, err := s.Due(ctx, certs.Due{}, 10); err != nil || len(due) != 1 {
		t.Errorf("due: %v, %v", due, err)
	}
	if hosts, err := s.ClaimRefresh(ctx, time.Hour, 10); err != nil || len(hosts) != 1 {
		t.Errorf("to refresh: %v, %v", hosts, err)
	}
	window := acme.RenewalInfo{UniqueIdentifier: must(acme.ARIUniqueIdentifier(c.leaf)), SelectedTime: time.Now().Add(-time.Hour)}
	window.SuggestedWindow.Start, window.SuggestedWindow.End = time.Now().Add(-2*time.Hour), time.Now()
	if err := s.SetWindow(ctx, host, window); err != nil {
		t.Fatal(err)
	}
	if b := find(t, s).Bundle; time.Since(b.RenewAt) < 50*time.Minute {
		t.Errorf("the window of the second CA was not taken: %s", b.RenewAt)
	}
}

func TestTwoCAs_ARefusalGoesForOneAndAFailedValidationForBoth(t *testing.T) {
	b := certs.Backoff{Base: time.Hour, Max: time.Hour}
	for code, both := range map[string]bool{certs.CodeCAA: false, certs.CodeRateLimited: false, certs.CodeValidation: true} {
		db := pgtest.Clone(t)
		s := pair(t, db, directory, second)
		if _, err := s.Failed(ctx, host, certs.Refusal{Code: code, Reason: "no"}, b); err != nil {
			t.Fatal(err)
		}
		found := find(t, s)
		if found.Wait[0] == 0 || (found.Wait[1] > 0) != both || (found.RetryIn > 0) != both || found.Code != code {
			t.Errorf("%s: %+v", code, found)
		}
		missing, err := s.Missing(ctx, []tenant.Hostname{host})
		if err != nil || len(missing) != 1 || (missing[0].RetryIn > 0) != both {
			t.Errorf("%s: missing %v, %v", code, missing, err)
		}
		if err := s.Retry(ctx, host); err != nil {
			t.Fatal(err)
		}
		if found := find(t, s); found.Wait[0] != 0 || found.RetryIn != 0 {
			t.Errorf("%s: after a retry by hand: %+v", code, found)
		}
	}
}

func TestFailed_WaitsAsLongAsTheCASaysAndKeepsWords(t *testing.T) {
	s, _ := setup(t)
	reason := strings.Repeat("ü", 300)
	got, err := s.Failed(ctx, host, certs.Refusal{Code: certs.CodePaused, Reason: reason, RetryIn: 9 * time.Hour}, certs.Backoff{Base: time.Minute, Max: time.Hour})
	if err != nil || got < 8*time.Hour {
		t.Errorf("%s, %v", got, err)
	}
	if found := find(t, s); found.Reason != strings.Repeat("ü", 250) {
		t.Errorf("the reason is %d bytes", len(found.Reason))
	}
}
