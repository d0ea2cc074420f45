package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"tollhouse/portal/mail/mailsink"
	"tollhouse/portal/portaltest"
)

// reader is a client at a browser.
type reader struct {
	tab  *portaltest.Tab
	base string // of the portal
}

// browse opens a browser at a node. The browser trusts the roots, PEM, that it is given, as browsers trust public CAs; every other check is on.
func (f *fleet) browse(t *testing.T, n *fleetNode, roots []byte) *portaltest.Tab {
	t.Helper()
	browser, err := portaltest.StartBrowser(t.Context(), portaltest.BrowserConfig{RootPEM: roots, HTTPS: n.listeners.HTTPS().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(browser.Close)
	tab, err := browser.NewTab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab
}

// at fails the test unless the reader is at an address and reads all of the texts there.
func (r *reader) at(t *testing.T, path string, texts ...string) {
	t.Helper()
	if address, err := r.tab.Address(); err != nil || address != r.base+path {
		t.Fatalf("the browser is at %s, want %s (%v)", address, r.base+path, err)
	}
	text := r.reads(t)
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Fatalf("%s does not say %q: %s", path, want, text)
		}
	}
	for _, asked := range r.tab.Requests() {
		if !strings.HasPrefix(asked, r.base+"/") {
			t.Errorf("%s asked for %s", path, asked)
		}
	}
}

func (r *reader) reads(t *testing.T) string {
	t.Helper()
	text, err := r.tab.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (r *reader) opens(t *testing.T, address string) {
	t.Helper()
	if err := r.tab.Go(address); err != nil {
		t.Fatal(err)
	}
}

func (r *reader) presses(t *testing.T, selector string) {
	t.Helper()
	if err := r.tab.Click(selector); err != nil {
		t.Fatal(err)
	}
}

// mailAfter waits for the mail to an address whose link is another than the one that is known, and returns the new link.
func (f *fleet) mailAfter(t *testing.T, address, known string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	m, err := f.sink.Wait(ctx, func(m mailsink.Message) bool {
		link := linkInMail.FindString(m.Text)
		return m.To[0] == address && link != "" && link != known
	})
	if err != nil {
		t.Fatalf("no second mail to %s: %v", address, err)
	}
	return linkInMail.FindString(m.Text)
}

func TestBrowser_ClientComesFromTheMailReadsAndLeaves(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	tab := f.browse(t, f.nodes[0], f.ca.RootPEM)
	t.Run("with scripts", func(t *testing.T) { f.visit(t, tab, b, b.clients[0]) })
	if err := tab.DisableScripts(); err != nil {
		t.Fatal(err)
	}
	if !scriptless(t, tab) {
		t.Fatal("control: scripts still run")
	}
	t.Run("without scripts", func(t *testing.T) { f.visit(t, tab, b, b.clients[1]) })
}

// scriptless reports whether a page's own script does not run.
func scriptless(t *testing.T, tab *portaltest.Tab) bool {
	t.Helper()
	if err := tab.Go("data:text/html,<title>still</title><script>document.title = 'ran'</script>"); err != nil {
		t.Fatal(err)
	}
	title, err := portaltest.Evaluate[string](tab, "document.title")
	if err != nil {
		t.Fatal(err)
	}
	return title == "still"
}

// visit is all that a client does in the portal: in by the mailed link, around, out, and in again by a link mailed anew.
func (f *fleet) visit(t *testing.T, tab *portaltest.Tab, b *business, who client) {
	r := &reader{tab: tab, base: "https://" + b.host}
	invoice := "/portal/invoices/" + who.invoice
	link := f.mailTo(t, who.contact.Email, "INV-")

	r.opens(t, link)
	r.at(t, strings.TrimPrefix(link, r.base), "Business acme", "This link was sent to")
	if strings.Contains(r.reads(t), "$") || strings.Contains(r.reads(t), who.canary) {
		t.Errorf("the landing page tells more than whose link it is: %s", r.reads(t))
	}
	r.presses(t, "main button")
	r.at(t, invoice, "Amount due", "$100.00", "Line "+who.canary, "Notes "+who.canary)
	f.read(t, b)
	r.presses(t, ".back a")
	r.at(t, "/portal/invoices", "INV-", "$100.00")
	r.presses(t, ".menu a")
	r.at(t, "/portal/", "Due now", "$100.00", "Signed in as Contact "+who.canary)
	r.presses(t, ".hero a.main")
	r.at(t, invoice, "Amount due")

	r.presses(t, ".who button")
	r.at(t, "/portal/signed-out", "You are signed out")
	if err := tab.Back(); err != nil {
		t.Fatal(err)
	}
	r.at(t, invoice, "Please sign in again")
	if text := r.reads(t); strings.Contains(text, "$") || strings.Contains(text, who.canary) {
		t.Errorf("behind the back button: %s", text)
	}

	r.opens(t, link)
	r.at(t, strings.TrimPrefix(link, r.base), "This link was already used")
	r.presses(t, "main button")
	r.at(t, "/portal/sign-in/sent")
	r.opens(t, f.mailAfter(t, who.contact.Email, link))
	r.presses(t, "main button")
	r.at(t, invoice, "$100.00", "Signed in as Contact "+who.canary)
	r.presses(t, ".who button")
}

func TestBrowser_RefusesWhatItHasNoReasonToTrust(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	trusting, plain := f.browse(t, f.nodes[0], f.ca.RootPEM), f.browse(t, f.nodes[0], nil)
	page := "https://" + b.host + "/portal/test"
	if err := trusting.Go(page); err != nil {
		t.Errorf("control: %v", err)
	}
	if err := plain.Go(page); err == nil || !strings.Contains(err.Error(), "ERR_CERT_AUTHORITY_INVALID") {
		t.Errorf("without the root: %v", err)
	}
	if err := trusting.Go("https://nobody.test/"); err == nil || !strings.Contains(err.Error(), "ERR_SSL_UNRECOGNIZED_NAME") {
		t.Errorf("a host of nobody: %v", err)
	}
}
