package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/tenant/request"
)

// sightings counts the entries of a kind that name the link's contact and nobody as their actor.
func (h *house) sightings(t *testing.T, kind, state string) int {
	t.Helper()
	return h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = '`+kind+`' AND details->>'state' = '`+state+`' AND actor = 'anonymous'
		AND actor_id = '' AND company_id IS NOT NULL AND contact_id IS NOT NULL AND link_id IS NOT NULL AND session_id IS NULL`)
}

// A scanner opens a link a hundred times; the log says so once, and who else looked.
func TestLanding_IsNotedOnceForEachWhoLooks(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	look := func(v *access.Visitor) {
		t.Helper()
		if _, err := n.Landing(context.Background(), h.site, token, "", v); err != nil {
			t.Fatal(err)
		}
	}
	look(nil)
	if seen := h.sightings(t, "link.seen", "ready"); seen != 0 {
		t.Errorf("a look that nobody takes is noted %d times", seen)
	}
	for range 100 {
		look(&visitor)
	}
	if seen := h.sightings(t, "link.seen", "ready"); seen != 1 {
		t.Errorf("a hundred looks with one browser are noted %d times, want once", seen)
	}
	look(&access.Visitor{IP: visitor.IP, UserAgent: "Scanner"})
	look(&access.Visitor{IP: netip.MustParseAddr("2001:db8::1"), UserAgent: visitor.UserAgent})
	if seen := h.sightings(t, "link.seen", "ready"); seen != 3 {
		t.Errorf("three who looked are noted %d times", seen)
	}
	for i := range 60 {
		look(&access.Visitor{UserAgent: fmt.Sprint("Scanner ", i)})
	}
	if seen := h.sightings(t, "link.seen", "ready"); seen != 20 {
		t.Errorf("%d notes of one link, want 20 at most", seen)
	}
	if used := h.count(t, h.tenant.ID, `SELECT count(*) FROM portal_links WHERE used_at IS NOT NULL`); used != 0 {
		t.Error("a look used the link up")
	}
}

func TestRedeem_RefusedIsNotedWithTheReason(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	if _, err := n.Redeem(context.Background(), h.site, token, "", visitor); err != nil {
		t.Fatal(err)
	}
	if h.sightings(t, "link.refused", "used")+h.sightings(t, "link.seen", "ready") != 0 {
		t.Error("a link that works is noted as refused, or as seen")
	}
	for range 3 {
		if _, err := n.Redeem(context.Background(), h.site, token, "", visitor); !errors.As(err, new(*access.DeadLinkError)) {
			t.Fatal(err)
		}
	}
	if refused := h.sightings(t, "link.refused", "used"); refused != 1 {
		t.Errorf("%d notes of one visitor's refusals, want 1", refused)
	}
	h.exec(t, h.tenant.ID, `UPDATE companies SET portal_enabled = false`)
	if _, err := n.Redeem(context.Background(), h.site, token, "", visitor); err == nil {
		t.Fatal("redeemed twice")
	}
	if refused := h.sightings(t, "link.refused", "portal_off"); refused != 1 {
		t.Errorf("another reason is noted %d times, want 1", refused)
	}
	made := token[:42] + "A"
	if _, err := n.Redeem(context.Background(), h.site, made, "", visitor); !errors.As(err, new(*access.DeadLinkError)) {
		t.Fatal(err)
	}
	if all := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'link.refused'`); all != 2 {
		t.Errorf("a made-up token left %d entries", all-2)
	}
}

// Where somebody looked from is kept only if the tenant wants that.
func TestSightings_KeepNoVisitorWhenTheTenantDoesNot(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.exec(t, h.tenant.ID, `UPDATE tenants SET log_visitors = false`)
	token, _ := n.mint(t, h.site)
	for i := range 3 {
		if _, err := n.Landing(context.Background(), h.site, token, "", &access.Visitor{IP: visitor.IP, UserAgent: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if kept := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind LIKE 'link.%' AND actor = 'anonymous' AND (ip IS NOT NULL OR user_agent <> '')`); kept != 0 {
		t.Errorf("%d entries say where a visitor was", kept)
	}
	if seen := h.sightings(t, "link.seen", "ready"); seen != 1 {
		t.Errorf("%d notes of visitors who cannot be told apart, want 1", seen)
	}
}

// The note costs the page nothing: it goes with the look.
func TestLanding_TakesOneRoundTripWithItsNote(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	for i := range 3 {
		info := &request.Info{}
		if _, err := n.Landing(request.With(context.Background(), info), h.site, token, "", &access.Visitor{UserAgent: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		if trips := info.Trips.Postgres.Load(); i > 0 && trips != 1 { // the first time the connection learns the statements
			t.Errorf("the page took %d round trips, want 1", trips)
		}
	}
	if seen := h.sightings(t, "link.seen", "ready"); seen != 3 {
		t.Errorf("%d notes, want 3", seen)
	}
}

// A hundred at once neither fail nor leave more than a hundred could.
func TestLanding_AHundredAtOnce(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if landing, err := n.Landing(context.Background(), h.site, token, "", &visitor); err != nil || landing.State != access.LinkReady {
				t.Errorf("%v, %v", landing.State, err)
			}
		})
	}
	group.Wait()
	if seen := h.sightings(t, "link.seen", "ready"); seen < 1 || seen > 100 {
		t.Errorf("%d notes", seen)
	}
}
