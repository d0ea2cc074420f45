package certsdb_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant/seal"
)

const (
	oldKey = "old:" + "1111111111111111111111111111111111111111111111111111111111111111"
	newKey = "new:" + "2222222222222222222222222222222222222222222222222222222222222222"
)

// withKeys opens the store with a ring, the newest key first.
func withKeys(t testing.TB, db pgtest.DB, keys ...string) *certsdb.Store {
	t.Helper()
	return open(t, db, func(c *certsdb.Config) { c.Ring = ringOf(keys...) })
}

func ringOf(keys ...string) *seal.Ring { return must(seal.ParseRing(strings.Join(keys, ","))) }

// rotate goes over all places in steps of n.
func rotate(t testing.TB, db pgtest.DB, n int, keys ...string) (resealed int, unreadable []string) {
	t.Helper()
	for _, p := range certsdb.SealedPlaces(db.App, ringOf(keys...)) {
		done, err := seal.ResealAll(ctx, p, n, func(context.Context) {})
		if err != nil {
			t.Fatal(err)
		}
		resealed += done.Resealed
		unreadable = append(unreadable, done.Unreadable...)
	}
	return resealed, unreadable
}

func tally(t testing.TB, db pgtest.DB) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, p := range certsdb.SealedPlaces(db.App, ringOf(newKey)) {
		for id, n := range must(p.Tally(ctx)) {
			all[id] += n
		}
	}
	return all
}

func TestReseal_AfterwardsTheOldKeyIsNotNeeded(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t)
	ca := newAuthority()
	before := withKeys(t, db, oldKey)
	first, second := ca.issue(billing, 24*time.Hour), ca.issue(billing, 24*time.Hour)
	put(t, before, first)
	put(t, before, second)
	for i := range 25 {
		if err := before.Store(ctx, fmt.Sprintf("acme/account/%d", i), []byte("secret")); err != nil {
			t.Fatal(err)
		}
	}
	if n, unreadable := rotate(t, db, 7, newKey, oldKey); n != 27 || len(unreadable) != 0 {
		t.Errorf("%d values were sealed anew, want 27; not readable: %v", n, unreadable)
	}
	if got := tally(t, db); got["new"] != 27 || len(got) != 1 {
		t.Errorf("keys in use: %v", got)
	}
	after := withKeys(t, db, newKey)
	if found, err := after.Find(ctx, host); err != nil || string(found.Bundle.KeyPEM) != string(second.key) || found.Bundle.Version != 2 {
		t.Errorf("without the old key: %v", err)
	}
	if got, err := after.Load(ctx, "acme/account/24"); err != nil || string(got) != "secret" {
		t.Errorf("without the old key: %q, %v", got, err)
	}
	request(t, db, certs.CessationOfOperation)
	due := must(after.TakeRevocations(ctx, 1))
	if len(due[0].Issued) != 2 || string(due[0].Issued[1].KeyPEM) != string(first.key) {
		t.Error("the generation before does not open without the old key")
	}
	if n, _ := rotate(t, db, 7, newKey, oldKey); n != 0 {
		t.Errorf("a second rotation sealed %d values", n)
	}
}

// The generation before is sealed as a whole with the newest key; its private key within must not keep the old key alive unseen.
func TestCommit_LeavesNothingOfTheOldKeyInWhatItReplaces(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t)
	ca := newAuthority()
	first := ca.issue(billing, 24*time.Hour)
	put(t, withKeys(t, db, oldKey), first)
	put(t, withKeys(t, db, newKey, oldKey), ca.issue(billing, 24*time.Hour))
	request(t, db, certs.CessationOfOperation)
	due := must(withKeys(t, db, newKey).TakeRevocations(ctx, 1))
	if len(due[0].Issued) != 2 || string(due[0].Issued[1].KeyPEM) != string(first.key) {
		t.Error("the generation before needs the old key still")
	}
}

// What an earlier rotation without this left behind.
func TestReseal_LooksIntoTheGenerationBefore(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t)
	ca := newAuthority()
	first := ca.issue(billing, 24*time.Hour)
	old := withKeys(t, db, oldKey)
	put(t, old, first)
	put(t, old, ca.issue(billing, 24*time.Hour))
	var packed []byte
	if err := db.Owner.QueryRow(ctx, `SELECT previous FROM certificates`).Scan(&packed); err != nil {
		t.Fatal(err)
	}
	aad := []byte(site + ".previous")
	outer := ringOf(newKey, oldKey).Seal(must(ringOf(oldKey).Open(packed, aad)), aad)
	execute(t, db, `UPDATE certificates SET previous = $1`, outer)
	rotate(t, db, 10, newKey, oldKey)
	request(t, db, certs.CessationOfOperation)
	due := must(withKeys(t, db, newKey).TakeRevocations(ctx, 1))
	if len(due[0].Issued) != 2 || string(due[0].Issued[1].KeyPEM) != string(first.key) {
		t.Error("the key within needs the old key still")
	}
}

