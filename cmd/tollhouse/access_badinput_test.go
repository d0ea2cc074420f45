package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
)

func TestBadInput_CookiesOpenNothing(t *testing.T) {
	b := besiege(t)
	who := b.alpha.clients[0]
	session := b.signIn(t, b.c, b.alpha, who)
	value := strings.TrimPrefix(session, "Cookie: __Host-bp=")
	foreign := strings.TrimPrefix(b.signIn(t, b.c, b.beta, b.beta.clients[0]), "Cookie: __Host-bp=")
	link := b.mint(t, b.alpha, who).URL
	token := link[strings.LastIndex(link, "/")+1:]
	form := strings.TrimPrefix(cookieOf(t, ask(t, b.c, "GET", link, ""), "__Host-bp-form"), "Cookie: __Host-bp-form=")
	asked := strings.TrimPrefix(askCookie(t, press(t, b.c, "https://"+b.alpha.host+"/portal/sign-in", "email=nobody@client.test")), "Cookie: __Host-bp-ask=")
	for name, cookies := range map[string]string{
		"empty": "__Host-bp=", "one letter short": "__Host-bp=" + value[:42], "one letter long": "__Host-bp=" + value + "A", "the last letter another": "__Host-bp=" + value[:42] + string(after(value[42])),
		"in other letters": "__Host-bp=" + strings.ToLower(value), "quoted twice": `__Host-bp="` + value + `x"`, "5,000 letters": "__Host-bp=" + strings.Repeat("A", 5000),
		"under another name": "bp=" + value, "under a name in other letters": "__host-bp=" + value, "twice": "__Host-bp=" + value + "; __Host-bp=" + value,
		"twice, the first bad": "__Host-bp=x; __Host-bp=" + value, "of another tenant": "__Host-bp=" + foreign, "a link's token": "__Host-bp=" + token,
		"the form's": "__Host-bp=" + form, "the asking browser's": "__Host-bp=" + asked,
	} {
		if r := ask(t, b.c, "GET", "https://"+b.alpha.host+"/portal/", "", "Cookie: "+cookies); r.StatusCode != http.StatusUnauthorized || strings.Contains(r.body, who.canary) {
			t.Errorf("%s: %s, want 401", name, r.Status)
		}
	}
	if r := b.speak(t, b.alpha.host, "GET /portal/ HTTP/1.1\r\nHost: "+b.alpha.host+"\r\nCookie: __Host-bp="+value[:42]+"\x00\r\n\r\n"); len(r) != 1 || r[0].StatusCode != http.StatusBadRequest {
		t.Errorf("with NUL: %s, want 400", statuses(r))
	}
	// A session's or an asking browser's value is no link.
	for _, other := range []string{value, asked, form} {
		if r := ask(t, b.c, "GET", "https://"+b.alpha.host+"/portal/l/"+other, ""); r.StatusCode != http.StatusNotFound {
			t.Errorf("a cookie as a link: %s", r.Status)
		}
	}
	if r := ask(t, b.c, "GET", "https://"+b.alpha.host+"/portal/", "", session); r.StatusCode != http.StatusOK {
		t.Errorf("control: %s", r.Status)
	}
}

func statuses(all []answer) (list []string) {
	for _, r := range all {
		list = append(list, r.Status)
	}
	return list
}

// wide writes a code as an East Asian keyboard does.
func wide(code string) string {
	return strings.Map(func(c rune) rune { return c + '！' - '!' }, code)
}

func TestBadInput_WhatCannotBeACodeCostsNoTry(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c, address, at := f.client(f.nodes[0]), b.clients[0].contact.Email, "https://"+b.host+"/portal/sign-in"
	asked := press(t, c, at, "email="+url.QueryEscape(address))
	f.mailTo(t, address, "sign-in link")
	code := ""
	for _, m := range f.sink.Messages() {
		if found := codeInMail.FindStringSubmatch(m.Text); m.To[0] == address && found != nil {
			code = found[1]
		}
	}
	for _, typed := range []string{"", " ", code[:8], code + "X", strings.Repeat(code, 100), code[:4] + "\x00" + code[5:], code[:8] + "\xff", "ÄÖÜ-ß€", "ААВВ-2345", "0000-1111", "😀", code[:8] + "１１",
		"'; DROP TABLE portal_links; --", "../../" + code, link64(code)} {
		r := press(t, c, at+"/code", "code="+url.QueryEscape(typed), askCookie(t, asked))
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "Enter the 8 letters and digits") {
			t.Errorf("%.40q: %s, want to be told what a code is", typed, r.Status)
		}
	}
	if tried := f.count(t, b, `SELECT COALESCE(sum(tries), 0) FROM link_codes WHERE tenant_id = $1`, b.ID); tried != 0 {
		t.Errorf("%d tries are used up", tried)
	}
	r := press(t, c, at+"/code", "code="+url.QueryEscape("　"+wide(strings.ToLower(code))+"\n"), askCookie(t, asked))
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/portal/" {
		t.Errorf("the code in full width: %s to %q", r.Status, r.Header.Get("Location"))
	}
}

