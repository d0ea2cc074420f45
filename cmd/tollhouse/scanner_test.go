package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var hrefs = regexp.MustCompile(`href="(/portal/[^"]*)"`)

// clickEverything does what a scanner with a browser does to a mail: it opens the link, presses the button, and at once opens every link and
// presses every button of what it gets.
func clickEverything(t *testing.T, f *fleet, link string) (reached []string) {
	t.Helper()
	c := f.client(f.nodes[0])
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Jar = jar
	page := ask(t, c, "GET", link, "")
	nonce := nonceField.FindStringSubmatch(page.body)
	if nonce == nil {
		t.Fatalf("the scanner finds no button: %s", page.Status)
	}
	base := link[:strings.Index(link, "/portal/")]
	document := press(t, c, link, "nonce="+nonce[1])
	if document.StatusCode != http.StatusSeeOther {
		t.Fatalf("the scanner's button: %s", document.Status)
	}
	shown := ask(t, c, "GET", base+document.Header.Get("Location"), "")
	if shown.StatusCode != http.StatusOK {
		t.Fatalf("the scanner's document: %s", shown.Status)
	}
	tried := 0
	for _, href := range hrefs.FindAllStringSubmatch(shown.body, -1) {
		if strings.HasPrefix(href[1], "/portal/l/") || strings.HasPrefix(href[1], "/portal/sign-in") {
			continue
		}
		tried++
		if r := ask(t, c, "GET", base+href[1], ""); r.StatusCode == http.StatusOK {
			reached = append(reached, href[1])
		}
	}
	if tried < 3 {
		t.Fatalf("control: the document has %d links to follow", tried)
	}
	return reached
}

func TestScanner_ThatClicksEverythingKeepsNobodyOut(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	who := b.clients[0]
	link, home := f.mailTo(t, who.contact.Email, "INV-"), "https://"+b.host+"/portal/"
	c := f.client(f.nodes[1])
	for range 100 {
		if r := ask(t, c, "GET", link, ""); r.StatusCode != http.StatusOK {
			t.Fatalf("GET: %s", r.Status)
		}
	}
	for range 3 {
		if got := clickEverything(t, f, link); len(got) != 0 {
			t.Fatalf("the scanner reached %v", got)
		}
	}
	if n := f.count(t, b, `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`, b.ID); n != 0 {
		t.Error("a scanner viewed the invoice")
	}
	// And then the person comes.
	r := redeem(t, c, link)
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("the person: %s", r.Status)
	}
	session := sessionCookie(t, r)
	if page := ask(t, c, "GET", "https://"+b.host+r.Header.Get("Location"), "", session); page.StatusCode != http.StatusOK || !strings.Contains(page.body, who.canary) {
		t.Fatalf("the person's document: %s", page.Status)
	}
	f.read(t, b)
	page := ask(t, c, "GET", home, "", session)
	if page.StatusCode != http.StatusOK {
		t.Fatalf("the person goes on: %s", page.Status)
	}
	if late := ask(t, c, "GET", home+"invoices", "", session); late.StatusCode != http.StatusOK {
		t.Errorf("a request that was under way with the old cookie: %s", late.Status)
	}
	if r := ask(t, c, "GET", home+"invoices", "", sessionCookie(t, page)); r.StatusCode != http.StatusOK {
		t.Errorf("with the new cookie: %s", r.Status)
	}
	if r := redeem(t, c, link); r.StatusCode != http.StatusGone {
		t.Errorf("the link after that: %s, want 410", r.Status)
	}
	if n := f.count(t, b, `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`, b.ID); n != 1 {
		t.Error("the person's view is not noted")
	}
}

// A login link is of no use to a scanner: it has not the cookie of who asked.
func TestScanner_SpendsNoLoginLink(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c, email := f.client(f.nodes[0]), b.clients[0].contact.Email
	asked := press(t, c, "https://"+b.host+"/portal/sign-in", "email="+url.QueryEscape(email))
	link := f.mailTo(t, email, "sign")
	for range 20 {
		page := ask(t, c, "GET", link, "")
		if nonceField.MatchString(page.body) || strings.Contains(page.body, "<form method=\"post\" action=\"/portal/l/") {
			t.Fatal("the page has a button to press")
		}
		nonce := strings.Repeat("A", 43)
		if r := press(t, c, link, "nonce="+nonce, "Cookie: __Host-bp-form="+nonce); r.StatusCode != http.StatusForbidden {
			t.Fatalf("pressing it all the same: %s", r.Status)
		}
		ask(t, c, "HEAD", link, "")
	}
	if n := f.count(t, b, `SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1`, b.ID); n != 0 {
		t.Errorf("%d sessions began", n)
	}
	if r := redeem(t, c, link, askCookie(t, asked)); r.StatusCode != http.StatusSeeOther {
		t.Errorf("who asked: %s", r.Status)
	}
}
