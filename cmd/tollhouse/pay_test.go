package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tollhouse/portal/portaltest"
)

// payer is a fleet with one business that takes cards, and a signed-in browser of one of its clients.
type payer struct {
	*fleet
	*reader
	b   *business
	who client
}

func newPayer(t *testing.T) *payer {
	t.Helper()
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	f.connected(t, b)
	tab := f.browse(t, f.nodes[0], f.ca.RootPEM)
	s := &payer{f, &reader{tab: tab, base: "https://" + b.host}, b, b.clients[0]}
	s.enter(t, tab, s.who)
	return s
}

// enter signs a client in.
func (s *payer) enter(t *testing.T, tab *portaltest.Tab, who client) {
	t.Helper()
	cookie := s.signIn(t, s.client(s.nodes[0]), s.b, who)
	if err := tab.Open(s.base+"/portal/", strings.TrimPrefix(cookie, "Cookie: __Host-bp=")); err != nil {
		t.Fatal(err)
	}
}

// card types a card into the processor's own fields and presses the button.
func (s *payer) card(t *testing.T, number string) {
	t.Helper()
	waitFor(t, "the processor's fields", func() bool {
		there, err := portaltest.Evaluate[bool](s.tab, `(() => { const f = document.querySelector("#pay-fields iframe"); if (f) f.focus(); return !!document.querySelector("#pay-fields[data-ready] iframe"); })()`)
		return err == nil && there
	})
	if err := s.tab.Type("#pay-fields iframe", "\t"+number+"\t12/31\t123"); err != nil {
		t.Fatal(err)
	}
	// The press leads on only once the processor has given the card a name, so there is no answer to wait for yet.
	if _, err := portaltest.Evaluate[bool](s.tab, `setTimeout(() => document.querySelector("#pay-form button.main").click(), 0) > 0`); err != nil {
		t.Fatal(err)
	}
}

// says waits until the page says a text.
func (s *payer) says(t *testing.T, text string) {
	t.Helper()
	waitFor(t, text, func() bool { got, err := s.tab.Text(); return err == nil && strings.Contains(got, text) })
	if stopped, err := s.tab.Stopped(); err != nil || len(stopped) > 0 {
		t.Errorf("the policy stopped %v (%v)", stopped, err)
	}
}

func TestPay_CardDeclinedThenPaidInARealBrowser(t *testing.T) {
	s := newPayer(t)
	s.presses(t, ".hero a.main") // "Pay $100.00", of all that is due
	s.says(t, "Review and pay")
	s.card(t, "4000000000009995")
	s.says(t, "No money has been taken")
	s.says(t, "not enough money available")
	s.presses(t, ".hero a.main")
	s.card(t, "4242424242424242")
	s.says(t, "You have paid $100.00")
	s.says(t, "Visa ending 4242")
	if n := s.count(t, s.b, `SELECT count(*) FROM payments WHERE tenant_id = $1 AND status = 'succeeded'`, s.b.ID); n != 1 {
		t.Errorf("%d payments", n)
	}
	for _, number := range []string{"4242424242424242", "4000000000009995"} {
		if strings.Contains(s.logs.String(), number) {
			t.Error("a card's number is in the log")
		}
	}
}

func TestPay_WithoutScriptsOnTheProcessorsPage(t *testing.T) {
	s := newPayer(t)
	if err := s.tab.DisableScripts(); err != nil {
		t.Fatal(err)
	}
	s.opens(t, s.base+"/portal/pay?invoice="+s.who.invoice)
	s.presses(t, "#pay-form button.main")
	s.says(t, "One more step")
	s.presses(t, "main form button.plain")
	s.says(t, "was cancelled")
	if n := s.count(t, s.b, `SELECT count(*) FROM payments WHERE tenant_id = $1 AND status = 'canceled'`, s.b.ID); n != 1 {
		t.Errorf("%d payments given up", n)
	}
}

var payField = regexp.MustCompile(`name="(nonce|invoice)" value="([^"]+)"`)

// form reads the hidden fields of the page to review and pay.
func (s *payer) form(t *testing.T, c *http.Client, cookie string) url.Values {
	t.Helper()
	page := ask(t, c, "GET", s.base+"/portal/pay?invoice="+s.who.invoice, "", cookie)
	v := url.Values{"method": {"hosted"}}
	for _, found := range payField.FindAllStringSubmatch(page.body, -1) {
		v.Set(found[1], found[2])
	}
	if v.Get("nonce") == "" || v.Get("invoice") == "" {
		t.Fatalf("no form: %s\n%s", page.Status, page.body)
	}
	return v
}