func link64(code string) string { return strings.Repeat(strings.ReplaceAll(code, "-", "")[:1], 43) }

func TestBadInput_ContactsAreRefusedWithTheField(t *testing.T) {
	b := besiege(t)
	company := b.alpha.clients[0].company.ID
	for name, tt := range map[string]struct{ fields, code string }{
		"no address":                {`"name":"` + marker + `"`, "required"},
		"an empty address":          {`"name":"` + marker + `","email":""`, "invalid_email"},
		"half an address":           {`"name":"` + marker + `","email":"` + marker + `@"`, "invalid_email"},
		"two addresses":             {`"name":"` + marker + `","email":"a@client.test,` + marker + `@client.test"`, "invalid_email"},
		"a header in the address":   {`"name":"` + marker + `","email":"a@client.test\r\nBcc: ` + marker + `@client.test"`, "invalid_email"},
		"an address with its name":  {`"name":"` + marker + `","email":"Eve <a@client.test>"`, "invalid_email"},
		"a name of 100,000 letters": {`"name":"` + strings.Repeat(marker, 8000) + `","email":"a@client.test"`, "too_long"},
	} {
		r := ask(t, b.c, "POST", "https://api."+fleetDomain+"/api/crm/contacts", `{"company_id":"`+company+`",`+tt.fields+`}`,
			"Authorization: Bearer "+b.alpha.key, "Content-Type: application/json")
		clearProblem(t, name, r, http.StatusUnprocessableEntity, tt.code)
	}
	b.unharmed(t)
}

// hostile are names that would be more than a name where nobody is careful.
var hostile = []string{"Eve\r\nBcc: eve@evil.test", "Eve\nSubject: Pay me", "=?utf-8?q?Eve=0D=0ABcc:_eve@evil.test?=", `"Eve" <eve@evil.test>`, "<script>alert(1)</script>",
	`" onmouseover="alert(1)`, "{{.}} ${x} %s", "\u202eeve", "https://evil.test/pay"}

// Names go through to the API, the pages, the file and the mails as text, and never as a header, a recipient or markup.
func TestBadInput_NamesStayNames(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	for i, name := range hostile {
		who := b.clients[i%2]
		for _, q := range []string{`UPDATE contacts SET name = $2 WHERE tenant_id = $1 AND id = $3`, `UPDATE companies SET name = $2 WHERE tenant_id = $1 AND id = $3`} {
			id := who.contact.ID
			if strings.Contains(q, "companies") {
				id = who.company.ID
			}
			f.exec(t, b, q, b.ID, name, id)
		}
		session := f.signIn(t, c, b, who)
		for _, path := range []string{"", "invoices/" + who.invoice, "activity", "account"} {
			r := ask(t, c, "GET", "https://"+b.host+"/portal/"+path, "", session)
			if r.StatusCode != http.StatusOK || strings.Contains(r.body, "<script>alert") || strings.Contains(r.body, `" onmouseover="`) || strings.Contains(fmt.Sprint(r.Header), "evil") {
				t.Errorf("%q on /portal/%s: %s", name, path, r.Status)
			}
		}
	}
	before := len(f.sink.Messages())
	f.nodes[0].redis.FlushAll(t.Context())
	for i, name := range hostile {
		who := b.clients[i%2]
		f.exec(t, b, `UPDATE contacts SET name = $2 WHERE tenant_id = $1 AND id = $3`, b.ID, name, who.contact.ID)
		f.api(t, b, "POST", "/api/crm/contacts/"+who.contact.ID+"/portal-link", `{}`, 201)
		waitFor(t, "the mail", func() bool { return len(f.sink.Messages()) > before+i })
	}
	for _, m := range f.sink.Messages()[before:] {
		harmless(t, m)
	}
}

