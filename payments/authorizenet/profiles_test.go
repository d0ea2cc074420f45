package authorizenet_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
)

// The id of a customer that exists is only in the error's sentence.
func TestCreateCustomer_AgainIsTheSame(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	customer := authorizenet.Customer{MerchantID: "c41", Description: "Acme", Email: "m@acme.example"}
	first, err := w.client.CreateCustomer(context.Background(), customer)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.client.CreateCustomer(context.Background(), customer)
	if err != nil || again != first {
		t.Errorf("got %s, %v; want %s", again, err, first)
	}
}

func TestCreateCustomer_TakesNobodyElsesProfile(t *testing.T) {
	const twin = "A duplicate record with ID 77 already exists."
	for name, c := range map[string]struct{ sentence, owner, want string }{
		"ours":                {twin, "c41", "77"},
		"another merchant id": {twin, "c42", ""},
		"words before":        {"See: " + twin, "c41", ""},
		"words after":         {twin + " Or 78.", "c41", ""},
		"no id":               {"A duplicate record already exists.", "c41", ""},
	} {
		client := answerBy(t, func(request string) string {
			if strings.Contains(request, "getCustomerProfileRequest") {
				return `{"profile":{"customerProfileId":"77","merchantCustomerId":"` + c.owner + `"},"messages":{"resultCode":"Ok"}}`
			}
			return `{"messages":{"resultCode":"Error","message":[{"code":"E00039","text":"` + c.sentence + `"}]}}`
		})
		id, err := client.CreateCustomer(context.Background(), authorizenet.Customer{MerchantID: "c41"})
		var duplicate *authorizenet.DuplicateProfileError
		if id != c.want || (c.want == "") != errors.As(err, &duplicate) {
			t.Errorf("%s: got %q, %v", name, id, err)
		}
	}
}

func TestAddMethod_TellsWhatItHas(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	ctx := context.Background()
	saved := w.saved("")
	var twin *authorizenet.DuplicateProfileError
	_, err := w.client.AddMethod(ctx, authorizenet.NewMethod{ProfileID: saved.ProfileID, Token: *w.card(goodCard, "")})
	if !errors.As(err, &twin) || twin.ID != saved.MethodID {
		t.Errorf("the same again: %v", err)
	}
	p, err := w.client.Profile(ctx, saved.ProfileID)
	if err != nil || p.MerchantID != "c41" || len(p.Methods) != 1 {
		t.Fatalf("got %+v, %v", p, err)
	}
	if m := p.Methods[0]; m.ID != saved.MethodID || m.Brand != "Visa" || m.Last4 != "1111" || m.ExpiryYear != 2031 || m.ExpiryMonth != 5 {
		t.Errorf("got %+v", m)
	}
}

func TestAddMethod_RefusedByTheBankKeepsNothing(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	ctx := context.Background()
	profile, err := w.client.CreateCustomer(ctx, authorizenet.Customer{MerchantID: "c41"})
	if err != nil {
		t.Fatal(err)
	}
	var declined *authorizenet.DeclinedError
	_, err = w.client.AddMethod(ctx, authorizenet.NewMethod{ProfileID: profile, Token: *w.card(goodCard, "46278")})
	if !errors.As(err, &declined) || declined.Kind() != payments.FailedCVC {
		t.Errorf("got %v", err)
	}
	if p, err := w.client.Profile(ctx, profile); err != nil || len(p.Methods) != 0 {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestAddMethod_AtMostTen(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	ctx := context.Background()
	saved := w.saved("")
	for i := range 9 {
		if _, err := w.client.AddMethod(ctx, authorizenet.NewMethod{ProfileID: saved.ProfileID, Token: *w.card(goodCard, fmt.Sprint(10001+i))}); err != nil {
			t.Fatal(err)
		}
	}
	more := authorizenet.NewMethod{ProfileID: saved.ProfileID, Token: *w.card(goodCard, "20000")}
	if _, err := w.client.AddMethod(ctx, more); !errors.Is(err, authorizenet.ErrTooManyProfiles) {
		t.Errorf("got %v", err)
	}
	if err := w.client.RemoveMethod(ctx, saved); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.AddMethod(ctx, more); err != nil {
		t.Errorf("after one was removed: %v", err)
	}
}

func TestMethods_ThatAreGoneAreNotFound(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	ctx := context.Background()
	saved := w.saved("")
	if err := w.client.RemoveMethod(ctx, saved); err != nil {
		t.Fatal(err)
	}
	if err := w.client.RemoveMethod(ctx, saved); !errors.Is(err, authorizenet.ErrNotFound) {
		t.Errorf("removed again: %v", err)
	}
	_, err := w.client.Charge(ctx, authorizenet.Charge{Code: "A1", Amount: dollars(100), Saved: &saved})
	if !errors.Is(err, authorizenet.ErrNotFound) || errors.Is(err, authorizenet.ErrUnknown) {
		t.Errorf("charged: %v", err)
	}
	if _, err := w.client.Profile(ctx, "999"); !errors.Is(err, authorizenet.ErrNotFound) {
		t.Errorf("no such profile: %v", err)
	}
}

func TestKeepMethod_KeepsWhatPaid(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	ctx := context.Background()
	profile, err := w.client.CreateCustomer(ctx, authorizenet.Customer{MerchantID: "c41"})
	if err != nil {
		t.Fatal(err)
	}
	method, err := w.client.KeepMethod(ctx, profile, w.paid("A1", w.card(goodCard, "98101")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.Charge(ctx, authorizenet.Charge{Code: "A2", Amount: dollars(100), OffSession: true,
		Saved: &authorizenet.SavedMethod{ProfileID: profile, MethodID: method}}); err != nil {
		t.Error(err)
	}
}

func TestMerchant_TellsWhatIsMissing(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{Name: "Acme", Currency: "CAD", NoDetails: true, NoBank: true})
	m, err := w.client.Merchant(context.Background())
	if err != nil || m.Name != "Acme" || m.GatewayID != w.merchant.GatewayID || m.Details || m.Accounts || !m.Cards || m.Takes("USD") || !m.Takes("CAD") {
		t.Errorf("got %+v, %v", m, err)
	}
	w.emu.SwitchDetails(w.merchant.Login, true)
	if m, err := w.client.Merchant(context.Background()); err != nil || !m.Details {
		t.Errorf("got %+v, %v", m, err)
	}
	if err := w.client.Authenticate(context.Background()); err != nil {
		t.Error(err)
	}
	w.emu.Rekey(w.merchant.Login)
	if err := w.client.Authenticate(context.Background()); !errors.Is(err, authorizenet.ErrCredentials) {
		t.Errorf("after a new key: %v", err)
	}
	if _, err := w.client.Webhooks(context.Background()); !errors.Is(err, authorizenet.ErrCredentials) {
		t.Errorf("after a new key: %v", err)
	}
}
