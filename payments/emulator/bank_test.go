package emulator_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"tollhouse/payments/emulator"
)

const day = 24 * time.Hour

func TestBank_TakesDaysAndSettlesOrFails(t *testing.T) {
	for name, c := range map[string]struct {
		method      string
		after       time.Duration // from a Monday
		want        stripe.PaymentIntentStatus
		code        stripe.ErrorCode
		before      time.Duration // a moment at which it is still processing
		captured    int
		lateDispute bool
	}{
		"settles on Friday":   {"pm_usBankAccount_success", 4 * day, "succeeded", "", 4*day - time.Minute, 1, false},
		"account is closed":   {"pm_usBankAccount_accountClosed", 2 * day, "requires_payment_method", "account_closed", 2*day - time.Minute, 0, false},
		"no such account":     {"pm_usBankAccount_noAccount", 2 * day, "requires_payment_method", "no_account", day, 0, false},
		"not enough money":    {"pm_usBankAccount_insufficientFunds", 2 * day, "requires_payment_method", "insufficient_funds", day, 0, false},
		"not authorised":      {"pm_usBankAccount_debitNotAuthorized", 2 * day, "requires_payment_method", "debit_not_authorized", day, 0, false},
		"for ever":            {"pm_usBankAccount_processing", 60 * day, "processing", "", day, 0, false},
		"settles, comes back": {"pm_usBankAccount_dispute", 4 * day, "succeeded", "", day, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			pi, err := w.pay(c.method, nil)
			if must(t, pi, err).Status != "processing" {
				t.Fatalf("began as %s", pi.Status)
			}
			if _, err := w.api.PaymentIntents.Cancel(pi.ID, nil); wrong(t, err).Code != stripe.ErrorCodePaymentIntentUnexpectedState {
				t.Errorf("cancelled while the bank works on it: %v", err)
			}
			w.emu.Advance(c.before)
			if now := w.state(pi.ID); now.Status != "processing" || now.LatestCharge.Status != "pending" {
				t.Errorf("after %s: %s", c.before, now.Status)
			}
			w.emu.Advance(c.after - c.before)
			now := w.state(pi.ID)
			if now.Status != c.want || (c.code != "" && now.LastPaymentError.Code != c.code) || len(w.emu.Captured(w.acct.ID)) != c.captured {
				t.Errorf("after %s: %s, %+v", c.after, now.Status, now.LastPaymentError)
			}
			if c.lateDispute {
				w.checkLateReturn(pi.ID)
			}
		})
	}
}

// checkLateReturn holds that a settled debit comes back as a dispute, and that the money is gone.
func (w *world) checkLateReturn(id string) {
	w.t.Helper()
	w.emu.Advance(9 * day)
	if got := w.emu.Captured(w.acct.ID)[0]; got.Disputed != 0 {
		w.t.Errorf("back too early: %+v", got)
	}
	w.emu.Advance(day)
	list := w.api.Disputes.List(&stripe.DisputeListParams{PaymentIntent: &id})
	if !list.Next() || list.Dispute().Reason != "insufficient_funds" || list.Dispute().Status != "lost" || list.Dispute().IsChargeRefundable {
		w.t.Fatalf("dispute %+v (%v)", list.Dispute(), list.Err())
	}
	if got := w.emu.Captured(w.acct.ID)[0]; got.Disputed != 120450 {
		w.t.Errorf("still there: %+v", got)
	}
	if txn := list.Dispute().BalanceTransactions[0]; txn.Amount != -120450 || txn.Type != "adjustment" {
		w.t.Errorf("balance transaction %+v", txn)
	}
}

func TestBank_NeedsAMandate(t *testing.T) {
	w := newWorld(t)
	_, err := w.pay("pm_usBankAccount_success", func(p *stripe.PaymentIntentConfirmParams) { p.MandateData = nil })
	if e := wrong(t, err); e.Param != "mandate_data" {
		t.Errorf("got %v", e)
	}
	pi, err := w.pay("pm_usBankAccount_success", nil)
	must(t, pi, err)
	charge := w.state(pi.ID).LatestCharge
	mandate, err := w.api.Mandates.Get(charge.PaymentMethodDetails.USBankAccount.Mandate.ID, nil)
	if must(t, mandate, err).Status != "active" || mandate.CustomerAcceptance.Online.IPAddress != "127.0.0.1" {
		t.Errorf("mandate %+v", mandate)
	}
}

func TestBank_SavedOnceIsDebitedWithoutAnotherMandate(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	si, err := w.api.SetupIntents.New(&stripe.SetupIntentParams{
		Customer: &customer.ID, PaymentMethodTypes: stripe.StringSlice([]string{"us_bank_account"}), Confirm: stripe.Bool(true),
		PaymentMethod: stripe.String("pm_usBankAccount_success"),
		MandateData: &stripe.SetupIntentMandateDataParams{CustomerAcceptance: &stripe.SetupIntentMandateDataCustomerAcceptanceParams{
			Type:   "online",
			Online: &stripe.SetupIntentMandateDataCustomerAcceptanceOnlineParams{IPAddress: stripe.String("127.0.0.1"), UserAgent: stripe.String("test")},
		}},
	})
	if must(t, si, err).Status != "succeeded" || si.Mandate == nil {
		t.Fatalf("got %s", si.Status)
	}
	pi := w.unconfirmed(func(p *stripe.PaymentIntentParams) { p.Customer = &customer.ID })
	pi, err = w.api.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: &si.PaymentMethod.ID, OffSession: stripe.Bool(true)})
	if must(t, pi, err).Status != "processing" {
		t.Errorf("got %s", pi.Status)
	}
}

