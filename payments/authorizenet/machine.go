package authorizenet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

func money(at payments.Attempt) ledger.Money {
	return ledger.Money{Amount: at.Amount, Currency: at.Currency}
}

// keepWithin is how long after a payment its method may still be kept for later. After that a method that is not there was removed.
const keepWithin = time.Hour

// outcome says a transaction in the machine's words. A settlement that failed is told twice, as a payment that failed and as money that went
// back: the first counts for a payment that was not booked yet, the second for one that was.
func (a *Account) outcome(ctx context.Context, at payments.Attempt, t Transaction, fresh bool) (payments.Outcome, error) {
	m := t.Meaning()
	if m.Status == "" {
		return payments.Outcome{}, fmt.Errorf("%w: transaction %s is %q, which says nothing about a payment", payments.ErrLost, t.ID, t.Status)
	}
	o := payments.Outcome{
		Status: m.Status, ObjectID: t.ID, Currency: at.Currency, Customer: t.ProfileID, Live: a.live, Code: t.Code, Method: methodOf(t),
	}
	switch m.Status {
	case payments.Succeeded:
		o.ChargeID, o.Received = t.ID, t.Settled.Amount
	case payments.Failed:
		o.Failure = failure(t.Reason)
	}
	o.Disputes = takenBack(t, m)
	if at.SaveMethod && at.CustomerID != "" && (m.Status == payments.Succeeded || m.Status == payments.Processing) {
		o.Method.Ref = a.kept(ctx, at, t, fresh)
	}
	return o, nil
}

// takenBack is what a bank took: one dispute a transaction, under an id made of the transaction's.
func takenBack(t Transaction, m Meaning) []payments.DisputeFacts {
	d := payments.DisputeFacts{Kind: "return", Amount: t.Settled.Amount, Currency: t.Settled.Currency, Status: "lost", Reason: t.Status}
	switch {
	case m.Effect == Returned:
		d.ObjectID = t.ID + "-return"
		if len(t.Returns) > 0 {
			d.Reason, d.At = t.Returns[0].Code, t.Returns[0].At
		}
	case m.Effect == Disputed:
		d.ObjectID, d.Kind, d.Status = t.ID+"-chargeback", "dispute", "open"
	case m.Effect == DisputeWon:
		d.ObjectID, d.Kind, d.Status = t.ID+"-chargeback", "dispute", "won"
	case m.Effect == TakenBack && m.Status == payments.Failed:
		d.ObjectID = t.ID + "-settlement"
	default:
		return nil
	}
	return []payments.DisputeFacts{d}
}

// kept keeps the method that paid, and returns its id, or "": that it could not be kept never spoils a payment.
func (a *Account) kept(ctx context.Context, at payments.Attempt, t Transaction, fresh bool) string {
	if t.MethodID != "" && t.ProfileID == at.CustomerID {
		return t.MethodID
	}
	if !fresh && a.now().Sub(t.SubmittedAt) > keepWithin {
		return a.alike(ctx, at.CustomerID, t)
	}
	id, err := a.in(at.Currency).KeepMethod(ctx, at.CustomerID, t.ID)
	var twin *DuplicateProfileError
	if errors.As(err, &twin) {
		return twin.ID
	}
	return id
}

// alike finds a kept method with the same last digits, of a debit that took days to settle.
func (a *Account) alike(ctx context.Context, profileID string, t Transaction) string {
	p, err := a.client.Profile(ctx, profileID)
	if err != nil {
		return ""
	}
	for _, m := range p.Methods {
		if m.Last4 == t.Last4 && (m.Bank == nil) == (t.Bank == nil) && m.Brand == t.Brand {
			return m.ID
		}
	}
	return ""
}

func methodOf(t Transaction) payments.MethodFacts {
	f := payments.MethodFacts{Kind: payments.Card, Brand: brand(t.Brand), Last4: t.Last4, TriesLeft: -1}
	if t.Bank != nil {
		f.Kind, f.Brand = payments.Bank, ""
	}
	return f
}

// brand writes a card's brand as the rest of the house does.
func brand(vendors string) string {
	switch vendors {
	case "AmericanExpress":
		return "amex"
	case "DinersClub":
		return "diners"
	}
	return strings.ToLower(vendors)
}

// AddMethod keeps a new method, checked with the bank by the processor. One that is kept already is told as it is.
func (a *Account) AddMethod(ctx context.Context, m payments.NewMethod) (payments.MethodFacts, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	id, err := a.client.AddMethod(ctx, NewMethod{ProfileID: m.CustomerID, Token: tokenOf(m.Source)})
	var twin *DuplicateProfileError
	var declined *DeclinedError
	switch {
	case errors.As(err, &twin) && twin.ID != "":
		id = twin.ID
	case errors.As(err, &declined):
		return payments.MethodFacts{}, fmt.Errorf("%w: %w", &payments.DeclinedError{Failure: failure(declined.Reason)}, err)
	case err != nil:
		return payments.MethodFacts{}, translate(err)
	}
	return a.LookMethod(ctx, m.CustomerID, id)
}

// VerifyMethod is refused: the processor makes no small deposits.
func (a *Account) VerifyMethod(context.Context, string, payments.Verification) (payments.MethodFacts, error) {
	return payments.MethodFacts{}, &payments.RefusedError{Code: "no_small_deposits"}
}

// LookMethod reads a kept method.
func (a *Account) LookMethod(ctx context.Context, customerID, ref string) (payments.MethodFacts, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	p, err := a.client.Profile(ctx, customerID)
	if err != nil {
		return payments.MethodFacts{}, translate(err)
	}
	for _, m := range p.Methods {
		if m.ID != ref {
			continue
		}
		f := payments.MethodFacts{Ref: ref, Kind: payments.Card, Brand: brand(m.Brand), Last4: m.Last4, ExpMonth: m.ExpiryMonth, ExpYear: m.ExpiryYear, TriesLeft: -1}
		if m.Bank != nil {
			f.Kind = payments.Bank
		}
		return f, nil
	}
	return payments.MethodFacts{}, fmt.Errorf("method %s: %w", ref, payments.ErrAbsent)
}

// RemoveMethod forgets a kept method.
func (a *Account) RemoveMethod(ctx context.Context, customerID, ref string) error {
	ctx, cancel := deadline(ctx)
	defer cancel()
	if err := a.client.RemoveMethod(ctx, SavedMethod{ProfileID: customerID, MethodID: ref}); err != nil && !errors.Is(err, ErrNotFound) {
		return translate(err)
	}
	return nil
}

// SetDefault does nothing: which method is the first choice is kept by us.
func (a *Account) SetDefault(context.Context, string, string) error { return nil }
