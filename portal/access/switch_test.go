package access_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// addSeat makes a contact at a company of its own.
func (h *house) addSeat(t *testing.T, id tenant.ID, contact, email string) {
	t.Helper()
	h.exec(t, id, `INSERT INTO companies (tenant_id, id, name, currency) VALUES ($1, $2, 'Company of ' || $3::text, 'USD')`, string(id), "co_"+contact, contact)
	h.exec(t, id, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, $2, $3, 'Accounts payable', $4)`, string(id), contact, "co_"+contact, email)
}

// signInByLogin opens a session by a link that was asked for in the portal.
func (n *node) signInByLogin(t *testing.T, h *house) access.Grant {
	t.Helper()
	grant := n.signIn(t, h.site)
	h.exec(t, h.tenant.ID, `UPDATE portal_links SET purpose = 'login' WHERE id = $1`, grant.Session.LinkID)
	return grant
}

func TestSwitch_GoesToAnotherCompanyWithANewToken(t *testing.T) {
	h := newHouse(t)
	a, b := h.node(t), h.node(t)
	h.addSeat(t, h.tenant.ID, "con_2", "PAYABLES@acme.example")
	first := a.signInByLogin(t, h)
	if !b.live(h, first) {
		t.Fatal("control: the session does not work")
	}
	second, err := a.Switch(context.Background(), h.site, first.Session, "con_2", visitor)
	if err != nil {
		t.Fatal(err)
	}
	s := second.Session
	if s.ContactID != "con_2" || s.CompanyID != "co_con_2" || s.ID == first.Session.ID || second.Token == first.Token || second.Target != "/portal/" {
		t.Errorf("switched to %+v", second)
	}
	if !s.ExpiresAt.Equal(first.Session.ExpiresAt) {
		t.Errorf("it ends at %s, the first would have at %s", s.ExpiresAt, first.Session.ExpiresAt)
	}
	for i, n := range []*node{a, b} {
		if n.live(h, first) || !n.live(h, second) {
			t.Errorf("node %d: the first lives: %t, the second: %t", i, n.live(h, first), n.live(h, second))
		}
	}
	if _, err := a.Switch(context.Background(), h.site, first.Session, "con_2", visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("once more from the first: %v, want ErrNoSession", err)
	}
	back, err := b.Switch(context.Background(), h.site, s, "con_1", visitor)
	if err != nil || back.Session.CompanyID != "co_1" {
		t.Errorf("back again: %+v, %v", back.Session, err)
	}
	for q, want := range map[string]int{
		`SELECT count(*) FROM audit_events WHERE kind = 'session.switched' AND actor_id = 'con_2' AND company_id = 'co_con_2'`:                         1,
		`SELECT count(*) FROM audit_events WHERE kind = 'session.revoked' AND company_id = 'co_1' AND details->>'why' = 'switched to another company'`: 1,
		`SELECT count(*) FROM audit_events WHERE company_id = 'co_1' AND row(audit_events.*)::text LIKE '%co_con_2%'`:                                  0,
	} {
		if n := h.count(t, h.tenant.ID, q); n != want {
			t.Errorf("%d, want %d: %s", n, want, q)
		}
	}
}

func TestSwitch_OnlyToASeatOfTheSameMailbox(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	other := h.addTenant(t, "other")
	for contact, email := range map[string]string{"con_else": "else@acme.example", "con_disabled": "payables@acme.example", "con_removed": "payables@acme.example",
		"con_off": "payables@acme.example", "con_good": "payables@acme.example"} {
		h.addSeat(t, h.tenant.ID, contact, email)
	}
	h.exec(t, h.tenant.ID, `UPDATE contacts SET status = substr(id, 5) WHERE id IN ('con_disabled', 'con_removed')`)
	h.exec(t, h.tenant.ID, `UPDATE companies SET portal_enabled = false WHERE id = 'co_con_off'`)
	h.addSeat(t, other.Tenant.ID, "con_foreign", "payables@acme.example")
	first := n.signInByLogin(t, h)
	for _, to := range []string{"con_else", "con_disabled", "con_removed", "con_off", "con_foreign", "con_1", "con_none", ""} {
		if _, err := n.Switch(context.Background(), h.site, first.Session, to, visitor); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("to %q: %v, want ErrNotFound", to, err)
		}
	}
	if !n.live(h, first) {
		t.Fatal("a refusal ended the session")
	}
	if _, err := n.Switch(context.Background(), h.site, first.Session, "con_good", visitor); err != nil {
		t.Errorf("control: %v", err)
	}
}

// A link to one document may have been passed on, and one of the API was made for one contact: neither shows that the mailbox is theirs.
func TestSwitch_OnlyFromASessionOfALoginLink(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.addSeat(t, h.tenant.ID, "con_2", "payables@acme.example")
	for name, change := range map[string]string{
		"a link of the API":     `UPDATE portal_links SET purpose = 'api' WHERE id = $1`,
		"a document's link":     `UPDATE portal_links SET purpose = 'document' WHERE id = $1`,
		"a provisional session": `UPDATE crm_client_portal_sessions SET level = 'provisional' WHERE link_id = $1`,
		"no link":               `UPDATE crm_client_portal_sessions SET link_id = NULL WHERE link_id = $1`,
	} {
		grant := n.signInByLogin(t, h)
		h.exec(t, h.tenant.ID, change, grant.Session.LinkID)
		if several, err := n.store.Several(context.Background(), grant.Session); err != nil || several {
			t.Errorf("%s: several %t, %v", name, several, err)
		}
		if _, err := n.Switch(context.Background(), h.site, grant.Session, "con_2", visitor); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	grant := n.signInByLogin(t, h)
	if several, err := n.store.Several(context.Background(), grant.Session); err != nil || !several {
		t.Errorf("control: several %t, %v", several, err)
	}
}

func TestSwitch_AtOnceOnTwoNodesHappensOnce(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	h.addSeat(t, h.tenant.ID, "con_2", "payables@acme.example")
	first := nodes[0].signInByLogin(t, h)
	var group sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		group.Go(func() { _, errs[i] = nodes[i%2].Switch(context.Background(), h.site, first.Session, "con_2", visitor) })
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, access.ErrNoSession):
			t.Error(err)
		}
	}
	if live := h.count(t, h.tenant.ID, `SELECT count(*) FROM crm_client_portal_sessions WHERE revoked_at IS NULL`); won != 1 || live != 1 {
		t.Errorf("%d switched, %d sessions live, want 1 and 1", won, live)
	}
}