func TestPay_PressedTwentyTimesAtOnceIsOnePayment(t *testing.T) {
	s := newPayer(t)
	c := s.client(s.nodes[0])
	cookie := s.signIn(t, c, s.b, s.who)
	form := s.form(t, c, cookie).Encode()
	var wg sync.WaitGroup
	var mu sync.Mutex
	to := map[string]int{}
	for range 20 {
		wg.Go(func() {
			r := press(t, c, s.base+"/portal/pay", form, cookie)
			mu.Lock()
			defer mu.Unlock()
			id, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Location"), "/portal/payments/"), "/")
			to[id]++
		})
	}
	wg.Wait()
	if n := s.count(t, s.b, `SELECT count(*) FROM payments WHERE tenant_id = $1`, s.b.ID); n != 1 || len(to) != 1 {
		t.Errorf("%d payments; led to %v", n, to)
	}
}

func TestPay_SecondContactIsToldWhoPays(t *testing.T) {
	s := newPayer(t)
	c := s.client(s.nodes[0])
	first := s.signIn(t, c, s.b, s.who)
	made := s.api(t, s.b, "POST", "/api/crm/contacts", `{"company_id":"`+s.who.company.ID+`","name":"Maria","email":"maria@client.test"}`, 201)
	colleague := s.who
	colleague.contact.ID = made["id"].(string)
	second := s.signIn(t, c, s.b, colleague)
	late := s.form(t, c, second)
	if r := press(t, c, s.base+"/portal/pay", s.form(t, c, first).Encode(), first); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("the first: %s\n%s", r.Status, r.body)
	}
	r := press(t, c, s.base+"/portal/pay", late.Encode(), second)
	if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "Contact "+s.who.canary+" is paying invoice") || !strings.Contains(r.body, "No money has been taken") {
		t.Errorf("the second: %s\n%s", r.Status, r.body)
	}
	if page := ask(t, c, "GET", s.base+"/portal/", "", second); !strings.Contains(page.body, "started paying this and has not finished") {
		t.Error("the second is not told beforehand")
	}
}

func TestPay_InvoiceThatWasPaidMeanwhileOrIsAnothersTakesNothing(t *testing.T) {
	s := newPayer(t)
	c := s.client(s.nodes[0])
	cookie := s.signIn(t, c, s.b, s.who)
	form := s.form(t, c, cookie)
	form.Set("invoice", s.b.clients[1].invoice+".1")
	if r := press(t, c, s.base+"/portal/pay", form.Encode(), cookie); r.StatusCode != http.StatusNotFound {
		t.Errorf("another's invoice: %s", r.Status)
	}
	form = s.form(t, c, cookie)
	s.api(t, s.b, "POST", "/api/crm/invoices/"+s.who.invoice+"/payments", `{"amount":{"amount":10000,"currency":"USD"},"method":"Cash"}`, 201)
	r := press(t, c, s.base+"/portal/pay", form.Encode(), cookie)
	if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "No money has been taken") {
		t.Errorf("a paid one: %s\n%s", r.Status, r.body)
	}
	if n := s.count(t, s.b, `SELECT count(*) FROM payment_attempts WHERE tenant_id = $1`, s.b.ID); n != 0 {
		t.Errorf("%d attempts", n)
	}
}

func TestPay_TheBankAsksThePayerInARealBrowser(t *testing.T) {
	for answer, says := range map[string]string{"complete": "You have paid $100.00", "fail": "No money has been taken"} {
		t.Run(answer, func(t *testing.T) {
			s := newPayer(t)
			s.presses(t, ".hero a.main")
			s.says(t, "Review and pay")
			s.card(t, "4000002760003184")
			s.says(t, "Continue at your bank")
			s.presses(t, "main a.main")
			s.says(t, "Test bank: is it you?")
			s.presses(t, `button[value="`+answer+`"]`)
			s.says(t, says)
			if at, err := portaltest.Evaluate[string](s.tab, "location.href"); err != nil || strings.Contains(at, "secret") || strings.Contains(at, "?") {
				t.Errorf("the address keeps what the processor wrote into it: %s, %v", at, err)
			}
		})
	}
}
