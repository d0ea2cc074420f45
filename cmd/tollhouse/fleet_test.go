package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tollhouse/certs/localca"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/deploy/services/redistest"
	"tollhouse/edge"
	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/portal/access"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
)

// fleet is a number of whole nodes over one Postgres, one Redis, one CA and one mail server, all real.
type fleet struct {
	stripe    *emulator.Emulator
	stripeURL string
	db        pgtest.DB
	redis     string
	ca        *localca.CA
	sink      *mailsink.Sink
	logs      *logBuffer
	conf      map[string]string
	nodes     []*fleetNode
}

// fleetNode is one running node.
type fleetNode struct {
	*house
	listeners *edge.Listeners
	stop      context.CancelFunc
	done      chan error
}

// logBuffer keeps what all nodes logged, so that tests can look for what should not be there.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const fleetDomain = "portal.test"

// newFleet starts a fleet. settings change the configuration of every node.
func newFleet(t *testing.T, nodes int, settings map[string]string) *fleet {
	t.Helper()
	f := &fleet{db: pgtest.Clone(t), redis: redistest.Start(t), logs: &logBuffer{}}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	listeners := make([]*edge.Listeners, nodes)
	for i := range listeners {
		var err error
		if listeners[i], err = edge.Listen(ctx, edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"}); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	// The CA validates at the last node: whoever orders, another answers.
	last := listeners[nodes-1]
	if f.ca, err = localca.Start(ctx, localca.Options{HTTPPort: int(last.HTTP().Port()), TLSPort: int(last.HTTPS().Port())}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.ca.Close() })
	if f.sink, err = mailsink.Listen(mailsink.Config{}); err != nil {
		t.Fatal(err)
	}
	go func() { _ = f.sink.Run(ctx) }()
	f.startStripe(ctx, t)
	dir := t.TempDir()
	f.conf = f.settings(t, dir)
	maps.Copy(f.conf, settings)
	for i := range nodes {
		f.start(t, f.conf, listeners[i])
	}
	return f
}

// extraNode starts one more node with other settings.
func (f *fleet) extraNode(t *testing.T, settings map[string]string) *fleetNode {
	t.Helper()
	listeners, err := edge.Listen(context.Background(), edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	values := maps.Clone(f.conf)
	maps.Copy(values, settings)
	return f.start(t, values, listeners)
}

// hostsOf parses host names.
func hostsOf(t testing.TB, names ...string) (hosts []tenant.Hostname) {
	t.Helper()
	for _, name := range names {
		host, err := tenant.ParseHostname(name)
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, host)
	}
	return hosts
}

func (f *fleet) settings(t *testing.T, dir string) map[string]string {
	t.Helper()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	settings := map[string]string{"PLATFORM_DOMAIN": fleetDomain, "POSTGRES_URL": f.db.AppURL, "REDIS_URL": f.redis, "SEAL_KEYS": "k1:" + strings.Repeat("5a", 32),
		"DNS_RESOLVERS": strings.Join(f.ca.DNSAddrs, ","), "ACME_LIMITS": "none", "ACME_DIRECTORY": f.ca.DirectoryURL, "ACME_EMAIL": "ops@portal.test", "ACME_ROOT_FILE": file("root.pem", f.ca.RootPEM),
		"ACME_CA_FILE": file("endpoint.pem", f.ca.EndpointPEM), "SMTP_ADDR": f.sink.Addr(), "SMTP_CA_FILE": file("mail.pem", f.sink.RootPEM()),
		"MAIL_FROM": "billing@portal.test", "DRAIN_TIME": "5s", "LIMIT_HANDSHAKES": "100000",
		"LIMIT_LINKS": "100000", "LIMIT_API": "100000", "LIMIT_API_REFUSED": "100000", "HSTS": "0s"}
	if f.stripe != nil {
		maps.Copy(settings, map[string]string{"STRIPE_API_URL": f.stripeURL, "STRIPE_SCRIPT_URL": f.stripeURL + "/v3/"})
	}
	return settings
}

// start starts a node, with a disk of its own unless values name one.
func (f *fleet) start(t *testing.T, values map[string]string, listeners *edge.Listeners) *fleetNode {
	t.Helper()
	if values["LOCAL_DIR"] == "" {
		values = maps.Clone(values)
		values["LOCAL_DIR"] = t.TempDir()
	}
	config, err := loadConfig(func(name string) string { return values[strings.TrimPrefix(name, prefix)] }, "", true)
	if err != nil {
		t.Fatal(err)
	}
	config.PublicHTTPSPort = 443 // as clients see it: the test's transport maps every name to a node
	h, err := build(context.Background(), config, listeners, slog.New(slog.NewJSONHandler(f.logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n := &fleetNode{house: h, listeners: listeners, stop: stop, done: make(chan error, 1)}
	go func() { n.done <- h.Run(ctx) }()
	t.Cleanup(func() { n.end(t) })
	f.nodes = append(f.nodes, n)
	waitFor(t, "the directory", h.directory.Loaded)
	return n
}

// end stops a node and waits for it; it may be called twice.
func (n *fleetNode) end(t *testing.T) {
	n.stop()
	if err, open := <-n.done; open && err != nil {
		t.Errorf("a node ended with: %v", err)
	} else if open {
		close(n.done)
	}
}

// waitFor waits for something that comes about by itself.
func waitFor(t testing.TB, what string, met func() bool) {
	t.Helper()
	if err := until(context.Background(), met); err != nil {
		t.Fatalf("waited for %s in vain", what)
	}
}

// client talks to one node, whatever the host name, trusts the fleet's CA alone, follows nothing and keeps no cookies.
func (f *fleet) client(n *fleetNode) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: f.ca.Roots()},
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				to := n.listeners.HTTPS().String()
				if strings.HasSuffix(addr, ":80") {
					to = n.listeners.HTTP().String()
				}
				return (&net.Dialer{}).DialContext(ctx, network, to)
			}}}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// ask sends one request. header lines are "Name: value".
