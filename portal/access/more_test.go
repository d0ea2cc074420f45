package access_test

import (
	"context"
	"errors"
	"testing"

	"tollhouse/portal/access"
)

func TestStepUpLinks_ShowTheDocumentAndTakeACodeForTheRest(t *testing.T) {
	h := newHouse(t)
	n, ctx := h.node(t), context.Background()
	h.exec(t, h.tenant.ID, `UPDATE tenants SET link_mode = 'step_up'`)
	h.tenant.Policy.StepUpLinks = true
	token := h.document(t, n)
	grant := n.open(t, h, token)
	if err := n.AskMore(ctx, h.site, grant.Session, asking, visitor); !errors.Is(err, access.ErrTooSoon) {
		t.Errorf("before anybody could have read: %v, want ErrTooSoon", err)
	}
	h.read(t, grant.Session)
	if _, err := n.Confirm(ctx, h.site, grant.Session, visitor); !errors.Is(err, access.ErrCodeWanted) {
		t.Errorf("a second act: %v, want ErrCodeWanted", err)
	}
	old := *h.site
	oldTenant := *h.tenant
	oldTenant.Policy.StepUpLinks, old.Tenant = false, &oldTenant // a node that has not heard of the change
	if _, err := n.Confirm(ctx, &old, grant.Session, visitor); !errors.Is(err, access.ErrTooSoon) {
		t.Errorf("on a node that has not heard: %v, want ErrTooSoon", err)
	}
	if got := h.state(t, n, token); got != access.LinkReady {
		t.Errorf("the link is %s before anybody asked for more", got)
	}
	for range 2 { // pressed twice
		if err := n.AskMore(ctx, h.site, grant.Session, asking, visitor); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.state(t, n, token); got != access.LinkUsed {
		t.Errorf("the link is %s, want it used", got)
	}
	for q, want := range map[string]int{
		`SELECT count(*) FROM invoices WHERE viewed_at IS NOT NULL`:                                              1,
		`SELECT count(*) FROM audit_events WHERE kind = 'invoice.viewed' AND details->>'first' = 'true'`:         1,
		`SELECT count(*) FROM crm_client_portal_sessions WHERE level = 'confirmed' AND activated_at IS NOT NULL`: 0,
	} {
		if n := h.count(t, h.tenant.ID, q); n != want {
			t.Errorf("%s: %d, want %d", q, n, want)
		}
	}
	if !n.live(h, grant) {
		t.Error("the session that shows the document has ended")
	}
	workRequests(t, h, n)
	var link string
	h.mails.Range(func(id, _ any) bool { link = max(link, id.(string)); return true }) // the newest
	code, err := n.Code(ctx, h.tenant.ID, link)
	if err != nil {
		t.Fatal(err)
	}
	full, err := n.RedeemCode(ctx, h.site, code, asking, visitor)
	if err != nil || full.Session.Level != access.Confirmed || full.Session.ContactID != "con_1" {
		t.Errorf("with the code: %+v, %v", full.Session, err)
	}
}

func TestAskMore_IsForTenantsThatWantCodesOnly(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token := h.document(t, n)
	grant := n.open(t, h, token)
	h.read(t, grant.Session)
	if err := n.AskMore(context.Background(), h.site, grant.Session, asking, visitor); !errors.Is(err, access.ErrTooSoon) {
		t.Errorf("%v, want ErrTooSoon", err)
	}
	if got := h.state(t, n, token); got != access.LinkReady {
		t.Errorf("the link is %s", got)
	}
	own := n.signIn(t, h.site)
	if err := n.AskMore(context.Background(), h.site, own.Session, asking, visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("a confirmed session: %v, want ErrNoSession", err)
	}
}
