package access_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant/rls"
)

// codeOf is the code of the newest mail that carries one, and to which address it went ("" is the contact's own).
func (h *house) codeOf(t *testing.T, n *node) (code, to string) {
	t.Helper()
	m, ok := h.mails.Load("")
	if !ok {
		t.Fatal("no code was mailed")
	}
	code, err := n.MailedCode(context.Background(), h.tenant.ID, m.(accessdb.Mail).StepUpID)
	if err != nil {
		t.Fatal(err)
	}
	return code, m.(accessdb.Mail).Address
}

// sent mails a code to a session and returns it.
func (h *house) sent(t *testing.T, n *node, s access.Session) string {
	t.Helper()
	if err := n.SendStepUp(context.Background(), s, visitor); err != nil {
		t.Fatal(err)
	}
	code, _ := h.codeOf(t, n)
	return code
}

// stepUp lets a fresh session act.
func (h *house) stepUp(t *testing.T, n *node) access.Grant {
	t.Helper()
	first := n.signIn(t, h.site)
	grant, err := n.PassStepUp(context.Background(), h.site, first.Session, h.sent(t, n, first.Session), visitor)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

func (h *house) events(t *testing.T, kind string) int {
	t.Helper()
	return h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = $1`, kind)
}

func TestStepUp_TakesTheMailedCodeAndGivesAnotherCookie(t *testing.T) {
	h := newHouse(t)
	a, b := h.node(t), h.node(t)
	ctx := context.Background()
	first := a.signIn(t, h.site)
	if err := b.SteppedUp(ctx, first.Session); !errors.Is(err, access.ErrStepUp) {
		t.Fatalf("before: %v", err)
	}
	if err := a.WantStepUp(ctx, first.Session, "/portal/account/email"); err != nil {
		t.Fatal(err)
	}
	code := h.sent(t, a, first.Session)
	if len(code) != 9 || strings.ContainsAny(code, "0O1IL") {
		t.Errorf("the code is %q", code)
	}
	second, err := b.PassStepUp(ctx, h.site, first.Session, " "+strings.ToLower(strings.ReplaceAll(code, "-", " ")), visitor)
	if err != nil || second.Target != "/portal/account/email" || second.Session.ID == first.Session.ID || second.Token == first.Token {
		t.Fatalf("%+v, %v", second, err)
	}
	if !second.Session.ExpiresAt.Equal(first.Session.ExpiresAt) {
		t.Error("it ends at another time than the first would have")
	}
	for i, n := range []*node{a, b} {
		if err := n.SteppedUp(ctx, second.Session); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
		if err := n.SteppedUp(ctx, first.Session); !errors.Is(err, access.ErrStepUp) {
			t.Errorf("node %d: the old cookie may act: %v", i, err)
		}
		if s, err := n.Authenticate(ctx, h.site, second.Token); err != nil || s.ID != second.Session.ID {
			t.Errorf("node %d: the new cookie: %v", i, err)
		}
	}
	// Pressed twice, the browser that reads only the second answer has the same cookie.
	again, err := a.PassStepUp(ctx, h.site, first.Session, code, visitor)
	if err != nil || again.Token != second.Token || again.Session.ID != second.Session.ID || again.Target != second.Target {
		t.Errorf("again: %+v, %v", again, err)
	}
	if n := h.sessions(t); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
	for kind, want := range map[string]int{"step_up.sent": 1, "step_up.passed": 1, "step_up.refused": 0} {
		if got := h.events(t, kind); got != want {
			t.Errorf("%d entries %s, want %d", got, kind, want)
		}
	}
}

func TestStepUp_StoresNoCode(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	code := h.sent(t, n, n.signIn(t, h.site).Session)
	for _, c := range []string{code, strings.ReplaceAll(code, "-", "")} {
		if got := h.count(t, h.tenant.ID, `SELECT (SELECT count(*) FROM step_ups u WHERE u::text LIKE '%' || $1 || '%')
			+ (SELECT count(*) FROM audit_events e WHERE e::text LIKE '%' || $1 || '%')`, c); got != 0 {
			t.Errorf("%q stands in %d rows", c, got)
		}
	}
}

func TestStepUp_OfAnyNumberOfTriesAtOnceFiveAreCounted(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	ctx := context.Background()
	s := nodes[0].signIn(t, h.site).Session
	code := h.sent(t, nodes[0], s)
	var group sync.WaitGroup
	var counted, dead atomic.Int64
	for i := range 50 {
		group.Go(func() {
			_, err := nodes[i%2].PassStepUp(ctx, h.site, s, wrong(code), visitor)
			var w *access.WrongCodeError
			switch {
			case !errors.As(err, &w):
				t.Errorf("%v, want a wrong code", err)
			case w.Left > 0:
				counted.Add(1)
			default:
				dead.Add(1)
			}
		})
	}
	group.Wait()
	if counted.Load() != 4 || dead.Load() != 46 { // the fifth leaves none
		t.Errorf("%d had tries left, %d had none", counted.Load(), dead.Load())
	}
	if tries := h.count(t, h.tenant.ID, `SELECT sum(tries)::int FROM step_ups`); tries != 5 {
		t.Errorf("%d tries are counted, want 5", tries)
	}
	var w *access.WrongCodeError
	if _, err := nodes[1].PassStepUp(ctx, h.site, s, code, visitor); !errors.As(err, &w) || w.Left != 0 {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
	if err := nodes[0].SteppedUp(ctx, s); !errors.Is(err, access.ErrStepUp) {
		t.Error("it may act")
	}
}

func TestStepUp_TheRightCodeAtOnceOnTwoNodesOpensOneSession(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	s := nodes[0].signIn(t, h.site).Session
	code := h.sent(t, nodes[0], s)
	var group sync.WaitGroup
	tokens := make([]string, 4)
	for i := range tokens {
		group.Go(func() {
			grant, err := nodes[i%2].PassStepUp(context.Background(), h.site, s, code, visitor)
			if err != nil {
				t.Error(err)
			}
			tokens[i] = grant.Token
		})
	}
	group.Wait()
	for _, token := range tokens {
		if token == "" || token != tokens[0] {
			t.Fatalf("cookies %q", tokens)
		}
	}
	if n := h.sessions(t); n != 2 {
		t.Errorf("%d sessions, want the old one and one new", n)
	}
}

func TestStepUp_ACodeIsGoodForItsOwnSessionOnly(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	other := h.addTenant(t, "other")
	mine, twin := n.signIn(t, h.site).Session, n.signIn(t, h.site).Session
	foreign := n.signIn(t, other).Session
	code := h.sent(t, n, mine)
	h.sent(t, n, twin) // so that there is one to compare with
	elsewhere := mine
	elsewhere.Host = other.Host
	moved := mine
	moved.Tenant = other.Tenant.ID
	for name, s := range map[string]access.Session{"another session": twin, "another tenant's": foreign, "another host": elsewhere, "another tenant": moved} {
		if _, err := n.PassStepUp(ctx, h.site, s, code, visitor); err == nil {
			t.Errorf("%s takes the code", name)
		}
	}
	if _, err := n.PassStepUp(ctx, h.site, mine, code, visitor); err != nil {
		t.Errorf("control: %v", err)
	}
	if err := n.SteppedUp(ctx, twin); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("the twin: %v", err)
	}
}

func TestStepUp_EndsInTime(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	back := func(table, column, by string) {
		h.exec(t, h.tenant.ID, `UPDATE `+table+` SET `+column+` = `+column+` - $1::interval WHERE `+column+` IS NOT NULL`, by)
	}
	s := n.signIn(t, h.site).Session
	code := h.sent(t, n, s)
	back("step_ups", "expires_at", "10 minutes 1 second")
	var w *access.WrongCodeError
	if _, err := n.PassStepUp(ctx, h.site, s, code, visitor); !errors.As(err, &w) || w.Left != 0 {
		t.Errorf("a code that is too old: %v", err)
	}
	first, second := h.sent(t, n, s), h.sent(t, n, s)
	if _, err := n.PassStepUp(ctx, h.site, s, first, visitor); !errors.As(err, &w) || w.Left != 4 {
		t.Errorf("an older code: %v", err)
	}
	grant, err := n.PassStepUp(ctx, h.site, s, second, visitor)
	if err != nil {
		t.Fatal(err)
	}
	back("step_ups", "passed_at", "31 seconds")
	if _, err := n.PassStepUp(ctx, h.site, s, second, visitor); err == nil {
		t.Error("a code works again after its moment")
	}
	if err := n.SteppedUp(ctx, grant.Session); err != nil {
		t.Error(err)
	}
	back("crm_client_portal_sessions", "step_up_until", "30 minutes")
	if err := n.SteppedUp(ctx, grant.Session); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("half an hour later: %v", err)
	}
}

func TestStepUp_IsMailedAndTriedWithinLimits(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	s := n.signIn(t, h.site).Session
	for range access.CodesSent {
		h.sent(t, n, s)
	}
	if err := n.SendStepUp(ctx, s, visitor); !errors.Is(err, access.ErrLimited) {
		t.Errorf("the fourth within a quarter of an hour: %v", err)
	}
	if other := n.signIn(t, h.site).Session; h.sent(t, n, other) == "" {
		t.Error("another session has no share of its own")
	}
	// 20 tries a contact and day, whatever sessions and codes they are for.
	counted := 0
	for range 6 {
		s := n.signIn(t, h.site).Session
		code := h.sent(t, n, s)
		for range access.CodeTries {
			_, err := n.PassStepUp(ctx, h.site, s, wrong(code), visitor)
			if !errors.As(err, new(*access.WrongCodeError)) {
				t.Fatal(err)
			}
		}
	}
	if counted = h.count(t, h.tenant.ID, `SELECT sum(tries)::int FROM step_ups`); counted != access.CodeTriesDay {
		t.Errorf("%d tries in a day, want %d", counted, access.CodeTriesDay)
	}
	for range access.CodesSentDay {
		if err := n.SendStepUp(ctx, n.signIn(t, h.site).Session, visitor); errors.Is(err, access.ErrLimited) {
			return
		}
	}
	t.Error("a contact is mailed without end")
}

func TestStepUp_IsForConfirmedLiveSessionsOfActiveContacts(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	for name, change := range map[string]string{
		"provisional":      `UPDATE crm_client_portal_sessions SET level = 'provisional' WHERE id = $1`,
		"revoked":          `UPDATE crm_client_portal_sessions SET revoked_at = now() WHERE id = $1`,
		"expired":          `UPDATE crm_client_portal_sessions SET expires_at = now() WHERE id = $1`,
		"contact disabled": `UPDATE contacts SET status = 'disabled' WHERE id = (SELECT contact_id FROM crm_client_portal_sessions WHERE id = $1)`,
		"portal off":       `UPDATE companies SET portal_enabled = false WHERE id = (SELECT company_id FROM crm_client_portal_sessions WHERE id = $1)`,
	} {
		for _, passed := range []bool{false, true} {
			s := n.signIn(t, h.site).Session
			code := h.sent(t, n, s)
			if passed {
				grant, err := n.PassStepUp(ctx, h.site, s, code, visitor)
				if err != nil {
					t.Fatal(err)
				}
				s = grant.Session
			}
			h.exec(t, h.tenant.ID, change, s.ID)
			if err := n.SteppedUp(ctx, s); !errors.Is(err, access.ErrNoSession) {
				t.Errorf("%s, passed %t: %v", name, passed, err)
			}
			if err := n.SendStepUp(ctx, s, visitor); !errors.Is(err, access.ErrNoSession) {
				t.Errorf("%s: a code is mailed: %v", name, err)
			}
			if _, err := n.PassStepUp(ctx, h.site, s, code, visitor); !errors.Is(err, access.ErrNoSession) {
				t.Errorf("%s: its code is taken: %v", name, err)
			}
			if err := n.WantStepUp(ctx, s, "/portal/"); !errors.Is(err, access.ErrNoSession) {
				t.Errorf("%s: %v", name, err)
			}
			h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'active'`)
			h.exec(t, h.tenant.ID, `UPDATE companies SET portal_enabled = true`)
			h.exec(t, h.tenant.ID, `DELETE FROM step_ups`)
		}
	}
}

