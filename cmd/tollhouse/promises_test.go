package main

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollhouse/certs/localca"
	"tollhouse/edge"
)

// ops asks the operator's listener of a node.
func (n *fleetNode) ops(t *testing.T, path string) (status int, body string) {
	t.Helper()
	r, err := http.Get("http://" + n.listeners.Ops().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(content)
}

func TestMetrics_CountTheWorkAndNameNobody(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "zebra")
	n := f.nodes[0]
	c := f.client(n)
	session := f.signIn(t, c, b, b.clients[0])
	f.mailTo(t, b.clients[0].contact.Email, "INV-")
	waitFor(t, "the mail to be counted", func() bool {
		_, metrics := n.ops(t, "/metrics")
		return strings.Contains(metrics, `tollhouse_mails_total{result="sent"}`)
	})
	for _, path := range []string{"/portal/", "/portal/invoices", "/portal/invoices/" + b.clients[0].invoice, "/portal/nothing/" + b.clients[0].canary, "/brand/x.css"} {
		ask(t, c, "GET", "https://"+b.host+path, "", session)
	}
	f.api(t, b, "GET", "/api/crm/companies/"+b.clients[0].company.ID, "", 200)
	if _, err := f.tryDial(n, "unknown.zebra.test", nil); err == nil {
		t.Error("control: an unknown name got a certificate")
	}
	status, metrics := n.ops(t, "/metrics")
	if status != 200 {
		t.Fatalf("/metrics: %d", status)
	}
	for _, series := range []string{
		`tollhouse_certs_store_reads_total `, `tollhouse_certs_orders_total{ca="first",kind="first",result="obtained"} `, `tollhouse_certs_handshakes_total{result="unknown_name"} `,
		`tollhouse_postgres_trips_total{by="request"} `, `tollhouse_postgres_trips_total{by="background"} `, `tollhouse_redis_trips_total{by="request"} `,
		`tollhouse_edge_request_trips_total{route="/portal/invoices",store="postgres"} `, `tollhouse_edge_requests_total{class="2xx",route="/portal/"} `,
		`tollhouse_mails_total{result="sent"} `, `tollhouse_links_pressed_total{result="granted"} `, `tollhouse_link_requests_turned_away_total{limit="tenant"} 0`,
		`tollhouse_edge_requests_total{class="4xx",route="none"} `, `tollhouse_edge_handshakes_total{kind="full",version="1.3"} `,
	} {
		if _, after, found := strings.Cut(metrics, "\n"+series); !found || strings.HasPrefix(after, "0\n") {
			t.Errorf("%s is not counted", series)
		}
	}
	for _, text := range []string{b.host, "zebra", string(b.ID), b.clients[0].canary, b.clients[0].invoice, b.clients[0].company.ID, fleetDomain, "127.0.0.1"} {
		if strings.Contains(metrics, text) {
			t.Errorf("the metrics hold %q", text)
		}
	}
	labels := map[string]bool{}
	for _, found := range regexp.MustCompile(`[{,]([a-z_]+)="`).FindAllStringSubmatch(metrics, -1) {
		labels[found[1]] = true
	}
	for _, name := range []string{"host", "tenant", "sni", "path", "ip"} {
		if labels[name] {
			t.Errorf("there is a label %q", name)
		}
	}
}

func TestOps_AreHealthyAndReadyAndOnTheirOwnListener(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if status, body := f.nodes[0].ops(t, path); status != 200 || body == "" {
			t.Errorf("%s: %d %q", path, status, body)
		}
		for _, host := range []string{b.host, "api." + fleetDomain} {
			if r := ask(t, f.client(f.nodes[0]), "GET", "https://"+host+path, ""); r.StatusCode != 404 {
				t.Errorf("%s on %s: %s, want 404", path, host, r.Status)
			}
		}
	}
}

func TestPlain_RedirectsToTheSamePageOverTLS(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	r := ask(t, c, "GET", "http://"+b.host+"/portal/invoices?tab=paid", "")
	if want := "https://" + b.host + "/portal/invoices?tab=paid"; r.StatusCode != http.StatusPermanentRedirect || r.Header.Get("Location") != want {
		t.Errorf("%s to %q, want %q", r.Status, r.Header.Get("Location"), want)
	}
	for path, want := range map[string]int{"/.well-known/acme-challenge/" + strings.Repeat("x", 43): 404, "/.well-known/acme-challenge/": 404} {
		if r := ask(t, c, "GET", "http://"+b.host+path, ""); r.StatusCode != want || strings.Contains(r.body, "acme.test") {
			t.Errorf("%s without a challenge: %s, want %d", path, r.Status, want)
		}
	}
	if r := ask(t, c, "GET", "http://unknown.test/", ""); r.StatusCode != http.StatusMisdirectedRequest || r.Header.Get("Location") != "" {
		t.Errorf("an unknown host: %s to %q", r.Status, r.Header.Get("Location"))
	}
	if r := ask(t, c, "POST", "http://"+b.host+"/portal/sign-in", "email=a@client.test"); r.StatusCode != http.StatusForbidden {
		t.Errorf("a form in the clear: %s, want 403", r.Status)
	}
}

