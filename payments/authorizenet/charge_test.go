package authorizenet_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/emulator/core"
)

func TestCharge_TakesTheMoneyOnce(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	r, err := w.client.Charge(context.Background(), authorizenet.Charge{
		Code: "AABCDEFGHIJKLMNOP", Amount: dollars(120450), Token: w.card(goodCard, ""), Description: "INV-12", CustomerID: "c41", Email: "m@acme.example",
		BillTo: authorizenet.Address{FirstName: "Maria", Company: "Acme", Zip: "98101"}, IP: netip.MustParseAddr("192.0.2.7"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Last4 != "1111" || r.AccountType != "Visa" || r.AuthCode == "" {
		t.Errorf("got %+v", r)
	}
	got := w.emu.Captured(w.merchant.Login)
	if len(got) != 1 || got[0].Amount != dollars(120450) || got[0].Code != "AABCDEFGHIJKLMNOP" || got[0].ID != r.TransactionID {
		t.Errorf("captured %+v", got)
	}
	if tx := w.transaction(r.TransactionID); tx.Code != "AABCDEFGHIJKLMNOP" || tx.Settled != dollars(120450) || tx.Meaning().Status != payments.Succeeded {
		t.Errorf("looked up %+v", tx)
	}
}

func TestCharge_NeedsWhatItCannotDoWithout(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	token := w.card(goodCard, "")
	good := authorizenet.Charge{Code: "A1", Amount: dollars(100), Token: token}
	for name, spoil := range map[string]func(*authorizenet.Charge){
		"no code":           func(c *authorizenet.Charge) { c.Code = "" },
		"code too long":     func(c *authorizenet.Charge) { c.Code = strings.Repeat("A", 21) },
		"code with a space": func(c *authorizenet.Charge) { c.Code = "A 1" },
		"nothing":           func(c *authorizenet.Charge) { c.Amount.Amount = 0 },
		"negative":          func(c *authorizenet.Charge) { c.Amount.Amount = -1 },
		"too much":          func(c *authorizenet.Charge) { c.Amount.Amount = 1 << 60 },
		"another currency":  func(c *authorizenet.Charge) { c.Amount.Currency = "EUR" },
		"no method":         func(c *authorizenet.Charge) { c.Token = nil },
		"two methods":       func(c *authorizenet.Charge) { c.Saved = &authorizenet.SavedMethod{ProfileID: "1", MethodID: "2"} },
		"saved is no number": func(c *authorizenet.Charge) {
			c.Token, c.Saved = nil, &authorizenet.SavedMethod{ProfileID: "1", MethodID: "x"}
		},
		"customer id too long": func(c *authorizenet.Charge) { c.CustomerID = strings.Repeat("c", 21) },
	} {
		c := good
		spoil(&c)
		if _, err := w.client.Charge(context.Background(), c); !errors.Is(err, authorizenet.ErrInput) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := w.emu.Calls.Of("authorizenet/createTransactionRequest"); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// The processor answers 200 and "Error" for a decline, 200 and "Ok" for a held payment: only the transaction's code counts.
func TestCharge_SaysWhatTheTransactionsCodeSays(t *testing.T) {
	for _, c := range []struct {
		name, number, zip string
		kind              payments.FailureKind
		reason            int
	}{
		{"declined", goodCard, "46282", payments.FailedDeclined, 2},
		{"address", goodCard, "46227", payments.FailedAddress, 27},
		{"security code", goodCard, "46278", payments.FailedCVC, 78},
		{"picked up looks like any decline", goodCard, "46204", payments.FailedDeclined, 4},
		{"expired", goodCard, "46208", payments.FailedExpired, 8},
		{"bank away", goodCard, "46219", payments.FailedTryLater, 19},
		{"configuration", goodCard, "46213", payments.FailedUnavailable, 13},
		{"the number whose amount is its reason", "4222222222222", "", payments.FailedTryLater, 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
			_, err := w.charge("A1", w.card(c.number, c.zip))
			var declined *authorizenet.DeclinedError
			if !errors.As(err, &declined) || declined.Reason != c.reason || declined.Kind() != c.kind {
				t.Fatalf("got %v", err)
			}
			if got := w.emu.Captured(w.merchant.Login); len(got) != 0 {
				t.Errorf("captured %+v", got)
			}
		})
	}
}

func TestCharge_HeldIsNeitherPaidNorDeclined(t *testing.T) {
	for zip, want := range map[string]string{"46252": "FDSPendingReview", "46253": "FDSAuthorizedPendingReview"} {
		w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
		_, err := w.charge("A1", w.card(goodCard, zip))
		var held *authorizenet.HeldError
		if !errors.As(err, &held) {
			t.Fatalf("got %v", err)
		}
		if tx := w.transaction(held.TransactionID); tx.Status != want || tx.Meaning().Status != payments.HeldReview {
			t.Errorf("got %+v", tx)
		}
		w.emu.Clock.Advance(48 * time.Hour)
		if got := w.emu.Captured(w.merchant.Login); len(got) != 0 {
			t.Errorf("a held payment settled: %+v", got)
		}
		if err := w.emu.Review(w.merchant.Login, held.TransactionID, true); err != nil {
			t.Fatal(err)
		}
		w.emu.Clock.Advance(24 * time.Hour)
		if tx := w.transaction(held.TransactionID); tx.Status != "settledSuccessfully" {
			t.Errorf("approved: got %+v", tx)
		}
	}
}

func TestCharge_DuplicateNamesTheOriginal(t *testing.T) {
	for name, config := range map[string]authorizenetemu.Config{"in refTransID": {}, "in transId": {OriginalInTransID: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, config, authorizenetemu.Merchant{})
			saved := w.saved("")
			charge := authorizenet.Charge{Code: "A1", Amount: dollars(2500), Saved: &saved}
			first, err := w.client.Charge(context.Background(), charge)
			if err != nil {
				t.Fatal(err)
			}
			w.emu.Clock.Advance(7*time.Hour + 59*time.Minute)
			_, err = w.client.Charge(context.Background(), charge)
			var twin *authorizenet.DuplicateError
			if !errors.As(err, &twin) || twin.OriginalID != first.TransactionID {
				t.Errorf("got %v, want a duplicate of %s", err, first.TransactionID)
			}
			charge.Code = "A2"
			if _, err := w.client.Charge(context.Background(), charge); err != nil {
				t.Errorf("another attempt of the same sum: %v", err)
			}
			if got := w.emu.Captured(w.merchant.Login); len(got) != 2 {
				t.Errorf("captured %+v", got)
			}
		})
	}
}

func TestCharge_TokenIsGoodOnceAndForAQuarterOfAnHour(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	token := w.card(goodCard, "")
	w.paid("A1", token)
	if _, err := w.charge("A2", token); !errors.Is(err, authorizenet.ErrTokenSpent) {
		t.Errorf("again: got %v", err)
	}
	old := w.card(goodCard, "")
	w.emu.Clock.Advance(16 * time.Minute)
	if _, err := w.charge("A3", old); !errors.Is(err, authorizenet.ErrTokenSpent) {
		t.Errorf("old: got %v", err)
	}
	if got := w.emu.Captured(w.merchant.Login); len(got) != 1 {
		t.Errorf("captured %+v", got)
	}
}

// A lost answer is never a decline: whether the money moved is found by looking.
func TestCharge_LostAnswerIsFoundByItsCode(t *testing.T) {
	for _, c := range []struct {
		kind  core.Kind
		moved int
	}{
		{core.TimeoutBefore, 0}, {core.TimeoutAfter, 1}, {core.CutBefore, 0}, {core.CutAfter, 1}, {core.ErrorBefore, 0}, {core.ErrorAfter, 1},
		{core.Garbage, 1}, {core.HalfBody, 1}, {core.Limited, 0}, {core.Locked, 0},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
			w.fault(core.Fault{Route: "createTransactionRequest", Object: "A1", Kind: c.kind, Times: 1})
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			_, err := w.client.Charge(ctx, authorizenet.Charge{Code: "A1", Amount: dollars(2500), Token: w.card(goodCard, "")})
			if !errors.Is(err, authorizenet.ErrUnknown) || errors.Is(err, authorizenet.ErrNotSent) {
				t.Fatalf("got %v", err)
			}
			found, err := w.client.Find(context.Background(), authorizenet.Search{Code: "A1", Since: start})
			if err != nil || len(found) != c.moved {
				t.Fatalf("found %+v, %v", found, err)
			}
			if got := w.emu.Captured(w.merchant.Login); len(got) != c.moved || c.moved == 1 && found[0].ID != got[0].ID {
				t.Errorf("captured %+v", got)
			}
		})
	}
}

