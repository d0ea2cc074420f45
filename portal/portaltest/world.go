package portaltest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// Session cookies of a world: each opens the portal for another client.
const (
	Full       = "session-full"       // a client with documents in every state
	Empty      = "session-empty"      // a client that nothing was sent to yet
	Scanned    = "session-scanned"    // a provisional session for the first invoice of Full's client, which the world confirms as Full
	PaidUp     = "session-paid-up"    // a client that owes nothing
	Currencies = "session-currencies" // a client that owes in two currencies
)

// World is one tenant's portal in memory. It implements portal.Access, portal.Pages and portal.Logos, and counts what it is asked to change.
type World struct {
	Tenant *tenant.Tenant
	Host   string // as a browser calls it; "<slug>.portal.test"

	// Fail, when set, is what every call to storage answers.
	Fail error
	// Text, when set, stands in for every text that a tenant or a client typed into a document.
	Text string
	// Log, when set, gets what the server logs.
	Log *slog.Logger

	previewCounts
	payCounts
	methodsWorld

	mu        sync.Mutex
	Sessions  map[string]access.Member  // by cookie
	Links     map[string]access.Landing // by token
	Redeemed  []string                  // tokens
	Seen      []string                  // tokens, each time that the link's page was shown to somebody
	Asked     []string                  // addresses
	Tried     []string                  // wrong codes
	Settled   bool                      // documents have been on the screen for a while
	Confirmed []string                  // ids of provisional sessions
	Resent    []string                  // tokens
	Ended     []string                  // session ids
	Viewed    []string                  // invoice ids, each time that a person saw one
	Taken     int                       // how often somebody took the log along as a file
	Wished    []string                  // who asked for access, each as "<link or contact> <name> <address>"
	Previewed []string                  // pages that a preview looked at, each with its document
	Ghosts    []string                  // ids of sessions that have ended and are still found by their cookie
	Over      map[string]access.Member  // by cookie: sessions that have ended by themselves
	Drafts    map[string]access.Draft   // kept forms
	codes     map[string]*codes         // by session id
}

// PreviewsOpened and PreviewsEnded are counted for all previews of a world.
type previewCounts struct{ PreviewsOpened, PreviewsEnded int }

var (
	_ portal.Access  = (*World)(nil)
	_ portal.Pages   = (*World)(nil)
	_ portal.Logos   = (*World)(nil)
	_ portal.Methods = (*World)(nil)
)

// NewWorld returns a world with a session of each kind and a link in each state.
func NewWorld(t *tenant.Tenant) *World {
	w := &World{Tenant: t, Host: t.Slug + ".portal.test", Sessions: map[string]access.Member{}, Links: map[string]access.Landing{}}
	for i, cookie := range []string{Full, Empty, PaidUp, Currencies} {
		w.Sessions[cookie] = w.member(cookie, i)
	}
	w.addEnding()
	w.addTill()
	scanned := w.Sessions[Full]
	scanned.Session.ID, scanned.Session.Level, scanned.Session.DocumentID = "ses_"+Scanned, access.Provisional, InvoiceID(1)
	w.Sessions[Scanned] = scanned
	w.addCodeWanted()
	w.addSeveral()
	w.addCodes()
	w.addPaying()
	for _, state := range []access.LinkState{access.LinkReady, access.LinkUsed, access.LinkExpired, access.LinkRevoked,
		access.LinkSuperseded, access.LinkVoided, access.LinkElsewhere, access.LinkPortalOff} {
		w.Links[Token(state)] = access.Landing{State: state, MaskedEmail: "p•••@acme.example", ContactID: "ctc_linked",
			DocumentKind: "invoice", DocumentNumber: "INV-2026-000042", Target: "/portal/invoices/" + InvoiceID(1)}
	}
	return w
}

// Token is the token of the world's link in a state; it is as long as a real one.
func Token(state access.LinkState) string {
	return (string(state) + strings.Repeat("-", 43))[:43]
}

// InvoiceID is the id of the nth invoice of a world.
func InvoiceID(n int) string { return fmt.Sprintf("inv_%026d", n) }

