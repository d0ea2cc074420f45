package payments

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// How many declines end in a pause: a thief who tries cards has no more tries than these.
const (
	SessionDeclines = 5  // in an hour, of one session
	InvoiceDeclines = 10 // in a day, on one invoice
	sessionPause    = time.Hour
	invoicePause    = day
)

// codeLetters writes codes that processors without metadata take.
var codeLetters = base32.StdEncoding.WithPadding(base32.NoPadding)

func newCode() string {
	var raw [10]byte
	_, _ = rand.Read(raw[:]) // never fails (crypto/rand)
	return "A" + codeLetters.EncodeToString(raw[:])
}

// query says what facts a request is decided on.
func (in *PayRequest) query(now time.Time) PayQuery {
	q := PayQuery{Key: payKey + in.Nonce, CompanyID: in.CompanyID, ContactID: in.ContactID, SessionID: in.Session.ID, MethodID: in.MethodID, Now: now}
	for _, item := range in.Items {
		q.InvoiceIDs = append(q.InvoiceIDs, item.InvoiceID)
	}
	slices.Sort(q.InvoiceIDs)
	return q
}

// Prefixes that keep a form's nonces apart from the keys of the API.
const (
	payKey    = "form:"
	creditKey = "credit:"
)

// refuse says what speaks against a payment whatever its invoices are.
func (in *PayRequest) refuse(f PayFacts) error {
	switch {
	case f.Company == "", in.ContactID != "" && f.Contact == nil, in.MethodID != "" && f.Method == nil:
		return ErrNotFound
	case !in.OffSession && (in.Session.ID == "" || !in.Session.Confirmed):
		return &PayRefusal{Why: RefusedSession}
	case f.Contact != nil && (f.Contact.Status != "active" || f.Contact.Role != "payer"):
		return &PayRefusal{Why: RefusedRole}
	case f.Method != nil && (f.Method.Status != "active" || f.Connection != nil && f.Method.ConnectionID != f.Connection.ID):
		return &PayRefusal{Why: RefusedMethod}
	case !in.OffSession && len(f.Declined) >= SessionDeclines:
		return &PayRefusal{Why: RefusedCoolDown, Until: f.Declined[SessionDeclines-1].Add(sessionPause)}
	}
	return nil
}

// plan decides on the locked invoices what is written: what the client's credit settles, and what the processor is asked for.
func (d *desk) plan(f PayFacts, now time.Time) (*Plan, error) {
	if err := d.in.refuse(f); err != nil {
		return nil, err
	}
	wants, currency, err := d.wants(f)
	if err != nil {
		return nil, err
	}
	for _, stop := range f.DeclinedOn {
		return nil, &PayRefusal{Why: RefusedCoolDown, InvoiceID: stop.InvoiceID, Until: stop.Since.Add(invoicePause)}
	}
	credit := int64(0)
	if d.in.UseCredit {
		credit = max(0, f.Credit[currency])
	}
	settled, charged, err := d.split(f, wants, credit, currency)
	if err != nil {
		return nil, err
	}
	plan := &Plan{}
	if total := sum(settled); total > 0 {
		plan.Credit = d.creditBooking(f, settled, total, currency, now, sum(charged) == 0)
	}
	if total := sum(charged); total > 0 {
		if err := d.chargeable(f, total, currency); err != nil {
			return nil, err
		}
		d.fillCharge(plan, f, charged, total, currency, now)
	}
	return plan, nil
}

func sum(parts []ledger.Allocation) (n int64) {
	for _, part := range parts {
		n += part.Amount
	}
	return n
}

// wants returns what is to be paid of each invoice, in the order of their ids.
func (d *desk) wants(f PayFacts) (wants []ledger.Allocation, currency ledger.Currency, err error) {
	items := slices.SortedFunc(slices.Values(d.in.Items), func(a, b PayItem) int { return strings.Compare(a.InvoiceID, b.InvoiceID) })
	total := int64(0)
	for _, item := range items {
		at := slices.IndexFunc(f.Invoices, func(inv ledger.Invoice) bool { return inv.ID == item.InvoiceID })
		if at < 0 || f.Invoices[at].CompanyID != d.in.CompanyID || f.Invoices[at].Status == ledger.Draft {
			return nil, "", fmt.Errorf("invoice %s: %w", item.InvoiceID, ErrNotFound)
		}
		inv := &f.Invoices[at]
		if err := d.payable(f, inv, item); err != nil {
			return nil, "", err
		}
		if currency == "" {
			currency = inv.Currency
		}
		if inv.Currency != currency {
			return nil, "", &PayRefusal{Why: RefusedCurrency, InvoiceID: inv.ID, Number: inv.Number}
		}
		amount := item.Amount
		if amount == 0 {
			amount = inv.Due().Amount
		}
		if amount > math.MaxInt64-total {
			return nil, "", &PayRefusal{Why: RefusedMaximum, Limit: ledger.Money{Amount: math.MaxInt64, Currency: currency}}
		}
		total += amount
		wants = append(wants, ledger.Allocation{InvoiceID: inv.ID, Amount: amount})
	}
	return wants, currency, nil
}

