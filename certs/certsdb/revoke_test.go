package certsdb_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
)

func request(t testing.TB, db pgtest.DB, reason certs.Reason) {
	t.Helper()
	err := pgx.BeginFunc(ctx, db.App, func(tx pgx.Tx) error { return certsdb.RequestRevocation(ctx, tx, host, reason) })
	if err != nil {
		t.Fatal(err)
	}
}

// The generation before is as valid as the newest, and its key was here too.
func TestRequestRevocation_MovesBothGenerationsWithTheirKeys(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	ca := newAuthority()
	old, newest := ca.issue(billing, 24*time.Hour), ca.issue(billing, 48*time.Hour)
	put(t, s, old)
	put(t, s, newest)
	request(t, db, certs.CessationOfOperation)
	if found := must(s.Find(ctx, host)); found.Bundle != nil {
		t.Error("it is still served")
	}
	due := must(s.TakeRevocations(ctx, 10))
	if len(due) != 1 || len(due[0].Issued) != 2 {
		t.Fatalf("due: %+v", due)
	}
	if r := due[0]; r.Reason != certs.CessationOfOperation || r.Issuer != issuer || r.Serial != newest.leaf.SerialNumber.Text(16) {
		t.Errorf("due: %+v", r)
	}
	for i, c := range []issued{newest, old} {
		if one := due[0].Issued[i]; !bytes.Equal(one.KeyPEM, c.key) || !bytes.Equal(one.ChainPEM, c.chain) || !one.NotAfter.Equal(c.leaf.NotAfter) {
			t.Errorf("generation %d is not the one that was stored", i)
		}
	}
	if err := s.Revoked(ctx, due[0]); err != nil {
		t.Fatal(err)
	}
	const keys = `SELECT count(*) FROM certificate_revocations WHERE key_sealed IS NOT NULL OR previous IS NOT NULL OR revoked_at IS NULL`
	if n := number(t, db, keys); n != 0 {
		t.Error("private keys are kept after the revocation")
	}
}

// The domain's step and the certificate's end are one: if the step is not taken, nothing is revoked.
func TestRequestRevocation_GoesWithTheCallersTransaction(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, 24*time.Hour))
	fail := errors.New("the step is refused")
	err := pgx.BeginFunc(ctx, db.App, func(tx pgx.Tx) error {
		if err := certsdb.RequestRevocation(ctx, tx, host, certs.CessationOfOperation); err != nil {
			return err
		}
		return fail
	})
	if !errors.Is(err, fail) {
		t.Fatal(err)
	}
	if found := must(s.Find(ctx, host)); found.Bundle == nil {
		t.Error("the certificate is gone though the transaction was rolled back")
	}
	if due := must(s.TakeRevocations(ctx, 10)); len(due) != 0 {
		t.Errorf("due: %v", due)
	}
}

// An order that was begun before the host was given up must not bring a certificate back.
func TestRequestRevocation_EndsTheOrderUnderWay(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	if err := s.Lock(ctx, lease); err != nil {
		t.Fatal(err)
	}
	request(t, db, certs.CessationOfOperation)
	if err := write(ctx, s, newAuthority().issue(billing, 24*time.Hour)); !errors.Is(err, certsdb.ErrLeaseLost) {
		t.Errorf("committing after the host was given up: %v", err)
	}
	_ = s.Unlock(ctx, lease) // it is lost
	put(t, s, newAuthority().issue(billing, 24*time.Hour))
}

func TestRequestRevocation_TwiceOrWithoutACertificateIsNoError(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	request(t, db, certs.KeyCompromise)
	put(t, s, newAuthority().issue(billing, 24*time.Hour))
	request(t, db, certs.KeyCompromise)
	request(t, db, certs.KeyCompromise)
	if n := number(t, db, `SELECT count(*) FROM certificate_revocations`); n != 1 {
		t.Errorf("%d revocations, want 1", n)
	}
}

func TestTakeRevocations_EachGoesToOneNodeAndComesBackIfItIsNotDone(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	const many = `INSERT INTO certificate_revocations (issuer, serial, host, reason, chain_pem, metadata, not_after)
		SELECT 'ca', n::text, 'h' || n || '.acme.test', 5, '', '', now() + interval '1 day' FROM generate_series(1, 200) AS n`
	execute(t, db, many)
	var mu sync.Mutex
	taken := map[string]int{}
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			for {
				due, err := s.TakeRevocations(context.Background(), 3)
				if err != nil {
					t.Error(err)
				}
				if len(due) == 0 {
					return
				}
				mu.Lock()
				for _, r := range due {
					taken[r.Serial]++
				}
				mu.Unlock()
			}
		})
	}
	nodes.Wait()
	if len(taken) != 200 {
		t.Errorf("%d were taken, want 200", len(taken))
	}
	for serial, times := range taken {
		if times != 1 {
			t.Errorf("%s was taken %d times", serial, times)
		}
	}
	// All who took them died.
	execute(t, db, `UPDATE certificate_revocations SET due_at = due_at - interval '61 seconds'`)
	if due := must(s.TakeRevocations(ctx, 500)); len(due) != 200 || due[0].Attempts != 2 {
		t.Errorf("%d are due again, want 200", len(due))
	}
	execute(t, db, `UPDATE certificate_revocations SET due_at = due_at - interval '61 seconds'`)
	if due := must(s.TakeRevocations(ctx, 500)); len(due) != 0 {
		t.Errorf("%d are due a minute after the second attempt, want none", len(due))
	}
}