func TestReseal_WhatNoKeyOpensIsNamedAndKept(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t)
	put(t, withKeys(t, db, "lost:"+strings.Repeat("33", 32)), newAuthority().issue(billing, 24*time.Hour))
	if err := withKeys(t, db, oldKey).Store(ctx, "acme/account", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	execute(t, db, `INSERT INTO certificate_objects (key, value) VALUES ('damaged', ''), ('foreign', 'abc')`)
	n, unreadable := rotate(t, db, 10, newKey, oldKey)
	if n != 1 || len(unreadable) != 3 || unreadable[0] != site+".key" || unreadable[1] != "damaged" {
		t.Errorf("%d were sealed, not readable: %v", n, unreadable)
	}
	if got := tally(t, db); got["lost"] != 1 || got[""] != 2 || got["new"] != 1 {
		t.Errorf("keys in use: %v", got)
	}
}

// While nodes are started one after the other with a new ring, some seal with the one key and some with the other.
func TestReseal_BothOrdersOfTheRingWorkSideBySide(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t)
	ca := newAuthority()
	ahead, behind := withKeys(t, db, newKey, oldKey), withKeys(t, db, oldKey, newKey)
	for i, s := range []*certsdb.Store{ahead, behind, ahead, behind} {
		put(t, s, ca.issue(billing, 24*time.Hour))
		for _, reader := range []*certsdb.Store{ahead, behind} {
			if found, err := reader.Find(ctx, host); err != nil || found.Bundle == nil {
				t.Fatalf("commit %d: %v", i, err)
			}
		}
		rotate(t, db, 10, newKey, oldKey)
	}
	for id, want := range map[string]int{"node_a": 1, "node_b": 2} {
		if _, err := ahead.Beat(ctx, certs.Node{ID: id, SealKey: id}); err != nil {
			t.Fatal(err)
		}
		if got := must(certsdb.SealingKeys(ctx, db.App)); len(got) != want || got[id] != 1 {
			t.Errorf("keys that nodes seal with: %v", got)
		}
	}
}

func TestReseal_ACommitMeanwhileStands(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t)
	ca := newAuthority()
	before, after := withKeys(t, db, oldKey), withKeys(t, db, newKey, oldKey)
	put(t, before, ca.issue(billing, 24*time.Hour))
	stop := make(chan struct{})
	var rotating sync.WaitGroup
	for range 2 {
		rotating.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					rotate(t, db, 1, newKey, oldKey)
				}
			}
		})
	}
	for i := range 30 {
		c := ca.issue(billing, 24*time.Hour)
		put(t, []*certsdb.Store{before, after}[i%2], c)
		found, err := after.Find(ctx, host)
		if err != nil || string(found.Bundle.KeyPEM) != string(c.key) {
			t.Errorf("commit %d is not what is stored: %v", i, err)
		}
	}
	close(stop)
	rotating.Wait()
	rotate(t, db, 10, newKey, oldKey)
	if got := tally(t, db); len(got) != 1 || got["new"] == 0 {
		t.Errorf("keys in use: %v", got)
	}
}

// The rotation has read the old value when a commit replaces it: the rotation must not bring it back.
func TestReseal_ComparesBeforeItSwaps(t *testing.T) {
	t.Parallel()
	db := pgtest.Clone(t)
	put(t, withKeys(t, db, oldKey), newAuthority().issue(billing, 24*time.Hour))
	tx := must(db.Owner.Begin(ctx))
	defer func() { _ = tx.Rollback(ctx) }()
	const commit = `UPDATE certificates SET key_sealed = 'of another commit'`
	if _, err := tx.Exec(ctx, commit); err != nil {
		t.Fatal(err)
	}
	steps := make(chan seal.Step, 1)
	go func() {
		step, err := certsdb.SealedPlaces(db.App, ringOf(newKey, oldKey))[0].Reseal(ctx, "", 10)
		if err != nil {
			t.Error(err)
		}
		steps <- step
	}()
	const blocked = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`
	eventually(t, "the rotation waits for the commit", func() bool { return number(t, db, blocked) == 1 })
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if step := <-steps; step.Resealed != 0 || len(step.Unreadable) != 0 {
		t.Errorf("after a commit meanwhile: %+v", step)
	}
	if n := number(t, db, `SELECT count(*) FROM certificates WHERE key_sealed = 'of another commit'`); n != 1 {
		t.Error("the rotation brought the old value back")
	}
}
