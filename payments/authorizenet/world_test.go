package authorizenet_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/emulator/core"
	"tollhouse/payments/ledger"
)

// start is when every test begins, by the emulator's clock: a Monday, hours before the cut-off.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const goodCard = "4111111111111111"

// world is an emulated processor, one merchant and our client.
type world struct {
	t        *testing.T
	emu      *authorizenetemu.Emulator
	url      string
	merchant authorizenetemu.Merchant
	client   *authorizenet.Client
}

// newWorld starts an emulator whose clock moves only by Advance.
func newWorld(t *testing.T, config authorizenetemu.Config, m authorizenetemu.Merchant) *world {
	t.Helper()
	config.Core = core.New(core.Config{Seed: 7, Now: func() time.Time { return start }})
	emu := authorizenetemu.New(config)
	server := httptest.NewServer(emu.Handler())
	t.Cleanup(server.Close)
	w := &world{t: t, emu: emu, url: server.URL, merchant: emu.AddMerchant(m)}
	w.client = w.clientWith(w.merchant.Key)
	return w
}

func (w *world) clientWith(key string) *authorizenet.Client {
	w.t.Helper()
	c, err := authorizenet.New(authorizenet.Config{
		Endpoint: w.url + "/xml/v1/request.api", HostedURL: w.url, LoginID: authorizenet.Secret(w.merchant.Login),
		TransactionKey: authorizenet.Secret(key), Currency: w.merchant.Currency,
		Now: w.emu.Clock.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// card is a fresh token for a card with this postal code.
func (w *world) card(number, zip string) *authorizenet.Token {
	w.t.Helper()
	value, reason := w.emu.CardToken(w.merchant.Login, authorizenetemu.Card{Number: number, Expiry: "2031-05", First: "Maria", Last: "Lopez", Zip: zip})
	if reason != 0 {
		w.t.Fatalf("the card is refused with reason %d", reason)
	}
	return &authorizenet.Token{Descriptor: authorizenetemu.Descriptor, Value: value}
}

func (w *world) bank(number string) *authorizenet.Token {
	w.t.Helper()
	value, reason := w.emu.BankToken(w.merchant.Login, authorizenetemu.BankAccount{Routing: "121042882", Number: number, Owner: "Maria Lopez"})
	if reason != 0 {
		w.t.Fatalf("the account is refused with reason %d", reason)
	}
	return &authorizenet.Token{Descriptor: authorizenetemu.Descriptor, Value: value}
}

func dollars(cents int64) ledger.Money { return ledger.Money{Amount: cents, Currency: "USD"} }

// charge sends a charge of 25.00 with a token.
func (w *world) charge(code string, token *authorizenet.Token) (authorizenet.Result, error) {
	return w.client.Charge(context.Background(), authorizenet.Charge{Code: code, Amount: dollars(2500), Token: token})
}

// paid is charge that must be approved.
func (w *world) paid(code string, token *authorizenet.Token) string {
	w.t.Helper()
	r, err := w.charge(code, token)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.TransactionID
}

// saved keeps a card for a customer.
func (w *world) saved(zip string) authorizenet.SavedMethod {
	w.t.Helper()
	ctx := context.Background()
	profile, err := w.client.CreateCustomer(ctx, authorizenet.Customer{MerchantID: "c41", Email: "maria@acme.example"})
	if err != nil {
		w.t.Fatal(err)
	}
	id, err := w.client.AddMethod(ctx, authorizenet.NewMethod{ProfileID: profile, Token: *w.card(goodCard, zip)})
	if err != nil {
		w.t.Fatal(err)
	}
	return authorizenet.SavedMethod{ProfileID: profile, MethodID: id}
}

func (w *world) fault(f core.Fault) {
	w.t.Helper()
	f.Route = "authorizenet/" + f.Route
	if _, err := w.emu.Faults.Arm(f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) transaction(id string) authorizenet.Transaction {
	w.t.Helper()
	t, err := w.client.Transaction(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

// received is one webhook as it came.
type received struct {
	signature string
	body      []byte
}

// inbox is an endpoint that keeps what it gets.
func inbox(t *testing.T) (url string, take func() []received) {
	t.Helper()
	var mu sync.Mutex
	var got []received
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, received{r.Header.Get(authorizenet.SignatureHeader), body})
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []received {
		mu.Lock()
		defer mu.Unlock()
		all := got
		got = nil
		return all
	}
}
