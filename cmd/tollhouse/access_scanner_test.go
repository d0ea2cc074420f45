package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
)

// pressable is everything on a page that leads to another one.
const pressable = `document.querySelectorAll('a[href^="/"], button')`

// pressesEverything opens an address in a real browser and presses, one after another, everything on the page, each time as if it had just
// been opened. It returns how many things there were.
func (f *fleet) pressesEverything(t *testing.T, b *business, r *reader, address string) int {
	t.Helper()
	r.opens(t, address)
	n, err := portaltest.Evaluate[int](r.tab, pressable+".length")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if i > 0 {
			r.opens(t, address)
		}
		// A scanner is gone before a person would have read the page; this machine may be slower than that.
		f.exec(t, b, `UPDATE crm_client_portal_sessions SET rendered_at = app_now() WHERE tenant_id = $1 AND rendered_at IS NOT NULL`, b.ID)
		mark := fmt.Sprintf(`(e => { if (e) e.setAttribute("data-next", "") })(%s[%d])`, pressable, i)
		if _, err := portaltest.Evaluate[any](r.tab, mark+", null"); err != nil {
			t.Fatal(err)
		}
		if there, err := portaltest.Evaluate[bool](r.tab, `document.querySelector("[data-next]") !== null`); err != nil {
			t.Fatal(err)
		} else if there { // signing out was among what it pressed
			r.presses(t, "[data-next]")
		}
		if strings.Contains(r.reads(t), b.clients[1].canary) {
			t.Fatalf("it reads another client's data: %s", r.reads(t))
		}
	}
	return n
}

// state is what must not move while a scanner is at work: how links, views and confirmed sessions stand.
func (f *fleet) state(t *testing.T, b *business) string {
	t.Helper()
	return one[string](t, f, `SELECT format('%s links spent or replaced, %s invoices viewed, %s confirmed sessions, %s entries of views',
		(SELECT count(*) FROM portal_links WHERE tenant_id = $1 AND (used_at IS NOT NULL OR superseded_at IS NOT NULL OR revoked_at IS NOT NULL)),
		(SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL),
		(SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1 AND level = 'confirmed' AND activated_at IS NOT NULL),
		(SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = 'invoice.viewed'))`, string(b.ID))
}

// A mail scanner with a whole browser opens a document's link, presses its button, then everything there is, and is never seen again.
func TestScanner_InARealBrowserKeepsNobodyOut(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	who := b.clients[0]
	link, invoice := f.mailTo(t, who.contact.Email, "INV-"), "/portal/invoices/"+who.invoice
	untouched := f.state(t, b)
	scanner := &reader{tab: f.browse(t, f.nodes[0], f.ca.RootPEM), base: "https://" + b.host}
	if n := f.pressesEverything(t, b, scanner, link); n < 3 {
		t.Fatalf("control: the landing page has %d things to press", n)
	}
	scanner.opens(t, link)
	if err := scanner.tab.Open(link, ""); err != nil { // with no cookies, as on its next round
		t.Fatal(err)
	}
	scanner.presses(t, "main button")
	scanner.at(t, invoice, "Amount due")
	if n := f.pressesEverything(t, b, scanner, scanner.base+invoice); n < 5 {
		t.Fatalf("control: the document has %d things to press", n)
	}
	if now := f.state(t, b); now != untouched {
		t.Errorf("after the scanner: %s; before: %s", now, untouched)
	}
	person := &reader{tab: f.browse(t, f.nodes[1], f.ca.RootPEM), base: "https://" + b.host}
	person.opens(t, link)
	person.presses(t, "main button")
	person.at(t, invoice, "Amount due", "Line "+who.canary)
	if now := f.state(t, b); now != untouched {
		t.Errorf("before the person went on: %s; before: %s", now, untouched)
	}
	f.read(t, b)
	person.presses(t, ".back a")
	person.at(t, "/portal/invoices", "INV-")
	if n := f.count(t, b, `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND viewed_at IS NOT NULL`, b.ID); n != 1 {
		t.Error("the person's view is not noted")
	}
	if r := redeem(t, f.client(f.nodes[0]), link); r.StatusCode != http.StatusGone {
		t.Errorf("the link after that: %s, want 410", r.Status)
	}
}

// A sign-in link in a browser that did not ask for it changes nothing, whatever is pressed; and the person who asked gets in by the code.
func TestScanner_InARealBrowserSpendsNoLoginLink(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	who := b.clients[0]
	person := &walker{reader: reader{tab: f.browse(t, f.nodes[0], f.ca.RootPEM), base: "https://" + b.host}}
	if err := person.tab.SetLook(phone); err != nil {
		t.Fatal(err)
	}
	link, code := f.asksForLink(t, person, who.contact.Email)
	untouched := f.state(t, b)
	scanner := &reader{tab: f.browse(t, f.nodes[1], f.ca.RootPEM), base: "https://" + b.host}
	for range 3 {
		if n := f.pressesEverything(t, b, scanner, link); n < 1 {
			t.Fatalf("control: the page has %d things to press", n)
		}
	}
	if now := f.state(t, b); now != untouched {
		t.Errorf("after the scanner: %s; before: %s", now, untouched)
	}
	person.types(t, "#code", code)
	person.presses(t, "main form button")
	person.at(t, "/portal/", "Due now", "$100.00")
}

// What looks only, however often and however oddly, moves nothing; and what presses once and goes leaves the link to the person.
func TestScanner_ThatOnlyLooksMovesNothing(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	who := b.clients[0]
	c := f.client(f.nodes[0])
	document := f.mailTo(t, who.contact.Email, "INV-")
	asked := press(t, c, "https://"+b.host+"/portal/sign-in", "email="+url.QueryEscape(who.contact.Email))
	login := f.mailTo(t, who.contact.Email, "sign-in link")
	untouched := f.state(t, b)
	sessions := f.count(t, b, `SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1`, b.ID)
	for _, link := range []string{document, login} {
		for i := range 100 {
			for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
				r := ask(t, c, method, link, "", "Sec-Purpose: prefetch", "User-Agent: Scanner/"+fmt.Sprint(i))
				if strings.Contains(fmt.Sprint(r.Header["Set-Cookie"]), "__Host-bp=") || r.StatusCode >= 500 {
					t.Fatalf("%s: %s %v", method, r.Status, r.Header)
				}
			}
		}
		for _, method := range []string{"PUT", "DELETE", "PATCH", "PROPFIND"} {
			if r := ask(t, c, method, link, ""); r.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s: %s", method, r.Status)
			}
		}
	}
	if now := f.state(t, b); now != untouched {
		t.Errorf("after 600 looks: %s; before: %s", now, untouched)
	}
	if n := f.count(t, b, `SELECT count(*) FROM crm_client_portal_sessions WHERE tenant_id = $1`, b.ID); n != sessions {
		t.Errorf("%d sessions after 600 looks, %d before", n, sessions)
	}
	// GET, POST and gone, from three places.
	for range 3 {
		if r := redeem(t, c, document); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("the scanner's button: %s", r.Status)
		}
	}
	if now := f.state(t, b); now != untouched {
		t.Errorf("after three presses that nobody followed: %s; before: %s", now, untouched)
	}
	if r := redeem(t, c, document); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the person's document: %s", r.Status)
	}
	if r := redeem(t, c, login, askCookie(t, asked)); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the person's sign-in link: %s", r.Status)
	}
}
