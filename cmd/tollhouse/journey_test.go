package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant/rls"
)

var linkInMail = regexp.MustCompile(`https://[^\s"<>]+/portal/l/[A-Za-z0-9_-]{43}`)

// api calls the API as a business and decodes the answer.
func (f *fleet) api(t *testing.T, b *business, method, path, body string, want int) map[string]any {
	t.Helper()
	c := f.client(f.nodes[0])
	defer c.CloseIdleConnections() // or a test that calls often has more connections than one client may have
	r := ask(t, c, method, "https://api."+fleetDomain+path, body, "Authorization: Bearer "+b.key, "Content-Type: application/json")
	if r.StatusCode != want {
		t.Fatalf("%s %s: %s, want %d\n%s", method, path, r.Status, want, r.body)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(r.body), &out); err != nil && want != http.StatusNoContent {
		t.Fatal(err)
	}
	return out
}

// mailTo waits for the mail to an address that holds a given text, and returns the link in it.
func (f *fleet) mailTo(t *testing.T, address, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	m, err := f.sink.Wait(ctx, func(m mailsink.Message) bool { return m.To[0] == address && strings.Contains(m.Subject+m.Text, text) })
	if err != nil {
		t.Fatalf("no mail to %s: %v", address, err)
	}
	link := linkInMail.FindString(m.Text)
	if link == "" || !strings.Contains(m.HTML, link) {
		t.Fatalf("the mail's text and HTML do not hold the same link: %q", link)
	}
	return link
}

// The main job, from the tenant's call to the client's page and back to the tenant's log.
func TestJourney_FromInvoiceToPage(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	company := f.api(t, b, "POST", "/api/crm/companies", `{"name":"Globex","currency":"EUR"}`, 201)["id"].(string)
	f.api(t, b, "POST", "/api/crm/contacts", `{"company_id":"`+company+`","name":"Payables","email":"payables@globex.test"}`, 201)
	invoice := f.api(t, b, "POST", "/api/crm/invoices", `{"company_id":"`+company+`","lines":[{"description":"Retainer","quantity":"2.5","unit_amount":{"amount":48180,"currency":"EUR"}}]}`, 201)
	id, number := invoice["id"].(string), invoice["number"].(string)
	f.api(t, b, "POST", "/api/crm/invoices/"+id+"/send", "", 200)

	link := f.mailTo(t, "payables@globex.test", number)
	if !strings.HasPrefix(link, "https://"+b.host+"/") {
		t.Fatalf("the link %s is not on the tenant's own host", link)
	}
	c := f.client(f.nodes[1]) // another node than the one that sent
	for range 20 {            // a mail scanner
		if r := ask(t, c, "HEAD", link, ""); r.StatusCode != 200 || strings.Contains(r.Header.Get("Set-Cookie"), "__Host-bp=") {
			t.Fatalf("HEAD: %s %v", r.Status, r.Header)
		}
	}
	if page := ask(t, c, "GET", link, ""); !strings.Contains(page.body, "p•••@globex.test") || strings.Contains(page.body, "1,204") || strings.Contains(page.body, "Globex") {
		t.Errorf("the landing page shows too little or too much:\n%s", page.body)
	}
	r := redeem(t, c, link)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/portal/invoices/"+id {
		t.Fatalf("redeeming: %s to %s", r.Status, r.Header.Get("Location"))
	}
	session := sessionCookie(t, r)
	page := ask(t, f.client(f.nodes[0]), "GET", "https://"+b.host+"/portal/invoices/"+id, "", session)
	if page.StatusCode != 200 || !strings.Contains(page.body, "Retainer") || !strings.Contains(page.body, number) {
		t.Fatalf("the invoice page: %s\n%s", page.Status, page.body)
	}
	if seen := f.api(t, b, "GET", "/api/crm/invoices/"+id, "", 200); seen["viewed_at"] != nil {
		t.Error("viewed_at is set before a person did more than press the link's button")
	}
	if early := ask(t, c, "GET", "https://"+b.host+"/portal/", "", session); early.StatusCode != http.StatusForbidden || strings.Contains(early.body, "Globex") {
		t.Errorf("going on at once: %s, want to be asked again", early.Status)
	}
	f.read(t, b)
	home := ask(t, c, "GET", "https://"+b.host+"/portal/", "", session)
	if home.StatusCode != 200 || !strings.Contains(home.body, "Globex") || sessionCookie(t, home) == session {
		t.Fatalf("going on after a while: %s", home.Status)
	}
	session = sessionCookie(t, home)
	if again := redeem(t, c, link); again.StatusCode != http.StatusGone {
		t.Errorf("a used link: %s, want 410", again.Status)
	}
	if seen := f.api(t, b, "GET", "/api/crm/invoices/"+id, "", 200); seen["viewed_at"] == nil {
		t.Error("viewed_at is not set")
	}
	trail := f.api(t, b, "GET", "/api/crm/audit-events?company_id="+company, "", 200)["data"].([]any)
	kinds := map[string]int{}
	for _, e := range trail {
		event := e.(map[string]any)
		kinds[event["kind"].(string)]++
		if event["kind"] == "invoice.sent" && (event["actor"] != "api" || event["actor_id"] == nil) {
			t.Errorf("who sent the invoice is not told: %v", event)
		}
	}
	for _, kind := range []string{"company.created", "contact.created", "invoice.created", "invoice.sent", "link.created", "mail.sent", "link.claimed", "link.used", "invoice.seen", "invoice.viewed"} {
		if kinds[kind] != 1 {
			t.Errorf("%d audit entries %q, want 1 (of %v)", kinds[kind], kind, kinds)
		}
	}
	f.logsHoldNone(t, link[strings.LastIndex(link, "/")+1:], strings.TrimPrefix(session, "Cookie: __Host-bp="), b.key, "payables@globex.test", "Globex", "Retainer")
}