func TestCharge_WithoutAConnectionNothingWasSent(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	c, err := authorizenet.New(authorizenet.Config{Endpoint: url + "/xml/v1/request.api", LoginID: "l", TransactionKey: "k", Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	charge := authorizenet.Charge{Code: "A1", Amount: dollars(1), Token: &authorizenet.Token{Descriptor: "d", Value: "v"}}
	if _, err := c.Charge(context.Background(), charge); !errors.Is(err, authorizenet.ErrNotSent) || errors.Is(err, authorizenet.ErrUnknown) {
		t.Errorf("refused: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Charge(ctx, charge); !errors.Is(err, authorizenet.ErrNotSent) {
		t.Errorf("given up before: got %v", err)
	}
}

func TestCharge_HasADeadlineOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c, err := authorizenet.New(authorizenet.Config{LoginID: "l", TransactionKey: "k", Currency: "USD",
			HTTPClient: &http.Client{Transport: waitForever{}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Authenticate(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited != authorizenet.WorkerTimeout {
			t.Errorf("waited %s", waited)
		}
	})
}

// waitForever is a processor that never answers.
type waitForever struct{}

func (waitForever) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestCharge_FollowsNoRedirect(t *testing.T) {
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c, err := authorizenet.New(authorizenet.Config{Endpoint: server.URL + "/xml/v1/request.api", LoginID: "l", TransactionKey: "k", Currency: "USD",
		HTTPClient: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Authenticate(context.Background()); !errors.Is(err, authorizenet.ErrUnknown) || reached {
		t.Errorf("got %v, reached %t", err, reached)
	}
}

// An account in test mode says "approved" to everything, with the id 0, and takes nothing.
func TestCharge_ApprovalWithoutATransactionIsNone(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{TestMode: true})
	if r, err := w.charge("A1", w.card(goodCard, "")); err == nil {
		t.Errorf("got %+v", r)
	}
}

// The same attempt from fifty places at once: the duplicate window lets one through, and names it to all others.
func TestCharge_FiftyAtOnceTakeOnce(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	saved := w.saved("")
	var running sync.WaitGroup
	ids := make([]string, 50)
	for i := range ids {
		running.Go(func() {
			r, err := w.client.Charge(context.Background(), authorizenet.Charge{Code: "A1", Amount: dollars(2500), Saved: &saved})
			var twin *authorizenet.DuplicateError
			switch {
			case err == nil:
				ids[i] = r.TransactionID
			case errors.As(err, &twin):
				ids[i] = twin.OriginalID
			default:
				t.Error(err)
			}
		})
	}
	running.Wait()
	got := w.emu.Captured(w.merchant.Login)
	if len(got) != 1 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 1 || ids[0] != got[0].ID {
		t.Errorf("captured %+v, told of %v", got, ids)
	}
}
