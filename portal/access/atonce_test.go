package access_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Two of one company show at the same moment that an address is theirs: the schema says whose it is, and the other changes nothing.
func TestEmail_OfTwoColleaguesAtOnceOneGetsTheAddress(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	h.exec(t, h.tenant.ID, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_2', 'co_1', 'Colleague', 'c@acme.example')`, string(h.tenant.ID))
	var sessions [2]access.Session
	var codes [2]string
	for i, contact := range []string{"con_1", "con_2"} {
		first := nodes[i].signInAs(t, h.site, contact)
		grant, err := nodes[i].PassStepUp(context.Background(), h.site, first.Session, h.sent(t, nodes[i], first.Session), visitor)
		if err != nil {
			t.Fatal(err)
		}
		if err := nodes[i].SendEmailCode(context.Background(), grant.Session, "Shared@acme.example", visitor); err != nil {
			t.Fatal(err)
		}
		sessions[i] = grant.Session
		codes[i], _ = h.codeOf(t, nodes[i])
	}
	var got atomic.Int64
	var group sync.WaitGroup
	for i := range 2 {
		group.Go(func() {
			err := nodes[i].ConfirmEmail(context.Background(), sessions[i], codes[i], visitor)
			if err == nil {
				got.Add(1)
			} else if !errors.Is(err, access.ErrConflict) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for q, want := range map[string]int{
		`SELECT count(*) FROM contacts WHERE email = 'Shared@acme.example'`:                                                   1,
		`SELECT count(*) FROM audit_events WHERE kind = 'contact.email_changed'`:                                              1,
		`SELECT count(*) FROM crm_client_portal_sessions WHERE revoked_at IS NULL AND expires_at > now() + interval '1 hour'`: 2,
	} {
		if n := h.count(t, h.tenant.ID, q); got.Load() != 1 || n != want {
			t.Errorf("%d got it; %s: %d, want %d", got.Load(), q, n, want)
		}
	}
}

func TestDraft_TakenAtOnceComesOnce(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	g := nodes[0].signIn(t, h.site)
	nodes[0].keep(t, h, g, asking)
	var came atomic.Int64
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			_, ok, err := nodes[i%2].TakeDraft(context.Background(), g.Session, asking, draft().Form, draft().Path)
			if err != nil {
				t.Error(err)
			}
			if ok {
				came.Add(1)
			}
		})
	}
	group.Wait()
	if came.Load() != 1 {
		t.Errorf("it came %d times", came.Load())
	}
}

// One lets somebody in while another turns them away, and while a third makes the same contact: one thing happens, and the log tells which.
func TestAccessRequest_DecidedByTwoAtOnceIsDecidedOnce(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	token, _ := nodes[0].mint(t, h.site)
	for range 10 {
		h.exec(t, h.tenant.ID, `UPDATE access_requests SET decided_at = now() - interval '2 days'`)
		h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'removed' WHERE id <> 'con_1'`)
		if err := nodes[0].client.FlushAll(context.Background()).Err(); err != nil {
			t.Fatal(err)
		}
		nodes[0].ask(t, h, token, "Dana", stranger)
		id := nodes[0].requests(t, h)[0].ID
		var done atomic.Int64
		var group sync.WaitGroup
		by := access.Actor{Kind: "api", ID: "key_1"}
		for _, decide := range []func() error{
			func() error {
				_, err := nodes[0].ApproveAccess(context.Background(), h.tenant.ID, id, access.Approval{Role: access.Viewer, Mail: true, By: by})
				return err
			},
			func() error { _, err := nodes[1].DismissAccess(context.Background(), h.tenant.ID, id, by); return err },
		} {
			group.Go(func() {
				if err := decide(); err == nil {
					done.Add(1)
				} else if !errors.Is(err, access.ErrConflict) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		r := nodes[0].requests(t, h)[0]
		in := h.count(t, h.tenant.ID, `SELECT count(*) FROM contacts WHERE email = $1 AND status = 'active'`, stranger)
		decided := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind IN ('access.approved', 'access.dismissed') AND details->>'request' = $1`, id)
		if done.Load() != 1 || decided != 1 || (r.State == access.RequestApproved) != (in == 1) || r.ID != id {
			t.Fatalf("%d decided, %d entries, %d contacts, and it is %+v", done.Load(), decided, in, r)
		}
	}
}

// Whoever holds a contact's session at one company, or at one tenant, changes nothing of another's with its ids in it.
func TestActs_WithForeignIdsInASessionFindNothing(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	other := h.addTenant(t, "globex")
	g, theirs := h.stepUp(t, n), n.signIn(t, other)
	n.keep(t, h, g, asking)
	ctx := context.Background()
	for name, forge := range map[string]func(*access.Session){
		"another tenant":           func(s *access.Session) { s.Tenant = other.Tenant.ID },
		"another tenant's session": func(s *access.Session) { s.ID = theirs.Session.ID },
		"another company":          func(s *access.Session) { s.CompanyID = "co_2" },
		"another contact":          func(s *access.Session) { s.ContactID = "con_2" },
		"another host":             func(s *access.Session) { s.Host = tenant.MustParseHostname("other.portal.example") },
	} {
		s := g.Session
		forge(&s)
		for act, err := range map[string]error{
			"a step-up's code":    n.SendStepUp(ctx, s, visitor),
			"a new address":       n.SendEmailCode(ctx, s, "new@acme.example", visitor),
			"confirming one":      n.ConfirmEmail(ctx, s, "2222-2222", visitor),
			"its target":          n.WantStepUp(ctx, s, "/portal/account"),
			"whether it may act":  n.SteppedUp(ctx, s),
			"its own details":     n.SaveProfile(ctx, s, access.Profile{Name: "Mallory"}, visitor),
			"asking for somebody": n.AskForColleague(ctx, h.site, s, "", "guest@acme.example", visitor),
		} {
			if !errors.Is(err, access.ErrNoSession) {
				t.Errorf("%s, %s: %v, want ErrNoSession", name, act, err)
			}
		}
		if _, ok, err := n.TakeDraft(ctx, s, asking, draft().Form, draft().Path); ok || err != nil {
			t.Errorf("%s: gets the form: %t, %v", name, ok, err)
		}
	}
	if _, ok := n.taken(t, g.Session, asking); !ok {
		t.Error("control: the form's own session does not get it")
	}
}
