package apidb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"tollhouse/portal/api/apidb"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

func ringOf(t *testing.T, ids ...string) *seal.Ring {
	t.Helper()
	keys := map[string]string{"old": strings.Repeat("11", 32), "new": strings.Repeat("22", 32)}
	var text []string
	for _, id := range ids {
		text = append(text, id+":"+keys[id])
	}
	ring, err := seal.ParseRing(strings.Join(text, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestSealedReplies_AfterwardsTheOldKeyIsNotNeeded(t *testing.T) {
	b := setup(t)
	before := apidb.NewReplies(b.db.App, ringOf(t, "old"))
	for _, id := range []tenant.ID{b.a, b.b} {
		for i := range 5 {
			claim, _, err := before.Begin(t.Context(), id, fmt.Sprintf("k%d", i), hash)
			if err != nil {
				t.Fatal(err)
			}
			if err := before.Keep(t.Context(), claim, reply); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.begin(t, b.a, "at-work") // has no answer yet
	place := apidb.SealedReplies(b.db.App, ringOf(t, "new", "old"))
	if got, err := place.Tally(t.Context()); err != nil || got["old"] != 10 || len(got) != 1 {
		t.Errorf("before: %v, %v", got, err)
	}
	done, err := seal.ResealAll(t.Context(), place, 2, func(context.Context) {})
	if err != nil || done.Resealed != 10 || len(done.Unreadable) != 0 {
		t.Errorf("rotation: %+v, %v", done, err)
	}
	if got, err := place.Tally(t.Context()); err != nil || got["new"] != 10 || len(got) != 1 {
		t.Errorf("afterwards: %v, %v", got, err)
	}
	after := apidb.NewReplies(b.db.App, ringOf(t, "new"))
	if _, kept, err := after.Begin(t.Context(), b.b, "k4", hash); err != nil || kept == nil || string(kept.Body) != string(reply.Body) {
		t.Errorf("without the old key: %v, %v", kept, err)
	}
}

func TestSealedReplies_WhatNoKeyOpensIsNamedAndKept(t *testing.T) {
	b := setup(t)
	claim := b.begin(t, b.a, "k")
	if err := b.replies.Keep(t.Context(), claim, reply); err != nil { // with a ring that is lost
		t.Fatal(err)
	}
	place := apidb.SealedReplies(b.db.App, ringOf(t, "new", "old"))
	done, err := seal.ResealAll(t.Context(), place, 10, func(context.Context) {})
	if err != nil || done.Resealed != 0 || len(done.Unreadable) != 1 || !strings.Contains(done.Unreadable[0], string(b.a)) {
		t.Errorf("rotation: %+v, %v", done, err)
	}
	if _, kept, err := b.replies.Begin(t.Context(), b.a, "k", hash); err != nil || kept == nil {
		t.Errorf("the answer is gone: %v", err)
	}
}