// harmless asserts that a mail goes to one client and has the headers that we gave it.
func harmless(t *testing.T, m mailsink.Message) {
	t.Helper()
	if len(m.To) != 1 || !strings.HasSuffix(m.To[0], "@client.test") {
		t.Errorf("a mail went to %v", m.To)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != m.To[0] || m.Header.Get("Bcc") != "" || strings.Contains(m.Subject, "Pay me") {
		t.Errorf("a name became a header: to %v (%v), %v", to, err, m.Header)
	}
	if strings.Contains(m.HTML, "<script>alert") || strings.Contains(m.HTML, `" onmouseover="`) {
		t.Errorf("a name became markup: %s", m.HTML)
	}
}

// Ten thousand requests for one address, each from another network and browser: three mails, one answer, and nothing that piles up.
func TestBadInput_TenThousandRequestsForOneAddress(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	entry, ok := f.nodes[0].directory.Lookup(tenant.MustParseHostname(b.host))
	if !ok {
		t.Fatal("control: the host is not served")
	}
	address := b.clients[0].contact.Email
	f.mailTo(t, address, "INV-")
	a := &asker{handler: f.nodes[0].portal, site: entry.Site()}
	first := neutral(a.ask(address, 0))
	before := heap()
	for i := range 10_000 {
		if says := neutral(a.ask(address, 0)); says != first {
			t.Fatalf("request %d is answered\n%s\nthe first\n%s", i, says, first)
		}
	}
	if grown := int64(heap()) - int64(before); grown > 32<<20 {
		t.Errorf("the process grew by %d bytes", grown)
	}
	waitFor(t, "the requests to be looked at", func() bool {
		return f.count(t, b, `SELECT count(*) FROM link_requests WHERE tenant_id = $1`, b.ID)+f.count(t, b, `SELECT count(*) FROM mails WHERE tenant_id = $1 AND status = 'queued'`, b.ID) == 0
	})
	logins := 0
	for _, m := range f.sink.Messages() {
		if m.To[0] == address && isLogin(m) {
			logins++
		}
	}
	// While Redis is too slow to be asked, the node counts by itself, from the beginning.
	if most := 3; logins < most || logins > most && (logins > 2*most || !strings.Contains(f.logs.String(), "redis does not answer")) {
		t.Errorf("%d mails, want %d", logins, most)
	}
	if keys := f.keysInRedis(t); keys > 50_000 {
		t.Errorf("%d keys in Redis", keys)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (f *fleet) keysInRedis(t *testing.T) int64 {
	t.Helper()
	options, err := redis.ParseURL(f.redis)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	defer func() { _ = c.Close() }()
	n, err := c.DBSize(context.Background()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A browser that calls itself by 64 KB is refused, or kept by no more than what anybody reads.
func TestBadInput_AVeryLongUserAgent(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	for _, length := range []int{1000, 8000} {
		if r := redeem(t, withAgent(f.client(f.nodes[0]), marker+strings.Repeat("x", length)), f.mint(t, b, b.clients[0]).URL); r.StatusCode != http.StatusSeeOther {
			t.Errorf("%d bytes: %s", length, r.Status)
		}
	}
	for _, length := range []int{64 << 10, 900 << 10} {
		r := f.speak(t, b.host, "GET /portal/sign-in HTTP/1.1\r\nHost: "+b.host+"\r\nUser-Agent: "+marker+strings.Repeat("x", length)+"\r\n\r\n")
		if len(r) != 1 || r[0].StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%d bytes: %s, want 431", length, statuses(r))
		}
	}
	const longest = `SELECT GREATEST((SELECT max(octet_length(user_agent)) FROM audit_events), (SELECT max(octet_length(user_agent)) FROM crm_client_portal_sessions))`
	if n := one[int](t, f, longest); n > 400 || n < 100 {
		t.Errorf("%d bytes of a user agent are kept, want at most 400 and some", n)
	}
	if strings.Contains(f.logs.String(), strings.Repeat("x", 1000)) {
		t.Error("the log holds all of it")
	}
}
