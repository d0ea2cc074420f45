package authorizenetemu_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/ledger"
	"tollhouse/portal/portaltest"
)

// shop is a merchant's site: a page that goes to the processor's, one that holds it in a frame, and the page that passes messages on.
type shop struct {
	emu    *authorizenetemu.Emulator
	m      authorizenetemu.Merchant
	client *authorizenet.Client
	url    string
	form   authorizenet.Form
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{emu: authorizenetemu.New(authorizenetemu.Config{})}
	processor := httptest.NewServer(s.emu.Handler())
	t.Cleanup(processor.Close)
	s.m = s.emu.AddMerchant(authorizenetemu.Merchant{Name: "Acme"})
	var err error
	s.client, err = authorizenet.New(authorizenet.Config{Endpoint: processor.URL + "/xml/v1/request.api", HostedURL: processor.URL,
		LoginID: authorizenet.Secret(s.m.Login), TransactionKey: authorizenet.Secret(s.m.Key), Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if _, err := fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><main><h1>Shop</h1>`+body+`</main>`, s.form.URL, s.form.Token); err != nil {
				t.Error(err)
			}
		})
	}
	page("/go", `<form method="post" action="%s"><input type="hidden" name="token" value="%s"><button id="go">Pay</button></form>`)
	page("/framed", `<form method="post" action="%s" target="pay"><input type="hidden" name="token" value="%s"><button id="go">Pay</button></form>
		<iframe name="pay" title="Payment" width="500" height="900"></iframe>
		<script>window.heard = []; window.addEventListener('message', (e) => { if (e.origin === location.origin) heard.push(e.data); });</script>`)
	page("/done", `<p id="done">%.0s%.0sBack</p>`)
	mux.HandleFunc("GET /communicator", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if _, err := fmt.Fprint(w, `<!doctype html><title>x</title><script>top.postMessage(location.hash.slice(1), location.origin);</script>`); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *shop) open(t *testing.T, communicator string) {
	t.Helper()
	form, err := s.client.HostedPayment(context.Background(), authorizenet.HostedPayment{Code: "A1", Amount: ledger.Money{Amount: 2500, Currency: "USD"},
		ReturnURL: s.url + "/done", CancelURL: s.url + "/done", Communicator: communicator, BankAccounts: true, MerchantName: "Acme", ButtonText: "Pay now"})
	if err != nil {
		t.Fatal(err)
	}
	s.form = form
}

func browser(t *testing.T) *portaltest.Tab {
	t.Helper()
	b, err := portaltest.StartBrowser(t.Context(), portaltest.BrowserConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	tab, err := b.NewTab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab
}

// steps does one thing after the other and stops at the first that fails.
func steps(t *testing.T, all ...error) {
	t.Helper()
	for i, err := range all {
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
}

func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("TOLLHOUSE_AXE")
	if path == "" {
		path = filepath.Join("..", "..", "..", ".dev", "tools", "node_modules", "axe-core", "axe.min.js")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("axe-core is missing: run make tools (%v)", err)
	}
	return string(source)
}

func TestPages_PayWithoutScriptsOnAPhone(t *testing.T) {
	s := newShop(t)
	s.open(t, "")
	tab := browser(t)
	steps(t, tab.SetLook(portaltest.Look{Width: 320, Height: 640}), tab.DisableScripts(), tab.Go(s.url+"/go"), tab.Click("#go"),
		tab.Type("[name=card_number]", "4111111111111111"), tab.Type("[name=expiry]", "05/31"), tab.Click("form button"))
	text, err := tab.Text()
	steps(t, err)
	if !strings.Contains(text, "Thank you") {
		t.Fatalf("got %s", text)
	}
	steps(t, tab.Click("a.button"))
	at, err := tab.Address()
	steps(t, err)
	if at != s.url+"/done" || len(s.emu.Captured(s.m.Login)) != 1 {
		t.Errorf("at %s, captured %+v", at, s.emu.Captured(s.m.Login))
	}
}

func TestPages_PassAnAudit(t *testing.T) {
	s := newShop(t)
	s.open(t, "")
	tab := browser(t)
	source := axe(t)
	for _, look := range []portaltest.Look{{Width: 320, Height: 640}, {Width: 1280, Height: 900, Dark: true}} {
		steps(t, tab.SetLook(look), tab.Go(s.url+"/go"), tab.Click("#go"), tab.Type("[name=card_number]", "1"), tab.Click("form button"))
		findings, err := tab.Audit(source)
		steps(t, err)
		for _, f := range findings {
			t.Errorf("%+v: %s", look, f)
		}
		if over, err := tab.Overflow(); err != nil || over > 0 {
			t.Errorf("%+v: %d pixels too wide, %v", look, over, err)
		}
		if stopped, err := tab.Stopped(); err != nil || len(stopped) > 0 {
			t.Errorf("%+v: stopped %v, %v", look, stopped, err)
		}
	}
}

// In a frame, the page speaks through a page of the merchant's own origin, which alone may reach the page around.
func TestPages_SpeakOutOfAFrame(t *testing.T) {
	s := newShop(t)
	s.open(t, s.url+"/communicator")
	tab := browser(t)
	steps(t, tab.Go(s.url+"/framed"))
	heard, err := portaltest.Evaluate[string](tab, `new Promise((resolve) => {
		window.addEventListener('message', (e) => resolve(e.data), {once: true}); document.querySelector('#go').click(); })`, chromedp.EvalAwaitPromise)
	steps(t, err)
	if !strings.HasPrefix(heard, "action=resizeWindow&width=") {
		t.Errorf("heard %q", heard)
	}
}
