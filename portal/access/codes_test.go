package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// elsewhere is the cookie of a browser that asks for itself.
var elsewhere = strings.Repeat("b", 42) + "A"

// mailed asks for a link and returns the token and code of the mail to the first contact of the tenant.
func (h *house) mailed(t *testing.T, n *node, browser string) (token, code, linkID string) {
	t.Helper()
	h.mails.Clear()
	if err := n.RequestLink(context.Background(), h.site, "payables@acme.example", browser, visitor); err != nil {
		t.Fatal(err)
	}
	workRequests(t, h, n)
	h.mails.Range(func(_, m any) bool { linkID = m.(accessdb.Mail).LinkID; return false })
	url, err := n.URL(context.Background(), h.tenant.ID, linkID)
	if err != nil {
		t.Fatal(err)
	}
	if code, err = n.Code(context.Background(), h.tenant.ID, linkID); err != nil {
		t.Fatal(err)
	}
	return url[strings.LastIndex(url, "/")+1:], code, linkID
}

// wrong returns a code that is none of the given ones.
func wrong(codes ...string) string {
	const made = "22222222"
	for _, c := range codes {
		if c == made {
			return "33333333"
		}
	}
	return made
}

func (h *house) sessions(t *testing.T) int {
	t.Helper()
	return h.count(t, h.tenant.ID, `SELECT count(*) FROM crm_client_portal_sessions`)
}

func TestLoginLink_WorksInTheBrowserThatAskedOnly(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	token, _, _ := h.mailed(t, n, asking)
	for _, browser := range []string{"", elsewhere, "rubbish", asking[:42], asking + "A", strings.ToUpper(asking)} {
		landing, err := n.Landing(ctx, h.site, token, browser, &visitor)
		if err != nil || landing.State != access.LinkElsewhere {
			t.Errorf("browser %q sees %v, %v", browser, landing.State, err)
		}
		var dead *access.DeadLinkError
		if _, err := n.Redeem(ctx, h.site, token, browser, visitor); !errors.As(err, &dead) || dead.Landing.State != access.LinkElsewhere {
			t.Errorf("browser %q exchanges it: %v", browser, err)
		}
	}
	if h.sessions(t) != 0 {
		t.Fatal("a session began in another browser")
	}
	if landing, err := n.Landing(ctx, h.site, token, asking, &visitor); err != nil || landing.State != access.LinkReady {
		t.Errorf("the browser that asked sees %v, %v", landing.State, err)
	}
	if _, err := n.Redeem(ctx, h.site, token, asking, visitor); err != nil {
		t.Errorf("the browser that asked: %v", err)
	}
	for _, browser := range []string{"", asking} {
		if landing, _ := n.Landing(ctx, h.site, token, browser, &visitor); landing.State != access.LinkUsed {
			t.Errorf("once used it is %v", landing.State)
		}
	}
}