// read lets every document of a business that was opened from its mail have been on the screen for a while.
func (f *fleet) read(t *testing.T, b *business) {
	t.Helper()
	err := rls.Tx(context.Background(), f.db.App, b.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), `UPDATE crm_client_portal_sessions SET rendered_at = rendered_at - interval '3 seconds' WHERE tenant_id = $1`, b.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// logsHoldNone asserts that no node logged any of the texts, at debug level.
func (f *fleet) logsHoldNone(t *testing.T, texts ...string) {
	t.Helper()
	logs := f.logs.String()
	if !strings.Contains(logs, `"route":"/portal/l/:token"`) {
		t.Error("control: the log has no line of the landing page")
	}
	for _, text := range texts {
		if strings.Contains(logs, text) || strings.Contains(logs, url.QueryEscape(text)) {
			at := max(0, strings.Index(logs, text)-200)
			t.Errorf("the log holds %q: %s", text, logs[at:min(len(logs), at+400)])
		}
	}
}

func TestRedeem_200PostsOnTwoNodesGiveOneSession(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	minted, err := f.nodes[0].access.Mint(context.Background(), b.Tenant, access.MintRequest{ContactID: b.clients[0].contact.ID})
	if err != nil {
		t.Fatal(err)
	}
	clients := []*http.Client{f.client(f.nodes[0]), f.client(f.nodes[1])}
	page := ask(t, clients[0], "GET", minted.URL, "")
	nonce := nonceField.FindStringSubmatch(page.body)
	if nonce == nil {
		t.Fatalf("no form: %s\n%s", page.Status, page.body)
	}
	header := []string{"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"}
	for _, cookie := range page.Cookies() {
		header = append(header, "Cookie: "+cookie.Name+"="+cookie.Value)
	}
	var sessions, gone atomic.Int32
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			switch r := ask(t, clients[i%2], "POST", minted.URL, "nonce="+nonce[1], header...); r.StatusCode {
			case http.StatusSeeOther:
				sessions.Add(1)
			case http.StatusGone:
				gone.Add(1)
			default:
				t.Errorf("%s", r.Status)
			}
		})
	}
	wg.Wait()
	if sessions.Load() != 1 || gone.Load() != 199 {
		t.Errorf("%d sessions and %d refusals, want 1 and 199", sessions.Load(), gone.Load())
	}
}

