package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"tollhouse/payments/emulator"
)

func (w *world) refund(id string, amount int64) (*stripe.Refund, error) {
	p := &stripe.RefundParams{PaymentIntent: &id}
	if amount != 0 {
		p.Amount = &amount
	}
	return w.api.Refunds.New(p)
}

func TestRefund_PartialAndNotMoreThanWasTaken(t *testing.T) {
	w := newWorld(t)
	pi, err := w.pay("pm_card_visa", nil)
	must(t, pi, err)
	r, err := w.refund(pi.ID, 20450)
	if must(t, r, err).Status != "succeeded" || r.Amount != 20450 || r.BalanceTransaction.ID == "" {
		t.Errorf("refund %+v", r)
	}
	_, err = w.refund(pi.ID, 100001)
	if e := wrong(t, err); e.Param != "amount" {
		t.Errorf("too much: %v", e)
	}
	_, err = w.refund(pi.ID, 0)
	must(t, 0, err)
	_, err = w.refund(pi.ID, 1)
	if e := wrong(t, err); e.Code != stripe.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("after all is back: %v", e)
	}
	if got := w.emu.Captured(w.acct.ID)[0]; got.Refunded != 120450 {
		t.Errorf("captured %+v", got)
	}
	if c := w.state(pi.ID).LatestCharge; !c.Refunded || c.AmountRefunded != 120450 {
		t.Errorf("charge %+v", c)
	}
	_, err = w.refund(w.unconfirmed(nil).ID, 0)
	refused(t, err)
}

func TestRefund_PendingAndFailing(t *testing.T) {
	for method, c := range map[string]struct{ first, after stripe.RefundStatus }{
		"pm_card_pendingRefund": {"pending", "succeeded"}, "pm_card_refundFail": {"succeeded", "failed"}, "pm_usBankAccount_success": {"pending", "succeeded"},
	} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			pi, err := w.pay(method, nil)
			must(t, pi, err)
			w.emu.Advance(5 * day)
			r, err := w.refund(pi.ID, 0)
			if must(t, r, err).Status != c.first {
				t.Errorf("began as %s", r.Status)
			}
			w.emu.Advance(8 * day)
			r, err = w.api.Refunds.Get(r.ID, nil)
			if must(t, r, err).Status != c.after {
				t.Errorf("ended as %s", r.Status)
			}
			back := int64(120450)
			if c.after == "failed" {
				back = 0
			}
			if got := w.emu.Captured(w.acct.ID)[0].Refunded; got != back || (back == 0) != (r.FailureReason != "") {
				t.Errorf("refunded %d, reason %q", got, r.FailureReason)
			}
		})
	}
}

func TestDispute_IsWonOrLost(t *testing.T) {
	for evidence, c := range map[string]struct {
		status stripe.DisputeStatus
		taken  int64
	}{"winning_evidence": {"won", 0}, "losing_evidence": {"lost", 120450}, "a photograph": {"under_review", 120450}} {
		t.Run(evidence, func(t *testing.T) {
			w := newWorld(t)
			in := w.inbox("charge.dispute.created", "charge.dispute.closed", "charge.dispute.funds_reinstated")
			pi, err := w.pay("pm_card_createDispute", nil)
			must(t, pi, err)
			w.emu.Advance(time.Minute)
			list := w.api.Disputes.List(&stripe.DisputeListParams{PaymentIntent: &pi.ID})
			if !list.Next() || list.Dispute().Status != "needs_response" || list.Dispute().Reason != "fraudulent" {
				t.Fatalf("dispute %+v", list.Dispute())
			}
			if _, err := w.refund(pi.ID, 0); wrong(t, err).Code != stripe.ErrorCodeChargeDisputed {
				t.Errorf("refunded while it is disputed: %v", err)
			}
			d, err := w.api.Disputes.Update(list.Dispute().ID, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: &evidence}})
			if must(t, d, err).Status != c.status || w.emu.Captured(w.acct.ID)[0].Disputed != c.taken {
				t.Errorf("ended as %s, %+v", d.Status, w.emu.Captured(w.acct.ID))
			}
			w.emu.Advance(0)
			kinds, _ := in.take()
			want := map[stripe.DisputeStatus]string{"won": "charge.dispute.created charge.dispute.funds_reinstated charge.dispute.closed",
				"lost": "charge.dispute.created charge.dispute.closed", "under_review": "charge.dispute.created"}[c.status]
			if got := strings.Join(kinds, " "); got != want {
				t.Errorf("heard %s, want %s", got, want)
			}
		})
	}
}

