package paymentsdb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

// ringOf has keys of these names, the newest first.
func ringOf(t *testing.T, names ...string) *seal.Ring {
	t.Helper()
	var keys []string
	for _, name := range names {
		keys = append(keys, name+":"+strings.Repeat(map[string]string{"old": "11", "new": "22", "odd": "33"}[name], 32))
	}
	ring, err := seal.ParseRing(strings.Join(keys, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// resealed goes over both places with a ring, and returns how much it did and could not.
func resealed(t *testing.T, db pgtest.DB, ring *seal.Ring) (done, unreadable int) {
	t.Helper()
	for _, p := range paymentsdb.SealedPlaces(db.App, ring) {
		progress, err := seal.ResealAll(t.Context(), p, 1, func(context.Context) {})
		if err != nil {
			t.Fatal(err)
		}
		done, unreadable = done+progress.Resealed, unreadable+len(progress.Unreadable)
	}
	return done, unreadable
}

func TestSealedPlaces_AfterwardsTheOldKeyIsNotNeeded(t *testing.T) {
	db := pgtest.Clone(t)
	var shops []*paymentstest.Shop
	var waiting []string
	for range 3 {
		s := paymentstest.NewShop(t, db)
		s.Ring = ringOf(t, "old")
		s.Service = s.Node(t, nil)
		s.Exec(t, `UPDATE payment_connections SET credentials = $2 WHERE tenant_id = $1`, s.Tenant.ID,
			payments.SealCredentials(s.Ring, s.Tenant.ID, s.Connection, payments.Credentials{SecretKey: "sk_test_kept"}))
		p, err := s.Service.Pay(t.Context(), s.Tenant, s.Request("3ds", s.Sent(t, 100)))
		if err != nil || p.Action.ClientSecret == "" {
			t.Fatalf("%+v, %v", p, err)
		}
		shops, waiting = append(shops, s), append(waiting, p.ID)
	}
	if done, unreadable := resealed(t, db, ringOf(t, "odd")); done != 0 || unreadable != 6 {
		t.Errorf("with another ring: %d done, %d unreadable", done, unreadable)
	}
	if done, unreadable := resealed(t, db, ringOf(t, "new", "old")); done != 6 || unreadable != 0 {
		t.Errorf("rotating: %d done, %d unreadable", done, unreadable)
	}
	for _, p := range paymentsdb.SealedPlaces(db.App, ringOf(t, "new")) {
		if tally, err := p.Tally(t.Context()); err != nil || tally["new"] != 3 || len(tally) != 1 {
			t.Errorf("%s: %v, %v", p.Name(), tally, err)
		}
	}
	for i, s := range shops {
		s.Ring = ringOf(t, "new")
		if p, err := s.Node(t, nil).Payment(t.Context(), s.Tenant, s.Company, waiting[i]); err != nil || p.Action.ClientSecret == "" {
			t.Errorf("a payment that waits: %+v, %v", p.Action, err)
		}
		c, err := s.Store().Connection(t.Context(), s.Tenant.ID, s.Connection)
		if err != nil {
			t.Fatal(err)
		}
		if open, err := payments.OpenCredentials(s.Ring, s.Tenant.ID, c); err != nil || open.SecretKey != "sk_test_kept" {
			t.Errorf("credentials: %v", err)
		}
	}
}

// A value is bound to its row: one that is copied to another does not open there.
func TestSealedPlaces_ACopiedValueIsUnreadable(t *testing.T) {
	db := pgtest.Clone(t)
	a, b := paymentstest.NewShop(t, db), paymentstest.NewShop(t, db)
	sealed := payments.SealCredentials(ringOf(t, "old"), a.Tenant.ID, a.Connection, payments.Credentials{SecretKey: "sk_test_kept"})
	for _, s := range []*paymentstest.Shop{a, b} {
		if err := rls.Tx(t.Context(), db.App, s.Tenant.ID, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE payment_connections SET credentials = $2 WHERE tenant_id = $1`, s.Tenant.ID, sealed)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if done, unreadable := resealed(t, db, ringOf(t, "new", "old")); done != 1 || unreadable != 1 {
		t.Errorf("%d done, %d unreadable, want one of each", done, unreadable)
	}
}