// A CA that can reach nothing but the plain listener.
func TestPlain_AnswersTheCA(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	f.nodes[0].end(t)
	listeners, err := edge.Listen(context.Background(), edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	nowhere, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nowhere.Close() }()
	go func() {
		for { // whoever comes is sent away
			c, err := nowhere.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	ca, err := localca.Start(t.Context(), localca.Options{HTTPPort: int(listeners.HTTP().Port()), TLSPort: nowhere.Addr().(*net.TCPAddr).Port})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	values := maps.Clone(f.conf)
	values["ACME_DIRECTORY"] = ca.DirectoryURL
	for name, pem := range map[string][]byte{"ACME_ROOT_FILE": ca.RootPEM, "ACME_CA_FILE": ca.EndpointPEM} {
		values[name] = filepath.Join(dir, name)
		if err := os.WriteFile(values[name], pem, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := f.start(t, values, listeners)
	f.ca = ca
	waitFor(t, "a certificate of the CA that asks in the clear", func() bool {
		c, err := f.tryDial(n, b.host, nil)
		return err == nil && c.Close() == nil
	})
	if r := ask(t, f.client(n), "GET", "https://"+b.host+"/portal/test", ""); r.StatusCode != 200 {
		t.Errorf("%s", r.Status)
	}
}

func TestTLS_SpeaksWhatItShouldAndNothingElse(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	n := f.nodes[0]
	standard := f.dial(t, n, b.host, nil).ConnectionState()
	if standard.Version != tls.VersionTLS13 || standard.CurveID != tls.X25519MLKEM768 {
		t.Errorf("a standard client got %s with %s, want TLS 1.3 with X25519MLKEM768", tls.VersionName(standard.Version), standard.CurveID)
	}
	twelve := func(suite uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{suite} }
	}
	for _, tt := range []struct {
		name   string
		change func(*tls.Config)
		want   string // the suite, "" for none
	}{
		{"TLS 1.2, AES-128", twelve(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		{"TLS 1.2, AES-256", twelve(tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384), "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
		{"TLS 1.2, ChaCha20", twelve(tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256), "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
		{"TLS 1.2, CBC", twelve(tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA), ""},
		{"TLS 1.2, no forward secrecy", twelve(tls.TLS_RSA_WITH_AES_128_GCM_SHA256), ""},
		{"TLS 1.2, 3DES", twelve(tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA), ""},
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, ""},
		{"X25519 alone", func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }, "TLS_AES_128_GCM_SHA256"},
		{"P-256 alone", func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP256} }, "TLS_AES_128_GCM_SHA256"},
		{"P-521 alone", func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP521} }, ""},
	} {
		c, err := f.tryDial(n, b.host, tt.change)
		got := ""
		if err == nil {
			got = tls.CipherSuiteName(c.ConnectionState().CipherSuite)
			_ = c.Close()
		}
		if got != tt.want && !(tt.want == "TLS_AES_128_GCM_SHA256" && got == "TLS_CHACHA20_POLY1305_SHA256") { // without AES in hardware
			t.Errorf("%s: %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
	for _, protocol := range []string{"h2", "http/1.1"} {
		state := f.dial(t, n, b.host, func(c *tls.Config) { c.NextProtos = []string{protocol} }).ConnectionState()
		if state.NegotiatedProtocol != protocol {
			t.Errorf("asked for %s, got %q", protocol, state.NegotiatedProtocol)
		}
	}
}

var stylesheet = regexp.MustCompile(`href="(/brand/[^"]+\.css)"`)

func TestBrand_ShowsOnEveryNodeWithinASecond(t *testing.T) {
	f := newFleet(t, 3, nil)
	b := f.addBusiness(t, "acme")
	clients := make([]*http.Client, len(f.nodes))
	// look returns a page and its stylesheet, which is gone when the brand changes between the two.
	look := func(c *http.Client) (page, sheet string) {
		page = ask(t, c, "GET", "https://"+b.host+"/portal/sign-in", "").body
		at := stylesheet.FindStringSubmatch(page)
		if at == nil {
			t.Fatalf("the page has no stylesheet of its tenant:\n%.500s", page)
		}
		if r := ask(t, c, "GET", "https://"+b.host+at[1], ""); r.StatusCode == 200 && strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			return page, r.body
		}
		return page, ""
	}
	old := ""
	for i, n := range f.nodes {
		clients[i] = f.client(n) // and every node has its certificate
		if _, old = look(clients[i]); old == "" {
			t.Fatal("control: no stylesheet")
		}
	}
	f.api(t, b, "PATCH", "/api/brand", `{"primary_color":"#7A1F5C","footer_text":"Fresh footer"}`, 200)
	changed := time.Now()
	for i, c := range clients {
		waitFor(t, "the new brand", func() bool {
			page, sheet := look(c)
			return sheet != "" && sheet != old && strings.Contains(page, "Fresh footer")
		})
		if took := time.Since(changed); took > time.Second {
			t.Errorf("node %d shows it after %s", i, took)
		}
	}
}

// Every change of every feature leaves its entry, once, with who made it.
func TestAudit_HoldsAnEntryOfEveryChange(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	me := b.clients[0]
	session := f.signIn(t, c, b, me)
	form := []string{session, "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"}
	entries := func(kind string) int {
		return one[int](t, f, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = $2`, string(b.ID), kind)
	}
	key := func() string {
		return f.api(t, b, "POST", "/api/keys", `{"name":"spare","scopes":["brand:read"]}`, 201)["id"].(string)
	}
	company := `{"company_id":"` + me.company.ID + `",`
	draft := func() string {
		return f.api(t, b, "POST", "/api/crm/invoices", company+`"lines":[{"description":"L","unit_amount":{"amount":100,"currency":"USD"}}]}`, 201)["id"].(string)
	}
	var spare, invoice, pending string
	for _, step := range []struct {
		kind string
		act  func()
	}{
		{"brand.changed", func() { f.api(t, b, "PATCH", "/api/brand", `{"footer_text":"New"}`, 200) }},
		{"logo.changed", func() { b.putLogo(t, c) }},
		{"logo.removed", func() { f.api(t, b, "DELETE", "/api/brand/logo", "", 204) }},
		{"settings.changed", func() { f.api(t, b, "PATCH", "/api/settings", `{"log_visitors":false}`, 200) }},
		{"settings.changed", func() { f.api(t, b, "PATCH", "/api/settings", `{"log_visitors":true}`, 200) }},
		{"key.created", func() { spare = key() }},
		{"key.revoked", func() { f.api(t, b, "DELETE", "/api/keys/"+spare, "", 204) }},
		{"domain.added", func() {
			if _, err := f.nodes[0].tenants.AddDomain(t.Context(), b.ID, hostsOf(t, "pay.acme.test")[0]); err != nil {
				t.Fatal(err)
			}
		}},
		{"company.created", func() { f.api(t, b, "POST", "/api/crm/companies", `{"name":"Another","currency":"EUR"}`, 201) }},
		{"company.updated", func() { f.api(t, b, "PATCH", "/api/crm/companies/"+me.company.ID, `{"reference":"R"}`, 200) }},
		{"contact.created", func() { f.api(t, b, "POST", "/api/crm/contacts", company+`"name":"N","email":"n@client.test"}`, 201) }},
		{"contact.updated", func() { f.api(t, b, "PATCH", "/api/crm/contacts/"+me.contact.ID, `{"name":"Renamed"}`, 200) }},
		{"invoice.created", func() { invoice = draft() }},
		{"invoice.sent", func() { f.api(t, b, "POST", "/api/crm/invoices/"+invoice+"/send", "", 200) }},
		{"invoice.voided", func() { f.api(t, b, "POST", "/api/crm/invoices/"+invoice+"/void", `{"reason":"x"}`, 200) }},
		{"payment.succeeded", func() {
			f.api(t, b, "POST", "/api/crm/invoices/"+me.invoice+"/payments", `{"amount":{"amount":1,"currency":"USD"},"method":"Cash"}`, 201)
		}},
		{"invoice.viewed", func() { ask(t, c, "GET", "https://"+b.host+"/portal/invoices/"+me.invoice, "", session) }},
		{"link.minted", func() {
			pending = f.api(t, b, "POST", "/api/crm/client-portal-sessions", `{"contact_id":"`+me.contact.ID+`"}`, 201)["id"].(string)
		}},
		{"session.revoked", func() { f.api(t, b, "DELETE", "/api/crm/client-portal-sessions/"+pending, "", 204) }},
		{"link.requested", func() { ask(t, c, "POST", "https://"+b.host+"/portal/sign-in", "email=n%40client.test", form...) }},
		{"session.revoked", func() { ask(t, c, "POST", "https://"+b.host+"/portal/sign-out", "", form...) }},
	} {
		before := entries(step.kind)
		step.act()
		waitFor(t, step.kind, func() bool { return entries(step.kind) == before+1 })
	}
	if n := one[int](t, f, `SELECT count(*) FROM audit_events WHERE actor = '' OR at IS NULL`); n != 0 {
		t.Errorf("%d entries do not say who or when", n)
	}
}

func (b *business) putLogo(t *testing.T, c *http.Client) {
	t.Helper()
	logo := vast(t, 8)
	if r := ask(t, c, "PUT", "https://api."+fleetDomain+"/api/brand/logo", logo, "Authorization: Bearer "+b.key, "Content-Type: image/png"); r.StatusCode != 200 {
		t.Fatalf("the logo: %s\n%s", r.Status, r.body)
	}
}
