package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollhouse/edge"
	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/core"
)

// asPayer makes this test binary a whole node in which somebody pays: it holds a wish as JSON.
const asPayer = "TOLLHOUSE_TEST_BINARY_PAYS"

// wish is a payment that a process of its own is to make, and where it is to die.
type wish struct {
	Slug, Company, Contact, Invoice, Nonce, Source, DieAt string
	Ahead                                                 int64 // how far the fleet's clock is, in nanoseconds: the process has the same
}

// request is the wish as the portal would ask for it.
func (w wish) request() payments.PayRequest {
	return payments.PayRequest{Nonce: w.Nonce, CompanyID: w.Company, ContactID: w.Contact, Session: payments.Session{ID: w.Nonce, Confirmed: true},
		Items: []payments.PayItem{{InvoiceID: w.Invoice}}, Kind: payments.Card, Source: w.Source,
		ReturnURL: func(id string) string { return "https://billing.test/portal/payments/" + id }}
}

// payAsProcess is what the process does: a node like serve's, with the rest of it at work.
func payAsProcess(said string) error {
	var in wish
	if err := json.Unmarshal([]byte(said), &in); err != nil {
		return err
	}
	config, err := loadConfig(os.Getenv, "", true)
	if err != nil {
		return err
	}
	listeners, err := edge.Listen(context.Background(), edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	h, err := build(context.Background(), config, listeners, newLog(os.Stderr, config.LogLevel))
	if err != nil {
		return err
	}
	h.clock.offset.Store(in.Ahead)
	mux := http.NewServeMux()
	for _, routes := range h.clock.also {
		routes(mux)
	}
	order, err := http.NewRequest("POST", "/payments/crash", strings.NewReader(`{"at":"`+in.DieAt+`"}`))
	if err != nil {
		return err
	}
	mux.ServeHTTP(discard{}, order)
	t, err := h.tenants.Show(context.Background(), in.Slug)
	if err != nil {
		return err
	}
	go func() { _ = h.Run(context.Background()) }()
	_, err = h.cashier.Pay(context.Background(), t, in.request())
	return err
}

// discard is an answer that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// dies runs a wish in a process of its own, which must be killed in the middle.
func (f *fleet) dies(t *testing.T, in wish) {
	t.Helper()
	said, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asPayer+"="+string(said))
	for name, value := range f.conf {
		c.Env = append(c.Env, prefix+name+"="+value)
	}
	out, err := c.CombinedOutput()
	if state, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !state.Signaled() || state.Signal() != syscall.SIGKILL {
		t.Fatalf("%s: the process was not killed: %v\n%s", in.DieAt, err, tail(string(out)))
	}
}

// later lets time pass, for every node of this process and for the processor.
func (f *fleet) later(d time.Duration) {
	for _, n := range f.nodes {
		n.clock.offset.Add(int64(d))
	}
	f.stripe.Advance(d)
}

