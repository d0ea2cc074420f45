package authorizenetemu_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/ledger"
	"tollhouse/portal/portaltest"
)

func TestDesk_DecidesAboutWhatIsHeld(t *testing.T) {
	s := newShop(t)
	value, reason := s.emu.CardToken(s.m.Login, authorizenetemu.Card{Number: "4111111111111111", Expiry: "2091-05", Zip: "46252"})
	if reason != 0 {
		t.Fatal(reason)
	}
	_, err := s.client.Charge(context.Background(), authorizenet.Charge{Code: "A1", Amount: ledger.Money{Amount: 2500, Currency: "USD"},
		Token: &authorizenet.Token{Descriptor: authorizenetemu.Descriptor, Value: value}})
	var held *authorizenet.HeldError
	if !errors.As(err, &held) {
		t.Fatal(err)
	}
	s.open(t, "")
	at := strings.TrimSuffix(s.form.URL, "/payment/payment") + "/authorizenet/"
	tab := browser(t)
	steps(t, tab.SetLook(portaltest.Look{Width: 320, Height: 640}), tab.Go(at))
	findings, err := tab.Audit(axe(t))
	steps(t, err)
	for _, f := range findings {
		t.Error(f)
	}
	if over, err := tab.Overflow(); err != nil || over > 0 {
		t.Errorf("%d pixels too wide, %v", over, err)
	}
	steps(t, tab.Click("button[value=approve]"))
	if status := s.emu.Status(s.m.Login, held.TransactionID); status != "capturedPendingSettlement" {
		t.Errorf("got %s", status)
	}
	text, err := tab.Text()
	steps(t, err)
	if strings.Contains(text, s.m.Key) || !strings.Contains(text, "capturedPendingSettlement") {
		t.Errorf("got %s", text)
	}
}