func TestFooterForm_MailsAFreshLinkAndTellsNothing(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	form := func(email string) answer {
		return ask(t, c, "POST", "https://"+b.host+"/portal/sign-in", url.Values{"email": {email}}.Encode(), "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin")
	}
	known, unknown := form(b.clients[0].contact.Email), form("nobody@client.test")
	if known.Status != unknown.Status || withoutID(known) != withoutID(unknown) || known.Header.Get("Location") != unknown.Header.Get("Location") {
		t.Errorf("the answers differ:\n%s %v\n%s %v", known.Status, known.Header, unknown.Status, unknown.Header)
	}
	link := f.mailTo(t, b.clients[0].contact.Email, "sign")
	if r := redeem(t, c, link); r.StatusCode != http.StatusForbidden || !strings.Contains(r.body, "Return to the tab where you asked") {
		t.Errorf("the mailed link in another browser: %s", r.Status)
	}
	if r := redeem(t, c, link, askCookie(t, unknown)); r.StatusCode != http.StatusForbidden {
		t.Errorf("the mailed link in a browser that asked for another address: %s", r.Status)
	}
	if r := redeem(t, c, link, askCookie(t, known)); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the mailed link in the browser that asked: %s", r.Status)
	}
	for _, m := range f.sink.Messages() {
		if m.To[0] == "nobody@client.test" {
			t.Error("a stranger got a mail")
		}
	}
}

var codeInMail = regexp.MustCompile(`(?m)^    ([2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4})$`)

func TestFooterForm_TakesTheCodeOfTheMailInTheBrowserThatAsked(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	first, second := f.client(f.nodes[0]), f.client(f.nodes[1])
	home, email := "https://"+b.host+"/portal/", b.clients[0].contact.Email
	known, unknown := press(t, first, home+"sign-in", "email="+url.QueryEscape(email)), press(t, first, home+"sign-in", "email=nobody%40client.test")
	f.mailTo(t, email, "sign")
	code := ""
	for _, m := range f.sink.Messages() {
		if found := codeInMail.FindStringSubmatch(m.Text); m.To[0] == email && found != nil {
			code = found[1]
		}
	}
	if code == "" {
		t.Fatal("the mail holds no code")
	}
	// Another's browser learns of a good code what it learns of a bad one.
	wrong, stolen := press(t, first, home+"sign-in/code", "code=2222-2222", askCookie(t, known)), press(t, first, home+"sign-in/code", "code="+code, askCookie(t, unknown))
	if wrong.StatusCode != http.StatusUnprocessableEntity || stolen.Status != wrong.Status || withoutID(stolen) != withoutID(wrong) {
		t.Errorf("%s for a wrong code and %s for one in another browser, or the pages differ", wrong.Status, stolen.Status)
	}
	r := press(t, second, home+"sign-in/code", "code=+"+strings.ToLower(strings.ReplaceAll(code, "-", "+")), askCookie(t, known))
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/portal/" {
		t.Fatalf("the code on another node: %s to %s", r.Status, r.Header.Get("Location"))
	}
	if page := ask(t, first, "GET", home, "", sessionCookie(t, r)); page.StatusCode != http.StatusOK || !strings.Contains(page.body, b.clients[0].canary) {
		t.Errorf("signed in by code: %s", page.Status)
	}
	if logs := f.logs.String(); strings.Contains(logs, code) || strings.Contains(logs, strings.ReplaceAll(code, "-", "")) {
		t.Error("the code is in the log")
	}
}