func TestCode_SignsInAsPeopleTypeIt(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	for name, mangle := range map[string]func(string) string{
		"as it is shown": func(s string) string { return s },
		"in lower case":  strings.ToLower,
		"with spaces":    func(s string) string { return "  " + s[:2] + " " + s[2:4] + "\u00a0\t" + s[5:] + "\n" },
		"without dash":   func(s string) string { return strings.ReplaceAll(s, "-", "") },
		"with long dash": func(s string) string { return strings.ReplaceAll(s, "-", "–") },
	} {
		h.exec(t, h.tenant.ID, `DELETE FROM link_codes`)
		n.client.FlushAll(ctx)
		_, code, linkID := h.mailed(t, n, asking)
		if len(code) != 9 || strings.ContainsAny(code, "0O1IL") {
			t.Fatalf("the code is %q", code)
		}
		grant, err := n.RedeemCode(ctx, h.site, mangle(code), asking, visitor)
		if err != nil || grant.Session.LinkID != linkID {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := n.Authenticate(ctx, h.site, grant.Token); err != nil {
			t.Errorf("%s: the session: %v", name, err)
		}
		if _, err := n.RedeemCode(ctx, h.site, code, asking, visitor); !errors.As(err, new(*access.DeadLinkError)) {
			t.Errorf("%s, a second time: %v", name, err)
		}
	}
	for _, typed := range []string{"", "x", "ABCD-EFG", "ABCD-EFGHJ", "OBCD-EFGH", "ABCD_EFGH", "ÄBCD-EFG", strings.Repeat(" ", 200) + "ABCDEFGH", "ABCD\x00EFGH", "ſBCDEFGH"} {
		if _, err := n.RedeemCode(ctx, h.site, typed, asking, visitor); !errors.Is(err, access.ErrCodeForm) {
			t.Errorf("%q: %v, want that it cannot be a code", typed, err)
		}
	}
}

func TestCode_IsWorthNothingInAnotherBrowserOrTenant(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	other := h.addTenant(t, "other")
	_, code, _ := h.mailed(t, n, asking)
	var refused *access.WrongCodeError
	for _, browser := range []string{"", elsewhere, "rubbish"} {
		if _, err := n.RedeemCode(ctx, h.site, code, browser, visitor); !errors.As(err, &refused) || refused.Left != 0 {
			t.Errorf("browser %q: %v", browser, err)
		}
	}
	if _, err := n.RedeemCode(ctx, other, code, asking, visitor); !errors.As(err, &refused) {
		t.Errorf("at another tenant: %v", err)
	}
	if _, err := n.RedeemCode(ctx, h.site, code, asking, visitor); err != nil {
		t.Errorf("and then in its own: %v", err)
	}
}

func TestCode_HasFiveTriesHoweverManyAtOnce(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	ctx := context.Background()
	_, code, _ := h.mailed(t, nodes[0], asking)
	var counted, refused atomic.Int32
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			var w *access.WrongCodeError
			_, err := nodes[i%2].RedeemCode(ctx, h.site, wrong(strings.ReplaceAll(code, "-", "")), asking, visitor)
			if !errors.As(err, &w) {
				t.Errorf("a wrong code: %v", err)
			} else if w.Left > 0 {
				counted.Add(1)
			} else {
				refused.Add(1)
			}
		})
	}
	group.Wait()
	if counted.Load() != 4 || refused.Load() != 96 {
		t.Errorf("%d were told that tries are left and %d that none is, want 4 and 96", counted.Load(), refused.Load())
	}
	if _, err := nodes[0].RedeemCode(ctx, h.site, code, asking, visitor); !errors.As(err, new(*access.WrongCodeError)) {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
	if n := h.sessions(t); n != 0 {
		t.Errorf("%d sessions began", n)
	}
}

func TestCode_OpensOneSessionHoweverManyTypeIt(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	_, code, _ := h.mailed(t, nodes[0], asking)
	var granted atomic.Int32
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if _, err := nodes[i%2].RedeemCode(context.Background(), h.site, code, asking, visitor); err == nil {
				granted.Add(1)
			}
		})
	}
	group.Wait()
	if granted.Load() != 1 || h.sessions(t) != 1 {
		t.Errorf("%d grants and %d sessions, want one", granted.Load(), h.sessions(t))
	}
}

func TestCode_IsTriedTwentyTimesADayForOneAddress(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	tries := func(email string) (counted int) {
		for i := range 6 {
			n.client.FlushAll(ctx) // the limits on asking are not what is looked at
			browser := strings.Repeat(string(rune('c'+i)), 42) + "A"
			if err := n.RequestLink(ctx, h.site, email, browser, access.Visitor{IP: netip.MustParseAddr("2001:db8::1")}); err != nil {
				t.Fatal(err)
			}
			for range 7 {
				var w *access.WrongCodeError
				if _, err := n.RedeemCode(ctx, h.site, "22222222", browser, visitor); !errors.As(err, &w) {
					t.Fatal(err)
				}
			}
		}
		return h.count(t, h.tenant.ID, `SELECT sum(tries)::int FROM link_codes`)
	}
	known := tries("payables@acme.example")
	h.exec(t, h.tenant.ID, `DELETE FROM link_codes`)
	unknown := tries(" Nobody@ACME.example ")
	if known != 20 || unknown != 20 {
		t.Errorf("%d tries for a known address and %d for an unknown one, want 20", known, unknown)
	}
}

