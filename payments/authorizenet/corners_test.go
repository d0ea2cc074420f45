package authorizenet_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
)

func TestRefund_NeedsWhatItCannotDoWithout(t *testing.T) {
	bank := &authorizenet.MaskedBank{Account: "XXXX1234"}
	for name, r := range map[string]authorizenet.Refund{
		"no code":           {OriginalID: "1", Amount: dollars(1), Last4: "1111"},
		"no original":       {Code: "R1", Amount: dollars(1), Last4: "1111"},
		"nothing":           {Code: "R1", OriginalID: "1", Last4: "1111"},
		"no digits":         {Code: "R1", OriginalID: "1", Amount: dollars(1)},
		"a whole number":    {Code: "R1", OriginalID: "1", Amount: dollars(1), Last4: goodCard},
		"letters":           {Code: "R1", OriginalID: "1", Amount: dollars(1), Last4: "11X1"},
		"a card and a bank": {Code: "R1", OriginalID: "1", Amount: dollars(1), Last4: "1111", Bank: bank},
		"a bank unmasked":   {Code: "R1", OriginalID: "1", Amount: dollars(1), Bank: &authorizenet.MaskedBank{}},
	} {
		if _, err := answerWith(t, `{}`).Refund(ctx, r); !errors.Is(err, authorizenet.ErrInput) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := answerWith(t, `{}`).Void(ctx, "V1", "x"); !errors.Is(err, authorizenet.ErrInput) {
		t.Errorf("void: got %v", err)
	}
}

// A refusal may come without a transaction: then its sentence is all there is.
func TestCharge_RefusedWithoutATransaction(t *testing.T) {
	for sentence, reason := range map[string]int{
		"The transaction was unsuccessful. This transaction has been declined.": 2, "The credit card has expired.": 8,
		"The credit card number is invalid.": 6, "Credit card expiration date is invalid.": 7, "Something else.": 0,
	} {
		_, err := chargeWith(t, `{"messages":{"resultCode":"Error","message":[{"code":"E00027","text":"`+sentence+`"}]}}`)
		var declined *authorizenet.DeclinedError
		if !errors.As(err, &declined) || declined.Reason != reason {
			t.Errorf("%s: got %v", sentence, err)
		}
	}
}

func TestCharge_DuplicateWithoutATransactionIsNoDecline(t *testing.T) {
	_, err := chargeWith(t, `{"messages":{"resultCode":"Error","message":[{"code":"E00027","text":"A duplicate transaction has been submitted."}]}}`)
	var twin *authorizenet.DuplicateError
	if !errors.As(err, &twin) || twin.OriginalID != "" {
		t.Errorf("got %v", err)
	}
}

// Each error of the processor in the machine's words. Only what certainly did nothing is a refusal.
func TestAccount_SaysErrorsInTheMachinesWords(t *testing.T) {
	for code, want := range map[string]payments.RefusedError{
		"E00003": {Code: "request"}, "E00007": {Code: "credentials", Credentials: true}, "E00011": {Code: "transaction_details_api", Credentials: true},
		"E00042": {Code: "too_many_methods"}, "E00114": {Code: "token_spent"}, "E77777": {Code: "E77777"}, "E00040": {Code: "method_gone"},
	} {
		a := accountWith(t, `{"messages":{"resultCode":"Error","message":[{"code":"`+code+`","text":"x"}]}}`)
		_, err := a.Submit(ctx, payments.Attempt{Code: "A1", Amount: 1, Currency: "USD", Source: "x"})
		var refused *payments.RefusedError
		if !errors.As(err, &refused) || *refused != want || errors.Is(err, payments.ErrLost) {
			t.Errorf("%s: got %v", code, err)
		}
	}
	for name, body := range map[string]string{"later": `{"messages":{"resultCode":"Error","message":[{"code":"E00001"}]}}`, "nothing": ``} {
		a := accountWith(t, body)
		if _, err := a.Submit(ctx, payments.Attempt{Code: "A1", Amount: 1, Currency: "USD", Source: "x"}); !errors.Is(err, payments.ErrLost) || errors.Is(err, payments.ErrRefused) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := a.Describe(ctx); !errors.Is(err, payments.ErrLost) {
			t.Errorf("%s, describing: got %v", name, err)
		}
	}
	if _, err := accountWith(t, ``).Submit(ctx, payments.Attempt{Code: "A1", Amount: 1, Currency: "USD"}); !errors.Is(err, payments.ErrRefused) {
		t.Errorf("without a method: got %v", err)
	}
}

// accountWith is an account whose processor always gives this answer.
func accountWith(t *testing.T, body string) *authorizenet.Account {
	t.Helper()
	return answerWith(t, body).AccountForTest()
}

// A bank debit settles days after it was made: its method is the one that was kept then.
func TestAccount_BankDebitKeepsItsMethod(t *testing.T) {
	w, a := opened(t)
	customer, err := a.Customer(ctx, payments.CustomerFacts{Ref: "c41"})
	if err != nil {
		t.Fatal(err)
	}
	at := w.attempt("COMMON.ACCEPT.INAPP.PAYMENT|" + w.bank("1234567890").Value)
	at.Kind, at.SaveMethod, at.CustomerID = payments.Bank, true, customer
	first, err := a.Submit(ctx, at)
	if err != nil || first.Method.Ref == "" {
		t.Fatalf("got %+v, %v", first, err)
	}
	at.ObjectID = first.ObjectID
	w.emu.Clock.Advance(8 * 24 * time.Hour)
	if o, err := a.Look(ctx, at); err != nil || o.Status != payments.Succeeded || o.Method.Ref != first.Method.Ref {
		t.Errorf("got %+v, %v", o, err)
	}
	if err := a.SetDefault(ctx, customer, first.Method.Ref); err != nil {
		t.Error(err)
	}
}

// What the browser's script asks, with the key that a page may hold, and nothing else with that key.
func TestEmulator_GivesTokensToBrowsers(t *testing.T) {
	w, a := opened(t)
	browser := `{"merchantAuthentication":{"name":"LOGIN","clientKey":"` + w.merchant.ClientKey + `"}`
	raw := w.ask(`{"securePaymentContainerRequest":` + browser + `,"data":{"type":"TOKEN","id":"x","token":{"cardNumber":"4111111111111111","expirationDate":"0531"}}}}`)
	var got struct {
		Opaque struct {
			Value string `json:"dataValue"`
		} `json:"opaqueData"`
	}
	if err := json.Unmarshal(raw[3:], &got); err != nil || got.Opaque.Value == "" {
		t.Fatalf("got %s, %v", raw, err)
	}
	if o, err := a.Submit(ctx, w.attempt(got.Opaque.Value)); err != nil || o.Status != payments.Succeeded {
		t.Errorf("got %+v, %v", o, err)
	}
	if raw := w.ask(`{"getUnsettledTransactionListRequest":` + browser + `}}`); !strings.Contains(string(raw), "E00007") {
		t.Errorf("a page may list transactions: %s", raw)
	}
}
