package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"tollhouse/payments"
)

func TestPaymentCommands_ShowWhatIsOpenAndWhatDiffers(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	id, account := f.connected(t, b)
	pay := func(card string) payments.Payment {
		t.Helper()
		p, err := f.nodes[0].cashier.Pay(context.Background(), b.Tenant, f.wishes(t, b, account, card, "").request())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	done, waits := pay("pm_card_visa"), pay("pm_card_authenticationRequired")
	today := time.Now().In(b.TimeZone).Format(time.DateOnly)
	operate := func(exit int, want, not string, args ...string) {
		t.Helper()
		out, _, err := cliRun(t, f.conf, args...)
		code := 0
		if err != nil {
			code, out = exitCode(err), out+err.Error()
		}
		if code != exit || !strings.Contains(out, want) || not != "" && strings.Contains(out, not) || strings.Contains(out, account.SecretKey) {
			t.Errorf("%v: exit %d, want %d and %q without %q:\n%s", args, code, exit, want, not, out)
		}
	}
	operate(0, waits.ID, done.ID, "payment", "list", "--open")
	operate(0, done.ID, "", "payment", "list", "acme")
	operate(1, "--open", "", "payment", "list")
	operate(0, done.Receipt, "LOOK", "payment", "show", done.ID)
	operate(0, "requires_action", "", "payment", "show", waits.ID)
	operate(1, "there is no payment", "", "payment", "show", "pay_00000000000000000000000000")
	operate(0, id, "", "connection", "list", "acme")
	operate(1, `there is no tenant "nobody"`, "", "connection", "list", "nobody")
	operate(0, "agree", "DIFFERENCE", "payment", "reconcile", "acme", today)
	operate(1, "day", "", "payment", "reconcile", "acme", "yesterday")
	operate(0, "connections to processors: 1", "FAIL", "doctor")

	// Money that no payment of ours took, and keys that were rolled.
	if status := f.outside(t, account.SecretKey); status != 200 {
		t.Fatalf("control: a charge outside answers %d", status)
	}
	operate(1, "none", "agree", "payment", "reconcile", "acme", today)
	if n := f.count(t, b, `SELECT count(*) FROM payment_orphans WHERE tenant_id = $1`, b.ID); n != 1 {
		t.Errorf("%d orphans are kept, want 1", n)
	}
	f.stripe.ExpireKey(account.ID)
	operate(1, "connection list", "", "payment", "reconcile", "acme", today)
	f.api(t, b, "POST", "/api/payment-connections/"+id+"/test", "", 200)
	operate(1, "refuses the credentials: 1, like that of acme", "", "doctor")
	operate(0, "broken", "", "connection", "list", "acme")
}

// outside charges a card at the processor by other hands.
func (f *fleet) outside(t *testing.T, key string) int {
	t.Helper()
	form := "amount=777&currency=usd&payment_method_types[]=card&payment_method=pm_card_visa&confirm=true&return_url=https://x.test"
	return ask(t, http.DefaultClient, "POST", f.stripeURL+"/v1/payment_intents", form, "Authorization: Bearer "+key,
		"Content-Type: application/x-www-form-urlencoded").StatusCode
}
