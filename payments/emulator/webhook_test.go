package emulator_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/core"
)

func TestWebhooks_AreSignedAndOnlyThoseThatAreWanted(t *testing.T) {
	w := newWorld(t)
	in, all := w.inbox("payment_intent.succeeded", "charge.refunded"), w.inbox("*")
	pi, err := w.pay("pm_card_visa", nil)
	must(t, pi, err)
	if kinds, _ := in.take(); len(kinds) != 0 {
		t.Errorf("sent before time went on: %v", kinds)
	}
	w.emu.Advance(0)
	kinds, bad := in.take()
	if diff := cmp.Diff([]string{"payment_intent.succeeded"}, kinds); diff != "" || bad != nil {
		t.Error(diff, bad)
	}
	kinds, bad = all.take()
	want := []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}
	if diff := cmp.Diff(want, kinds); diff != "" || bad != nil {
		t.Error(diff, bad)
	}
	list := w.api.Events.List(&stripe.EventListParams{Type: stripe.String("payment_intent.*")})
	if !list.Next() || list.Event().Type != "payment_intent.succeeded" || list.Event().Data.Object["id"] != pi.ID {
		t.Errorf("listed %+v", list.Event())
	}
	one, err := w.api.Events.Get(list.Event().ID, nil)
	if must(t, one, err).APIVersion != emulator.Version || one.Request.ID == "" {
		t.Errorf("got %+v", one)
	}
}

func TestWebhooks_ThatAreSpoiledAreRefusedByTheLibrary(t *testing.T) {
	for how, want := range map[core.Spoil]error{core.WrongSignature: webhook.ErrNoValidSignature, core.WrongVersion: nil} {
		w := newWorld(t)
		in := w.inbox("payment_intent.succeeded")
		_, err := w.emu.Deliveries.Script(core.Rule{Kind: "payment_intent.succeeded", Spoil: how})
		must(t, 0, err)
		_, err = w.pay("pm_card_visa", nil)
		must(t, 0, err)
		w.emu.Advance(0)
		kinds, bad := in.take()
		if len(kinds) != 0 || len(bad) != 1 || (want != nil && !errors.Is(bad[0], want)) {
			t.Errorf("%s: took %v, refused %v", how, kinds, bad)
		}
	}
}

func TestWebhooks_OfAnotherAccountSaySo(t *testing.T) {
	w := newWorld(t)
	in := w.inbox("payment_intent.succeeded")
	_, err := w.emu.Deliveries.Script(core.Rule{Spoil: core.WrongAccount})
	must(t, 0, err)
	_, err = w.pay("pm_card_visa", nil)
	must(t, 0, err)
	w.emu.Advance(0)
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.events) != 1 || in.events[0].Account == "" || in.events[0].Account == w.acct.ID {
		t.Errorf("got %+v, %v", in.events, in.bad)
	}
}

func TestWebhooks_ComeAgainUntilTheyAreTaken(t *testing.T) {
	w := newWorld(t)
	in := w.inbox("payment_intent.succeeded")
	in.status = http.StatusServiceUnavailable
	_, err := w.pay("pm_card_visa", nil)
	must(t, 0, err)
	w.emu.Advance(time.Hour)
	if kinds, _ := in.take(); len(kinds) != 3 {
		t.Errorf("%d tries within an hour", len(kinds))
	}
	in.mu.Lock()
	in.status = http.StatusOK
	in.mu.Unlock()
	w.emu.Advance(3 * 24 * time.Hour)
	if kinds, _ := in.take(); len(kinds) != 1 {
		t.Errorf("%d deliveries after it was mended", len(kinds))
	}
	if log := w.emu.Deliveries.Log(); log[0].State != core.Delivered || log[0].Tries != 4 {
		t.Errorf("log %+v", log)
	}
}

func TestWebhooks_OfConnectedAccountsGoToThePlatform(t *testing.T) {
	w := newWorld(t)
	tenant := w.emu.AddAccount(emulator.Account{Platform: w.acct.ID})
	in := w.inbox("payment_intent.created")
	made, err := w.api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: stripe.String(in.url), EnabledEvents: stripe.StringSlice([]string{"*"}), Connect: stripe.Bool(true),
	})
	in.secret = must(t, made, err).Secret
	p := keyed("k")
	p.SetStripeAccount(tenant.ID)
	pi, err := w.api.PaymentIntents.New(p)
	must(t, pi, err)
	w.emu.Deauthorize(tenant.ID)
	w.emu.Advance(0)
	kinds, bad := in.take()
	if diff := cmp.Diff([]string{"payment_intent.created", "account.application.deauthorized"}, kinds); diff != "" || bad != nil {
		t.Error(diff, bad)
	}
	_, err = w.api.PaymentIntents.Get(pi.ID, &stripe.PaymentIntentParams{Params: stripe.Params{StripeAccount: &tenant.ID}})
	if e := wrong(t, err); e.HTTPStatusCode != 403 || e.Code != stripe.ErrorCodeAccountInvalid {
		t.Errorf("after it was deauthorised: %v", e)
	}
}

func TestEndpoints_AreMadeChangedAndDisabled(t *testing.T) {
	w := newWorld(t)
	in := w.inbox("*")
	list := w.api.WebhookEndpoints.List(nil)
	if !list.Next() || list.WebhookEndpoint().Secret != "" || list.WebhookEndpoint().Status != "enabled" {
		t.Fatalf("listed %+v", list.WebhookEndpoint())
	}
	id := list.WebhookEndpoint().ID
	off, err := w.api.WebhookEndpoints.Update(id, &stripe.WebhookEndpointParams{Disabled: stripe.Bool(true)})
	if must(t, off, err).Status != "disabled" {
		t.Errorf("got %s", off.Status)
	}
	_, err = w.pay("pm_card_visa", nil)
	must(t, 0, err)
	w.emu.Advance(0)
	if kinds, _ := in.take(); len(kinds) != 0 {
		t.Errorf("a disabled endpoint heard %v", kinds)
	}
	_, err = w.api.WebhookEndpoints.Del(id, nil)
	must(t, 0, err)
	_, err = w.api.WebhookEndpoints.Get(id, nil)
	refused(t, err)
	for _, p := range []*stripe.WebhookEndpointParams{
		{URL: stripe.String("ftp://x"), EnabledEvents: stripe.StringSlice([]string{"*"})}, {URL: stripe.String("https://pay.acme.test/")},
		{URL: stripe.String("https://pay.acme.test/"), EnabledEvents: stripe.StringSlice([]string{"*"}), APIVersion: stripe.String("2019-12-03")},
	} {
		_, err = w.api.WebhookEndpoints.New(p)
		refused(t, err)
	}
}
