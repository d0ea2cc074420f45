package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stripe/stripe-go/v76"

	"tollhouse/portal/portaltest"
)

// shop is a merchant's pay page of another origin, with the policy that production has, and a server that confirms.
func (w *world) shop(types, appearance string) (address string, seen *[]string) {
	w.t.Helper()
	var bodies []string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Security-Policy", strings.ReplaceAll("default-src 'none'; img-src data:; style-src 'self'; script-src 'self' EMU; frame-src EMU; "+
			"connect-src 'self' EMU; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", "EMU", w.server.URL))
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(rw, `<!doctype html><html lang="en"><title>Pay</title><link rel="icon" href="data:,"><main><h1>Pay</h1><div id="element"></div></main>
<script src="%s/v3/"></script><script src="/pay.js"></script>`, w.server.URL)
	})
	mux.HandleFunc("GET /pay.js", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprintf(rw, payScript, w.acct.PublishableKey, types, appearance)
	})
	mux.HandleFunc("POST /pay", func(rw http.ResponseWriter, r *http.Request) {
		token := r.FormValue("token")
		bodies = append(bodies, r.Form.Encode())
		pi := w.unconfirmed(nil)
		done, err := w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{ConfirmationToken: &token, UseStripeSDK: stripe.Bool(true)})
		answer := map[string]string{"secret": pi.ClientSecret}
		if err != nil {
			answer["error"] = string(wrong(w.t, err).Code)
		} else {
			answer["status"] = string(done.Status)
		}
		_ = json.NewEncoder(rw).Encode(answer)
	})
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	return server.URL + "/", &bodies
}

const payScript = `
const stripe = Stripe(%q);
const elements = stripe.elements({mode: 'payment', amount: 120450, currency: 'usd', paymentMethodTypes: %s, appearance: %s, locale: 'de'});
const element = elements.create('payment');
window.ready = new Promise((resolve) => element.on('ready', resolve));
element.mount('#element');
window.early = () => stripe.createConfirmationToken({elements}).then(() => 'made', (e) => e.name);
window.focused = () => ready.then(() => element.focus()).then(() => document.querySelector('#element iframe').focus());
window.pay = async () => {
  const checked = await elements.submit();
  if (checked.error) return 'refused: ' + checked.error.code;
  const made = await stripe.createConfirmationToken({elements, params: {return_url: location.href}});
  if (made.error) return 'refused: ' + made.error.code;
  const answer = await (await fetch('/pay', {method: 'POST', body: new URLSearchParams({token: made.confirmationToken.id})})).json();
  if (answer.status !== 'requires_action') return answer.status || answer.error;
  const after = await stripe.handleNextAction({clientSecret: answer.secret});
  return after.error ? after.error.code : after.paymentIntent.status;
};
window.begin = () => { window.ended = pay().catch((e) => 'threw ' + e); };
window.asked = () => new Promise((resolve) => {
  const look = () => {
    const frame = document.querySelector('dialog iframe');
    if (!frame) return requestAnimationFrame(look);
    if (frame.dataset.loaded) return resolve(true);
    frame.addEventListener('load', () => { frame.focus(); resolve(true); }, {once: true});
  };
  look();
});
`

