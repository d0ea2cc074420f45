package access_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
)

func TestProfile_IsTheContactsOwnAndNoted(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	s := n.signIn(t, h.site).Session
	for range 2 { // the second changes nothing
		if err := n.SaveProfile(ctx, s, access.Profile{Name: "  Maria Lopez ", Locale: "es"}, visitor); err != nil {
			t.Fatal(err)
		}
	}
	if h.count(t, h.tenant.ID, `SELECT count(*) FROM contacts WHERE name = 'Maria Lopez' AND locale = 'es' AND id = 'con_1'`) != 1 {
		t.Error("it is not written")
	}
	if h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'contact.changed' AND actor = 'contact' AND actor_id = 'con_1' AND details->>'changed' = 'name locale'`) != 1 ||
		h.events(t, "contact.changed") != 1 {
		t.Error("it is not noted once, as the contact's doing")
	}
	for _, name := range []string{"", "  ", strings.Repeat("x", 201), "a\nb", "a\x00b", "a\xffb", "a\u202eb", "a\u2028b"} {
		if err := n.SaveProfile(ctx, s, access.Profile{Name: name}, visitor); !errors.Is(err, access.ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET revoked_at = now() WHERE id = $1`, s.ID)
	if err := n.SaveProfile(ctx, s, access.Profile{Name: "Eve"}, visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("after the session ended: %v", err)
	}
}

func (h *house) email(t *testing.T, want string) bool {
	t.Helper()
	return h.count(t, h.tenant.ID, `SELECT count(*) FROM contacts WHERE id = 'con_1' AND email = $1`, want) == 1
}

func TestEmail_ChangesWhenBothSidesAreShown(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	other := n.signIn(t, h.site)
	token, _ := n.mint(t, h.site)
	if err := n.SendEmailCode(ctx, other.Session, "new@acme.example", visitor); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("without a code at the old address: %v", err)
	}
	g := h.stepUp(t, n)
	if err := n.SendEmailCode(ctx, g.Session, "new@acme.example", visitor); err != nil {
		t.Fatal(err)
	}
	code, to := h.codeOf(t, n)
	if to != "new@acme.example" {
		t.Errorf("the code goes to %q", to)
	}
	if err := n.ConfirmEmail(ctx, g.Session, wrong(code), visitor); !errors.As(err, new(*access.WrongCodeError)) || !h.email(t, "payables@acme.example") {
		t.Errorf("a wrong code: %v", err)
	}
	if err := n.ConfirmEmail(ctx, other.Session, code, visitor); err == nil {
		t.Error("another session of the contact takes it")
	}
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET step_up_until = now() WHERE id = $1`, g.Session.ID)
	if err := n.ConfirmEmail(ctx, g.Session, code, visitor); !errors.Is(err, access.ErrStepUp) || !h.email(t, "payables@acme.example") {
		t.Errorf("after the half hour: %v", err)
	}
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET step_up_until = now() + interval '1 minute' WHERE id = $1`, g.Session.ID)
	for i := range 2 { // pressed twice
		if err := n.ConfirmEmail(ctx, g.Session, code, visitor); err != nil || !h.email(t, "new@acme.example") {
			t.Fatalf("press %d: %v", i+1, err)
		}
	}
	if err := n.Recheck(ctx, other.Session); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("another session goes on: %v", err)
	}
	if err := n.Recheck(ctx, g.Session); err != nil {
		t.Errorf("its own ended: %v", err)
	}
	if _, err := n.Redeem(ctx, h.site, token, "", visitor); err == nil {
		t.Error("a link of the old mailbox works")
	}
	m, _ := h.mails.Load("")
	if got := m.(accessdb.Mail); got.Kind != "address_changed" || got.Address != "payables@acme.example" {
		t.Errorf("the old address is told by %+v", got)
	}
	if h.events(t, "contact.email_changed") != 1 {
		t.Error("it is not noted once")
	}
}

func TestEmail_IsNotWhatAColleagueHas(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	ctx := context.Background()
	h.exec(t, h.tenant.ID, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_2', 'co_1', 'Colleague', 'c@acme.example')`, string(h.tenant.ID))
	g := h.stepUp(t, nodes[0])
	for _, taken := range []string{"C@acme.example", "payables@acme.example"} {
		if err := nodes[0].SendEmailCode(ctx, g.Session, taken, visitor); !errors.Is(err, access.ErrConflict) {
			t.Errorf("%s: %v", taken, err)
		}
	}
	if err := nodes[0].SendEmailCode(ctx, g.Session, "new@acme.example", visitor); err != nil {
		t.Fatal(err)
	}
	code, _ := h.codeOf(t, nodes[0])
	h.exec(t, h.tenant.ID, `UPDATE contacts SET email = 'new@acme.example' WHERE id = 'con_2'`)
	if err := nodes[0].ConfirmEmail(ctx, g.Session, code, visitor); !errors.Is(err, access.ErrConflict) {
		t.Errorf("taken meanwhile: %v", err)
	}
	h.exec(t, h.tenant.ID, `UPDATE contacts SET email = 'c@acme.example' WHERE id = 'con_2'`)
	var group sync.WaitGroup
	for i := range 2 {
		group.Go(func() {
			if err := nodes[i].ConfirmEmail(ctx, g.Session, code, visitor); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := h.events(t, "contact.email_changed"); n != 1 || !h.email(t, "new@acme.example") {
		t.Errorf("changed %d times", n)
	}
}
