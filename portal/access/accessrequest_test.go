package access_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
)

const stranger = "new@elsewhere.example"

// ask asks for access by a link, and works what is queued then.
func (n *node) ask(t *testing.T, h *house, token, name, email string) {
	t.Helper()
	if err := n.AskAccess(context.Background(), h.site, token, asking, name, email, visitor); err != nil {
		t.Fatal(err)
	}
	workAsks(t, h, n)
}

// workAsks does what the job queue would for each job that was inserted, twice.
func workAsks(t *testing.T, h *house, n *node) {
	t.Helper()
	rows, err := h.db.Owner.Query(context.Background(), `SELECT args->>'tenant_id', args->>'ask_id' FROM jobs.river_job WHERE kind = 'access_request'`)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[accessdb.AskJob])
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range append(jobs, jobs...) {
		if err := accessdb.NewAskWorker(n.store).Work(context.Background(), &river.Job[accessdb.AskJob]{Args: args}); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *node) requests(t *testing.T, h *house) []access.AccessRequest {
	t.Helper()
	list, err := n.AccessRequests(context.Background(), h.tenant.ID, access.AccessRequestQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAskAccess_FromALiveUsedOrOldLinkMakesOneRequestAndGrantsNothing(t *testing.T) {
	for name, spend := range map[string]string{"live": ``, "used": `UPDATE portal_links SET used_at = now()`, "old": `UPDATE portal_links SET expires_at = now()`,
		"superseded": `UPDATE portal_links SET superseded_at = now()`} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			n := h.node(t)
			h.exec(t, h.tenant.ID, `UPDATE tenants SET support_email = 'help@acme.example'`)
			token, _ := n.mint(t, h.site)
			h.mails.Clear()
			if spend != "" {
				h.exec(t, h.tenant.ID, spend)
			}
			before := h.state(t, n, token)
			n.ask(t, h, token, " Dana \r\n Bcc: x ", stranger)
			n.ask(t, h, token, "Again", "NEW@elsewhere.example")
			list := n.requests(t, h)
			if len(list) != 1 || list[0].State != access.RequestPending || list[0].CompanyID != "co_1" || list[0].Email != stranger || list[0].Name != "Dana Bcc: x" || list[0].AskedBy != "" {
				t.Fatalf("%+v", list)
			}
			if got := h.state(t, n, token); got != before {
				t.Errorf("asking made the link %s, it was %s", got, before)
			}
			if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM contacts`); n != 1 {
				t.Errorf("%d contacts, want the one of before", n)
			}
			if n := h.events(t, "access.requested"); n != 1 {
				t.Errorf("%d audit entries, want 1", n)
			}
			m, ok := h.mails.Load("") // the last one
			if mail, _ := m.(accessdb.Mail); !ok || mail.Kind != "access_request_tenant" || mail.Address != "help@acme.example" || mail.RequestID != list[0].ID {
				t.Errorf("mailed %+v", m)
			}
			if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM access_requests WHERE state = 'noted'`); n != 0 {
				t.Errorf("%d wishes are left", n)
			}
		})
	}
}

func TestAskAccess_ComesToNothingWithoutATrace(t *testing.T) {
	for name, c := range map[string]struct{ token, spoil string }{
		"withdrawn":           {"", `UPDATE portal_links SET revoked_at = now()`},
		"of a closed portal":  {"", `UPDATE companies SET portal_enabled = false`},
		"of a removed person": {"", `UPDATE contacts SET status = 'removed'`},
		"unknown":             {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ``},
		"no token at all":     {"x", ``},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			n := h.node(t)
			token, _ := n.mint(t, h.site)
			h.mails.Clear()
			if c.token != "" {
				token = c.token
			}
			if c.spoil != "" {
				h.exec(t, h.tenant.ID, c.spoil)
			}
			if err := n.AskAccess(context.Background(), h.site, token, asking, "", stranger, visitor); err != nil {
				t.Fatal(err)
			}
			if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM access_requests WHERE state = 'noted'`); n != 1 {
				t.Errorf("%d wishes noted, want 1 as for every link", n)
			}
			workAsks(t, h, n)
			if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM access_requests`); n != 0 || h.events(t, "access.requested") != 0 {
				t.Errorf("%d requests and %d entries", n, h.events(t, "access.requested"))
			}
			h.mails.Range(func(_, m any) bool { t.Errorf("mailed %+v", m); return true })
		})
	}
}