// unverified is a payment from an account that must be verified by deposits.
func unverified(t *testing.T, w *world) *stripe.PaymentIntent {
	t.Helper()
	pi, err := w.pay("pm_usBankAccount", nil)
	if must(t, pi, err).Status != "requires_action" || pi.NextAction.Type != "verify_with_microdeposits" {
		t.Fatalf("got %s, %+v", pi.Status, pi.NextAction)
	}
	return pi
}

func TestDeposits_ByCodeTenTries(t *testing.T) {
	w := newWorld(t)
	pi := unverified(t, w)
	if d := pi.NextAction.VerifyWithMicrodeposits; d.MicrodepositType != "descriptor_code" || d.ArrivalDate != start.Add(2*day).Unix() {
		t.Errorf("next action %+v", d)
	}
	verify := func(code string) error {
		_, err := w.api.PaymentIntents.VerifyMicrodeposits(pi.ID, &stripe.PaymentIntentVerifyMicrodepositsParams{DescriptorCode: &code})
		return err
	}
	for range 9 {
		if e := wrong(t, verify("SM0000")); e.Code != "payment_method_microdeposit_verification_descriptor_code_mismatch" {
			t.Errorf("got %s", e.Code)
		}
	}
	must(t, 0, verify("SM11AA"))
	if now := w.state(pi.ID); now.Status != "processing" {
		t.Errorf("verified at the tenth try: %s", now.Status)
	}
	pi = unverified(t, w)
	for range 9 {
		refused(t, verify("SM0000"))
	}
	if e := wrong(t, verify("SM0000")); e.Code != "payment_method_microdeposit_verification_attempts_exceeded" {
		t.Errorf("the tenth wrong try: %s", e.Code)
	}
	if now := w.state(pi.ID); now.Status != "requires_payment_method" || now.LastPaymentError == nil {
		t.Errorf("left as %s", now.Status)
	}
	refused(t, verify("SM11AA"))
}

func TestDeposits_ByAmountsThreeTries(t *testing.T) {
	w := newWorldOf(t, emulator.Config{}, emulator.Account{AmountDeposits: true})
	pi := unverified(t, w)
	verify := func(a, b int64) error {
		_, err := w.api.PaymentIntents.VerifyMicrodeposits(pi.ID, &stripe.PaymentIntentVerifyMicrodepositsParams{Amounts: []*int64{&a, &b}})
		return err
	}
	if e := wrong(t, verify(0, 500)); e.Code != "payment_method_microdeposit_verification_amounts_invalid" {
		t.Errorf("got %s", e.Code)
	}
	var codes []string
	for _, pair := range [][2]int64{{1, 2}, {32, 44}, {5, 6}} {
		codes = append(codes, string(wrong(t, verify(pair[0], pair[1])).Code))
	}
	if diff := cmp.Diff([]string{
		"payment_method_microdeposit_verification_amounts_mismatch", "payment_method_microdeposit_verification_amounts_mismatch",
		"payment_method_microdeposit_verification_attempts_exceeded",
	}, codes); diff != "" {
		t.Error(diff)
	}
	pi = unverified(t, w)
	must(t, 0, verify(32, 45))
	if now := w.state(pi.ID); now.Status != "processing" {
		t.Errorf("got %s", now.Status)
	}
}

func TestDeposits_OnTheHostedPageAndForTenDays(t *testing.T) {
	w := newWorld(t)
	pi := unverified(t, w)
	page := pi.NextAction.VerifyWithMicrodeposits.HostedVerificationURL
	if shown := get(t, w, page); !contains(shown, "begin with SM") {
		t.Errorf("the page shows %s", shown)
	}
	if shown := post(t, w, page, "code", "SM9999"); !contains(shown, "Tries left: 9") {
		t.Errorf("the page shows %s", shown)
	}
	post(t, w, page, "code", "sm11aa")
	if now := w.state(pi.ID); now.Status != "processing" {
		t.Errorf("got %s", now.Status)
	}
	late := unverified(t, w)
	w.emu.Advance(12*day + time.Minute)
	if now := w.state(late.ID); now.LastPaymentError == nil || now.LastPaymentError.Code != "payment_method_microdeposit_verification_timeout" {
		t.Errorf("after twelve days: %s", now.Status)
	}
}

func TestBank_ByHand(t *testing.T) {
	w := newWorld(t)
	pi, err := w.pay("pm_usBankAccount_processing", nil)
	must(t, pi, err)
	if !w.emu.SettleBank(w.acct.ID, pi.ID, "") || w.emu.SettleBank(w.acct.ID, pi.ID, "") || w.emu.SettleBank(w.acct.ID, "pi_none", "") {
		t.Error("settled not exactly once")
	}
	if w.emu.Dispute(w.acct.ID, pi.ID, "bank_cannot_process") == "" || w.emu.Captured(w.acct.ID)[0].Disputed != 120450 {
		t.Error("the debit did not come back")
	}
}
