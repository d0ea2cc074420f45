package authorizenet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollhouse/payments"
)

// tokenDescriptor is what a browser's one-time token is, unless the source says so itself before a "|".
const tokenDescriptor = "COMMON.ACCEPT.INAPP.PAYMENT"

// hostedLife is how long a hosted page that was opened might still be paid on. Its token is good for 15 minutes; how long a page may then lie
// open is not documented, so that this is generous. What is paid later still is seen, and kept for a person.
const hostedLife = 2 * time.Hour

// Begin has nothing to do: the processor knows no object before the money moves.
func (a *Account) Begin(context.Context, payments.Attempt) (string, error) { return "", nil }

// Submit charges, or opens the processor's own page. What it says comes from the transaction as it is read back, not from the answer alone.
//
// A source that was used before is an ErrRefused: for the first Submit of an attempt it proves that this attempt moved nothing, and for a later one it
// proves nothing at all, which is how the machine takes an ErrRefused in either case.
func (a *Account) Submit(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	if at.Kind == payments.Hosted {
		return a.openPage(ctx, at)
	}
	charge, err := chargeOf(at)
	if err != nil {
		return payments.Outcome{}, translate(err)
	}
	result, err := a.in(at.Currency).Charge(ctx, charge)
	var held *HeldError
	var twin *DuplicateError
	var declined *DeclinedError
	switch {
	case err == nil:
		return a.read(ctx, at, result.TransactionID, true)
	case errors.As(err, &held):
		o, err := a.read(ctx, at, held.TransactionID, false)
		return o, lostReading(err)
	case errors.As(err, &twin) && twin.OriginalID != "":
		return a.read(ctx, at, twin.OriginalID, true)
	case errors.As(err, &twin):
		o, err := a.Look(ctx, at)
		return o, lostReading(err)
	case errors.As(err, &declined):
		return payments.Outcome{Status: payments.Failed, ObjectID: declined.TransactionID, Live: a.live, Code: at.Code, Failure: failure(declined.Reason)}, nil
	case errors.Is(err, ErrNotFound): // the saved method is gone: nothing was charged now
		return payments.Outcome{}, fmt.Errorf("%w: %w", &payments.RefusedError{Code: "method_gone"}, err)
	}
	return payments.Outcome{}, translate(err)
}

// lostReading makes an error of reading back what was made into a lost answer: that the reading was refused, or could not be asked for, says nothing of what was made.
func lostReading(err error) error {
	if err == nil || errors.Is(err, payments.ErrLost) {
		return err
	}
	return fmt.Errorf("%w: reading it back: %s", payments.ErrLost, err)
}

func chargeOf(at payments.Attempt) (Charge, error) {
	c := Charge{Code: at.Code, Amount: money(at), OffSession: at.OffSession, Description: at.Description}
	if ip, err := netip.ParseAddr(at.PayerIP); err == nil {
		c.IP = ip
	}
	switch {
	case at.MethodRef != "":
		c.Saved = &SavedMethod{ProfileID: at.CustomerID, MethodID: at.MethodRef}
	case at.Source != "":
		token := tokenOf(at.Source)
		c.Token, c.Email = &token, at.Email
	default:
		return c, fmt.Errorf("attempt %s has neither a saved method nor a new one: %w", at.Code, ErrInput)
	}
	return c, nil
}

// tokenOf reads a source: a token's value, or its descriptor and value with a "|" between.
func tokenOf(source string) Token {
	if descriptor, value, found := strings.Cut(source, "|"); found {
		return Token{descriptor, value}
	}
	return Token{tokenDescriptor, source}
}

// openPage opens the processor's page. Two pages of one attempt are never handed out: a page whose token was lost on the way is known to nobody.
func (a *Account) openPage(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	form, err := a.in(at.Currency).HostedPayment(ctx, HostedPayment{
		Code: at.Code, Amount: money(at), Description: at.Description, ProfileID: at.CustomerID, Email: at.Email, BankAccounts: true,
		ReturnURL: at.ReturnURL, CancelURL: at.ReturnURL,
	})
	if err != nil {
		return payments.Outcome{}, translate(err)
	}
	return payments.Outcome{Status: payments.RequiresAction, Live: a.live, Action: payments.Action{URL: form.URL, Form: form.Token}}, nil
}