func ask(t testing.TB, c *http.Client, method, url, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response, string(content)}
}

// business is a tenant of the fleet with two clients. Every text of a client holds its canary, so that a leak shows wherever it comes out.
type business struct {
	*tenant.Tenant
	host    string // where its links point
	other   string // its default host
	key     string
	clients [2]client
}

type client struct {
	canary  string
	company access.Company
	contact access.Contact
	invoice string // a sent one
	draft   string // one that its client must not see
	session string // of one more browser of it, in tests that need one
	payment string // of a cent in cash, in tests that need one
	method  string // a saved way to pay, in tests that need one
}

// addBusiness makes a tenant with a custom host and two clients.
func (f *fleet) addBusiness(t *testing.T, slug string) *business {
	t.Helper()
	ctx, h := context.Background(), f.nodes[0]
	made, err := h.tenants.Create(ctx, tenant.Draft{Slug: slug, Name: "Business " + slug})
	if err != nil {
		t.Fatal(err)
	}
	b := &business{Tenant: made, host: "billing." + slug + ".test", other: slug + "." + fleetDomain}
	if _, err := h.tenants.AddDomain(ctx, made.ID, tenant.MustParseHostname(b.host)); err != nil {
		t.Fatal(err)
	}
	if b.key, _, err = h.tenants.CreateKey(ctx, made.ID, "test", nil); err != nil {
		t.Fatal(err)
	}
	for i := range b.clients {
		b.clients[i] = f.addClient(t, b, i)
	}
	for _, n := range f.nodes {
		waitFor(t, b.host, func() bool { _, ok := n.directory.Lookup(tenant.MustParseHostname(b.host)); return ok })
	}
	return b
}

func (f *fleet) addClient(t *testing.T, b *business, i int) client {
	t.Helper()
	ctx, h := context.Background(), f.nodes[0]
	c := client{canary: fmt.Sprintf("canary%s%d", b.Slug, i)}
	by := access.Actor{Kind: "operator", ID: "test"}
	var err error
	if c.company, err = h.clients.CreateCompany(ctx, b.ID, by, access.Company{Name: "Company " + c.canary, Currency: "USD", PortalEnabled: true}); err != nil {
		t.Fatal(err)
	}
	if c.contact, err = h.clients.CreateContact(ctx, b.ID, by, access.Contact{CompanyID: c.company.ID, Name: "Contact " + c.canary,
		Email: c.canary + "@client.test", Role: access.Payer, Status: "active"}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []*string{&c.invoice, &c.draft} {
		inv, err := h.invoices.CreateInvoice(ctx, b.Tenant, payments.NewInvoice{CompanyID: c.company.ID, Title: "Title " + c.canary, Notes: "Notes " + c.canary,
			Lines: []payments.NewLine{{Description: "Line " + c.canary, UnitAmount: 10_000}}})
		if err != nil {
			t.Fatal(err)
		}
		*id = inv.ID
	}
	if _, err := h.invoices.Send(ctx, b.Tenant, c.invoice); err != nil {
		t.Fatal(err)
	}
	return c
}

var nonceField = regexp.MustCompile(`name="nonce" value="([^"]+)"`)

// signIn opens a fresh link as a person would and returns the session's cookie as a header line.
func (f *fleet) signIn(t *testing.T, c *http.Client, b *business, who client) string {
	t.Helper()
	minted, err := f.nodes[0].access.Mint(context.Background(), b.Tenant, access.MintRequest{ContactID: who.contact.ID, By: access.Actor{Kind: "operator"}})
	if err != nil {
		t.Fatal(err)
	}
	r := redeem(t, c, minted.URL)
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("signing in: %s\n%s", r.Status, r.body)
	}
	return sessionCookie(t, r)
}

// redeem opens a link and presses its button, in a browser that has the cookies of these headers.
func redeem(t testing.TB, c *http.Client, link string, cookies ...string) answer {
	t.Helper()
	page := ask(t, c, "GET", link, "", cookies...)
	nonce := nonceField.FindStringSubmatch(page.body)
	if nonce == nil {
		return page
	}
	header := append([]string{"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"}, cookies...)
	for _, cookie := range page.Cookies() {
		header = append(header, "Cookie: "+cookie.Name+"="+cookie.Value)
	}
	return ask(t, c, "POST", link, "nonce="+nonce[1], header...)
}

func sessionCookie(t testing.TB, r answer) string {
	t.Helper()
	return cookieOf(t, r, "__Host-bp")
}

// askCookie is the header of the browser that asked for a link and got this answer.
func askCookie(t testing.TB, r answer) string {
	t.Helper()
	return cookieOf(t, r, "__Host-bp-ask")
}

func cookieOf(t testing.TB, r answer, name string) string {
	t.Helper()
	for _, cookie := range r.Cookies() {
		if cookie.Name == name {
			return "Cookie: " + name + "=" + cookie.Value
		}
	}
	t.Fatalf("no cookie %s in %v", name, r.Header)
	return ""
}