func TestStepUp_NeedsNoRedis(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	s := n.signIn(t, h.site).Session
	if err := n.client.Close(); err != nil {
		t.Fatal(err)
	}
	grant, err := n.PassStepUp(context.Background(), h.site, s, h.sent(t, n, s), visitor)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.SteppedUp(context.Background(), grant.Session); err != nil {
		t.Error(err)
	}
	if _, err := h.node(t).Authenticate(context.Background(), h.site, grant.Token); err != nil {
		t.Errorf("on another node: %v", err)
	}
}

// waits returns once somebody waits for a lock, or fails the test when done comes first.
func (h *house) waits(t *testing.T, done <-chan error) error {
	t.Helper()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		case <-tick.C:
		}
		var waiting bool
		err := h.db.Owner.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)`).Scan(&waiting)
		if err != nil || waiting {
			tick.Stop()
			return err
		}
	}
}

// A sensitive act demands it in its own transaction, and nothing comes between.
func TestRequireStepUp_HoldsTheSessionUntilTheActIsDone(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	grant := h.stepUp(t, n)
	ended := make(chan error, 1)
	err := rls.Tx(ctx, h.db.App, h.tenant.ID, func(tx pgx.Tx) error {
		if err := accessdb.RequireStepUp(ctx, tx, grant.Session); err != nil {
			return err
		}
		go func() { ended <- n.SignOutEverywhere(ctx, grant.Session, visitor) }()
		return h.waits(t, ended)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	act := func(s access.Session) error {
		return rls.Tx(ctx, h.db.App, s.Tenant, func(tx pgx.Tx) error { return accessdb.RequireStepUp(ctx, tx, s) })
	}
	if err := act(grant.Session); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("after it was ended: %v", err)
	}
	if err := act(n.signIn(t, h.site).Session); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("without a code: %v", err)
	}
}

func TestStepUp_EndsWithTheOldSessionSignedOut(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	first := n.signIn(t, h.site)
	grant, err := n.PassStepUp(ctx, h.site, first.Session, h.sent(t, n, first.Session), visitor)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.SignOut(ctx, grant.Session, visitor); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]access.Session{"the new": grant.Session, "the old": first.Session} {
		if err := n.Recheck(ctx, s); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("%s one goes on: %v", name, err)
		}
	}
}
