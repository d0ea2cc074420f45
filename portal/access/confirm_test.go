package access_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/tenant/rls"
)

const invoice = "inv_00000000000000000000000001"

// document sends an invoice to the contact and returns the token of the mail's link.
func (h *house) document(t *testing.T, n *node) (token string) {
	t.Helper()
	ctx := context.Background()
	h.exec(t, h.tenant.ID, `INSERT INTO invoices (tenant_id, id, company_id, number, status, currency, issue_date, due_date, subtotal, tax, total, sent_at)
		VALUES ($1, $2, 'co_1', 'INV-1', 'sent', 'USD', '2026-04-03', '2026-05-03', 100, 0, 100, now()) ON CONFLICT DO NOTHING`, string(h.tenant.ID), invoice)
	var link access.Link
	err := rls.Tx(ctx, h.db.App, h.tenant.ID, func(tx pgx.Tx) (err error) {
		link, err = n.store.AddDocumentLink(ctx, tx, h.tenant.ID, access.Link{CompanyID: "co_1", ContactID: "con_1", DocumentKind: "invoice", DocumentID: invoice})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	url, err := n.URL(ctx, h.tenant.ID, link.ID)
	if err != nil {
		t.Fatal(err)
	}
	return url[len(url)-43:]
}

// open presses the button of a document's link.
func (n *node) open(t *testing.T, h *house, token string) access.Grant {
	t.Helper()
	grant, err := n.Redeem(context.Background(), h.site, token, "", visitor)
	if err != nil {
		t.Fatal(err)
	}
	if grant.Session.Level != access.Provisional || grant.Session.DocumentID != invoice || grant.Target != "/portal/invoices/"+invoice {
		t.Fatalf("the first exchange opens %+v to %s", grant.Session, grant.Target)
	}
	return grant
}

// read lets a provisional session have shown its document a while ago.
func (h *house) read(t *testing.T, s access.Session) {
	t.Helper()
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET rendered_at = now() - interval '3 seconds' WHERE id = $1`, s.ID)
}

func (h *house) state(t *testing.T, n *node, token string) access.LinkState {
	t.Helper()
	landing, err := n.Landing(context.Background(), h.site, token, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return landing.State
}

func TestConfirm_SpendsTheLinkAndChangesTheSession(t *testing.T) {
	h := newHouse(t)
	n, other := h.node(t), h.node(t)
	ctx := context.Background()
	token := h.document(t, n)
	first := n.open(t, h, token)
	if h.state(t, n, token) != access.LinkReady {
		t.Fatal("the first exchange spent the link")
	}
	if viewed := h.count(t, h.tenant.ID, `SELECT count(*) FROM invoices WHERE viewed_at IS NOT NULL`); viewed != 0 {
		t.Error("a provisional session viewed the invoice")
	}
	h.read(t, first.Session)
	second, err := n.Confirm(ctx, h.site, first.Session, visitor)
	if err != nil || second.Token == "" || second.Token == first.Token || second.Session.ID == first.Session.ID ||
		second.Session.Level != access.Confirmed || second.Session.DocumentID != "" || !second.Session.ExpiresAt.Equal(first.Session.ExpiresAt) {
		t.Fatalf("Confirm = %+v, %v", second, err)
	}
	if got := h.state(t, n, token); got != access.LinkUsed {
		t.Errorf("the link is %v", got)
	}
	if viewed := h.count(t, h.tenant.ID, `SELECT count(*) FROM invoices WHERE viewed_at IS NOT NULL`); viewed != 1 {
		t.Error("the person's view is not noted")
	}
	for name, node := range map[string]*node{"this node": n, "another": other} {
		if got, err := node.Authenticate(ctx, h.site, second.Token); err != nil || got.ID != second.Session.ID || got.Level != access.Confirmed {
			t.Errorf("%s: the new cookie is %+v, %v", name, got, err)
		}
	}
	// A request that left the browser with the old cookie is served as the new session, for a while, and gets no cookie.
	late, err := other.Confirm(ctx, h.site, first.Session, visitor)
	if err != nil || late.Token != "" || late.Session.ID != second.Session.ID {
		t.Errorf("a parallel request: %+v, %v", late, err)
	}
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET expires_at = expires_at - interval '31 seconds' WHERE id = $1`, first.Session.ID)
	if _, err := other.Confirm(ctx, h.site, first.Session, visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("the old session after the overlap: %v", err)
	}
	if err := n.Recheck(ctx, first.Session); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("the record of the old session after the overlap: %v", err)
	}
}

