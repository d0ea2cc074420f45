package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tollhouse/portal/portaltest"
)

// entersCard is at the page of the processor's fields, types a card there and saves it. Nothing that the page does is stopped by its policy.
func (w *walker) entersCard(t *testing.T, card string) {
	t.Helper()
	if address, err := w.tab.Address(); err != nil || address != w.base+"/portal/add-method/card" {
		t.Fatalf("the browser is at %s (%v)", address, err)
	}
	findings, err := w.tab.Audit(w.axe)
	for _, f := range findings {
		t.Errorf("the page of the fields: %s", f)
	}
	if stopped, err2 := w.tab.Stopped(); err != nil || err2 != nil || len(stopped) > 0 {
		t.Errorf("the policy stopped %v (%v, %v)", stopped, err, err2)
	}
	if over, err := w.tab.Overflow(); err != nil || over > 0 {
		t.Errorf("%d pixels too wide (%v)", over, err)
	}
	if _, err := portaltest.Evaluate[chromedp.Void](w.tab, `elements.element.focus(); document.querySelector('#processor-fields iframe').focus()`); err != nil {
		t.Fatal(err)
	}
	w.types(t, "#processor-fields iframe", card+"\t12/31\t123")
	w.presses(t, "#save")
	address, err := w.tab.Address()
	if err != nil || address != w.base+"/portal/methods?done=added" {
		t.Fatalf("saving leads to %s (%v)", address, err)
	}
	w.opens(t, address) // what the page of the fields asked for is its own
}

// Somebody saves two cards, chooses between them and removes one, with a mailed code in between.
func TestWalk_SavesPrefersAndRemovesCards(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	f.connected(t, b)
	who := b.clients[0]
	w := &walker{reader: reader{tab: f.browse(t, f.nodes[0], f.ca.RootPEM), base: "https://" + b.host}, axe: axeSource(t)}
	if err := w.tab.SetLook(phone); err != nil {
		t.Fatal(err)
	}
	cookie := f.signIn(t, f.client(f.nodes[0]), b, who)
	if err := w.tab.Open(w.base+"/portal/methods", strings.TrimPrefix(cookie, "Cookie: __Host-bp=")); err != nil {
		t.Fatal(err)
	}
	w.at(t, "/portal/methods", "Nothing is saved yet.")
	w.presses(t, `main a[href="/portal/add-method/card"]`)
	w.at(t, "/portal/confirm", "Confirm that it is you")
	w.presses(t, `form[action="/portal/confirm/send"] button`)
	w.types(t, "#code", f.codeTo(t, who.contact.Email, "Your code for"))
	w.presses(t, `form[action="/portal/confirm"] button`)
	w.entersCard(t, "4242 4242 4242 4242")
	w.at(t, "/portal/methods?done=added", "It is saved.", "Visa ending 4242", "Used first", "Expires 12/2031", "Added by Contact "+who.canary)

	w.presses(t, `main a[href="/portal/add-method/card"]`)
	w.entersCard(t, "5555 5555 5555 4444")
	w.at(t, "/portal/methods?done=added", "Mastercard ending 4444")
	w.presses(t, `form[action$="/default"] button`)
	w.at(t, "/portal/methods?done=preferred", "used first from now on")
	w.presses(t, `main li:first-child a[href$="/remove"]`)
	if text := w.reads(t); !strings.Contains(text, "Remove Mastercard ending 4444?") || !strings.Contains(text, "Visa ending 4242 is used first from then on") {
		t.Fatalf("the page says %s", text)
	}
	w.presses(t, "main form button")
	w.at(t, "/portal/methods?done=removed", "Visa ending 4242", "Used first")
	w.opens(t, w.base+"/portal/activity?what=paid")
	name := "Contact " + who.canary
	w.at(t, "/portal/activity?what=paid", name+" saved a way to pay", name+" chose the default way to pay", name+" removed a way to pay")
	if n := f.count(t, b, `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind LIKE 'method.%' AND actor = 'contact' AND contact_id = $2`, b.ID, who.contact.ID); n != 4 {
		t.Errorf("%d audit entries of the contact, want 4", n)
	}
	if log := f.logs.String(); strings.Contains(log, "424242") || strings.Contains(log, "ctoken_") {
		t.Error("the log holds a number, or the name for one use")
	}
}