func TestBalance_OfADaySumsToWhatWasCaptured(t *testing.T) {
	w := newWorld(t)
	for i := range 25 {
		pi, err := w.pay("pm_card_visa", nil)
		must(t, pi, err)
		if i%5 == 0 {
			r, err := w.refund(pi.ID, 450)
			must(t, r, err)
		}
		w.emu.Advance(3 * time.Hour)
	}
	sum, lines := int64(0), 0
	for d := range 4 {
		p := &stripe.BalanceTransactionListParams{}
		p.Limit = stripe.Int64(3) // so that the cursor is used
		from := start.Truncate(day).AddDate(0, 0, d)
		p.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: from.AddDate(0, 0, 1).Unix()}
		list := w.api.BalanceTransactions.List(p)
		for list.Next() {
			sum, lines = sum+list.BalanceTransaction().Amount, lines+1
		}
		if err := list.Err(); err != nil {
			t.Fatal(err)
		}
	}
	truth := int64(0)
	for _, c := range w.emu.Captured(w.acct.ID) {
		truth += c.Amount - c.Refunded
	}
	if sum != truth || lines != 30 || truth != 25*120450-5*450 {
		t.Errorf("%d lines sum to %d, captured %d", lines, sum, truth)
	}
	if total := w.emu.Totals(w.acct.ID)["usd"]; total != (emulator.Total{Payments: 25, Captured: 25 * 120450, Refunded: 5 * 450}) {
		t.Errorf("totals %+v", total)
	}
}

func TestLists_PageBothWays(t *testing.T) {
	w := newWorld(t)
	var made []string
	for range 7 {
		made = append(made, w.unconfirmed(nil).ID)
	}
	ids := func(change func(*stripe.PaymentIntentListParams)) (got []string) {
		p := &stripe.PaymentIntentListParams{}
		p.Single = true
		p.Limit = stripe.Int64(2)
		change(p)
		list := w.api.PaymentIntents.List(p)
		for list.Next() {
			got = append(got, list.PaymentIntent().ID)
		}
		must(t, 0, list.Err())
		return got
	}
	if diff := cmp.Diff([]string{made[6], made[5]}, ids(func(*stripe.PaymentIntentListParams) {})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{made[3], made[2]}, ids(func(p *stripe.PaymentIntentListParams) { p.StartingAfter = &made[4] })); diff != "" {
		t.Error(diff)
	}
	// The library turns a page before a cursor round.
	if diff := cmp.Diff([]string{made[3], made[4]}, ids(func(p *stripe.PaymentIntentListParams) { p.EndingBefore = &made[2] })); diff != "" {
		t.Error(diff)
	}
}

