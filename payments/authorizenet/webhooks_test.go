package authorizenet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/emulator/core"
)

// hooked is a world whose merchant has a webhook.
func hooked(t *testing.T) (*world, func() []received) {
	t.Helper()
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	url, take := inbox(t)
	hook, err := w.client.CreateWebhook(context.Background(), "tollhouse", url, authorizenet.EventTypes)
	if err != nil {
		t.Fatal(err)
	}
	if hook.Status != "active" || hook.URL != url {
		t.Fatalf("got %+v", hook)
	}
	return w, take
}

func (w *world) verify(r received) error {
	return authorizenet.VerifyWebhook(r.signature, r.body, authorizenet.Secret(w.merchant.SignatureKey))
}

func TestVerifyWebhook_OverTheBytesAsTheyCame(t *testing.T) {
	w, take := hooked(t)
	id := w.paid("A1", w.card(goodCard, ""))
	w.emu.Clock.Advance(0)
	got := take()
	if len(got) != 1 {
		t.Fatalf("%d webhooks", len(got))
	}
	r := got[0]
	if digits := strings.TrimPrefix(r.signature, "sha512="); digits != strings.ToUpper(digits) {
		t.Errorf("the emulator's signature is not in capitals: %s", r.signature)
	}
	if err := w.verify(r); err != nil {
		t.Errorf("as it came: %v", err)
	}
	lower := received{"sha512=" + strings.ToLower(strings.TrimPrefix(r.signature, "sha512=")), r.body}
	if err := w.verify(lower); err != nil {
		t.Errorf("in small letters: %v", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, r.body); err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]received{
		"written again":    {r.signature, compact.Bytes()},
		"a byte changed":   {r.signature, bytes.Replace(r.body, []byte("25.00"), []byte("99.00"), 1)},
		"no signature":     {"", r.body},
		"no scheme":        {strings.TrimPrefix(r.signature, "sha512="), r.body},
		"another scheme":   {strings.Replace(r.signature, "sha512", "sha256", 1), r.body},
		"cut":              {r.signature[:40], r.body},
		"not hexadecimal":  {"sha512=zz", r.body},
		"with something":   {r.signature + "00", r.body},
		"empty hex":        {"sha512=", r.body},
		"signed by nobody": {authorizenetemuSigned("", r.body), r.body},
	} {
		if err := w.verify(forged); !errors.Is(err, authorizenet.ErrSignature) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := authorizenet.VerifyWebhook(authorizenetemuSigned("", r.body), r.body, ""); !errors.Is(err, authorizenet.ErrSignature) {
		t.Error("an account without a signature key accepts what is signed with nothing")
	}
	n, err := authorizenet.ParseNotification(r.body)
	if err != nil || n.EntityID != id || n.Entity != "transaction" || n.Code != "A1" || !n.At.Equal(start) ||
		n.Type != "net.authorize.payment.authcapture.created" {
		t.Errorf("got %+v, %v", n, err)
	}
}

// authorizenetemuSigned signs as somebody would who knows the scheme but not the key.
func authorizenetemuSigned(key string, body []byte) string {
	return authorizenet.SignForTest(key, body)
}

func TestWebhooks_OfHeldReviewedRefundedVoided(t *testing.T) {
	w, take := hooked(t)
	var held *authorizenet.HeldError
	if _, err := w.charge("A1", w.card(goodCard, "46252")); !errors.As(err, &held) {
		t.Fatal(err)
	}
	if err := w.emu.Review(w.merchant.Login, held.TransactionID, false); err != nil {
		t.Fatal(err)
	}
	id := w.paid("A2", w.card(goodCard, ""))
	gone := w.paid("A3", w.card(goodCard, ""))
	if _, err := w.client.Void(context.Background(), "V1", gone); err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(24 * time.Hour)
	if _, err := w.client.Refund(context.Background(), authorizenet.Refund{Code: "R1", OriginalID: id, Amount: dollars(100), Last4: "1111"}); err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(0)
	var kinds []string
	for _, r := range take() {
		n, err := authorizenet.ParseNotification(r.body)
		if err = errors.Join(err, w.verify(r)); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, strings.TrimPrefix(n.Type, "net.authorize.payment."))
	}
	want := "fraud.held fraud.declined authcapture.created authcapture.created void.created refund.created"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if tx := w.transaction(held.TransactionID); tx.Status != "failedReview" {
		t.Errorf("got %+v", tx)
	}
}

// Doubled events have the same id: that each is taken once is the caller's business, by that id.
func TestWebhooks_DoubledLostLateAndForgedByScript(t *testing.T) {
	w, take := hooked(t)
	script := func(r core.Rule) {
		t.Helper()
		r.Times = 1
		if _, err := w.emu.Deliveries.Script(r); err != nil {
			t.Fatal(err)
		}
	}
	script(core.Rule{Copies: 1})
	w.paid("A1", w.card(goodCard, ""))
	w.emu.Clock.Advance(0)
	got := take()
	if len(got) != 2 || !bytes.Equal(got[0].body, got[1].body) {
		t.Errorf("doubled: got %d", len(got))
	}
	script(core.Rule{Lose: true})
	w.paid("A2", w.card(goodCard, ""))
	script(core.Rule{Delay: time.Hour})
	w.paid("A3", w.card(goodCard, ""))
	w.emu.Clock.Advance(59 * time.Minute)
	if got := take(); len(got) != 0 {
		t.Errorf("lost and late: got %d", len(got))
	}
	w.emu.Clock.Advance(time.Minute)
	if got := take(); len(got) != 1 {
		t.Errorf("late: got %d", len(got))
	}
	script(core.Rule{Spoil: core.WrongSignature})
	w.paid("A4", w.card(goodCard, ""))
	w.emu.Clock.Advance(0)
	for _, r := range take() {
		if err := w.verify(r); !errors.Is(err, authorizenet.ErrSignature) {
			t.Errorf("forged: got %v", err)
		}
	}
}

func TestWebhooks_ListAndDelete(t *testing.T) {
	w, _ := hooked(t)
	ctx := context.Background()
	hooks, err := w.client.Webhooks(ctx)
	if err != nil || len(hooks) != 1 || len(hooks[0].Events) != len(authorizenet.EventTypes) {
		t.Fatalf("got %+v, %v", hooks, err)
	}
	if err := w.client.DeleteWebhook(ctx, hooks[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := w.client.DeleteWebhook(ctx, hooks[0].ID); !errors.Is(err, authorizenet.ErrNotFound) {
		t.Errorf("deleted again: %v", err)
	}
	if _, err := w.client.CreateWebhook(ctx, "x", "https://x.example", []string{"net.authorize.nothing"}); !errors.Is(err, authorizenet.ErrOurRequest) {
		t.Errorf("an unknown event: %v", err)
	}
	w.fault(core.Fault{Route: "GET webhooks", Kind: core.ErrorBefore, Times: 1})
	if _, err := w.client.Webhooks(ctx); !errors.Is(err, authorizenet.ErrUnknown) {
		t.Errorf("a broken answer: %v", err)
	}
}

func TestParseNotification_RefusesWhatIsNone(t *testing.T) {
	for _, body := range []string{``, `null`, `[]`, `{}`, `{"notificationId":"x"}`, `{"eventType":"x"}`, `{"notificationId":{},"eventType":"x"}`,
		`{"notificationId":"` + strings.Repeat("x", 200) + `","eventType":"x"}`} {
		if n, err := authorizenet.ParseNotification([]byte(body)); err == nil {
			t.Errorf("%.40s: got %+v", body, n)
		}
	}
}