func TestAskAccess_ByAContactMailsASignInLinkInstead(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.exec(t, h.tenant.ID, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_2', 'co_1', 'Bo', 'bo@acme.example')`, string(h.tenant.ID))
	token, _ := n.mint(t, h.site)
	n.ask(t, h, token, "", "BO@acme.example")
	if list := n.requests(t, h); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	workRequests(t, h, n)
	const q = `SELECT count(*) FROM portal_links WHERE contact_id = 'con_2' AND purpose = 'login' AND browser_hash IS NOT NULL`
	if n := h.count(t, h.tenant.ID, q); n != 1 {
		t.Errorf("%d sign-in links, want one that opens in the asking browser", n)
	}
}

func TestAskAccess_IsBounded(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	for i := range 30 { // one link, many addresses
		if err := n.AskAccess(context.Background(), h.site, token, asking, "", fmt.Sprintf("a%d@x.example", i), visitor); err != nil {
			t.Fatal(err)
		}
	}
	workAsks(t, h, n)
	if list := n.requests(t, h); len(list) != 3 {
		t.Errorf("one link made %d requests, want 3", len(list))
	}
	h.exec(t, h.tenant.ID, `INSERT INTO access_requests (tenant_id, id, state, company_id, email)
		SELECT $1, 'arq_' || i, 'pending', 'co_1', 'b' || i || '@x.example' FROM generate_series(1, 17) i`, string(h.tenant.ID))
	other, _ := n.mint(t, h.site)
	n.ask(t, h, other, "", stranger)
	if list := n.requests(t, h); len(list) != 20 {
		t.Errorf("%d requests of one company wait, want 20", len(list))
	}
}

func TestApproveAccess_MakesTheContactOnceHoweverManyApprove(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	token, _ := nodes[0].mint(t, h.site)
	nodes[0].ask(t, h, token, "Dana", stranger)
	id := nodes[0].requests(t, h)[0].ID
	var approved atomic.Int64
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			_, err := nodes[i%2].ApproveAccess(context.Background(), h.tenant.ID, id, access.Approval{Role: access.Viewer, Mail: true, By: access.Actor{Kind: "api", ID: "key_1"}})
			if err == nil {
				approved.Add(1)
			} else if !errors.Is(err, access.ErrConflict) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	r := nodes[0].requests(t, h)[0]
	if approved.Load() != 1 || r.State != access.RequestApproved || r.DecidedAt.IsZero() {
		t.Fatalf("%d approved it: %+v", approved.Load(), r)
	}
	for q, want := range map[string]int{
		`SELECT count(*) FROM contacts WHERE email = 'new@elsewhere.example' AND role = 'viewer' AND name = 'Dana' AND status = 'active'`:  1,
		`SELECT count(*) FROM portal_links l JOIN contacts c ON c.id = l.contact_id WHERE c.email = 'new@elsewhere.example'`:               1,
		`SELECT count(*) FROM audit_events WHERE kind = 'access.approved' AND actor = 'api' AND actor_id = 'key_1'`:                        1,
		`SELECT count(*) FROM audit_events WHERE kind = 'contact.created'`:                                                                 1,
		`SELECT count(*) FROM audit_events WHERE kind = 'link.minted' AND details->>'created_by' = 'staff' AND details->>'to' = 'contact'`: 1,
	} {
		if n := h.count(t, h.tenant.ID, q); n != want {
			t.Errorf("%s: %d, want %d", q, n, want)
		}
	}
	if _, err := nodes[1].DismissAccess(context.Background(), h.tenant.ID, id, access.Actor{Kind: "api"}); !errors.Is(err, access.ErrConflict) {
		t.Errorf("dismissing what was approved: %v, want ErrConflict", err)
	}
}

func TestApproveAccess_OfAnotherTenantIsNotThere(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	bolt := h.addTenant(t, "bolt")
	token, _ := n.mint(t, h.site)
	n.ask(t, h, token, "", stranger)
	id := n.requests(t, h)[0].ID
	_, approve := n.ApproveAccess(context.Background(), bolt.Tenant.ID, id, access.Approval{Role: access.Payer})
	_, dismiss := n.DismissAccess(context.Background(), bolt.Tenant.ID, id, access.Actor{})
	for what, err := range map[string]error{"approving": approve, "dismissing": dismiss} {
		if !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
	if err := n.AskAccess(context.Background(), bolt, token, asking, "", "x@y.example", visitor); err != nil {
		t.Fatal(err)
	}
	workAsks(t, h, n)
	if n := h.count(t, bolt.Tenant.ID, `SELECT count(*) FROM access_requests`); n != 0 {
		t.Errorf("a link of another tenant made %d requests", n)
	}
}

func TestApproveAccess_SaysWhatIsInTheWay(t *testing.T) {
	for name, spoil := range map[string]string{
		"the portal is off":    `UPDATE companies SET portal_enabled = false`,
		"the address is taken": `UPDATE contacts SET email = 'new@elsewhere.example'`,
	} {
		h := newHouse(t)
		n := h.node(t)
		token, _ := n.mint(t, h.site)
		n.ask(t, h, token, "", stranger)
		h.exec(t, h.tenant.ID, spoil)
		_, err := n.ApproveAccess(context.Background(), h.tenant.ID, n.requests(t, h)[0].ID, access.Approval{Role: access.Viewer, Mail: true})
		if !errors.Is(err, access.ErrConflict) || n.requests(t, h)[0].State != access.RequestPending {
			t.Errorf("%s: %v, and it is %s", name, err, n.requests(t, h)[0].State)
		}
	}
}

func TestDismissAccess_LetsNobodyInAndIsQuietForADay(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	n.ask(t, h, token, "", stranger)
	id := n.requests(t, h)[0].ID
	for range 2 {
		if r, err := n.DismissAccess(context.Background(), h.tenant.ID, id, access.Actor{Kind: "api", ID: "key_1"}); err != nil || r.State != access.RequestDismissed {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	if n := h.events(t, "access.dismissed"); n != 1 {
		t.Errorf("%d audit entries, want 1", n)
	}
	if _, err := n.ApproveAccess(context.Background(), h.tenant.ID, id, access.Approval{Role: access.Payer}); !errors.Is(err, access.ErrConflict) {
		t.Errorf("approving what was dismissed: %v, want ErrConflict", err)
	}
	n.ask(t, h, token, "", stranger)
	if list := n.requests(t, h); len(list) != 1 {
		t.Errorf("%d requests within the day, want 1", len(list))
	}
	h.exec(t, h.tenant.ID, `UPDATE access_requests SET decided_at = decided_at - interval '1 day'`)
	n.ask(t, h, token, "", stranger)
	if list := n.requests(t, h); len(list) != 2 || list[0].State != access.RequestPending {
		t.Errorf("a day later: %+v", list)
	}
}

// Each decision that is made stands: the other one afterwards changes neither the request, nor the contact, nor the log.
func TestAccessRequest_IsDecidedOnce(t *testing.T) {
	ctx, by := context.Background(), access.Actor{Kind: "api", ID: "key_1"}
	for name, c := range map[string]struct {
		first  func(n *node, h *house, id string) error
		second func(n *node, h *house, id string) error
		state  string
	}{
		"approved, then dismissed": {approving(ctx, by), dismissing(ctx, by), access.RequestApproved},
		"dismissed, then approved": {dismissing(ctx, by), approving(ctx, by), access.RequestDismissed},
		"approved, then approved":  {approving(ctx, by), approving(ctx, by), access.RequestApproved},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			n := h.node(t)
			token, _ := n.mint(t, h.site)
			n.ask(t, h, token, "", stranger)
			id := n.requests(t, h)[0].ID
			if err := c.first(n, h, id); err != nil {
				t.Fatal(err)
			}
			was := n.requests(t, h)[0]
			entries := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events`)
			h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'removed' WHERE email = $1`, stranger) // the address is free: nothing but the state is in the way
			if err := c.second(n, h, id); !errors.Is(err, access.ErrConflict) || !strings.Contains(err.Error(), was.State+" already") {
				t.Errorf("the second: %v, want ErrConflict that says what was decided", err)
			}
			if got := n.requests(t, h)[0]; got != was || got.State != c.state {
				t.Errorf("it became %+v, was %+v", got, was)
			}
			if got := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events`); got != entries {
				t.Errorf("%d more entries", got-entries)
			}
		})
	}
}

func approving(ctx context.Context, by access.Actor) func(*node, *house, string) error {
	return func(n *node, h *house, id string) error {
		_, err := n.ApproveAccess(ctx, h.tenant.ID, id, access.Approval{Role: access.Viewer, By: by})
		return err
	}
}

func dismissing(ctx context.Context, by access.Actor) func(*node, *house, string) error {
	return func(n *node, h *house, id string) error {
		_, err := n.DismissAccess(ctx, h.tenant.ID, id, by)
		return err
	}
}

// Who approves and who dismisses at once: one of them decides, and the contact is there exactly if it was approved.
func TestAccessRequest_ThatIsApprovedAndDismissedAtOnceIsOneOfThem(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	ctx, by := context.Background(), access.Actor{Kind: "api", ID: "key_1"}
	for round := range 20 {
		id, email := fmt.Sprintf("arq_%d", round), fmt.Sprintf("a%d@elsewhere.example", round)
		h.exec(t, h.tenant.ID, `INSERT INTO access_requests (tenant_id, id, state, company_id, email) VALUES ($1, $2, 'pending', 'co_1', $3)`, string(h.tenant.ID), id, email)
		errs := make([]error, 4)
		var group sync.WaitGroup
		for i := range errs {
			decide := approving(ctx, by)
			if i%2 == 1 {
				decide = dismissing(ctx, by)
			}
			group.Go(func() { errs[i] = decide(nodes[i/2], h, id) })
		}
		group.Wait()
		approved := 0
		for i, err := range errs {
			if err != nil && !errors.Is(err, access.ErrConflict) {
				t.Errorf("round %d: %v", round, err)
			}
			if i%2 == 0 && err == nil {
				approved++
			}
		}
		r := requestOf(nodes[0].requests(t, h), id)
		contacts := h.count(t, h.tenant.ID, `SELECT count(*) FROM contacts WHERE email = $1`, email)
		entries := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE details->>'request' = $1`, id)
		if approved > 1 || contacts != approved || entries != 1 || (r.State == access.RequestApproved) != (approved == 1) || r.State == access.RequestPending {
			t.Errorf("round %d: %d approved it, %d contacts, %d entries, and it is %s: %v", round, approved, contacts, entries, r.State, errs)
		}
	}
}

// requestOf is the request with that id.
func requestOf(list []access.AccessRequest, id string) (r access.AccessRequest) {
	for _, r := range list {
		if r.ID == id {
			return r
		}
	}
	return r
}

// A wish that nobody has looked at yet may be anybody's, by any link: it is no request, and there is nothing to decide.
func TestAccessRequest_ThatIsOnlyNotedCannotBeDecided(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	if err := n.AskAccess(context.Background(), h.site, strings.Repeat("A", 43), asking, "", stranger, visitor); err != nil {
		t.Fatal(err)
	}
	var id string
	if err := h.db.Owner.QueryRow(context.Background(), `SELECT args->>'ask_id' FROM jobs.river_job WHERE kind = 'access_request'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	for what, decide := range map[string]func(*node, *house, string) error{"approving": approving(context.Background(), access.Actor{}), "dismissing": dismissing(context.Background(), access.Actor{})} {
		if err := decide(n, h, id); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}

func TestAskForColleague_NamesWhoAsksAndNeedsAPayersSession(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	own := n.signIn(t, h.site)
	h.mails.Clear()
	for range 2 {
		if err := n.AskForColleague(ctx, h.site, own.Session, "Dana", stranger, visitor); err != nil {
			t.Fatal(err)
		}
	}
	if list := n.requests(t, h); len(list) != 1 || list[0].AskedBy != "con_1" {
		t.Fatalf("%+v", list)
	}
	h.mails.Range(func(_, m any) bool { t.Errorf("who asks is mailed about it: %+v", m); return true })
	if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'access.requested' AND actor = 'contact' AND actor_id = 'con_1'`); n != 1 {
		t.Errorf("%d audit entries, want 1", n)
	}
	if err := n.AskForColleague(ctx, h.site, own.Session, "", "PAYABLES@acme.example", visitor); !errors.Is(err, access.ErrConflict) {
		t.Errorf("for a contact: %v, want ErrConflict", err)
	}
	if err := n.AskForColleague(ctx, h.site, own.Session, "", "fourth@x.example", visitor); !errors.Is(err, access.ErrLimited) {
		t.Errorf("for one too many: %v, want ErrLimited", err)
	}
	h.exec(t, h.tenant.ID, `UPDATE contacts SET role = 'viewer'`)
	other := h.node(t)
	other.client.FlushAll(ctx)
	if err := other.AskForColleague(ctx, h.site, own.Session, "", "x@y.example", visitor); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("a viewer asks: %v, want ErrNotFound", err)
	}
	if err := n.SignOut(ctx, own.Session, visitor); err != nil {
		t.Fatal(err)
	}
	if err := other.AskForColleague(ctx, h.site, own.Session, "", "z@y.example", visitor); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("signed out: %v, want ErrNoSession", err)
	}
}