func browser(t *testing.T) *portaltest.Tab {
	t.Helper()
	b, err := portaltest.StartBrowser(t.Context(), portaltest.BrowserConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	tab, err := b.NewTab()
	t.Cleanup(must(t, tab, err).Close)
	return tab
}

// run is what a script of the page comes to.
func run[T any](t *testing.T, tab *portaltest.Tab, script string) T {
	t.Helper()
	v, err := portaltest.Evaluate[T](tab, script, chromedp.EvalAwaitPromise)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func TestScript_TakesCardsInTheFrameOnly(t *testing.T) {
	w := newWorld(t)
	address, seen := w.shop(`['card', 'us_bank_account']`, `{theme: 'night', variables: {colorPrimary: '#ffcc00'}}`)
	tab := browser(t)
	must(t, 0, tab.SetLook(portaltest.Look{Width: 320, Height: 640}))
	for _, c := range []struct{ typed, want string }{
		{"", "refused: incomplete_number"},
		{"4242 4242 4242 4241\t12/31\t123", "refused: incorrect_number"},
		{"4242 4242 4242 4242\t12/31\t123", "succeeded"},
		{"4000 0000 0000 9995\t12/31\t123", "card_declined"},
		{"4242 4242 4242 4242\t12/19\t123", "refused: invalid_expiry_year"},
	} {
		must(t, 0, tab.Go(address))
		if got := run[string](t, tab, "early()"); got != "IntegrationError" {
			t.Errorf("a token without submit: %s", got)
		}
		run[chromedp.Void](t, tab, "focused()")
		if c.typed != "" {
			must(t, 0, tab.Type("#element iframe", c.typed))
		}
		if got := run[string](t, tab, "pay()"); got != c.want {
			t.Errorf("%q: got %s, want %s", c.typed, got, c.want)
		}
		stopped, err := tab.Stopped()
		if over, err2 := tab.Overflow(); len(must(t, stopped, err)) > 0 || must(t, over, err2) > 0 {
			t.Errorf("%q: the policy stopped %v, %d pixels too wide", c.typed, stopped, over)
		}
	}
	if got := w.emu.Captured(w.acct.ID); len(got) != 1 || got[0].Amount != 120450 {
		t.Errorf("captured %+v", got)
	}
	for _, body := range *seen {
		if !strings.HasPrefix(body, "token=ctoken_") {
			t.Errorf("the merchant got %s", body)
		}
	}
}

func TestScript_ShowsTheBanksPageAndGoesOn(t *testing.T) {
	for keys, want := range map[string]string{"\t\r": "succeeded", "\t\t\r": "payment_intent_authentication_failure"} {
		w := newWorld(t)
		address, _ := w.shop(`['card']`, `{}`)
		tab := browser(t)
		must(t, 0, tab.Go(address))
		run[chromedp.Void](t, tab, "focused()")
		must(t, 0, tab.Type("#element iframe", "4000 0000 0000 3220\t12/31\t123"))
		run[chromedp.Void](t, tab, "begin()")
		run[bool](t, tab, "asked()")
		must(t, 0, tab.Type("dialog iframe", keys))
		if got := run[string](t, tab, "ended"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// frame opens the fields alone, as the script would set them up.
func frame(t *testing.T, tab *portaltest.Tab, w *world, locale, theme string) {
	t.Helper()
	must(t, 0, tab.Go(w.server.URL+"/v3/fields"))
	run[chromedp.Void](t, tab, fmt.Sprintf(`(() => { const c = new MessageChannel(); return new Promise((done) => {
		c.port1.onmessage = (e) => { if (e.data.is === 'ready') done(); };
		window.port = c.port1;
		postMessage({emulator: 'init', setup: {key: 'pk_x', types: ['card', 'us_bank_account'], locale: %q, appearance: {theme: %q}}}, location.origin, [c.port2]);
	}); })()`, locale, theme))
}

func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("TOLLHOUSE_AXE")
	if path == "" {
		path = filepath.Join("..", "..", ".dev", "tools", "node_modules", "axe-core", "axe.min.js")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("axe-core is missing: run make tools (%v)", err)
	}
	return string(source)
}

// audit looks at a page by axe and by its manners; without the source, by its manners alone.
func (w *world) audit(tab *portaltest.Tab, source, what string) {
	w.t.Helper()
	if source != "" {
		findings, err := tab.Audit(source)
		for _, f := range must(w.t, findings, err) {
			if f.ID != "page-has-heading-one" || !strings.Contains(what, "fields") { // the page around the frame has it
				w.t.Errorf("%s: %s", what, f)
			}
		}
	}
	if over, err := tab.Overflow(); must(w.t, over, err) > 0 {
		w.t.Errorf("%s is %d pixels too wide", what, over)
	}
	if stopped, err := tab.Stopped(); len(must(w.t, stopped, err)) > 0 {
		w.t.Errorf("%s: the policy stopped %v", what, stopped)
	}
}

func TestFields_ReadWellInEveryLanguageAndScheme(t *testing.T) {
	w, tab, source := newWorld(t), browser(t), axe(t)
	must(t, 0, tab.SetLook(portaltest.Look{Width: 320, Height: 640}))
	for _, locale := range []string{"en", "de", "es", "fr", "pt", "ja", "ar"} {
		for _, theme := range []string{"stripe", "night"} {
			frame(t, tab, w, locale, theme)
			run[chromedp.Void](t, tab, `port.postMessage({do: 'validate', id: 1})`)
			run[chromedp.Void](t, tab, `new Promise((done) => {
				const look = () => document.getElementById('number-error').hidden ? setTimeout(look, 5) : done();
				look();
			})`)
			source := map[bool]string{true: source}[locale == "en" || locale == "ar"] // the others differ in words alone
			w.audit(tab, source, "card fields "+locale+" "+theme)
			run[chromedp.Void](t, tab, `document.querySelector('input[value="us_bank_account"]').click()`)
			w.audit(tab, source, "bank fields "+locale+" "+theme)
			english := run[int](t, tab, `[...document.querySelectorAll('[data-word]')].filter(
				(e) => /^(Card number|Security code|Routing number|Account number)$/.test(e.textContent)).length`)
			if (locale == "en") != (english > 0) {
				t.Errorf("%s has %d labels in English", locale, english)
			}
		}
	}
}

func TestPages_ReadWell(t *testing.T) {
	w, tab, source := newWorld(t), browser(t), axe(t)
	w.inbox("*")
	secure, err := w.pay("pm_card_authenticationRequired", func(p *stripe.PaymentIntentConfirmParams) { p.ReturnURL = stripe.String("https://pay.acme.test/") })
	must(t, secure, err)
	bank, err := w.pay("pm_usBankAccount_success", nil)
	must(t, bank, err)
	deposits := unverified(t, w)
	session := w.session(nil)
	w.emu.Advance(0)
	for name, address := range map[string]string{
		"home": w.server.URL + "/", "payment": w.server.URL + "/payments/" + w.acct.ID + "/" + bank.ID, "checkout": session.URL,
		"3-D Secure": secure.NextAction.RedirectToURL.URL, "deposits": deposits.NextAction.VerifyWithMicrodeposits.HostedVerificationURL,
		"gone": w.server.URL + "/c/pay/cs_test_none",
	} {
		for _, look := range []portaltest.Look{{Width: 320, Height: 640}, {Width: 1280, Height: 900, Dark: true}} {
			must(t, 0, tab.SetLook(look))
			must(t, 0, tab.Go(address))
			w.audit(tab, source, fmt.Sprintf("%s at %d", name, look.Width))
		}
	}
}

func TestHome_ItsFormsWorkWithoutScripts(t *testing.T) {
	w, tab := newWorld(t), browser(t)
	in := w.inbox("payment_intent.succeeded")
	must(t, 0, tab.DisableScripts())
	pi, err := w.pay("pm_usBankAccount_success", nil)
	must(t, pi, err)
	must(t, 0, tab.Go(w.server.URL+"/payments/"+w.acct.ID+"/"+pi.ID))
	must(t, 0, tab.Click("form[action='/do/settle'] button:first-of-type"))
	if w.state(pi.ID).Status != "succeeded" {
		t.Errorf("after Settle: %s", w.state(pi.ID).Status)
	}
	must(t, 0, tab.Click("button[name=hours][value='24']"))
	if now := w.emu.Clock.Now(); !now.Equal(start.Add(day)) {
		t.Errorf("after a day the clock shows %s", now)
	}
	must(t, 0, tab.Click("form[action='/do/resend'] button"))
	if kinds, _ := in.take(); len(kinds) != 2 {
		t.Errorf("heard %v", kinds)
	}
	must(t, 0, tab.Click("form[action='/do/fault'] button"))
	if armed := w.emu.Faults.Armed(); len(armed) != 1 || armed[0].Times != 1 {
		t.Errorf("armed %+v", armed)
	}
	must(t, 0, tab.Click("form[action='/do/disarm'] button"))
	must(t, 0, tab.Click("form[action='/do/rule'] button"))
	if rules := w.emu.Deliveries.Rules(); len(rules) != 1 || !rules[0].Lose || len(w.emu.Faults.Armed()) != 0 {
		t.Errorf("rules %+v", rules)
	}
}
