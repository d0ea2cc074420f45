package access_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// live reports whether a session still stands, by its copy and by the record.
func (n *node) live(h *house, g access.Grant) bool {
	ctx := context.Background()
	sess, err := n.Authenticate(ctx, h.site, g.Token)
	return err == nil && n.Recheck(ctx, sess) == nil
}

func TestEndOwn_EndsOneOfTheContactsSessionsOnEveryNode(t *testing.T) {
	h := newHouse(t)
	a, b := h.node(t), h.node(t)
	here, there := a.signIn(t, h.site), b.signIn(t, h.site)
	if !a.live(h, there) || !b.live(h, here) {
		t.Fatal("control: the sessions do not work")
	}
	for range 2 { // a second time changes nothing
		if err := a.EndOwn(context.Background(), here.Session, there.Session.ID, visitor); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []*node{a, b} {
		if _, err := n.Authenticate(context.Background(), h.site, there.Token); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("the session that was ended: %v, want ErrNoSession", err)
		}
		if !n.live(h, here) {
			t.Error("the session that ended it has ended too")
		}
	}
	const q = `SELECT count(*) FROM audit_events WHERE kind = 'session.revoked' AND actor = 'contact' AND actor_id = 'con_1' AND session_id = $1
		AND details->>'why' = 'signed out from another session'`
	if n := h.count(t, h.tenant.ID, q, there.Session.ID); n != 1 {
		t.Errorf("%d audit entries, want 1", n)
	}
}

func TestEndOwn_RefusesWhatIsNotOnesOwn(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.exec(t, h.tenant.ID, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ('ten_acme', 'con_2', 'co_1', 'Second', 'second@acme.example')`)
	other := h.addTenant(t, "other")
	mine, foreign := n.signIn(t, h.site), n.signIn(t, other)
	colleague := n.signInAs(t, h.site, "con_2")
	_, pending := n.mint(t, h.site)
	for name, id := range map[string]string{"another tenant's": foreign.Session.ID, "a colleague's": colleague.Session.ID, "unknown": "ses_none", "none": "",
		"not yet open": pending.Session.ID} {
		if err := n.EndOwn(context.Background(), mine.Session, id, visitor); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	posing := mine.Session
	posing.Tenant = other.Tenant.ID
	if err := n.EndOwn(context.Background(), posing, foreign.Session.ID, visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("with this session's id at the other tenant: %v, want ErrNoSession", err)
	}
	if !n.live(h, mine) || !n.live(h, colleague) {
		t.Error("a session has ended")
	}
	if sess, err := n.Authenticate(context.Background(), other, foreign.Token); err != nil || n.Recheck(context.Background(), sess) != nil {
		t.Error("another tenant's session has ended")
	}
}

func TestSignOutEverywhere_EndsAllOfTheContactAndNobodyElse(t *testing.T) {
	h := newHouse(t)
	a, b := h.node(t), h.node(t)
	h.exec(t, h.tenant.ID, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ('ten_acme', 'con_2', 'co_1', 'Second', 'second@acme.example')`)
	mine := []access.Grant{a.signIn(t, h.site), b.signIn(t, h.site), a.signIn(t, h.site)}
	colleague := a.signInAs(t, h.site, "con_2")
	if err := b.SignOutEverywhere(context.Background(), mine[1].Session, visitor); err != nil {
		t.Fatal(err)
	}
	for i, g := range mine {
		for _, n := range []*node{a, b} {
			if _, err := n.Authenticate(context.Background(), h.site, g.Token); !errors.Is(err, access.ErrNoSession) {
				t.Errorf("session %d: %v, want ErrNoSession", i, err)
			}
		}
	}
	if !a.live(h, colleague) {
		t.Error("a colleague was signed out")
	}
}

// A session that has ended is still read from a copy for a moment; it must not end others then.
func TestSignOutEverywhere_IsNotForASessionThatHasEnded(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	for name, end := range map[string]string{
		"revoked":          `UPDATE crm_client_portal_sessions SET revoked_at = now() WHERE id = $1`,
		"expired":          `UPDATE crm_client_portal_sessions SET expires_at = now() WHERE id = $1`,
		"contact disabled": `UPDATE contacts SET status = 'disabled' WHERE id = (SELECT contact_id FROM crm_client_portal_sessions WHERE id = $1)`,
	} {
		h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'active'`)
		ended, other := n.signIn(t, h.site), n.signIn(t, h.site)
		h.exec(t, h.tenant.ID, end, ended.Session.ID)
		if err := n.SignOutEverywhere(context.Background(), ended.Session, visitor); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("%s: %v, want ErrNoSession", name, err)
		}
		if !n.live(h, other) {
			t.Errorf("%s: it ended another session", name)
		}
	}
}

func TestSignOutEverywhere_AtOnceOnTwoNodesHappensOnce(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	var grants []access.Grant
	for range 10 {
		grants = append(grants, nodes[0].signIn(t, h.site))
	}
	var group sync.WaitGroup
	for i, g := range grants {
		group.Go(func() {
			if err := nodes[i%2].SignOutEverywhere(context.Background(), g.Session, visitor); err != nil && !errors.Is(err, access.ErrNoSession) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'session.revoked'`); n != len(grants) {
		t.Errorf("%d audit entries, want one for each of %d sessions", n, len(grants))
	}
}

// signInAs opens a session of one contact.
func (n *node) signInAs(t *testing.T, site *tenant.Site, contact string) access.Grant {
	t.Helper()
	p, err := n.Mint(context.Background(), site.Tenant, access.MintRequest{ContactID: contact, By: access.Actor{Kind: "api", ID: "key_1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(p.URL, "/portal/l/")
	grant, err := n.Redeem(context.Background(), site, token, "", visitor)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// A confirmed session's provisional predecessor works on for a moment, for requests that are under way. It ends with its successor.
func TestEndOwn_EndsAlsoWhatTheSessionWasBefore(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	first := n.open(t, h, h.document(t, n))
	h.read(t, first.Session)
	second, err := n.Confirm(ctx, h.site, first.Session, visitor)
	if err != nil {
		t.Fatal(err)
	}
	here := n.signIn(t, h.site)
	if !n.live(h, first) || !n.live(h, second) {
		t.Fatal("control: the two do not overlap")
	}
	if err := n.EndOwn(ctx, here.Session, second.Session.ID, visitor); err != nil {
		t.Fatal(err)
	}
	if n.live(h, first) || n.live(h, second) || !n.live(h, here) {
		t.Errorf("live: the predecessor %t, the session %t, the one that ended them %t", n.live(h, first), n.live(h, second), n.live(h, here))
	}
}
