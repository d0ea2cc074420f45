package payments_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
)

// How many payments the random worlds make. TOLLHOUSE_SOAK sets another number ("make soak": a million), TOLLHOUSE_SEED plays one world again.
const (
	simulated = 500
	perWorld  = 25
)

// Random worlds: contacts with many tabs, faults at every call, processes that die, messages that come twice, late, in any order or never, clocks that jump and
// differ, refunds, disputes, and two nodes. When a world has come to rest the ledger and the processor must agree to the cent.
func TestRandomWorlds_EndWithTheLedgerAndTheProcessorInAgreement(t *testing.T) {
	first, wanted := uint64(1), simulated
	if n, err := strconv.Atoi(os.Getenv("TOLLHOUSE_SOAK")); err == nil {
		first, wanted = rand.Uint64N(1<<40), n
	}
	worlds := (wanted + perWorld - 1) / perWorld
	if seed, err := strconv.ParseUint(os.Getenv("TOLLHOUSE_SEED"), 10, 64); err == nil {
		first, worlds = seed, 1
	}
	db := pgtest.Clone(t)
	made, captured := 0, int64(0)
	for i := range worlds {
		seed := first + uint64(i)
		w := play(t, db, seed)
		made += w.submits
		_, n := w.s.Fake.Captured()
		captured += int64(n)
		if t.Failed() {
			t.Fatalf("world %d failed: run it again with TOLLHOUSE_SEED=%d\n%s", seed, seed, w.log)
		}
	}
	t.Logf("%d worlds, %d submits, %d charges", worlds, made, captured)
	if captured == 0 {
		t.Error("nothing was ever paid: the worlds prove nothing")
	}
}

// world is one tenant's world and its dice.
type world struct {
	t        *testing.T
	s        *paymentstest.Shop
	dice     *rand.Rand
	nodes    []*payments.Service
	contacts []string
	invoices []ledger.Invoice
	paid     []string // payments that were begun
	forms    []payments.PayRequest
	disputes []string
	held     []payments.Event // messages on their way
	submits  int
	calm     bool
	log      string
}

func play(t *testing.T, db pgtest.DB, seed uint64) *world {
	w := &world{t: t, s: paymentstest.NewShop(t, db), dice: rand.New(rand.NewPCG(seed, seed))}
	w.s.Tenant.Policy.PartialPayments = true
	w.s.Fake.Objectless = w.dice.IntN(3) == 0
	w.s.Fake.OnCall = w.fault
	w.contacts = []string{w.s.Contact, w.s.AddContact(t, w.s.Company, "payer")}
	for _, skew := range []time.Duration{0, time.Duration(w.dice.IntN(180)-90) * time.Second} {
		w.nodes = append(w.nodes, w.node(skew))
	}
	for range 3 {
		w.invoices = append(w.invoices, w.s.Sent(t, int64(100+w.dice.IntN(9000))))
	}
	for w.submits < perWorld {
		w.step()
	}
	w.rest()
	return w
}