func TestKeys_OpenOneAccountEach(t *testing.T) {
	w := newWorld(t)
	other := w.emu.AddAccount(emulator.Account{Live: true, Currency: "eur"})
	pi := w.unconfirmed(nil)
	for name, c := range map[string]struct {
		key    string
		header []string
		want   int
		code   string
	}{
		"own":                       {w.acct.SecretKey, nil, 200, ""},
		"none":                      {"", nil, 401, ""},
		"unknown":                   {"sk_test_unknown_unknown", nil, 401, ""},
		"another account's":         {other.SecretKey, nil, 404, "resource_missing"},
		"for an account of another": {w.acct.SecretKey, []string{"Stripe-Account", other.ID}, 403, "account_invalid"},
		"publishable, no secret":    {w.acct.PublishableKey, nil, 400, "resource_missing"},
		"another version":           {w.acct.SecretKey, []string{"Stripe-Version", "2019-12-03"}, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, header := call(t, w, "GET", "/v1/payment_intents/"+pi.ID, c.key, "", c.header...)
			if status != c.want || !contains(body, c.code) || header.Get("Request-Id") == "" {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
	status, _, _ := call(t, w, "GET", "/v1/payment_intents/"+pi.ID+"?client_secret="+pi.ClientSecret, w.acct.PublishableKey, "")
	if status != http.StatusOK {
		t.Errorf("with the client's secret: %d", status)
	}
	if status, body, _ := call(t, w, "POST", "/v1/refunds", w.acct.PublishableKey, "payment_intent="+pi.ID); status != 403 {
		t.Errorf("a refund with a publishable key: %d %s", status, body)
	}
	w.emu.ExpireKey(w.acct.ID)
	_, err := w.api.Accounts.Get()
	if e := wrong(t, err); e.HTTPStatusCode != 401 || e.Code != stripe.ErrorCodeAPIKeyExpired {
		t.Errorf("an expired key: %v", e)
	}
	w.emu.RestoreKey(w.acct.ID)
	a, err := w.api.Accounts.Get()
	if must(t, a, err).ID != w.acct.ID || !a.ChargesEnabled {
		t.Errorf("account %+v", a)
	}
}

func TestUpdater_ACardWhoseLastMonthPassedIsDeclined(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	m, err := w.api.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &customer.ID})
	pay := &stripe.PaymentIntentConfirmParams{PaymentMethod: &must(t, m, err).ID}
	w.emu.UpdateCard(w.acct.ID, m.ID, 3, 2026, "")
	mine := func(p *stripe.PaymentIntentParams) { p.Customer = &customer.ID }
	done, err := w.api.PaymentIntents.Confirm(w.unconfirmed(mine).ID, pay)
	if must(t, done, err).Status != "succeeded" {
		t.Errorf("in its last month: %s", done.Status)
	}
	w.emu.Advance(30 * day)
	_, err = w.api.PaymentIntents.Confirm(w.unconfirmed(mine).ID, pay)
	if e := wrong(t, err); e.Code != stripe.ErrorCodeExpiredCard {
		t.Errorf("after it: %v", e)
	}
}

// A number that a person typed is nowhere afterwards: not in an answer, an event, a list, the page.
func TestCardNumbers_AreNotTakenFromServersAndNotKept(t *testing.T) {
	w := newWorld(t)
	const number, bank = "4000056655665556", "000123456789"
	form := "type=card&card[number]=" + number + "&card[exp_month]=12&card[exp_year]=2031&card[cvc]=123"
	if status, body, _ := call(t, w, "POST", "/v1/payment_methods", w.acct.SecretKey, form); status != 402 || contains(body, number) {
		t.Errorf("from a server: %d %s", status, body)
	}
	in := w.inbox("*")
	for _, f := range []string{
		"payment_method_data[type]=card&payment_method_data[card][number]=" + number + "&payment_method_data[card][exp_month]=12" +
			"&payment_method_data[card][exp_year]=31",
		"payment_method_data[type]=us_bank_account&payment_method_data[us_bank_account][routing_number]=110000000" +
			"&payment_method_data[us_bank_account][account_number]=" + bank + "&payment_method_data[billing_details][name]=Acme",
	} {
		status, body, _ := call(t, w, "POST", "/v1/confirmation_tokens", w.acct.PublishableKey, f, "Idempotency-Key", f[:40])
		if status != 200 || contains(body, number) || contains(body, bank) || !(contains(body, "5556") || contains(body, "6789")) {
			t.Errorf("%d %s", status, body)
		}
	}
	w.emu.Advance(0)
	everything := fmt.Sprintf("%+v %+v", w.emu.Deliveries.Log(), w.emu.Faults.Strikes()) + fmt.Sprint(in.events)
	for _, path := range []string{"/v1/events?limit=100", "/v1/charges"} {
		_, body, _ := call(t, w, "GET", path, w.acct.SecretKey, "")
		everything += body
	}
	if contains(everything, number) || contains(everything, bank) {
		t.Error("a number was kept")
	}
}

func TestDomains_AreRegisteredOnceAndChecked(t *testing.T) {
	w := newWorld(t)
	make := func(name string) *stripe.PaymentMethodDomain {
		d, err := w.api.PaymentMethodDomains.New(&stripe.PaymentMethodDomainParams{DomainName: &name})
		return must(t, d, err)
	}
	good, bad := make("billing.acme.test"), make("unverified.acme.test")
	if again := make("billing.acme.test"); again.ID != good.ID || good.ApplePay.Status != "active" {
		t.Errorf("again %+v", again)
	}
	checked, err := w.api.PaymentMethodDomains.Validate(bad.ID, nil)
	if must(t, checked, err).ApplePay.Status != "inactive" || checked.ApplePay.StatusDetails.ErrorMessage == "" {
		t.Errorf("checked %+v", checked)
	}
	off, err := w.api.PaymentMethodDomains.Update(good.ID, &stripe.PaymentMethodDomainParams{Enabled: stripe.Bool(false)})
	if must(t, off, err).Enabled {
		t.Error("still enabled")
	}
	_, err = w.api.PaymentMethodDomains.New(&stripe.PaymentMethodDomainParams{DomainName: stripe.String("https://acme.test/")})
	refused(t, err)
}

func TestUpdater_ChangesASavedCard(t *testing.T) {
	w := newWorld(t)
	in, customer := w.inbox("payment_method.automatically_updated"), w.customer()
	m, err := w.api.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &customer.ID})
	must(t, m, err)
	if !w.emu.UpdateCard(w.acct.ID, m.ID, 7, 2033, "1881") || w.emu.UpdateCard(w.acct.ID, "pm_none", 7, 2033, "") {
		t.Error("updated not as asked")
	}
	w.emu.Advance(0)
	now, err := w.api.PaymentMethods.Get(m.ID, nil)
	if kinds, _ := in.take(); must(t, now, err).Card.ExpYear != 2033 || now.Card.Last4 != "1881" || len(kinds) != 1 {
		t.Errorf("card %+v, heard %v", now.Card, kinds)
	}
}

func TestForget_BoundsMemoryAndKeepsTotals(t *testing.T) {
	w := newWorldOf(t, emulator.Config{Forget: 20}, emulator.Account{})
	for range 100 {
		pi, err := w.pay("pm_card_visa", nil)
		must(t, pi, err)
	}
	if n := len(w.emu.Captured(w.acct.ID)); n < 20 || n > 22 {
		t.Errorf("%d payments are kept", n)
	}
	if total := w.emu.Totals(w.acct.ID)["usd"]; total.Payments != 100 || total.Captured != 100*120450 {
		t.Errorf("totals %+v", total)
	}
}

func TestSeed_MakesARunRepeat(t *testing.T) {
	run := func() (ids []string) {
		w := newWorld(t)
		for range 3 {
			ids = append(ids, w.unconfirmed(nil).ID)
		}
		return ids
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Error(diff)
	}
}
