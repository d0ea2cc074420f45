package paymentstest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// Fault is what goes wrong with one call.
type Fault int

const (
	NoFault    Fault = iota
	NotAsked         // the processor is not reached
	LostBefore       // the request is lost on its way, and that is not known
	LostAfter        // the processor did it, and its answer is lost
	Refuses          // the processor does nothing, with a reason
	BadKeys          // the processor does not take the credentials
)

// keysKept is how long the fake remembers keys: as long as the real ones promise.
const keysKept = 24 * time.Hour

// Fake is a processor in memory with a memory: objects, keys, captures, refunds, disputes and messages. What becomes of a charge is said by the
// source's or the method's name: see Submit. It is safe for concurrent use.
type Fake struct {
	// Objectless makes it one that has no object before the charge, and no keys: a charge is known by its code.
	Objectless bool
	// OnCall says what goes wrong with a call, by the Processor's method; nil: nothing. It is called without locks.
	OnCall func(method string) Fault
	Now    func() time.Time
	Live   bool
	// Tamper changes what Submit and Look answer, nil: nothing.
	Tamper func(o *payments.Outcome)

	mu       sync.Mutex
	n        int
	charges  []*charge
	keys     map[string]key // of Begin, by payment
	refunds  []*refund
	messages []payments.Event
	moves    []payments.Movement
	calls    map[string]int
	methods  map[string]payments.MethodFacts
	faults   []string // broken promises of the caller
}

type key struct {
	charge *charge
	at     time.Time
	said   payments.Attempt
}

type charge struct {
	id, code, status string
	a                payments.Attempt
	captured         int64
	at               time.Time
	failure          payments.Failure
	disputes         []payments.DisputeFacts
	saved            string
}

type refund struct {
	id, ref, status string
	charge          *charge
	amount          int64
	at              time.Time
}

// AccountID is the fake's account.
const AccountID = "acct_fake"

// NewFake returns one on a clock.
func NewFake(now func() time.Time) *Fake {
	return &Fake{Now: now, keys: map[string]key{}, calls: map[string]int{}, methods: map[string]payments.MethodFacts{}}
}

var _ payments.Processor = (*Fake)(nil)

func (f *Fake) id(prefix string) string {
	f.n++
	return fmt.Sprintf("%s_%06d", prefix, f.n)
}