func TestConfirm_IsNotForWhoGoesOnFasterThanAPerson(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	token := h.document(t, n)
	s := n.open(t, h, token).Session
	for range 3 { // the document was not shown, and then a moment ago
		if _, err := n.Confirm(ctx, h.site, s, visitor); !errors.Is(err, access.ErrTooSoon) {
			t.Fatal(err)
		}
	}
	if h.state(t, n, token) != access.LinkReady || h.sessions(t) != 1 {
		t.Error("it changed something")
	}
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET rendered_at = rendered_at - interval '2 seconds' WHERE id = $1`, s.ID)
	if _, err := n.Confirm(ctx, h.site, s, visitor); err != nil {
		t.Errorf("two seconds later: %v", err)
	}
}

func TestConfirm_HappensOnceHoweverManyAtOnce(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	s := nodes[0].open(t, h, h.document(t, nodes[0])).Session
	h.read(t, s)
	var tokens atomic.Int32
	var ids sync.Map
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			grant, err := nodes[i%2].Confirm(context.Background(), h.site, s, visitor)
			if err != nil {
				t.Error(err)
			}
			if grant.Token != "" {
				tokens.Add(1)
			}
			ids.Store(grant.Session.ID, true)
		})
	}
	group.Wait()
	different := 0
	ids.Range(func(any, any) bool { different++; return true })
	if tokens.Load() != 1 || different != 1 || h.sessions(t) != 2 {
		t.Errorf("%d cookies for %d sessions, %d rows; want 1, 1 and 2", tokens.Load(), different, h.sessions(t))
	}
}

// A scanner that presses the button before the person does keeps nobody out, and what it got is over.
func TestDocumentLink_IsTakenOverWhileProvisional(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	ctx := context.Background()
	token := h.document(t, nodes[0])
	scanner := nodes[0].open(t, h, token)
	h.read(t, scanner.Session)
	person := nodes[1].open(t, h, token)
	if err := nodes[0].Recheck(ctx, scanner.Session); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("the scanner's session stands: %v", err)
	}
	if _, err := nodes[0].Confirm(ctx, h.site, scanner.Session, visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("the scanner confirms itself: %v", err)
	}
	h.read(t, person.Session)
	if _, err := nodes[1].Confirm(ctx, h.site, person.Session, visitor); err != nil {
		t.Fatalf("the person: %v", err)
	}
	var dead *access.DeadLinkError
	if _, err := nodes[0].Redeem(ctx, h.site, token, "", visitor); !errors.As(err, &dead) || dead.Landing.State != access.LinkUsed {
		t.Errorf("once confirmed the link is exchanged again: %v", err)
	}
}

func TestDocumentLink_HasOneLiveSessionHoweverManyOpenIt(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	token := h.document(t, nodes[0])
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			if _, err := nodes[i%2].Redeem(context.Background(), h.site, token, "", visitor); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if live := h.count(t, h.tenant.ID, `SELECT count(*) FROM crm_client_portal_sessions WHERE revoked_at IS NULL`); live != 1 {
		t.Errorf("%d sessions live, want the last one", live)
	}
}

func TestDocumentLink_OpenedAndConfirmedAtOnceHasOneWinner(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	ctx := context.Background()
	for range 20 {
		token := h.document(t, nodes[0])
		s := nodes[0].open(t, h, token).Session
		h.read(t, s)
		var confirmed, opened error
		var group sync.WaitGroup
		group.Go(func() { _, confirmed = nodes[0].Confirm(ctx, h.site, s, visitor) })
		group.Go(func() { _, opened = nodes[1].Redeem(ctx, h.site, token, "", visitor) })
		group.Wait()
		if (confirmed == nil) == (opened == nil) {
			t.Fatalf("confirming: %v, opening again: %v; want one of them", confirmed, opened)
		}
	}
}

func TestDocumentLink_OfAStrictTenantIsSpentAtOnce(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.exec(t, h.tenant.ID, `UPDATE tenants SET link_mode = 'strict'`)
	token := h.document(t, n)
	grant, err := n.Redeem(context.Background(), h.site, token, "", visitor)
	if err != nil || grant.Session.Level != access.Confirmed || h.state(t, n, token) != access.LinkUsed {
		t.Errorf("%+v, %v, the link is %v", grant.Session, err, h.state(t, n, token))
	}
}

func TestConfirm_RefusesWhatEndedOrIsNotItsOwn(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	h.addTenant(t, "other")
	s := n.open(t, h, h.document(t, n)).Session
	h.read(t, s)
	foreign, moved := s, s
	foreign.Tenant = "ten_other"
	moved.Host = h.addTenant(t, "third").Host
	for name, bad := range map[string]access.Session{"another tenant's": foreign, "on another host": moved} {
		if _, err := n.Confirm(ctx, h.site, bad, visitor); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := n.SignOut(ctx, s, visitor); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Confirm(ctx, h.site, s, visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("one that was signed out of: %v", err)
	}
}

func TestSignOut_EndsTheSessionBeforeItToo(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	first := n.open(t, h, h.document(t, n)).Session
	h.read(t, first)
	second, err := n.Confirm(ctx, h.site, first, visitor)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.SignOut(ctx, second.Session, visitor); err != nil {
		t.Fatal(err)
	}
	if err := n.Recheck(ctx, first); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("what it was before it was confirmed stands: %v", err)
	}
}

func TestRevoke_ByTheTenantKillsTheLinkOfAProvisionalSession(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token := h.document(t, n)
	if err := n.SignOut(context.Background(), n.open(t, h, token).Session, visitor); err != nil {
		t.Fatal(err)
	}
	if got := h.state(t, n, token); got != access.LinkReady {
		t.Errorf("after its reader signed out the link is %v", got)
	}
	s := n.open(t, h, token).Session
	if err := n.RevokeSession(context.Background(), h.tenant.ID, s.ID, access.Actor{Kind: "api", ID: "key_1"}); err != nil {
		t.Fatal(err)
	}
	if got := h.state(t, n, token); got != access.LinkRevoked {
		t.Errorf("after the tenant revoked its session the link is %v", got)
	}
}