// invoiced is one more sent invoice of a client.
func (f *fleet) invoiced(t *testing.T, b *business, c client) string {
	t.Helper()
	h := f.nodes[0]
	inv, err := h.invoices.CreateInvoice(context.Background(), b.Tenant, payments.NewInvoice{CompanyID: c.company.ID,
		Lines: []payments.NewLine{{Description: "Work", UnitAmount: 10_000}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.invoices.Send(context.Background(), b.Tenant, inv.ID); err != nil {
		t.Fatal(err)
	}
	return inv.ID
}

// wishes makes one with a fresh card.
func (f *fleet) wishes(t *testing.T, b *business, account emulator.Account, card, point string) wish {
	t.Helper()
	who := b.clients[0]
	source, err := stripeToken(t.Context(), f.stripeURL, account.SecretKey, card)
	if err != nil {
		t.Fatal(err)
	}
	return wish{b.Slug, who.company.ID, who.contact.ID, f.invoiced(t, b, who), rand.Text(), source, point, f.nodes[0].clock.offset.Load()}
}

// even demands that the processor and the books agree: captured is posted, one receipt each, and nothing is open.
func (f *fleet) even(t *testing.T, b *business, account emulator.Account, charges int) {
	t.Helper()
	var captured, refunded int64
	all := f.stripe.Captured(account.ID)
	for _, c := range all {
		captured, refunded = captured+c.Amount, refunded+c.Refunded
	}
	if len(all) != charges {
		t.Errorf("%d charges at the processor, want %d", len(all), charges)
	}
	one := func(q string) (n int64) { t.Helper(); return int64(f.count(t, b, q, b.ID)) }
	if posted := -one(`SELECT coalesce(sum(amount), 0)::bigint FROM ledger_entries WHERE tenant_id = $1 AND kind = 'payment'`); posted != captured {
		t.Errorf("captured %d, posted %d", captured, posted)
	}
	if back := one(`SELECT coalesce(sum(refunded), 0)::bigint FROM payments WHERE tenant_id = $1`); back != refunded {
		t.Errorf("given back %d, written %d", refunded, back)
	}
	if n := one(`SELECT count(*) FROM receipts WHERE tenant_id = $1`); n != int64(charges) {
		t.Errorf("%d receipts of %d charges", n, charges)
	}
	if n := one(`SELECT count(*) FROM payments WHERE tenant_id = $1 AND payment_live(status)`); n != 0 {
		t.Errorf("%d payments are open", n)
	}
	if n := one(`SELECT count(*) FROM invoices WHERE tenant_id = $1 AND (in_flight <> 0 OR settled > total)`); n != 0 {
		t.Errorf("%d invoices hold money, or took too much", n)
	}
}

// quietly waits until nothing of a business is open.
func (f *fleet) quietly(t *testing.T, b *business) {
	t.Helper()
	// What a loaded machine made late is due again later: time goes on until all has ended.
	next := time.Now().Add(10 * time.Second)
	waitFor(t, "payments to end", func() bool {
		if now := time.Now(); now.After(next) {
			next = now.Add(5 * time.Second)
			f.later(time.Minute)
		}
		return f.count(t, b, `SELECT (SELECT count(*) FROM payments WHERE tenant_id = $1 AND payment_live(status))
			+ (SELECT count(*) FROM refunds WHERE tenant_id = $1 AND status NOT IN ('succeeded', 'failed'))
			+ (SELECT count(*) FROM processor_events WHERE tenant_id = $1 AND done_at IS NULL)`, b.ID) == 0
	})
}

// A whole node is killed at each point of a payment; another finishes it, and the payer's second press of the button is the same payment.
func TestKill_InTheMiddleOfAPaymentTakesItOnceAndBooksIt(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	_, account := f.connected(t, b)
	charges := 0
	for _, point := range payments.CrashPoints() {
		in := f.wishes(t, b, account, "pm_card_visa", point)
		f.dies(t, in)
		f.later(2 * time.Minute)
		f.quietly(t, b)
		again, err := f.nodes[0].cashier.Pay(context.Background(), b.Tenant, in.request())
		if charges++; err != nil || again.Status != payments.Succeeded || again.Amount != 10_000 {
			t.Errorf("%s: again: %s, %v", point, again.Status, err)
		}
		if n := len(f.stripe.Captured(account.ID)); n != charges {
			t.Errorf("%s: %d charges, want %d", point, n, charges)
		}
	}
	f.quietly(t, b)
	f.even(t, b, account, charges)
}

// A serving process is killed while a tenant's program gives money back through its API.
func TestKill_InTheMiddleOfARefundGivesItBackOnce(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	_, account := f.connected(t, b)
	points := []string{payments.CrashAfterReserve, payments.CrashAfterSubmit, payments.CrashAfterApply}
	for _, point := range points {
		in := f.wishes(t, b, account, "pm_card_visa", "")
		paid, err := f.nodes[0].cashier.Pay(context.Background(), b.Tenant, in.request())
		if err != nil || paid.Status != payments.Succeeded {
			t.Fatalf("%s, %v", paid.Status, err)
		}
		p := f.process(t, nil)
		p.clock(t, fmt.Sprintf(`{"advance":"%dns"}`, f.nodes[0].clock.offset.Load()))
		p.order(t, "/payments/crash", `{"at":"`+point+`"}`, http.StatusNoContent)
		c := f.balanced(p, f.nodes[0], true)
		r, err := http.NewRequest("POST", "https://api."+fleetDomain+"/api/crm/payments/"+paid.ID+"/refunds", strings.NewReader(`{"amount":2500}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+b.key)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "refund-"+point)
		answer, err := c.Do(r)
		c.CloseIdleConnections()
		if err == nil {
			_ = answer.Body.Close()
			t.Fatalf("%s: the process answered %s", point, answer.Status)
		}
		if err := <-p.ended; err == nil {
			t.Errorf("%s: control: the process ended by itself", point)
		}
		f.later(2 * time.Minute)
		f.quietly(t, b)
	}
	f.even(t, b, account, len(points))
	if n := f.count(t, b, `SELECT coalesce(sum(refunded), 0)::bigint FROM payments WHERE tenant_id = $1`, b.ID); n != 2500*len(points) {
		t.Errorf("%d given back, want %d", n, 2500*len(points))
	}
}

// order asks a process's control socket.
func (n *process) order(t *testing.T, path, body string, want int) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", n.control)
	}}}
	defer c.CloseIdleConnections()
	r, err := c.Post("http://control"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if said, err := io.ReadAll(r.Body); r.StatusCode != want || err != nil {
		t.Fatalf("%s %s: %s %s, %v", path, body, r.Status, said, err)
	}
}

// Messages come twice and in the wrong order, to two nodes, while payments end; each is dealt with once.
func TestWebhooks_TwiceAndInTheWrongOrderPostOnce(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	_, account := f.connected(t, b)
	for _, rule := range []core.Rule{{Copies: 2}, {Swap: true}} {
		if _, err := f.stripe.Deliveries.Script(rule); err != nil {
			t.Fatal(err)
		}
	}
	var debits []string
	for i := range 6 {
		in := f.wishes(t, b, account, []string{"pm_card_visa", "pm_usBankAccount_processing"}[i%2], "")
		request := in.request()
		if i%2 == 1 {
			request.Kind, request.MandateText, request.Visitor = payments.Bank, "Debit it.", payments.Visitor{IP: "127.0.0.1", UserAgent: "Test"}
		}
		p, err := f.nodes[i%2].cashier.Pay(context.Background(), b.Tenant, request)
		if err != nil || p.Status == payments.Failed || p.Status == payments.Canceled {
			t.Fatalf("%s, %v", p.Status, err)
		}
		if i%2 == 1 {
			debits = append(debits, p.ObjectID)
		}
	}
	for _, id := range debits {
		if !f.stripe.SettleBank(account.ID, id, "") {
			t.Errorf("%s cannot settle", id)
		}
	}
	f.later(time.Minute)
	f.quietly(t, b)
	f.even(t, b, account, 6)
	if heard := f.count(t, b, `SELECT count(*) FROM processor_events WHERE tenant_id = $1`, b.ID); heard < 6 {
		t.Errorf("control: %d messages came", heard)
	}
	if n := f.count(t, b, `SELECT count(*) FROM processor_events WHERE tenant_id = $1 AND parked_why <> ''`, b.ID); n != 0 {
		t.Errorf("%d messages are parked", n)
	}
}

func TestControl_RefusesWhatIsNoPoint(t *testing.T) {
	f := newFleet(t, 1, nil)
	p := f.process(t, nil)
	for body, want := range map[string]int{`{"at":"after_submit"}`: 204, `{"at":""}`: 204, `{"at":"nowhere"}`: 400, `{"on":"after_submit"}`: 400, `at`: 400} {
		p.order(t, "/payments/crash", body, want)
	}
	p.order(t, "/payments/tick", "", http.StatusOK)
}
