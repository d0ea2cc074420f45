package authorizenet_test

import (
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
)

const returnURL = "https://billing.acme.example/payments/pay_1"

// visitor is a browser without scripts, which follows nothing by itself.
type visitor struct {
	t    *testing.T
	http *http.Client
}

func newVisitor(t *testing.T) *visitor {
	return &visitor{t, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// post sends a form and returns the page, or where it leads.
func (v *visitor) post(address string, form url.Values) (page, location string) {
	v.t.Helper()
	res, err := v.http.PostForm(address, form)
	if err != nil {
		v.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode >= 400 {
		v.t.Fatalf("%s: %d %s, %v", address, res.StatusCode, body, err)
	}
	return string(body), res.Header.Get("Location")
}

func card(token, number, zip string) url.Values {
	return url.Values{"token": {token}, "card_number": {number}, "expiry": {"05/31"}, "card_code": {"123"}, "first_name": {"Maria"}, "zip": {zip}}
}

func hostedAttempt(w *world) payments.Attempt {
	at := w.attempt("")
	at.Kind, at.ReturnURL = payments.Hosted, returnURL
	return at
}

func TestHosted_PaysWithoutScripts(t *testing.T) {
	w, a := opened(t)
	at := hostedAttempt(w)
	o, err := a.Submit(ctx, at)
	if err != nil || o.Status != payments.RequiresAction || o.Action.Form == "" || o.Action.URL != w.url+"/payment/payment" {
		t.Fatalf("got %+v, %v", o, err)
	}
	if _, err := a.Look(ctx, at); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("before anybody paid: %v", err)
	}
	v := newVisitor(t)
	page, _ := v.post(o.Action.URL, url.Values{"token": {o.Action.Form}})
	if !strings.Contains(page, "25.00 USD") || !strings.Contains(page, returnURL) || strings.Contains(page, "<script") {
		t.Errorf("got %s", page)
	}
	page, _ = v.post(w.url+"/payment/pay", card(o.Action.Form, goodCard, "46282"))
	if !strings.Contains(page, "This transaction has been declined.") || strings.Contains(page, goodCard) {
		t.Errorf("declined: got %s", page)
	}
	if _, err := a.Look(ctx, at); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("a declined card ended the attempt: %v", err)
	}
	page, _ = v.post(w.url+"/payment/pay", card(o.Action.Form, "5424 0000 0000 0015", "98101"))
	if !strings.Contains(page, "Thank you") || !strings.Contains(page, returnURL) {
		t.Errorf("paid: got %s", page)
	}
	v.post(w.url+"/payment/pay", card(o.Action.Form, "5424000000000015", "98102")) // F5, or the back button
	paid, err := a.Look(ctx, at)
	if err != nil || paid.Status != payments.Succeeded || paid.Received != 2500 || paid.Method.Brand != "mastercard" {
		t.Errorf("got %+v, %v", paid, err)
	}
	if got := w.emu.Captured(w.merchant.Login); len(got) != 1 {
		t.Errorf("captured %+v", got)
	}
}

func TestHosted_TokenOpensItsPageForAQuarterOfAnHour(t *testing.T) {
	w, a := opened(t)
	o, err := a.Submit(ctx, hostedAttempt(w))
	if err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(16 * time.Minute)
	for _, token := range []string{o.Action.Form, "guessed", ""} {
		page, _ := newVisitor(t).post(w.url+"/payment/pay", card(token, goodCard, ""))
		if !strings.Contains(page, "expired") {
			t.Errorf("got %s", page)
		}
	}
	if got := w.emu.Captured(w.merchant.Login); len(got) != 0 {
		t.Errorf("captured %+v", got)
	}
}

// An attempt on the processor's page cannot be called back: it is over when the page cannot be paid on any more, and not before.
func TestHosted_CancelWaitsUntilThePageIsDead(t *testing.T) {
	w, a := opened(t)
	at := hostedAttempt(w)
	if _, err := a.Submit(ctx, at); err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(30 * time.Minute)
	if o, err := a.Cancel(ctx, at); !errors.Is(err, payments.ErrAbsent) {
		t.Errorf("got %+v, %v", o, err)
	}
	w.emu.Clock.Advance(2 * time.Hour)
	if o, err := a.Cancel(ctx, at); err != nil || o.Status != payments.Canceled {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestHosted_OffersWhatIsKeptAndKeepsWhatIsNew(t *testing.T) {
	w, a := opened(t)
	m := w.saved("")
	at := hostedAttempt(w)
	at.CustomerID = m.ProfileID
	o, err := a.Submit(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	v := newVisitor(t)
	page, _ := v.post(o.Action.URL, url.Values{"token": {o.Action.Form}})
	if !strings.Contains(page, "Visa ending in 1111") || !strings.Contains(page, "Save for next time") {
		t.Errorf("got %s", page)
	}
	form := card(o.Action.Form, "5424000000000015", "")
	form.Set("method", "new")
	form.Set("keep", "yes")
	v.post(w.url+"/payment/pay", form)
	p, err := w.client.Profile(ctx, m.ProfileID)
	if err != nil || len(p.Methods) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	at.SaveMethod = true
	if o, err = a.Look(ctx, at); err != nil || o.Method.Ref != p.Methods[1].ID {
		t.Errorf("got %+v, %v", o, err)
	}
	if _, err := w.client.HostedPayment(ctx, authorizenet.HostedPayment{Code: "A1", Amount: dollars(1), ProfileID: "999", ReturnURL: returnURL, CancelURL: returnURL}); !errors.Is(err, authorizenet.ErrNotFound) {
		t.Errorf("somebody else's methods: %v", err)
	}
}

var messageFrame = regexp.MustCompile(`<iframe src="([^"]+)"`)

// messages are what the page tells the page around it, by frames of the communicator's.
func messages(page string) (all []string) {
	for _, m := range messageFrame.FindAllStringSubmatch(page, -1) {
		all = append(all, html.UnescapeString(m[1]))
	}
	return all
}

func TestHosted_TellsThePageAroundIt(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	const communicator = "https://billing.acme.example/portal/pay/frame"
	form, err := w.client.HostedPayment(ctx, authorizenet.HostedPayment{Code: "A1", Amount: dollars(2500), ReturnURL: returnURL, CancelURL: returnURL, Communicator: communicator})
	if err != nil {
		t.Fatal(err)
	}
	v := newVisitor(t)
	page, _ := v.post(form.URL, url.Values{"token": {form.Token}})
	if got := messages(page); len(got) != 1 || !strings.HasPrefix(got[0], communicator+"#action=resizeWindow&width=") {
		t.Errorf("shown: %q", got)
	}
	page, _ = v.post(w.url+"/payment/cancel", url.Values{"token": {form.Token}})
	if got := messages(page); len(got) != 1 || got[0] != communicator+"#action=cancel" {
		t.Errorf("cancelled: %q", got)
	}
	page, _ = v.post(w.url+"/payment/pay", card(form.Token, goodCard, ""))
	got := messages(page)
	if len(got) != 1 || !strings.HasPrefix(got[0], communicator+"#action=transactResponse&response=") {
		t.Fatalf("paid: %q", got)
	}
	said, err := url.ParseQuery(strings.TrimPrefix(got[0], communicator+"#"))
	if err != nil || !strings.Contains(said.Get("response"), `"transId":"`+w.emu.Captured(w.merchant.Login)[0].ID+`"`) {
		t.Errorf("said %v, %v", said, err)
	}
}

func TestHosted_ManagesMethods(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	m := w.saved("")
	const communicator = "https://billing.acme.example/portal/methods/frame"
	form, err := w.client.HostedProfile(ctx, authorizenet.HostedProfile{ProfileID: m.ProfileID, ReturnURL: returnURL, Communicator: communicator, BankAccounts: true})
	if err != nil {
		t.Fatal(err)
	}
	v := newVisitor(t)
	page, _ := v.post(form.URL, url.Values{"token": {form.Token}})
	if !strings.Contains(page, "Visa ending in 1111") {
		t.Errorf("got %s", page)
	}
	page, _ = v.post(w.url+"/customer/add", url.Values{"token": {form.Token}, "routing_number": {"121042882"}, "account_number": {"1234567890"}, "owner": {"Maria"}})
	if got := messages(page); len(got) != 2 || got[1] != communicator+"#action=successfulSave" || !strings.Contains(page, "eCheck ending in 7890") {
		t.Errorf("added: %q %s", got, page)
	}
	page, _ = v.post(w.url+"/customer/add", card(form.Token, "4111111111111112", ""))
	if !strings.Contains(page, "The credit card number is invalid.") {
		t.Errorf("a number that is none: %s", page)
	}
	v.post(w.url+"/customer/remove", url.Values{"token": {form.Token}, "method": {m.MethodID}})
	p, err := w.client.Profile(ctx, m.ProfileID)
	if err != nil || len(p.Methods) != 1 || p.Methods[0].Bank == nil {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestHosted_OtherFormsTokensDoNothing(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	m := w.saved("")
	methods, err := w.client.HostedProfile(ctx, authorizenet.HostedProfile{ProfileID: m.ProfileID, ReturnURL: returnURL})
	if err != nil {
		t.Fatal(err)
	}
	newVisitor(t).post(w.url+"/payment/pay", card(methods.Token, goodCard, ""))
	pay, err := w.client.HostedPayment(ctx, authorizenet.HostedPayment{Code: "A1", Amount: dollars(1), ProfileID: m.ProfileID, ReturnURL: returnURL, CancelURL: returnURL})
	if err != nil {
		t.Fatal(err)
	}
	newVisitor(t).post(w.url+"/customer/remove", url.Values{"token": {pay.Token}, "method": {m.MethodID}})
	if p, err := w.client.Profile(ctx, m.ProfileID); err != nil || len(p.Methods) != 1 || len(w.emu.Captured(w.merchant.Login)) != 0 {
		t.Errorf("got %+v, %v", p, err)
	}
}