func (w *World) member(cookie string, n int) access.Member {
	contact, company := "Accounts payable", "Acme Ltd"
	switch {
	case w.Tenant.Locale == "he-IL":
		contact, company = "قسم الحسابات الدائنة والمشتريات المركزية", "شركة المشاريع الهندسية الدولية المتحدة للمقاولات العامة والتجارة"
	case w.Tenant.Locale == "de-DE":
		contact, company = "Kreditorenbuchhaltung", "Straßenbau Süd GmbH & Co. KG"
	}
	s := access.Session{ID: "ses_" + cookie, Tenant: w.Tenant.ID, CompanyID: "com_" + strconv.Itoa(n), ContactID: "ctc_" + strconv.Itoa(n),
		Level: "confirmed", ExpiresAt: Now.Add(7 * 24 * time.Hour)}
	return access.Member{Session: s,
		Contact: access.Contact{ID: s.ContactID, CompanyID: s.CompanyID, Name: contact, Email: "payables@acme.example", Role: access.Payer, Status: "active"},
		Company: access.Company{ID: s.CompanyID, Name: company, PortalEnabled: true, TaxID: "12-3456789",
			Address: address(w.Tenant.Country)}}
}

func address(country string) access.Address {
	if country == "US" {
		return access.Address{Line1: "200 Harbor Avenue", City: "Boston", Region: "MA", PostalCode: "02110", Country: country}
	}
	return access.Address{Line1: "Hafenstraße 200", Line2: "Hinterhaus", City: "Hamburg", PostalCode: "20359", Country: "DE"}
}

// Handler is the real server over this world, with what the edge does around it: each request carries its Info. Two paths help to look at pages
// that a GET does not reach: /_status/<n> is the page of a status, and /_post/<path>?<form> is the answer to a POST.
func (w *World) Handler() http.Handler {
	log := cmp.Or(w.Log, slog.New(slog.DiscardHandler))
	server, err := portal.New(portal.Config{Access: w, Pages: w, Logos: w, Methods: w, Payments: w.Payer(), Now: func() time.Time { return Now }, Log: log})
	if err != nil {
		panic(err)
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r = r.WithContext(request.With(r.Context(), w.info()))
		if status, ok := strings.CutPrefix(r.URL.Path, "/_status/"); ok {
			n, _ := strconv.Atoi(status)
			server.Error(rw, r, n)
			return
		}
		for prefix, cookie := range map[string]string{"/_preview": Previewed, "/_preview-off": GonePreview} {
			if path, ok := strings.CutPrefix(r.URL.Path, prefix+"/"); ok {
				r.AddCookie(&http.Cookie{Name: "__Host-bp-preview", Value: cookie})
				r.URL.Path = "/" + path
			}
		}
		if path, ok := strings.CutPrefix(r.URL.Path, "/_post"); ok {
			r.Method, r.URL.Path = http.MethodPost, path
			r.PostForm = r.URL.Query()
			r.Form = r.PostForm
		}
		server.ServeHTTP(rw, r)
	})
}

func (w *World) info() *request.Info {
	host, err := tenant.ParseHostname(w.Host)
	if err != nil {
		panic(err)
	}
	return &request.Info{ID: "req_5f3a9c17e2", Client: netip.MustParseAddr("192.0.2.7"),
		Site: &tenant.Site{Host: host, Kind: tenant.Portal, Tenant: w.Tenant, Links: host}}
}

// Authenticate knows the world's session cookies.
func (w *World) Authenticate(_ context.Context, _ *tenant.Site, token string) (access.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Fail != nil {
		return access.Session{}, w.Fail
	}
	member, ok := w.Sessions[token]
	if !ok {
		return access.Session{}, access.ErrNoSession
	}
	return member.Session, nil
}

// Landing knows the world's links, and notes whose page was seen.
func (w *World) Landing(_ context.Context, _ *tenant.Site, token, _ string, viewer *access.Visitor) (access.Landing, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if viewer != nil {
		w.Seen = append(w.Seen, token)
	}
	if w.Fail != nil {
		return access.Landing{}, w.Fail
	}
	landing, ok := w.Links[token]
	if !ok {
		return access.Landing{State: access.LinkUnknown}, nil
	}
	return landing, nil
}