// Whoever types codes for an address learns nothing of whether it is known: neither by what is said, nor by how much is asked of the database.
func TestCode_TellsNothingOfTheAddress(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	type told struct {
		left  int
		trips int32
	}
	ask := func(email, browser string) (all []told) {
		if err := n.RequestLink(context.Background(), h.site, email, browser, visitor); err != nil {
			t.Fatal(err)
		}
		workRequests(t, h, n)
		for range 7 {
			info := &request.Info{}
			var w *access.WrongCodeError
			if _, err := n.RedeemCode(request.With(context.Background(), info), h.site, "22222222", browser, visitor); !errors.As(err, &w) {
				t.Fatal(err)
			}
			all = append(all, told{w.Left, info.Trips.Postgres.Load()})
		}
		return all
	}
	ask("warm@up.example", strings.Repeat("e", 42)+"A") // the statements are prepared
	known, unknown := ask("payables@acme.example", asking), ask("nobody@acme.example", elsewhere)
	for i := range known {
		if known[i] != unknown[i] || known[i].trips == 0 {
			t.Errorf("try %d: %+v for a known address, %+v for an unknown one", i+1, known[i], unknown[i])
		}
	}
	if known[0].left != 4 || known[4].left != 0 || known[6].left != 0 {
		t.Errorf("tries left: %+v", known)
	}
}

func TestCode_IsNotedWhenItIsWrongAsOftenAsItIsCounted(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	_, code, link := h.mailed(t, n, asking)
	if err := n.RequestLink(context.Background(), h.site, "nobody@acme.example", elsewhere, visitor); err != nil {
		t.Fatal(err)
	}
	workRequests(t, h, n)
	for _, browser := range []string{asking, elsewhere, strings.Repeat("c", 42) + "A"} { // the third never asked
		for range access.CodeTries + 2 {
			if _, err := n.RedeemCode(context.Background(), h.site, wrong(code), browser, visitor); !errors.As(err, new(*access.WrongCodeError)) {
				t.Fatal(err)
			}
		}
	}
	const noted = `SELECT count(*) FROM audit_events WHERE kind = 'code.refused' AND actor = 'anonymous' AND ip = '192.0.2.7' AND user_agent = 'Firefox' AND `
	if n := h.count(t, h.tenant.ID, noted+`link_id = $1 AND contact_id = 'con_1' AND company_id = 'co_1'`, link); n != access.CodeTries {
		t.Errorf("%d entries of the mailed link's codes, want one for each of the %d tries", n, access.CodeTries)
	}
	if n := h.count(t, h.tenant.ID, noted+`link_id IS NULL AND contact_id IS NULL AND company_id IS NULL`); n != access.CodeTries {
		t.Errorf("%d entries for the address that nobody has, want as many", n)
	}
	if n := h.count(t, h.tenant.ID, `SELECT count(DISTINCT details->>'left') FROM audit_events WHERE kind = 'code.refused'`); n != access.CodeTries {
		t.Errorf("%d different tries left are told, want %d", n, access.CodeTries)
	}
	if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE details::text ~ $1`, wrong(code)); n != 0 {
		t.Error("what was typed stands in the log")
	}
}

func TestCode_DiesWithItsLink(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	_, code, _ := h.mailed(t, n, asking)
	h.exec(t, h.tenant.ID, `UPDATE portal_links SET expires_at = now() - interval '1 second'`)
	var dead *access.DeadLinkError
	if _, err := n.RedeemCode(ctx, h.site, code, asking, visitor); !errors.As(err, &dead) || dead.Landing.State != access.LinkExpired {
		t.Errorf("the code of an expired link: %v", err)
	}
	_, code, _ = h.mailed(t, n, asking)
	h.exec(t, h.tenant.ID, `UPDATE link_codes SET created_at = now() - interval '31 minutes'`)
	if _, err := n.RedeemCode(ctx, h.site, code, asking, visitor); !errors.As(err, new(*access.WrongCodeError)) {
		t.Errorf("the code half an hour later: %v", err)
	}
	h.exec(t, h.tenant.ID, `UPDATE link_codes SET created_at = now() - interval '25 hours'`)
	h.mailed(t, n, asking)
	if left := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_codes`); left != 1 {
		t.Errorf("%d counts are kept, want the new one", left)
	}
}