// node is a process that looks at one thing after the other, so that a world plays alike each time.
func (w *world) node(skew time.Duration) *payments.Service {
	node, err := payments.New(payments.ServiceConfig{Store: w.s.Store(), Ring: w.s.Ring, Parallel: 1,
		Now: func() time.Time { return w.s.Time().Add(skew) },
		Open: func(context.Context, tenant.ID, payments.Connection) (payments.Processor, error) {
			return w.s.Fake, nil
		},
		Crash: func(point string) {
			if !w.calm && w.dice.IntN(60) == 0 {
				w.note("dies at %s", point)
				panic(died{point})
			}
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	return node
}

func (w *world) note(format string, args ...any) { w.log += fmt.Sprintf(format, args...) + "\n" }

func (w *world) fault(method string) paymentstest.Fault {
	if w.calm || w.dice.IntN(100) >= 15 {
		return paymentstest.NoFault
	}
	fault := []paymentstest.Fault{paymentstest.NotAsked, paymentstest.LostBefore, paymentstest.LostAfter, paymentstest.LostAfter, paymentstest.Refuses}[w.dice.IntN(5)]
	w.note("%s fails: %d", method, fault)
	return fault
}

func pick[T any](w *world, all []T) T { return all[w.dice.IntN(len(all))] }

// step lets one thing happen.
func (w *world) step() {
	node := pick(w, w.nodes)
	switch n := w.dice.IntN(100); {
	case n < 30:
		w.submit(node)
	case n < 38:
		w.invoices = append(w.invoices, w.s.Sent(w.t, int64(100+w.dice.IntN(9000))))
	case n < 50:
		d := []time.Duration{time.Second, 15 * time.Second, time.Minute, 11 * time.Minute, 40 * time.Minute, 5 * time.Hour, 30 * time.Hour}[w.dice.IntN(7)]
		w.note("%s passes", d)
		w.s.Advance(d)
	case n < 64:
		w.deliver(node)
	case n < 72:
		w.run(func() { _, _ = node.Work(ctx) })
	case len(w.paid) == 0:
	case n < 76:
		w.run(func() { _, _ = node.Look(ctx, w.s.Tenant, w.s.Company, pick(w, w.paid)) })
	case n < 78:
		w.run(func() { _, _ = node.Cancel(ctx, w.s.Tenant, w.s.Company, pick(w, w.paid)) })
	case n < 86:
		w.run(func() {
			in := payments.RefundInput{PaymentID: pick(w, w.paid), Amount: int64(w.dice.IntN(400)), Reopen: w.dice.IntN(2) == 0}
			r, err := node.Refund(ctx, w.s.Tenant, in)
			w.note("refund %d of %s: %s %v", in.Amount, in.PaymentID, r.Status, err)
		})
	case n < 94:
		w.elsewhere(node)
	case n < 97:
		_, err := node.ApplyCredit(ctx, w.s.Tenant, payments.CreditInput{CompanyID: w.s.Company, InvoiceID: pick(w, w.invoices).ID})
		w.note("credit: %v", err)
	default:
		_, err := w.s.Invoices.RecordPayment(ctx, w.s.Tenant, paymentstest.Payment(pick(w, w.invoices).ID, int64(1+w.dice.IntN(200))))
		w.note("by hand: %v", err)
	}
}

func (w *world) run(fn func()) { dies(fn) }

// submit is a new form, or one that was sent before.
func (w *world) submit(node *payments.Service) {
	w.submits++
	if len(w.forms) > 0 && w.dice.IntN(5) == 0 {
		w.send(node, pick(w, w.forms))
		return
	}
	source := []string{"ok", "ok", "ok", "declined", "funds", "3ds", "processing", "review", "deposits"}[w.dice.IntN(9)]
	if w.dice.IntN(3) != 0 {
		w.invoices = append(w.invoices, w.s.Sent(w.t, int64(100+w.dice.IntN(9000))))
	}
	recent := w.invoices[max(0, len(w.invoices)-5):]
	var some []ledger.Invoice
	for range 1 + w.dice.IntN(3) {
		inv := pick(w, recent)
		if len(some) == 0 || some[0].ID != inv.ID && some[len(some)-1].ID != inv.ID {
			some = append(some, inv)
		}
	}
	in := w.s.Request(source, some...)
	in.ContactID, in.Session.ID = pick(w, w.contacts), fmt.Sprint(w.dice.IntN(40))
	in.UseCredit, in.SaveMethod = w.dice.IntN(4) == 0, w.dice.IntN(4) == 0
	if source == "processing" {
		in.Kind = payments.Bank
	}
	for i := range in.Items {
		if w.dice.IntN(3) == 0 {
			in.Items[i].Amount = int64(50 + w.dice.IntN(1000))
		}
	}
	w.forms = append(w.forms, in)
	w.send(node, in)
}

func (w *world) send(node *payments.Service, in payments.PayRequest) {
	w.run(func() {
		p, err := node.Pay(ctx, w.s.Tenant, in)
		w.note("pay %s of %d invoices: %s %s %v", in.Source, len(in.Items), p.ID, p.Status, err)
		if err == nil {
			w.paid = append(w.paid, p.ID)
		}
	})
}

// deliver takes new messages on their way, and lets some arrive: in any order, some twice, some never.
func (w *world) deliver(node *payments.Service) {
	w.held = append(w.held, w.s.Fake.Messages()...)
	w.dice.Shuffle(len(w.held), func(i, j int) { w.held[i], w.held[j] = w.held[j], w.held[i] })
	for range w.dice.IntN(5) {
		if len(w.held) == 0 {
			return
		}
		w.s.DeliverOne(w.t, node, w.held[0])
		if w.dice.IntN(4) != 0 {
			w.held = w.held[1:]
		}
	}
}

// elsewhere is what happens at the processor without us.
func (w *world) elsewhere(node *payments.Service) {
	p, err := node.Payment(ctx, w.s.Tenant, "", pick(w, w.paid))
	if err != nil || p.ObjectID == "" {
		return
	}
	if w.s.Fake.Finish(p.ObjectID, w.dice.IntN(3) == 0) {
		w.note("%s is finished there", p.ID)
		return
	}
	if p.Status != payments.Succeeded {
		return
	}
	switch w.dice.IntN(4) {
	case 0:
		if left := p.Refundable(); left > 0 {
			w.s.Fake.RefundOutside(p.ObjectID, 1+w.dice.Int64N(left))
			w.note("%s is refunded there", p.ID)
		}
	case 1, 2:
		if p.Refunded+p.Refunding == 0 && len(p.Disputes) == 0 {
			w.disputes = append(w.disputes, w.s.Fake.TakeBack(p.ObjectID, []string{"dispute", "return"}[w.dice.IntN(2)], p.Amount))
			w.note("%s is taken back", p.ID)
		}
	default:
		if len(w.disputes) > 0 {
			w.s.Fake.Decide(pick(w, w.disputes), "won")
			w.note("a dispute is won")
		}
	}
}

// rest lets everything end without further faults, and looks at what there is.
func (w *world) rest() {
	w.calm = true
	for _, e := range w.held {
		w.s.DeliverOne(w.t, w.s.Service, e)
	}
	calm(w.t, w.s)
	for day := ledger.DateIn(paymentstest.Now, time.UTC).AddDays(-1); !w.s.Today().Before(day); day = day.AddDays(1) {
		r, err := w.s.Service.Compare(ctx, w.s.Tenant, day)
		if err != nil || len(r.Differences) != 0 {
			w.t.Errorf("%s: %+v, %v", day, r.Differences, err)
		}
	}
	sound(w.t, w.s)
	if broken := w.s.Fake.Broken(); broken != nil {
		w.t.Error(broken)
	}
	for _, form := range w.forms { // whoever comes back to an old form finds its payment, and nothing is taken
		before, _ := w.s.Fake.Captured()
		p, err := w.s.Service.Payment(ctx, w.s.Tenant, "", w.known(form))
		if after, _ := w.s.Fake.Captured(); after != before || err == nil && payments.Live(p.Status) {
			w.t.Errorf("an old form: %s, %v", p.Status, err)
		}
	}
	if n := w.s.Int(w.t, `SELECT count(*) FROM payments WHERE tenant_id = $1 AND quarantine <> ''`, w.s.Tenant.ID); n != 0 {
		w.t.Errorf("%d payments wait for a person", n)
	}
}

func (w *world) known(form payments.PayRequest) string {
	f, err := w.s.Store().PayFacts(ctx, w.s.Tenant.ID, payments.PayQuery{Key: "form:" + form.Nonce, CompanyID: w.s.Company, Now: w.s.Time()})
	if err != nil || f.Known == nil {
		return ""
	}
	return f.Known.ID
}