func TestDeadLink_MailsAFreshOneToTheAddressOnFile(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	link := f.mailTo(t, b.clients[0].contact.Email, "INV-")
	if r := redeem(t, c, link); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("redeeming: %s", r.Status)
	}
	r := ask(t, c, "POST", link+"/resend", "", "Sec-Fetch-Site: same-origin", "Content-Type: application/x-www-form-urlencoded")
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("asking for a fresh one: %s", r.Status)
	}
	fresh := ""
	waitFor(t, "the second mail", func() bool {
		for _, m := range f.sink.Messages() {
			if l := linkInMail.FindString(m.Text); m.To[0] == b.clients[0].contact.Email && l != link && l != "" {
				fresh = l
			}
		}
		return fresh != ""
	})
	if r := redeem(t, c, fresh, askCookie(t, r)); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/portal/invoices/"+b.clients[0].invoice {
		t.Errorf("the fresh link: %s to %s", r.Status, r.Header.Get("Location"))
	}
}

func TestPage_CostsOneTripToRedisAndOneToPostgres(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	session := f.signIn(t, c, b, b.clients[0])
	for _, path := range []string{"/portal/", "/portal/invoices", "/portal/invoices/" + b.clients[0].invoice,
		"/portal/pay?invoice=" + b.clients[0].invoice, "/portal/payments/" + f.paidInCash(t, b, b.clients[0].invoice)} {
		ask(t, c, "GET", "https://"+b.host+path, "", session)
		warm := ask(t, c, "GET", "https://"+b.host+path, "", session)
		line := f.logLine(t, warm.Header.Get("X-Request-Id"))
		if line["postgres"] != 1.0 || line["redis"] != 1.0 || line["status"] != 200.0 {
			t.Errorf("%s: %v trips to Postgres and %v to Redis, status %v; want 1, 1 and 200", path, line["postgres"], line["redis"], line["status"])
		}
	}
}

// logLine returns the access log's line of a request.
func (f *fleet) logLine(t *testing.T, id string) map[string]any {
	t.Helper()
	var line map[string]any
	waitFor(t, "the log line", func() bool {
		for text := range strings.Lines(f.logs.String()) {
			if strings.Contains(text, id) && json.Unmarshal([]byte(text), &line) == nil && line["msg"] == "request" {
				return true
			}
		}
		return false
	})
	return line
}

func TestHerd_OnANewHostMakesOneOrder(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	waitFor(t, "the schedule to have fetched what it fetches by itself", func() bool { return f.ca.Orders() == 3 })
	before := f.ca.Orders()
	if _, err := f.nodes[0].tenants.AddDomain(context.Background(), b.ID, hostsOf(t, "pay.acme.test")[0]); err != nil {
		t.Fatal(err)
	}
	for _, n := range f.nodes {
		waitFor(t, "the new host", func() bool { _, ok := n.directory.Lookup(hostsOf(t, "pay.acme.test")[0]); return ok })
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			c := f.client(f.nodes[i%2])
			defer c.CloseIdleConnections()
			if r := ask(t, c, "GET", "https://pay.acme.test/portal/test", ""); r.StatusCode != 200 {
				t.Errorf("%s", r.Status)
			}
		})
	}
	wg.Wait()
	if n := f.ca.Orders() - before; n != 1 {
		t.Errorf("%d orders for one name, want 1", n)
		for line := range strings.Lines(f.logs.String()) {
			if !strings.Contains(line, `"msg":"request"`) {
				t.Log(line)
			}
		}
	}
}