// A stranger who knows an address must not be able to keep its owner out.
func TestRequestLink_KillsNoLinkThatAnotherBrowserAskedFor(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	first, _, _ := h.mailed(t, n, asking)
	second, _, _ := h.mailed(t, n, elsewhere)
	third, _, _ := h.mailed(t, n, asking)
	for name, c := range map[string]struct {
		token, browser string
		want           access.LinkState
	}{
		"the owner's first": {first, asking, access.LinkSuperseded}, "the stranger's": {second, elsewhere, access.LinkReady},
		"the owner's second": {third, asking, access.LinkReady},
	} {
		if got, err := n.Landing(ctx, h.site, c.token, c.browser, &visitor); err != nil || got.State != c.want {
			t.Errorf("%s: %v, %v, want %v", name, got.State, err, c.want)
		}
	}
}

func TestResend_CountsCodesForTheContactsAddress(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	if err := n.Resend(context.Background(), h.site, token, asking, visitor); err != nil {
		t.Fatal(err)
	}
	workRequests(t, h, n)
	want := access.SubjectHash(h.ring, h.tenant.ID, "Payables@acme.example")
	if got := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_codes WHERE subject_hash = $1`, want[:]); got != 1 {
		t.Error("tries for a link that a dead one brought are not counted for its address")
	}
	if access.SubjectHash(h.ring, tenant.ID("ten_other"), "payables@acme.example") == want {
		t.Error("two tenants keep the same hash of an address")
	}
}

func TestCode_StandsInNoTable(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, code, _ := h.mailed(t, n, asking)
	if _, err := n.RedeemCode(context.Background(), h.site, code, asking, visitor); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"portal_links", "link_codes", "link_requests", "audit_events", "crm_client_portal_sessions"} {
		for name, secret := range map[string]string{"code": code, "bare code": strings.ReplaceAll(code, "-", ""), "token": token, "cookie": asking} {
			if hits := h.count(t, h.tenant.ID, `SELECT count(*) FROM `+table+` r WHERE strpos(r::text, $1) > 0`, secret); hits != 0 {
				t.Errorf("%s holds the %s", table, name)
			}
		}
	}
	if h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'link.used' AND details->>'by' = 'code'`) != 1 {
		t.Error("the audit log does not say that a code was typed")
	}
}

func TestTurnedAway_CountsWhatATenantsLimitRefused(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	for i := range 503 {
		from := access.Visitor{IP: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})}
		if err := n.RequestLink(context.Background(), h.site, fmt.Sprintf("somebody%d@else.example", i), asking, from); err != nil {
			t.Fatal(err)
		}
	}
	if network, tenant := n.TurnedAway(); network != 0 || tenant < 1 || tenant > 3 {
		t.Errorf("%d turned away by network and %d by tenant, want 0 and about 3", network, tenant)
	}
}

// Ten thousand requests for one address are three mails, and the same answer each time.
func TestRequestLink_TenThousandTimesForOneAddressMailsThrice(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	var group sync.WaitGroup
	for worker := range 10 {
		group.Go(func() {
			for i := range 1000 {
				from := access.Visitor{IP: netip.AddrFrom4([4]byte{10, byte(worker), byte(i >> 8), byte(i)}), UserAgent: strings.Repeat("x", 64<<10)}
				if err := n.RequestLink(context.Background(), h.site, "payables@acme.example", asking, from); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	workRequests(t, h, n)
	if links := h.count(t, h.tenant.ID, `SELECT count(*) FROM portal_links WHERE purpose = 'login'`); links != 3 {
		t.Errorf("%d links were mailed, want 3", links)
	}
	const typed = `SELECT count(*) FROM link_codes WHERE browser_hash = sha256(decode(translate($1, '-_', '+/') || '=', 'base64'))`
	if left := h.count(t, h.tenant.ID, typed, asking); left != 3 {
		t.Errorf("codes may be typed for %d requests, want 3", left)
	}
	if left := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); left != 0 {
		t.Errorf("%d requests are left behind", left)
	}
	if all := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_codes`); all > 500 {
		t.Errorf("%d counts are kept, more than a tenant gets requests in an hour", all)
	}
}