// Look reads the attempt's transaction, or searches for what carries its code. On a hosted page a declined card is not the end: the payer may try
// another one there.
func (a *Account) Look(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	if at.Currency == "" { // what a message names, and is no attempt of ours
		currency, err := a.currency(ctx)
		if err != nil {
			return payments.Outcome{}, translate(err)
		}
		at.Currency = currency
	}
	if at.ObjectID != "" {
		return a.read(ctx, at, at.ObjectID, false)
	}
	found, err := a.in(at.Currency).Find(ctx, Search{Code: at.Code, Since: at.CreatedAt, ProfileID: profileOf(at)})
	if err != nil {
		return payments.Outcome{}, translate(err)
	}
	found = slices.DeleteFunc(found, func(t Transaction) bool {
		m := t.Meaning()
		return t.OriginalID != "" || m.Status == "" || at.Kind == payments.Hosted && m.Status == payments.Failed
	})
	if len(found) == 0 {
		return payments.Outcome{}, fmt.Errorf("%s is in no list: %w", at.Code, payments.ErrAbsent)
	}
	slices.SortStableFunc(found, func(x, y Transaction) int { return cmp.Compare(rank(x), rank(y)) })
	o, err := a.outcome(ctx, at, found[0], false)
	for _, twin := range found[1:] { // money that was taken twice must not look like the amount that was asked for
		if err == nil && twin.Meaning().Status == payments.Succeeded {
			o.Received += twin.Settled.Amount
		}
	}
	return o, err
}

func profileOf(at payments.Attempt) string {
	if isNumeric(at.CustomerID) {
		return at.CustomerID
	}
	return ""
}

// rank puts what took money before what may take it, and that before what cannot.
func rank(t Transaction) int {
	return slices.Index([]string{payments.Succeeded, payments.Processing, payments.HeldReview, payments.Canceled, payments.Failed}, t.Meaning().Status)
}

// Cancel voids what is held. What took money is told instead, and what is in no list is ErrAbsent, until a hosted page can no longer be paid on.
func (a *Account) Cancel(ctx context.Context, at payments.Attempt) (payments.Outcome, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	o, err := a.Look(ctx, at)
	switch {
	case errors.Is(err, payments.ErrAbsent) && at.Kind == payments.Hosted && at.ObjectID == "" && a.now().Sub(at.CreatedAt) > hostedLife:
		return payments.Outcome{Status: payments.Canceled, Live: a.live, Failure: payments.Failure{Kind: payments.FailedAbandoned, Code: "page_expired"}}, nil
	case err != nil || o.Status != payments.HeldReview:
		return o, err
	}
	if _, err := a.in(at.Currency).Void(ctx, at.Code, o.ObjectID); errors.Is(err, ErrUnknown) {
		return payments.Outcome{}, translate(err)
	}
	at.ObjectID = o.ObjectID
	return a.Look(ctx, at) // whether the void was taken or refused, the transaction says what it is now
}

// read asks for a transaction and says what it means. fresh says that it was approved just now.
func (a *Account) read(ctx context.Context, at payments.Attempt, id string, fresh bool) (payments.Outcome, error) {
	t, err := a.in(at.Currency).Transaction(ctx, id)
	if err != nil {
		if fresh { // the charge went through, whatever reading it back says: details may come a moment after the answer
			return payments.Outcome{}, fmt.Errorf("%w: reading transaction %s back: %w", payments.ErrLost, id, err)
		}
		return payments.Outcome{}, translate(err)
	}
	return a.outcome(ctx, at, t, fresh)
}

func failure(reason int) payments.Failure {
	return payments.Failure{Kind: KindOf(reason), Code: strconv.Itoa(reason)}
}
