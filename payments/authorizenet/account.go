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

// callTime is how long a call may take when the caller sets no deadline.
const callTime = InteractiveTimeout

// Account is a tenant's account as the payment machine knows it. It is safe for concurrent use and keeps no state.
type Account struct {
	client *Client
	live   bool
	keys   func() []Secret // signature keys; a function, to keep them out of prints
}

var (
	_ payments.Processor = (*Account)(nil)
	_ payments.Listener  = (*Account)(nil)
)

// NewAccount checks c and asks nobody. The signature keys prove events: two while one is replaced by the other, none refuses all.
func NewAccount(c Config, signatureKeys ...Secret) (*Account, error) {
	client, err := New(c)
	if err != nil {
		return nil, err
	}
	return &Account{client: client, live: !c.TestMode, keys: func() []Secret { return signatureKeys }}, nil
}

// Describe reads the merchant account, and what must be switched on in it.
func (a *Account) Describe(ctx context.Context) (payments.Account, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	m, err := a.client.Merchant(ctx)
	if err != nil {
		return payments.Account{}, translate(err)
	}
	d := payments.Account{ID: m.GatewayID, Name: m.Name, Live: a.live && !m.TestMode, Currencies: m.Currencies, Cards: m.Cards, BankDebits: m.Accounts}
	if m.TestMode {
		d.Missing = append(d.Missing, "The account is in test mode: it approves every payment and takes none. In the Merchant Interface, choose Account, Test Mode, "+
			"and switch it off.")
	}
	if !m.Details {
		d.Missing = append(d.Missing, "The Transaction Details API is off, so a payment whose answer is lost could never be cleared up. In the Merchant Interface, "+
			"choose Account, Transaction Details API, and switch it on.")
	}
	return d, nil
}

// Customer makes the client's profile, or finds the one that has its reference: the processor would make another one for another e-mail address.
func (a *Account) Customer(ctx context.Context, c payments.CustomerFacts) (string, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	id, err := a.client.CustomerOf(ctx, c.Ref)
	if errors.Is(err, ErrNotFound) {
		id, err = a.client.CreateCustomer(ctx, Customer{MerchantID: c.Ref, Description: c.Name, Email: c.Email})
	}
	if err != nil {
		return "", translate(err)
	}
	return id, nil
}

// Listen has events sent to an address. There is no secret: the account's Signature Key proves events, and is made in the Merchant Interface.
func (a *Account) Listen(ctx context.Context, url string) (ref, secret string, err error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	hook, err := a.client.CreateWebhook(ctx, "billing", url, EventTypes)
	if err != nil {
		return "", "", translate(err)
	}
	return hook.ID, "", nil
}

// StopListening ends it; an address that is gone is no error.
func (a *Account) StopListening(ctx context.Context, ref string) error {
	ctx, cancel := deadline(ctx)
	defer cancel()
	if err := a.client.DeleteWebhook(ctx, ref); err != nil && !errors.Is(err, ErrNotFound) {
		return translate(err)
	}
	return nil
}

// ReadEvent checks the signature with each of the keys.
func (a *Account) ReadEvent(header map[string][]string, body []byte) (payments.Event, error) {
	if !a.signed(signatureOf(header), body) {
		return payments.Event{}, payments.ErrForged
	}
	n, err := ParseNotification(body)
	if err != nil {
		return payments.Event{}, fmt.Errorf("a signed body that is no event: %w: %w", payments.ErrForged, err)
	}
	e := payments.Event{ID: n.ID, Kind: n.Type, Live: a.live, At: n.At}
	switch {
	case strings.HasPrefix(n.Type, "net.authorize.payment.refund."): // names the refund only; it is known, or the night finds it
	case strings.HasPrefix(n.Type, "net.authorize.payment.") && isNumeric(n.EntityID):
		e.About, e.ObjectID = "payment", n.EntityID
		if strings.HasSuffix(n.Type, ".void.created") {
			break // carries the code of whoever voided it
		}
		e.Code = n.Code
	case strings.HasPrefix(n.Type, "net.authorize.customer.paymentProfile.") && isNumeric(n.EntityID):
		e.About, e.ObjectID = "method", n.EntityID
	}
	return e, nil
}

func (a *Account) signed(signature string, body []byte) bool {
	for _, key := range a.keys() {
		if VerifyWebhook(signature, body, key) == nil {
			return true
		}
	}
	return false
}

// signatureOf finds the header however its name is written.
func signatureOf(header map[string][]string) string {
	for name, values := range header {
		if strings.EqualFold(name, SignatureHeader) && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

func deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, callTime)
}

// translate says an error in the machine's words, keeping ours inside.
func translate(err error) error {
	var api *APIError
	refused := func(code string, credentials bool) error {
		return fmt.Errorf("%w: %w", &payments.RefusedError{Code: code, Credentials: credentials}, err)
	}
	switch {
	case errors.Is(err, ErrUnknown): // first: a server error of the processor's is told to try again, too
		return fmt.Errorf("%w: %w", payments.ErrLost, err)
	case errors.Is(err, ErrNotSent):
		return fmt.Errorf("%w: %w", payments.ErrNotAsked, err)
	case errors.Is(err, ErrRetryLater):
		return fmt.Errorf("%w: %w", payments.ErrLost, err)
	case errors.Is(err, ErrCredentials):
		return refused("credentials", true)
	case errors.Is(err, ErrNotPermitted):
		return refused("transaction_details_api", true)
	case errors.Is(err, ErrTokenSpent):
		return refused("token_spent", false)
	case errors.Is(err, ErrTooManyProfiles):
		return refused("too_many_methods", false)
	case errors.Is(err, ErrOurRequest), errors.Is(err, ErrInput):
		return refused("request", false)
	case errors.As(err, &api):
		return refused(api.Code, false)
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf("%w: %w", payments.ErrAbsent, err)
	}
	return fmt.Errorf("%w: %w", payments.ErrLost, err)
}

// in is the client for a currency.
func (a *Account) in(c ledger.Currency) *Client { return a.client.In(c) }

// now is the time by the client's clock.
func (a *Account) now() time.Time { return a.client.cfg.Now() }