// Redeem takes each link once.
func (w *World) Redeem(ctx context.Context, site *tenant.Site, token, browser string, _ access.Visitor) (access.Grant, error) {
	landing, err := w.Landing(ctx, site, token, browser, nil)
	if err != nil {
		return access.Grant{}, err
	}
	if landing.State != access.LinkReady {
		return access.Grant{}, &access.DeadLinkError{Landing: landing}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Redeemed = append(w.Redeemed, token)
	landing.State = access.LinkUsed
	w.Links[token] = landing
	member := w.Sessions[Full]
	member.Session.ID, member.Session.ContactID = "ses_fresh", landing.ContactID
	w.Sessions["session-fresh"] = member
	return access.Grant{Session: member.Session, Token: "session-fresh", Target: landing.Target}, nil
}

// GoodCode is the code that any browser of a world may sign in with; DeadCode is that of a link that is too old.
const (
	GoodCode = "GOOD-C7DE"
	DeadCode = "DEAD-C7DE"
)

// RedeemCode knows GoodCode and DeadCode, and leaves one try less each time for any other.
func (w *World) RedeemCode(ctx context.Context, site *tenant.Site, code, _ string, v access.Visitor) (access.Grant, error) {
	switch {
	case w.Fail != nil:
		return access.Grant{}, w.Fail
	case len(code) < 8:
		return access.Grant{}, access.ErrCodeForm
	case code == GoodCode:
		return w.Redeem(ctx, site, Token(access.LinkReady), "", v)
	case code == DeadCode:
		return access.Grant{}, &access.DeadLinkError{Landing: w.Links[Token(access.LinkExpired)]}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Tried = append(w.Tried, code)
	return access.Grant{}, &access.WrongCodeError{Left: max(access.CodeTries-len(w.Tried), 0)}
}

// Confirm makes a provisional session of the world the one of Full; before Settled is set it is too soon.
func (w *World) Confirm(_ context.Context, _ *tenant.Site, s access.Session, _ access.Visitor) (access.Grant, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wantsCode(s) {
		return access.Grant{}, access.ErrCodeWanted
	}
	if !w.Settled {
		return access.Grant{}, access.ErrTooSoon
	}
	w.Confirmed = append(w.Confirmed, s.ID)
	return access.Grant{Session: w.Sessions[Full].Session, Token: Full}, w.Fail
}

// RequestLink notes who asked.
func (w *World) RequestLink(_ context.Context, _ *tenant.Site, email, _ string, _ access.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Asked = append(w.Asked, email)
	return w.Fail
}

// Resend notes which link.
func (w *World) Resend(_ context.Context, _ *tenant.Site, token, _ string, _ access.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Resent = append(w.Resent, token)
	return w.Fail
}

// SignOut ends the session.
func (w *World) SignOut(_ context.Context, s access.Session, _ access.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Ended = append(w.Ended, s.ID)
	maps.DeleteFunc(w.Sessions, func(_ string, m access.Member) bool { return m.Session.ID == s.ID })
	return w.Fail
}

// Recheck knows the world's sessions, and those of Ghosts to have ended.
func (w *World) Recheck(_ context.Context, s access.Session) error {
	if slices.Contains(w.Ghosts, s.ID) {
		return access.ErrNoSession
	}
	_, err := w.memberOf(s)
	return err
}

// Logo knows the logo of Bold.
func (w *World) Logo(_ context.Context, _ tenant.ID, hash string) ([]byte, string, error) {
	if hash == "" || hash != w.Tenant.Brand.Logo.Hash {
		return nil, "", tenant.ErrNotFound
	}
	return LogoPNG(), "image/png", nil
}

func (w *World) memberOf(s access.Session) (access.Member, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Fail != nil {
		return access.Member{}, w.Fail
	}
	for _, m := range w.Sessions {
		if m.Session.ID == s.ID {
			return m, nil
		}
	}
	return access.Member{}, access.ErrNoSession
}

// Invoice returns one of the world's invoices.
func (w *World) Invoice(_ context.Context, s access.Session, id string, viewer *access.Visitor) (portal.InvoiceData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.InvoiceData{}, err
	}
	invoices := w.invoicesOf(member)
	i := slices.IndexFunc(invoices, func(inv ledger.Invoice) bool { return inv.ID == id })
	if i < 0 {
		return portal.InvoiceData{}, access.ErrNotFound
	}
	if viewer != nil {
		w.mu.Lock()
		w.Viewed = append(w.Viewed, id)
		w.mu.Unlock()
	}
	return portal.InvoiceData{Member: member, Invoice: invoices[i], Counter: w.counter(member), Payments: w.payments(invoices[i], member.Contact.Name)}, nil
}
