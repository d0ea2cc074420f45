package access_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
)

const typedText = "Reginald Featherstonehaugh"

// draft is what tests keep.
func draft() access.Draft {
	return access.Draft{Form: "account.details", Path: "/portal/account", Values: url.Values{"name": {typedText}, "locale": {"fr"}}}
}

func (n *node) keep(t *testing.T, h *house, g access.Grant, browser string) {
	t.Helper()
	if err := n.KeepDraft(context.Background(), h.site, g.Token, browser, draft()); err != nil {
		t.Fatal(err)
	}
}

func (n *node) taken(t *testing.T, s access.Session, browser string) (access.Draft, bool) {
	t.Helper()
	d, ok, err := n.TakeDraft(context.Background(), s, browser, draft().Form, draft().Path)
	if err != nil {
		t.Fatal(err)
	}
	return d, ok
}

func TestDraft_ComesBackOnceToTheSameContactInTheSameBrowser(t *testing.T) {
	h := newHouse(t)
	a, b := h.node(t), h.node(t)
	for name, end := range map[string]string{
		"a live session":   `UPDATE crm_client_portal_sessions SET rendered_at = NULL WHERE id = $1`,
		"one that ran out": `UPDATE crm_client_portal_sessions SET expires_at = now() - interval '1 hour' WHERE id = $1`,
		"a revoked one":    `UPDATE crm_client_portal_sessions SET revoked_at = now(), revoked_why = 'revoked by the tenant' WHERE id = $1`,
	} {
		first := a.signIn(t, h.site)
		h.exec(t, h.tenant.ID, end, first.Session.ID)
		a.keep(t, h, first, asking)
		second := b.signIn(t, h.site)
		if path, err := b.DraftPath(context.Background(), second.Session, asking); err != nil || path != "/portal/account" {
			t.Errorf("%s: goes on at %q, %v", name, path, err)
		}
		if _, ok := b.taken(t, second.Session, elsewhere); ok {
			t.Errorf("%s: another browser gets it", name)
		}
		got, ok := b.taken(t, second.Session, asking)
		if diff := cmp.Diff(draft(), got); !ok || diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		if _, ok := a.taken(t, second.Session, asking); ok {
			t.Errorf("%s: it comes twice", name)
		}
	}
}