// payable says what speaks against paying an invoice what is asked.
func (d *desk) payable(f PayFacts, inv *ledger.Invoice, item PayItem) error {
	no := PayRefusal{InvoiceID: inv.ID, Number: inv.Number, Limit: inv.Due()}
	due := inv.Due().Amount
	switch busy, is := f.Busy[inv.ID]; {
	case inv.Status != ledger.Sent:
		no.Why = RefusedVoid
	case inv.Settled >= inv.Total:
		no.Why = RefusedPaid
		no.by(f.PaidBy[inv.ID])
	case is:
		no.Why, no.By, no.At, no.PaymentID = RefusedBusy, busy.Name, busy.Since, busy.PaymentID
	case due == 0: // the rest is under way
		no.Why = RefusedBusy
		no.by(f.PaidBy[inv.ID])
	case item.Version != 0 && item.Version != inv.Version:
		no.Why = RefusedChanged
	case item.Amount > due:
		no.Why = RefusedAboveDue
		no.by(f.PaidBy[inv.ID])
	case item.Amount > 0 && item.Amount < due && !d.tenant.Policy.PartialPayments:
		no.Why = RefusedPartial
	case item.Amount > 0 && item.Amount < min(due, d.tenant.Policy.PartialMinimum):
		no.Why, no.Limit.Amount = RefusedMinimum, min(due, d.tenant.Policy.PartialMinimum)
	default:
		return nil
	}
	return &no
}

func (r *PayRefusal) by(p ledger.Payment) { r.By, r.At, r.PaymentID = p.PaidBy, p.ChangedAt, p.ID }

// split takes what the client's credit covers from what is wanted, the earlier invoices first. Less than a processor takes is not left over: then some credit
// is kept.
func (d *desk) split(f PayFacts, wants []ledger.Allocation, credit int64, currency ledger.Currency) (settled, charged []ledger.Allocation, err error) {
	rooms := make([]int64, len(wants))
	for i, want := range wants {
		rooms[i] = want.Amount
	}
	total := sum(wants)
	rest := total - min(total, credit)
	if least := limitsOf(f.Connection, currency).least; rest > 0 && rest < least && credit > 0 {
		credit = max(0, total-min(total, least))
	}
	parts, _ := ledger.Fill(min(credit, total), rooms)
	for i, want := range wants {
		if parts[i] > 0 {
			settled = append(settled, ledger.Allocation{InvoiceID: want.InvoiceID, Amount: parts[i]})
		}
		if parts[i] < want.Amount {
			charged = append(charged, ledger.Allocation{InvoiceID: want.InvoiceID, Amount: want.Amount - parts[i]})
		}
	}
	return settled, charged, nil
}

// chargeable says what speaks against asking the processor for an amount.
func (d *desk) chargeable(f PayFacts, total int64, currency ledger.Currency) error {
	limits := limitsOf(f.Connection, currency)
	limit := func(n int64) ledger.Money { return ledger.Money{Amount: n, Currency: currency} }
	switch {
	case f.Connection == nil || d.processor == nil || f.Connection.Status != ConnectionActive:
		return &PayRefusal{Why: RefusedDisconnected}
	case !f.Connection.Takes(currency):
		return &PayRefusal{Why: RefusedCurrency}
	case d.broken || d.customer == "":
		return &PayRefusal{Why: RefusedUnavailable}
	case d.in.MethodID == "" && d.in.Kind == "":
		return &ValidationError{[]FieldError{{"method", "required", "Choose how to pay."}}}
	case total < limits.least:
		return &PayRefusal{Why: RefusedMinimum, Limit: limit(limits.least)}
	case total > limits.most:
		return &PayRefusal{Why: RefusedMaximum, Limit: limit(limits.most)}
	case total%limits.step != 0:
		return &PayRefusal{Why: RefusedUneven, Limit: limit(limits.step)}
	}
	return nil
}

