package emulator_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"
)

// fill makes one of everything, in most of its states.
func (w *world) fill() (customer string) {
	w.t.Helper()
	w.inbox("*")
	c := w.customer()
	_, err := w.api.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &c.ID})
	must(w.t, 0, err)
	for _, method := range []string{"pm_card_visa", "pm_card_createDispute", "pm_usBankAccount_success", "pm_usBankAccount", "pm_card_authenticationRequired"} {
		pi, err := w.pay(method, func(p *stripe.PaymentIntentConfirmParams) { p.ReturnURL = stripe.String("https://pay.acme.test/") })
		must(w.t, pi, err)
		if method == "pm_card_visa" {
			_, err = w.refund(pi.ID, 100)
			must(w.t, 0, err)
		}
	}
	_, err = w.pay("pm_card_chargeDeclined", nil)
	refused(w.t, err)
	w.session(nil)
	si, err := w.api.SetupIntents.New(&stripe.SetupIntentParams{Customer: &c.ID, PaymentMethodTypes: stripe.StringSlice([]string{"card"})})
	must(w.t, si, err)
	d, err := w.api.PaymentMethodDomains.New(&stripe.PaymentMethodDomainParams{DomainName: stripe.String("billing.acme.test")})
	must(w.t, d, err)
	w.emu.Advance(10 * day)
	return c.ID
}

// Nothing is said that the library does not know, and nothing that it cannot decode.
func TestShapes_AreThoseOfTheLibrary(t *testing.T) {
	w := newWorld(t)
	customer := w.fill()
	for path, into := range map[string]any{
		"payment_intents?expand[]=data.latest_charge&expand[]=data.payment_method": &stripe.PaymentIntentList{}, "charges": &stripe.ChargeList{},
		"customers": &stripe.CustomerList{}, "payment_methods?customer=" + customer: &stripe.PaymentMethodList{}, "refunds": &stripe.RefundList{},
		"disputes": &stripe.DisputeList{}, "balance_transactions": &stripe.BalanceTransactionList{}, "checkout/sessions": &stripe.CheckoutSessionList{},
		"setup_intents": &stripe.SetupIntentList{}, "payment_method_domains": &stripe.PaymentMethodDomainList{},
		"webhook_endpoints": &stripe.WebhookEndpointList{}, "events": &stripe.EventList{}, "account": &stripe.Account{},
	} {
		status, body, _ := call(t, w, "GET", "/v1/"+path, w.acct.SecretKey, "")
		if status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
			continue
		}
		if err := json.Unmarshal([]byte(body), into); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		var plain map[string]any
		must(t, 0, json.Unmarshal([]byte(body), &plain))
		if data, isList := plain["data"].([]any); isList && len(data) == 0 {
			t.Errorf("%s is empty: it shows nothing", path)
		}
		for _, name := range strangers(plain, reflect.TypeOf(into), strings.Split(path, "?")[0]) {
			t.Errorf("%s is not known to the library", name)
		}
	}
}

// strangers are the names in v that the type does not have.
func strangers(v any, is reflect.Type, path string) (out []string) {
	for is.Kind() == reflect.Pointer || is.Kind() == reflect.Slice {
		if list, ok := v.([]any); ok && is.Kind() == reflect.Slice {
			for _, e := range list {
				out = append(out, strangers(e, is.Elem(), path)...)
			}
			return out
		}
		is = is.Elem()
	}
	o, ok := v.(map[string]any)
	if !ok || is.Kind() != reflect.Struct {
		return nil
	}
	known := tags(is)
	for name, value := range o {
		field, found := known[name]
		switch {
		case !found && name != "object" && name != "data":
			out = append(out, fmt.Sprintf("%s.%s", path, name))
		case found && field != reflect.TypeOf(json.RawMessage{}):
			out = append(out, strangers(value, field, path+"."+name)...)
		}
	}
	return out
}

// tags are the JSON names of a struct's fields, those of embedded structs included.
func tags(is reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range is.NumField() {
		f := is.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			for inner, t := range tags(f.Type) {
				out[inner] = t
			}
		}
		if name != "" && name != "-" {
			out[name] = f.Type
		}
	}
	return out
}
