package access_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant/request"
)

func TestRedeem_OnceAmong200OnTwoNodes(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(t), h.node(t)}
	for round := range 5 {
		token, pending := nodes[0].mint(t, h.site)
		var won, used atomic.Int32
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				grant, err := nodes[i%2].Redeem(context.Background(), h.site, token, "", visitor)
				var dead *access.DeadLinkError
				switch {
				case err == nil && grant.Session.ID == pending.Session.ID:
					won.Add(1)
				case errors.As(err, &dead) && dead.Landing.State == access.LinkUsed:
					used.Add(1)
				default:
					t.Errorf("Redeem = %v, %v", grant.Session, err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || used.Load() != 199 {
			t.Fatalf("round %d: %d sessions and %d used, want 1 and 199", round, won.Load(), used.Load())
		}
	}
	if n := h.count(t, h.tenant.ID, `SELECT count(*) FROM audit_events WHERE kind = 'link.used'`); n != 5 {
		t.Errorf("%d audit entries for 5 redeemed links", n)
	}
}

func TestLanding_ChangesNothingHoweverOften(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	token, _ := n.mint(t, h.site)
	for range 100 {
		landing, err := n.Landing(context.Background(), h.site, token, "", &visitor)
		if err != nil || landing.State != access.LinkReady || landing.MaskedEmail != "p•••@acme.example" {
			t.Fatalf("Landing = %+v, %v", landing, err)
		}
	}
	if _, err := n.Redeem(context.Background(), h.site, token, "", visitor); err != nil {
		t.Errorf("after 100 looks the link is refused: %v", err)
	}
}

func TestLink_EachDeadStateIsTold(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	other := h.addTenant(t, "other")
	foreign, _ := n.mint(t, other)
	for _, tc := range []struct {
		name, change string
		want         access.LinkState
	}{
		{"expired", `UPDATE portal_links SET expires_at = now() - interval '1 second'`, access.LinkExpired},
		{"revoked", `UPDATE portal_links SET revoked_at = now()`, access.LinkRevoked},
		{"superseded", `UPDATE portal_links SET superseded_at = now()`, access.LinkSuperseded},
		{"used", `UPDATE portal_links SET used_at = now()`, access.LinkUsed},
		{"contact disabled", `UPDATE contacts SET status = 'disabled'`, access.LinkPortalOff},
		{"portal off", `UPDATE companies SET portal_enabled = false`, access.LinkPortalOff},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'active'`)
			token, _ := n.mint(t, h.site)
			h.exec(t, h.tenant.ID, tc.change)
			landing, err := n.Landing(context.Background(), h.site, token, "", &visitor)
			if err != nil || landing.State != tc.want {
				t.Errorf("Landing = %v, %v, want %v", landing.State, err, tc.want)
			}
			var dead *access.DeadLinkError
			if _, err := n.Redeem(context.Background(), h.site, token, "", visitor); !errors.As(err, &dead) || dead.Landing.State != tc.want {
				t.Errorf("Redeem = %v, want a dead link in state %v", err, tc.want)
			}
		})
	}
	for _, token := range []string{"", "x", foreign, foreign + "A", foreign[:42], strings.Repeat("A", 43), strings.Repeat("é", 43), foreign[:42] + "="} {
		landing, err := n.Landing(context.Background(), h.site, token, "", &visitor)
		if err != nil || landing != (access.Landing{State: access.LinkUnknown}) {
			t.Errorf("Landing(%q) = %+v, %v, want unknown and nothing else", token, landing, err)
		}
	}
	if _, err := n.Redeem(context.Background(), other, foreign, "", visitor); err != nil {
		t.Errorf("the other tenant's own link is refused at home: %v", err)
	}
}

func TestMint_RefusesForeignAndClosedContacts(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	h.addTenant(t, "other")
	h.exec(t, "ten_other", `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ('ten_other', 'con_2', 'co_1', 'X', 'x@x.example')`)
	mint := func(m access.MintRequest) error { _, err := n.Mint(context.Background(), h.tenant, m); return err }
	if err := mint(access.MintRequest{ContactID: "con_2"}); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("another tenant's contact: %v", err)
	}
	if err := mint(access.MintRequest{ContactID: "con_1", DocumentID: "inv_nowhere"}); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("an unknown document: %v", err)
	}
	if err := mint(access.MintRequest{ContactID: "con_1", SendEmail: true}); err != nil {
		t.Errorf("its own contact: %v", err)
	}
	h.exec(t, h.tenant.ID, `UPDATE contacts SET status = 'disabled'`)
	if err := mint(access.MintRequest{ContactID: "con_1"}); !errors.Is(err, access.ErrConflict) {
		t.Errorf("a disabled contact: %v", err)
	}
}

func TestRequestLink_MailsOnlyKnownAddressesAndLeavesNoTrace(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := context.Background()
	for _, email := range []string{" PAYABLES@acme.example ", "nobody@acme.example"} {
		if err := n.RequestLink(ctx, h.site, email, asking, visitor); err != nil {
			t.Fatal(err)
		}
	}
	if waiting := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); waiting != 2 {
		t.Fatalf("%d requests noted, want one for each address, known or not", waiting)
	}
	for range 2 { // a job that is worked twice mails once
		workRequests(t, h, n)
	}
	mails := 0
	h.mails.Range(func(_, m any) bool {
		mails++
		mail := m.(accessdb.Mail)
		url, err := n.URL(ctx, h.tenant.ID, mail.LinkID)
		_, token, _ := strings.Cut(url, "https://acme.portal.example/portal/l/")
		if _, rerr := n.Redeem(ctx, h.site, token, asking, visitor); err != nil || rerr != nil {
			t.Errorf("the mailed link does not work: %v, %v", err, rerr)
		}
		return true
	})
	if left := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests`); mails != 1 || left != 0 {
		t.Errorf("%d mails and %d requests left, want 1 and 0", mails, left)
	}
}

// workRequests does what the job queue would for each job that was inserted.
func workRequests(t *testing.T, h *house, n *node) {
	t.Helper()
	rows, err := h.db.Owner.Query(context.Background(), `SELECT args->>'tenant_id', args->>'request_id' FROM jobs.river_job WHERE kind = 'link_request'`)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[accessdb.RequestJob])
	if err != nil || len(jobs) == 0 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	for _, args := range jobs {
		if err := accessdb.NewRequestWorker(n.store).Work(context.Background(), &river.Job[accessdb.RequestJob]{Args: args}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRequestLink_IsLimitedByAddressAndNetworkWithTheSameAnswer(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	for range 10 {
		if err := n.RequestLink(context.Background(), h.site, "payables@acme.example", asking, visitor); err != nil {
			t.Fatal(err)
		}
	}
	const heard = `SELECT count(*) FROM link_requests WHERE email IS NOT NULL`
	if noted := h.count(t, h.tenant.ID, heard); noted != 3 {
		t.Errorf("%d requests for one address noted, want 3", noted)
	}
	if err := n.RequestLink(context.Background(), h.site, "somebody@else.example", asking, visitor); err != nil {
		t.Fatal(err)
	}
	if noted := h.count(t, h.tenant.ID, heard); noted != 3 {
		t.Errorf("the network asked ten times and is still heard: %d", noted)
	}
	elsewhere := access.Visitor{IP: netip.MustParseAddr("2001:db8::1")}
	if err := n.RequestLink(context.Background(), h.site, "somebody@else.example", asking, elsewhere); err != nil {
		t.Fatal(err)
	}
	if noted := h.count(t, h.tenant.ID, heard); noted != 4 {
		t.Errorf("another network is not heard: %d", noted)
	}
}

func TestRequestLink_AsksAsMuchOfTheDatabaseForAnAddressThatIsNotHeard(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ask := func(i int, email string) (trips int32) {
		t.Helper()
		info := &request.Info{}
		from := access.Visitor{IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})}
		if err := n.RequestLink(request.With(context.Background(), info), h.site, email, asking, from); err != nil {
			t.Fatal(err)
		}
		return info.Trips.Postgres.Load()
	}
	ask(0, "somebody@else.example") // its statements are prepared
	heard := ask(1, "payables@acme.example")
	for i := range 2 {
		ask(i+2, "payables@acme.example")
	}
	ask(4, "payables@acme.example") // its statement, too
	if got := ask(5, "payables@acme.example"); got != heard || heard == 0 {
		t.Errorf("the sixth request took %d round trips, the first %d: the difference tells that somebody asked before", got, heard)
	}
	if noted := h.count(t, h.tenant.ID, `SELECT count(*) FROM link_requests WHERE email = 'payables@acme.example'`); noted != 3 {
		t.Errorf("%d requests left behind, want 3", noted)
	}
	// What is left of the others is nobody's: the browser that asked may type no more codes for it.
	const counted = `SELECT count(*) FROM link_codes WHERE browser_hash = sha256(decode(translate($1, '-_', '+/') || '=', 'base64'))`
	if typed := h.count(t, h.tenant.ID, counted, asking); typed != 4 {
		t.Errorf("codes may be typed for %d requests, want 4", typed)
	}
}

func TestGuesses_OfOneNetworkAreRefusedBeforeTheRecordIsAsked(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ctx := func(ip string) context.Context {
		return request.With(context.Background(), &request.Info{Client: netip.MustParseAddr(ip)})
	}
	attacker, other := ctx("198.51.100.9"), ctx("198.51.100.10")
	good, _ := n.mint(t, h.site)
	member := n.signIn(t, h.site)
	made := func(i int) string { return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%032d", i)) }
	landings, sessions := map[bool]int{}, map[bool]int{}
	for i := range 200 {
		_, err := n.Landing(attacker, h.site, made(i), "", &visitor)
		landings[errors.Is(err, access.ErrLimited)]++
		_, err = n.Authenticate(attacker, h.site, made(i))
		sessions[errors.Is(err, access.ErrLimited)]++
	}
	if n := landings[false] + sessions[false]; n < 100 || n > 140 {
		t.Errorf("%d guesses were looked up, want about 120", n)
	}
	if _, err := n.Landing(attacker, h.site, good, "", &visitor); !errors.Is(err, access.ErrLimited) {
		t.Errorf("after its guesses the network reads a good link: %v", err)
	}
	if _, err := n.Authenticate(attacker, h.site, member.Token); err != nil {
		t.Errorf("a live session of the same network is refused: %v", err)
	}
	for range 200 {
		if got, err := n.Landing(other, h.site, good, "", &visitor); err != nil || got.State != access.LinkReady {
			t.Fatalf("another network, with a good link: %v %v", got.State, err)
		}
	}
}

// Whoever has one IPv6 network has more addresses than there are seconds; they count as one.
func TestRequestLink_CountsAnIPv6NetworkAsOne(t *testing.T) {
	h := newHouse(t)
	n := h.node(t)
	ask := func(ip netip.Addr, email string) {
		t.Helper()
		if err := n.RequestLink(context.Background(), h.site, email, asking, access.Visitor{IP: ip}); err != nil {
			t.Fatal(err)
		}
	}
	const noted = `SELECT count(*) FROM link_requests`
	raw := netip.MustParseAddr("2001:db8:1:2::").As16()
	for i := range 100 {
		raw[8], raw[15] = byte(i), byte(i)
		ask(netip.AddrFrom16(raw), fmt.Sprintf("somebody%d@else.example", i))
	}
	if got := h.count(t, h.tenant.ID, noted); got != 10 {
		t.Errorf("%d requests of one network noted, want 10", got)
	}
	ask(netip.MustParseAddr("2001:db8:1:3::1"), "next@else.example")
	ask(netip.MustParseAddr("::ffff:192.0.2.9"), "mapped@else.example")
	if got := h.count(t, h.tenant.ID, noted); got != 12 {
		t.Errorf("other networks are not heard: %d noted, want 12", got)
	}
	for range 20 { // an IPv4 address is one network, however it is written
		ask(netip.MustParseAddr("192.0.2.9"), "mapped@else.example")
	}
	if got := h.count(t, h.tenant.ID, noted); got != 21 {
		t.Errorf("%d noted, want 21", got)
	}
}
