package access_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// preview asks for a preview of the contact con_1 and returns the token of its link.
func (n *node) preview(t *testing.T, h *house) (token string, p access.PreviewLink) {
	t.Helper()
	h.exec(t, h.tenant.ID, `INSERT INTO api_keys (tenant_id, id, name, secret_hash, scopes) VALUES ($1, 'key_1', 'K', sha256('k'), '{}') ON CONFLICT DO NOTHING`, string(h.tenant.ID))
	p, err := n.StartPreview(context.Background(), h.tenant, access.PreviewRequest{ContactID: "con_1", Reason: "a call", By: access.Actor{Kind: "api", ID: "key_1"}})
	if err != nil {
		t.Fatal(err)
	}
	_, token, ok := strings.Cut(p.URL, "https://acme.portal.example/portal/preview/")
	if !ok || len(token) != 43 {
		t.Fatalf("the link is %q", p.URL)
	}
	return token, p
}

func (n *node) openPreview(t *testing.T, h *house) access.PreviewGrant {
	t.Helper()
	token, _ := n.preview(t, h)
	grant, err := n.OpenPreview(context.Background(), h.site, token, visitor)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

func TestPreview_OpensOnceHoweverManyAskAtOnce(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	token, _ := nodes[0].preview(t, h)
	for range 5 {
		if ready, err := nodes[1].PreviewReady(context.Background(), h.site, token); err != nil || !ready {
			t.Fatal("looking at the link spends it:", ready, err)
		}
	}
	var opened, refused atomic.Int64
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			switch _, err := nodes[i%2].OpenPreview(context.Background(), h.site, token, visitor); {
			case err == nil:
				opened.Add(1)
			case errors.Is(err, access.ErrNotFound):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if opened.Load() != 1 || refused.Load() != 39 {
		t.Errorf("%d opened it and %d were refused, want 1 and 39", opened.Load(), refused.Load())
	}
	if n := h.events(t, "preview.started"); n != 1 {
		t.Errorf("%d audit entries, want 1", n)
	}
	if ready, _ := nodes[0].PreviewReady(context.Background(), h.site, token); ready {
		t.Error("the link still looks good")
	}
}

// Nothing that acts or notes for a contact finds a preview, and its cookie is no session's.
func TestPreview_IsNoSessionOfTheContact(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	own := n.signIn(t, h.site)
	h.exec(t, h.tenant.ID, `UPDATE crm_client_portal_sessions SET last_seen_at = NULL`)
	sessions, links := h.count(t, h.tenant.ID, `SELECT count(*) FROM crm_client_portal_sessions`), h.count(t, h.tenant.ID, `SELECT count(*) FROM portal_links`)
	grant := n.openPreview(t, h)
	p, err := n.AuthenticatePreview(ctx, h.site, grant.Token)
	if err != nil || p.Session.ContactID != "con_1" || p.Session.Level != access.Previewing || p.Contact != "Accounts payable" || p.Company != "Globex" || p.KeyID != "key_1" {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := n.Authenticate(ctx, h.site, grant.Token); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("as a session's cookie it is %v, want ErrNoSession", err)
	}
	if _, err := n.AuthenticatePreview(ctx, h.site, own.Token); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("a session's cookie as a preview's is %v, want ErrNoSession", err)
	}
	for what, err := range map[string]error{
		"Confirm":           second(n.Confirm(ctx, h.site, p.Session, visitor)),
		"EndOwn":            n.EndOwn(ctx, p.Session, own.Session.ID, visitor),
		"SignOutEverywhere": n.SignOutEverywhere(ctx, p.Session, visitor),
		"Switch":            second(n.Switch(ctx, h.site, p.Session, "con_1", visitor)),
		"SendStepUp":        n.SendStepUp(ctx, p.Session, visitor),
		"SteppedUp":         n.SteppedUp(ctx, p.Session),
		"AskForColleague":   n.AskForColleague(ctx, h.site, p.Session, "", "new@acme.example", visitor),
		"SendEmailCode":     n.SendEmailCode(ctx, p.Session, "new@acme.example", visitor),
		"SignedInAs nobody": second(n.SignedInAs(ctx, p.Session)),
	} {
		if !errors.Is(err, access.ErrNoSession) {
			t.Errorf("%s: %v, want ErrNoSession", what, err)
		}
	}
	if err := n.SignOut(ctx, p.Session, visitor); err != nil {
		t.Error("signing out of what is no session:", err)
	}
	if !n.live(h, own) {
		t.Error("the contact's own session has ended")
	}
	if s, l := h.count(t, h.tenant.ID, `SELECT count(*) FROM crm_client_portal_sessions`), h.count(t, h.tenant.ID, `SELECT count(*) FROM portal_links`); s != sessions || l != links {
		t.Errorf("%d sessions and %d links, want %d and %d", s, l, sessions, links)
	}
	const touched = `SELECT count(*) FROM crm_client_portal_sessions WHERE last_seen_at IS NOT NULL`
	if n := h.count(t, h.tenant.ID, touched); n != 0 {
		t.Errorf("%d sessions were touched", n)
	}
	const contacts = `SELECT count(*) FROM audit_events WHERE actor = 'contact' AND kind LIKE 'preview.%'`
	if n := h.count(t, h.tenant.ID, contacts); n != 0 {
		t.Errorf("%d entries say that the contact did it", n)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPreview_EndsWithWhatItStandsOn(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, h *house, n *node, p access.Preview){
		"its key is revoked": func(t *testing.T, h *house, _ *node, _ access.Preview) {
			h.exec(t, h.tenant.ID, `UPDATE api_keys SET revoked_at = now()`)
		},
		"the contact is removed": func(t *testing.T, h *house, _ *node, _ access.Preview) {
			h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'removed'`)
		},
		"the contact is disabled": func(t *testing.T, h *house, _ *node, _ access.Preview) {
			h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'disabled'`)
		},
		"half an hour is over": func(t *testing.T, h *house, _ *node, _ access.Preview) {
			h.exec(t, h.tenant.ID, `UPDATE portal_previews SET expires_at = expires_at - interval '30 minutes'`)
		},
		"it is ended": func(t *testing.T, h *house, n *node, p access.Preview) {
			for range 2 {
				if err := n.EndPreview(context.Background(), h.site, p, visitor); err != nil {
					t.Fatal(err)
				}
			}
			if n := h.events(t, "preview.ended"); n != 1 {
				t.Errorf("%d audit entries, want 1", n)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			a, b := h.node(t), h.node(t)
			grant, waiting := a.openPreview(t, h), ""
			if name != "it is ended" && name != "half an hour is over" {
				waiting, _ = a.preview(t, h)
			}
			p, err := b.AuthenticatePreview(context.Background(), h.site, grant.Token)
			if err != nil {
				t.Fatal("control:", err)
			}
			end(t, h, a, p)
			if _, err := b.AuthenticatePreview(context.Background(), h.site, grant.Token); !errors.Is(err, access.ErrNoSession) {
				t.Errorf("it lives on: %v", err)
			}
			if waiting != "" {
				if _, err := b.OpenPreview(context.Background(), h.site, waiting, visitor); !errors.Is(err, access.ErrNotFound) {
					t.Errorf("a link that waits: %v, want ErrNotFound", err)
				}
			}
		})
	}
}

func TestPreview_IsOfOneHostAndOneTenant(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	bolt := h.addTenant(t, "bolt")
	token, _ := n.preview(t, h)
	if _, err := n.OpenPreview(context.Background(), bolt, token, visitor); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("another tenant opens it: %v", err)
	}
	grant, err := n.OpenPreview(context.Background(), h.site, token, visitor)
	if err != nil {
		t.Fatal(err)
	}
	moved, later := *h.site, *h.site
	moved.Host, later.Epoch = tenant.MustParseHostname("other.portal.example"), 2
	for what, site := range map[string]*tenant.Site{"another tenant": bolt, "another host": &moved, "a later epoch": &later} {
		if _, err := n.AuthenticatePreview(context.Background(), site, grant.Token); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("%s: %v, want ErrNoSession", what, err)
		}
	}
	for what, r := range map[string]access.PreviewRequest{"an unknown contact": {ContactID: "con_2"}, "an unknown document": {ContactID: "con_1", DocumentID: "inv_2"}} {
		r.By = access.Actor{Kind: "api", ID: "key_1"}
		if _, err := n.StartPreview(context.Background(), h.tenant, r); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}

func TestPreview_SaysWhenThePortalIsOff(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.exec(t, h.tenant.ID, `UPDATE companies SET portal_enabled = false`)
	grant := n.openPreview(t, h)
	if p, err := n.AuthenticatePreview(context.Background(), h.site, grant.Token); err != nil || !p.PortalOff {
		t.Errorf("%+v, %v", p, err)
	}
	h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'disabled'`)
	_, err := n.StartPreview(context.Background(), h.tenant, access.PreviewRequest{ContactID: "con_1", By: access.Actor{Kind: "api", ID: "key_1"}})
	if !errors.Is(err, access.ErrConflict) {
		t.Errorf("of a disabled contact: %v, want ErrConflict", err)
	}
}

func TestPreview_ItsLinkIsOldAfterTenMinutes(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, p := n.preview(t, h)
	if left := p.LinkExpiry.Sub(p.CreatedAt); left != access.PreviewLinkLifetime {
		t.Errorf("it works for %s", left)
	}
	h.exec(t, h.tenant.ID, `UPDATE portal_previews SET link_expires_at = link_expires_at - interval '10 minutes'`)
	if _, err := n.OpenPreview(context.Background(), h.site, token, visitor); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}