// booking is a payment of this request.
func (d *desk) booking(parts []ledger.Allocation, total int64, currency ledger.Currency, now time.Time) *Booking {
	hash := d.in.hash()
	p := ledger.Payment{ID: tenant.NewID("pay", now), CompanyID: d.in.CompanyID, ContactID: d.in.ContactID, Amount: total, Currency: currency,
		ReceivedOn: ledger.DateIn(now, d.tenant.TimeZone), Allocations: parts, CreatedAt: now, ChangedAt: now}
	return &Booking{Payment: p, Hash: hash[:]}
}

func (d *desk) creditBooking(_ PayFacts, parts []ledger.Allocation, total int64, currency ledger.Currency, now time.Time, all bool) *Booking {
	b := d.booking(parts, total, currency, now)
	b.Key = creditKey + d.in.Nonce
	if all {
		b.Key = payKey + d.in.Nonce
	}
	b.useCredit()
	return b
}

// useCredit makes a booking one that the client's credit pays: its entries add up to nothing.
func (b *Booking) useCredit() {
	p := &b.Payment
	p.Status, p.Kind = Succeeded, Credit
	effect := "credit/" + p.ID
	entry := ledger.Entry{CompanyID: p.CompanyID, PaymentID: p.ID, Kind: ledger.EntryCreditUsed, Currency: p.Currency, Effect: effect, EffectiveOn: p.ReceivedOn}
	entry.Amount = p.Amount
	b.Entries = append(b.Entries, entry)
	for _, part := range p.Allocations {
		entry.InvoiceID, entry.Amount = part.InvoiceID, -part.Amount
		b.Entries = append(b.Entries, entry)
	}
}

// fillCharge adds to a plan what the processor is asked for.
func (d *desk) fillCharge(plan *Plan, f PayFacts, parts []ledger.Allocation, total int64, currency ledger.Currency, now time.Time) {
	b := d.booking(parts, total, currency, now)
	b.Key, b.Payment.Status, b.Payment.Kind = payKey+d.in.Nonce, Submitting, d.in.Kind
	a := Attempt{PaymentID: b.Payment.ID, Code: newCode(), Amount: total, Currency: currency, Live: f.Connection.Live, Account: f.Connection.AccountID,
		CustomerID: d.customer, Kind: d.in.Kind, Source: d.in.Source, SaveMethod: d.in.SaveMethod, OffSession: d.in.OffSession,
		Description: describe(f.Invoices, parts), PayerIP: d.in.Visitor.IP, PayerAgent: cut(d.in.Visitor.UserAgent, 400), CreatedAt: now}
	frozen := Frozen{ConnectionID: f.Connection.ID, MethodID: d.in.MethodID, SessionID: d.in.Session.ID, Mandate: d.in.MandateText}
	if f.Contact != nil {
		a.Email = f.Contact.Email
	}
	if d.in.ReturnURL != nil {
		a.ReturnURL = d.in.ReturnURL(b.Payment.ID)
	}
	if f.Method != nil {
		a.MethodRef, a.Kind, b.Payment.Kind = f.Method.Ref, f.Method.Kind, f.Method.Kind
		frozen.Brand, frozen.Last4 = f.Method.Brand, f.Method.Last4
	}
	frozen.Params, frozen.Hash = freeze(a)
	plan.Payment, plan.Attempt, plan.Frozen, plan.Look = b, a, frozen, now.Add(submitTime)
}

// freeze writes an attempt as it will be sent, however often.
func freeze(a Attempt) (params string, hash [32]byte) {
	a.ObjectID = ""
	said, err := json.Marshal(a)
	if err != nil {
		panic(err) // plain fields always marshal
	}
	return string(said), sha256.Sum256(said)
}

// Thaw reads what Plan.Frozen holds, and refuses what is not that any more: another amount would be another charge.
func Thaw(params string, hash []byte, objectID string) (*Attempt, error) {
	if got := sha256.Sum256([]byte(params)); !slices.Equal(got[:], hash) {
		return nil, fmt.Errorf("the attempt's parameters were changed: %w", ErrStale)
	}
	var a Attempt
	if err := json.Unmarshal([]byte(params), &a); err != nil {
		return nil, fmt.Errorf("reading an attempt: %w", err)
	}
	a.ObjectID = objectID
	return &a, nil
}

// describe names the invoices, as the payer reads it on the processor's receipt.
func describe(invoices []ledger.Invoice, parts []ledger.Allocation) string {
	var numbers []string
	for _, part := range parts {
		at := slices.IndexFunc(invoices, func(inv ledger.Invoice) bool { return inv.ID == part.InvoiceID })
		numbers = append(numbers, invoices[at].Number)
	}
	return cut(strings.Join(numbers, ", "), 255)
}