func TestSuspend_EndsPagesKeysAndSessionsForGood(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[1])
	session := f.signIn(t, c, b, b.clients[0])
	home := "https://" + b.host + "/portal/"
	if r := ask(t, c, "GET", home, "", session); r.StatusCode != 200 {
		t.Fatalf("control: %s", r.Status)
	}
	if _, err := f.nodes[0].tenants.Suspend(context.Background(), b.ID); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the other node to hear of it", func() bool { return ask(t, c, "GET", home, "", session).StatusCode == http.StatusForbidden })
	if r := ask(t, c, "GET", "https://api."+fleetDomain+"/api/brand", "", "Authorization: Bearer "+b.key); r.StatusCode != http.StatusForbidden {
		t.Errorf("its key: %s, want 403", r.Status)
	}
	if _, err := f.nodes[0].tenants.Resume(context.Background(), b.ID); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the portal to be back", func() bool { return ask(t, c, "GET", "https://"+b.host+"/portal/test", "").StatusCode == 200 })
	if r := ask(t, c, "GET", home, "", session); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a session of before the suspension: %s, want 401", r.Status)
	}
}

// cut is a TCP proxy whose line can be cut.
type cut struct {
	net.Listener
	to   string
	open atomic.Bool
	mu   sync.Mutex
	all  []net.Conn
}

func newCut(t *testing.T, to string) *cut {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &cut{Listener: l, to: to}
	p.open.Store(true)
	t.Cleanup(func() { l.Close(); p.sever() })
	go p.serve()
	return p
}

func (p *cut) serve() {
	for {
		in, err := p.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp4", p.to)
		if err != nil || !p.open.Load() {
			in.Close()
			continue
		}
		p.mu.Lock()
		p.all = append(p.all, in, out)
		p.mu.Unlock()
		go func() { _, _ = io.Copy(in, out); in.Close() }()
		go func() { _, _ = io.Copy(out, in); out.Close() }()
	}
}

// sever cuts every connection and refuses new ones until open is set again.
func (p *cut) sever() {
	p.open.Store(false)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.all {
		c.Close()
	}
	p.all = nil
}

func TestOutage_PostgresAwayKeepsHostsAndSaysSo(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	dsn, err := url.Parse(f.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := newCut(t, dsn.Host)
	dsn.Host = proxy.Addr().String()
	n := f.extraNode(t, map[string]string{"POSTGRES_URL": dsn.String()})
	c := f.client(n)
	session := f.signIn(t, c, b, b.clients[0])
	home := "https://" + b.host + "/portal/"
	if r := ask(t, c, "GET", home, "", session); r.StatusCode != 200 {
		t.Fatalf("control: %s", r.Status)
	}
	proxy.sever()
	c.CloseIdleConnections() // so that the next request is a handshake
	r := ask(t, c, "GET", home, "", session)
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || !strings.Contains(r.body, "Business acme") {
		t.Errorf("a page without Postgres: %s, Retry-After %q, want a branded 503", r.Status, r.Header.Get("Retry-After"))
	}
	if r := ask(t, c, "GET", "https://"+b.host+"/portal/test", ""); r.StatusCode != 200 {
		t.Errorf("a page that needs no data: %s", r.Status)
	}
	ready, err := http.Get("http://" + n.listeners.Ops().String() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Body.Close()
	if ready.StatusCode != 200 {
		t.Errorf("/readyz: %s, want 200: the node serves all it knows", ready.Status)
	}
	proxy.open.Store(true)
	waitFor(t, "the page to be back", func() bool { return ask(t, c, "GET", home, "", session).StatusCode == 200 })
}

func TestOutage_RedisAwayKeepsSessions(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	address, err := url.Parse(f.redis)
	if err != nil {
		t.Fatal(err)
	}
	proxy := newCut(t, address.Host)
	n := f.extraNode(t, map[string]string{"REDIS_URL": "redis://" + proxy.Addr().String()})
	c := f.client(n)
	session := f.signIn(t, c, b, b.clients[0])
	proxy.sever()
	for range 5 {
		if r := ask(t, c, "GET", "https://"+b.host+"/portal/", "", session); r.StatusCode != 200 {
			t.Fatalf("without Redis: %s", r.Status)
		}
	}
	if fresh := f.signIn(t, c, b, b.clients[1]); fresh == "" {
		t.Error("nobody can sign in without Redis")
	}
}