// call runs what a method does, with the faults that are in store for it.
func (f *Fake) call(ctx context.Context, method string, do func() error) error {
	fault := NoFault
	if f.OnCall != nil {
		fault = f.OnCall(method)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[method]++
	if _, bounded := ctx.Deadline(); !bounded && method != "ReadEvent" {
		f.faults = append(f.faults, method+" has no deadline")
	}
	switch fault {
	case NotAsked:
		return payments.ErrNotAsked
	case LostBefore:
		return payments.ErrLost
	case Refuses:
		return &payments.RefusedError{Code: "account_invalid"}
	case BadKeys:
		return &payments.RefusedError{Code: "api_key_expired", Credentials: true}
	}
	err := do()
	if fault == LostAfter {
		return payments.ErrLost
	}
	return err
}

// Describe says that all is well.
func (f *Fake) Describe(ctx context.Context) (a payments.Account, err error) {
	err = f.call(ctx, "Describe", func() error {
		a = payments.Account{ID: AccountID, Live: f.Live, Cards: true, BankDebits: true}
		return nil
	})
	return a, err
}

// Customer makes a client.
func (f *Fake) Customer(ctx context.Context, c payments.CustomerFacts) (id string, err error) {
	err = f.call(ctx, "Customer", func() error { id = "cus_" + c.Ref; return nil })
	return id, err
}

// Begin makes an object, or finds it by its key.
func (f *Fake) Begin(ctx context.Context, a payments.Attempt) (id string, err error) {
	err = f.call(ctx, "Begin", func() error {
		if f.Objectless {
			return nil
		}
		said := a
		said.ObjectID = ""
		if k, known := f.keys[a.PaymentID]; known && f.Now().Sub(k.at) < keysKept {
			if k.said != said {
				f.faults = append(f.faults, "the same key with other parameters")
				return &payments.RefusedError{Code: "idempotency_error"}
			}
			id = k.charge.id
			return nil
		}
		c := &charge{id: f.id("pi"), code: a.Code, status: payments.Submitting, a: said}
		f.charges, f.keys[a.PaymentID] = append(f.charges, c), key{c, f.Now(), said}
		id = c.id
		return nil
	})
	return id, err
}

func (f *Fake) charge(a payments.Attempt) *charge {
	for _, c := range f.charges {
		if a.ObjectID != "" && c.id == a.ObjectID || a.ObjectID == "" && a.Code != "" && c.code == a.Code {
			return c
		}
	}
	return nil
}

// Submit takes the money, unless the name of the source or method says otherwise: "declined", "blocked" and the other failures' kinds, "3ds",
// "processing", "review", "deposits"; anything else succeeds.
func (f *Fake) Submit(ctx context.Context, a payments.Attempt) (o payments.Outcome, err error) {
	err = f.call(ctx, "Submit", func() error {
		c := f.charge(a)
		if c == nil && !f.Objectless {
			f.faults = append(f.faults, "submitted without its object")
			return &payments.RefusedError{Code: "resource_missing"}
		}
		if c == nil {
			c = &charge{id: f.id("tx"), code: a.Code, status: payments.Submitting, a: a}
			f.charges = append(f.charges, c)
		}
		if c.status == payments.Submitting {
			f.decide(c)
		}
		o = f.outcome(c)
		return nil
	})
	return f.answer(o), err
}

func (f *Fake) answer(o payments.Outcome) payments.Outcome {
	if f.Tamper != nil {
		f.Tamper(&o)
	}
	return o
}

func (f *Fake) decide(c *charge) {
	what := c.a.Source
	if what == "" {
		what = c.a.MethodRef
	}
	switch what {
	case "3ds":
		c.status = payments.RequiresAction
	case "processing":
		c.status = payments.Processing
	case "review":
		c.status = payments.HeldReview
	case "deposits":
		c.status = payments.RequiresVerification
	case "declined", "blocked", "funds", "expired", "try_later", "unavailable":
		c.status, c.failure = payments.Failed, payments.Failure{Kind: payments.FailureKind(what), Code: "card_" + what}
	default:
		f.capture(c)
	}
	f.message("payment", c)
}

func (f *Fake) capture(c *charge) {
	if c.captured > 0 {
		f.faults = append(f.faults, "captured twice")
	}
	c.status, c.captured, c.at = payments.Succeeded, c.a.Amount, f.Now()
	if c.a.SaveMethod {
		c.saved = "pm_" + c.id
	}
	f.moves = append(f.moves, payments.Movement{Kind: "charge", ObjectID: "ch_" + c.id, ParentID: c.id, Code: c.code, Amount: c.captured, Currency: c.a.Currency, At: c.at})
}

func (f *Fake) message(about string, c *charge) {
	f.messages = append(f.messages, payments.Event{ID: f.id("evt"), Kind: about + "." + c.status, About: about, ObjectID: c.id, Account: AccountID, Live: f.Live, At: f.Now()})
}

func (f *Fake) outcome(c *charge) payments.Outcome {
	o := payments.Outcome{Status: c.status, ObjectID: c.id, Received: c.captured, Currency: c.a.Currency, Customer: c.a.CustomerID, Account: AccountID, Live: f.Live,
		Code: c.code, Failure: c.failure, Method: payments.MethodFacts{Kind: payments.Card, Brand: "visa", Last4: "4242", Ref: c.saved, ExpMonth: 12, ExpYear: 2030}}
	if c.captured > 0 {
		o.ChargeID = "ch_" + c.id
	}
	if c.status == payments.RequiresAction {
		o.Action = payments.Action{ClientSecret: "secret_" + c.id, URL: "https://bank.example/" + c.id}
	}
	for _, r := range f.refunds {
		if r.charge == c {
			o.Refunds = append(o.Refunds, r.outcome())
		}
	}
	o.Disputes = slices.Clone(c.disputes)
	return o
}

func (r *refund) outcome() payments.RefundOutcome {
	return payments.RefundOutcome{ObjectID: r.id, Ref: r.ref, Amount: r.amount, Currency: r.charge.a.Currency, Status: r.status, At: r.at}
}

// Look finds by the object, or else by the code.
func (f *Fake) Look(ctx context.Context, a payments.Attempt) (o payments.Outcome, err error) {
	err = f.call(ctx, "Look", func() error {
		c := f.charge(a)
		if c == nil {
			return payments.ErrAbsent
		}
		o = f.outcome(c)
		return nil
	})
	return f.answer(o), err
}

// Cancel ends what has taken nothing.
func (f *Fake) Cancel(ctx context.Context, a payments.Attempt) (o payments.Outcome, err error) {
	err = f.call(ctx, "Cancel", func() error {
		c := f.charge(a)
		if c == nil {
			return payments.ErrAbsent
		}
		if slices.Contains([]string{payments.Submitting, payments.RequiresAction, payments.RequiresVerification}, c.status) {
			c.status = payments.Canceled
			f.message("payment", c)
		}
		o = f.outcome(c)
		return nil
	})
	return f.answer(o), err
}

// Refund gives back what is there. A refund of an amount that ends in 77 minor units is pending, one that ends in 66 fails.
func (f *Fake) Refund(ctx context.Context, r payments.RefundRequest) (o payments.RefundOutcome, err error) {
	err = f.call(ctx, "Refund", func() error {
		for _, known := range f.refunds {
			if known.ref == r.ID {
				o = known.outcome()
				return nil
			}
		}
		c := f.charge(r.Attempt)
		if c == nil || c.captured == 0 || r.Amount > c.captured-f.given(c) {
			return &payments.RefusedError{Code: "charge_already_refunded"}
		}
		o = f.giveBack(c, r.ID, r.Amount).outcome()
		return nil
	})
	return o, err
}

func (f *Fake) given(c *charge) (sum int64) {
	for _, r := range f.refunds {
		if r.charge == c && r.status != payments.Failed {
			sum += r.amount
		}
	}
	return sum
}

func (f *Fake) giveBack(c *charge, ref string, amount int64) *refund {
	r := &refund{id: f.id("re"), ref: ref, status: payments.Succeeded, charge: c, amount: amount, at: f.Now()}
	switch amount % 100 {
	case 77:
		r.status = payments.RefundPending
	case 66:
		r.status = payments.Failed
	}
	f.refunds = append(f.refunds, r)
	if r.status == payments.Succeeded {
		f.moves = append(f.moves, payments.Movement{Kind: "refund", ObjectID: r.id, ParentID: c.id, Code: c.code, Amount: amount, Currency: c.a.Currency, At: r.at})
	}
	f.message("refund", c)
	return r
}

// LookRefund finds by the object or our name of it.
func (f *Fake) LookRefund(ctx context.Context, r payments.RefundRequest) (o payments.RefundOutcome, err error) {
	err = f.call(ctx, "LookRefund", func() error {
		for _, known := range f.refunds {
			if known.ref == r.ID || r.ObjectID != "" && known.id == r.ObjectID {
				o = known.outcome()
				return nil
			}
		}
		return payments.ErrAbsent
	})
	return o, err
}

// AddMethod is not what these tests are about.
func (f *Fake) AddMethod(context.Context, payments.NewMethod) (payments.MethodFacts, error) {
	return payments.MethodFacts{}, payments.ErrNotAsked
}

// VerifyMethod is not what these tests are about.
func (f *Fake) VerifyMethod(context.Context, string, payments.Verification) (payments.MethodFacts, error) {
	return payments.MethodFacts{}, payments.ErrNotAsked
}

// LookMethod tells what SetMethod said.
func (f *Fake) LookMethod(ctx context.Context, _, ref string) (m payments.MethodFacts, err error) {
	err = f.call(ctx, "LookMethod", func() error {
		facts, known := f.methods[ref]
		if m = facts; !known {
			return payments.ErrAbsent
		}
		return nil
	})
	return m, err
}

// RemoveMethod forgets it.
func (f *Fake) RemoveMethod(context.Context, string, string) error { return nil }

// SetDefault does nothing.
func (f *Fake) SetDefault(context.Context, string, string) error { return nil }

// Movements lists what moved, two a page.
func (f *Fake) Movements(ctx context.Context, from, to time.Time, cursor string) (page []payments.Movement, next string, err error) {
	err = f.call(ctx, "Movements", func() error {
		at := 0
		if cursor != "" {
			if _, err := fmt.Sscan(cursor, &at); err != nil {
				return err
			}
		}
		for ; at < len(f.moves) && len(page) < 100; at++ {
			if m := f.moves[at]; !m.At.Before(from) && m.At.Before(to) {
				page = append(page, m)
			}
		}
		if at < len(f.moves) {
			next = fmt.Sprint(at)
		}
		return nil
	})
	return page, next, err
}

// ReadEvent takes what Messages gave, with the header that Signed gives.
func (f *Fake) ReadEvent(header map[string][]string, body []byte) (e payments.Event, err error) {
	if got := header["Signature"]; len(got) != 1 || got[0] != "good" {
		return e, payments.ErrForged
	}
	return e, json.Unmarshal(body, &e)
}

// Signed is the header of a genuine message.
func Signed() map[string][]string { return map[string][]string{"Signature": {"good"}} }

// Body writes a message as it is sent.
func Body(e payments.Event) []byte {
	said, err := json.Marshal(e)
	if err != nil {
		panic(err) // plain fields always marshal
	}
	return said
}

// Money is an amount of the fake's charges.
func Money(amount int64) ledger.Money { return ledger.Money{Amount: amount, Currency: "USD"} }