func TestDraft_IsNobodyElses(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	other := h.addTenant(t, "other")
	h.exec(t, h.tenant.ID, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_2', 'co_1', 'Colleague', 'c@acme.example')`, string(h.tenant.ID))
	first := n.signIn(t, h.site)
	n.keep(t, h, first, asking)
	p, err := n.Mint(ctx, h.tenant, access.MintRequest{ContactID: "con_2", By: access.Actor{Kind: "api"}})
	if err != nil {
		t.Fatal(err)
	}
	colleague, err := n.Redeem(ctx, h.site, p.URL[strings.LastIndex(p.URL, "/")+1:], "", visitor)
	if err != nil {
		t.Fatal(err)
	}
	provisional := first.Session
	provisional.Level = access.Provisional
	for name, s := range map[string]access.Session{"a colleague": colleague.Session, "another tenant's contact": n.signIn(t, other).Session, "a provisional session": provisional} {
		if _, ok := n.taken(t, s, asking); ok {
			t.Errorf("%s gets it", name)
		}
		if path, _ := n.DraftPath(ctx, s, asking); path != "" {
			t.Errorf("%s is led to it", name)
		}
	}
	if left := h.count(t, h.tenant.ID, `SELECT count(*) FROM form_drafts`); left != 1 {
		t.Error("somebody else's look takes it away")
	}
	// Moved to the colleague's name, the row does not open.
	h.exec(t, h.tenant.ID, `UPDATE form_drafts SET contact_id = 'con_2'`)
	if _, ok := n.taken(t, colleague.Session, asking); ok {
		t.Error("a moved row opens")
	}
	for name, keep := range map[string]func() error{
		"no session":   func() error { return n.KeepDraft(ctx, h.site, strings.Repeat("c", 42)+"A", asking, draft()) },
		"no browser":   func() error { return n.KeepDraft(ctx, h.site, first.Token, "", draft()) },
		"another host": func() error { return n.KeepDraft(ctx, other, first.Token, asking, draft()) },
		"more than enough": func() error {
			d := draft()
			d.Values.Set("name", strings.Repeat("x", access.LargestDraft))
			return n.KeepDraft(ctx, h.site, first.Token, asking, d)
		},
	} {
		if err := keep(); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]string{
		"signed out":       `UPDATE crm_client_portal_sessions SET revoked_at = now(), revoked_why = 'signed out' WHERE id = $1`,
		"long over":        `UPDATE crm_client_portal_sessions SET expires_at = now() - interval '25 hours' WHERE id = $1`,
		"provisional":      `UPDATE crm_client_portal_sessions SET level = 'provisional' WHERE id = $1`,
		"contact disabled": `UPDATE contacts SET status = 'disabled' WHERE id = 'con_1' AND $1 <> ''`,
	} {
		g := n.signIn(t, h.site)
		h.exec(t, h.tenant.ID, change, g.Session.ID)
		if err := n.KeepDraft(ctx, h.site, g.Token, asking, draft()); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'active'`)
	}
	if left := h.count(t, h.tenant.ID, `SELECT count(*) FROM form_drafts`); left != 0 {
		t.Errorf("%d rows are left", left)
	}
}

func TestDraft_IsSealedBoundedAndForgotten(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	g := n.signIn(t, h.site)
	n.keep(t, h, g, asking)
	n.keep(t, h, g, asking)
	if rows := h.count(t, h.tenant.ID, `SELECT count(*) FROM form_drafts`); rows != 1 {
		t.Errorf("%d rows for one form", rows)
	}
	if seen := h.count(t, h.tenant.ID, `SELECT count(*) FROM form_drafts d WHERE d::text LIKE '%Featherstone%' OR position('Featherstone'::bytea IN body_sealed) > 0
		OR position($1::bytea IN browser_hash) > 0`, []byte(asking)[:8]); seen != 0 {
		t.Error("what was typed can be read in the row")
	}
	d := draft()
	for i := range access.MostDrafts + 5 {
		d.Path = "/portal/x" + strings.Repeat("y", i)
		if err := n.KeepDraft(ctx, h.site, g.Token, asking, d); err != nil {
			t.Fatal(err)
		}
	}
	var jobs int
	if err := h.db.Owner.QueryRow(ctx, `SELECT count(*) FROM jobs.river_job WHERE kind = 'sweep_forms'`).Scan(&jobs); err != nil || jobs < 1 || jobs > 2 {
		t.Errorf("%d sweeps are to come (%v), want one for each ten minutes", jobs, err)
	}
	if rows := h.count(t, h.tenant.ID, `SELECT count(*) FROM form_drafts`); rows != access.MostDrafts {
		t.Errorf("%d rows of one contact, want %d", rows, access.MostDrafts)
	}
	n.keep(t, h, g, asking)
	n.keep(t, h, g, elsewhere)
	if err := n.ForgetDrafts(ctx, g.Session, asking); err != nil {
		t.Fatal(err)
	}
	if rows := h.count(t, h.tenant.ID, `SELECT count(*) FROM form_drafts`); rows != 1 {
		t.Errorf("%d rows are left, want that of the other browser", rows)
	}
	h.exec(t, h.tenant.ID, `UPDATE form_drafts SET expires_at = now()`)
	if _, ok := n.taken(t, g.Session, elsewhere); ok {
		t.Error("it comes back after its hour")
	}
	sweep := accessdb.NewSweepWorker(n.store)
	if err := sweep.Work(ctx, &river.Job[accessdb.SweepJob]{Args: accessdb.SweepJob{TenantID: string(h.tenant.ID)}}); err != nil {
		t.Fatal(err)
	}
	if rows := h.count(t, h.tenant.ID, `SELECT count(*) FROM form_drafts`); rows != 0 {
		t.Error("the sweep leaves it")
	}
}
