package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"tollhouse/payments"
)

// tolerance is how old an event's signature may be.
const tolerance = 5 * time.Minute

// heard are the kinds of events that we ask Stripe for.
var heard = []string{
	"payment_intent.succeeded", "payment_intent.processing", "payment_intent.payment_failed", "payment_intent.canceled", "payment_intent.requires_action",
	"checkout.session.completed", "checkout.session.expired", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
	"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
	"setup_intent.succeeded", "setup_intent.setup_failed", "payment_method.automatically_updated", "payment_method.updated", "payment_method.detached",
	"account.updated", "account.application.deauthorized",
}

// ReadEvent checks the signature with each of the secrets. The event may be of another API version: nothing of it is believed but what it is about.
func (a *Account) ReadEvent(header map[string][]string, body []byte) (payments.Event, error) {
	signature := http.Header(header).Get("Stripe-Signature")
	if !a.signed(body, signature) {
		return payments.Event{}, payments.ErrForged
	}
	var raw struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Account  string `json:"account"`
		Livemode bool   `json:"livemode"`
		Created  int64  `json:"created"`
		Data     struct {
			Object object `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &raw); err != nil || raw.ID == "" {
		return payments.Event{}, fmt.Errorf("a signed body that is no event: %w", payments.ErrForged)
	}
	e := payments.Event{ID: raw.ID, Kind: raw.Type, Account: raw.Account, Live: raw.Livemode, At: moment(raw.Created), Code: raw.Data.Object.Metadata[codeKey]}
	e.About, e.ObjectID = about(raw.Type, raw.Data.Object)
	return e, nil
}

// object is what we read of an event's object: where to ask.
type object struct {
	ID            string            `json:"id"`
	PaymentIntent string            `json:"payment_intent"`
	Metadata      map[string]string `json:"metadata"`
}

// UnmarshalJSON takes a payment intent as an id or, expanded, as an object.
func (o *object) UnmarshalJSON(data []byte) error {
	var raw struct {
		ID            string            `json:"id"`
		PaymentIntent json.RawMessage   `json:"payment_intent"`
		Metadata      map[string]string `json:"metadata"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	o.ID, o.Metadata = raw.ID, raw.Metadata
	if len(raw.PaymentIntent) == 0 || json.Unmarshal(raw.PaymentIntent, &o.PaymentIntent) == nil {
		return nil
	}
	var expanded struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(raw.PaymentIntent, &expanded)
	o.PaymentIntent = expanded.ID
	return err
}

// about says what an event concerns, and which object to ask for.
func about(kind string, o object) (what, id string) {
	switch {
	case strings.HasPrefix(kind, "payment_intent."), strings.HasPrefix(kind, "checkout.session."):
		return "payment", o.ID
	case strings.HasPrefix(kind, "charge.dispute."):
		return "dispute", o.PaymentIntent
	case strings.HasPrefix(kind, "charge.refund"), strings.HasPrefix(kind, "refund."):
		return "refund", o.PaymentIntent
	case strings.HasPrefix(kind, "charge."):
		return "payment", o.PaymentIntent
	case strings.HasPrefix(kind, "setup_intent."), strings.HasPrefix(kind, "payment_method."):
		return "method", o.ID
	case strings.HasPrefix(kind, "account."):
		return "connection", o.ID
	}
	return "", ""
}

func (a *Account) signed(body []byte, header string) bool {
	if !fresh(header, a.now()) {
		return false
	}
	for _, secret := range a.secrets {
		if secret != "" && webhook.ValidatePayloadIgnoringTolerance(body, header, secret) == nil {
			return true
		}
	}
	return false
}

// fresh reports whether the time that the signature covers is about now.
func fresh(header string, now time.Time) bool {
	for part := range strings.SplitSeq(header, ",") {
		if at, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
			unix, err := strconv.ParseInt(at, 10, 64)
			return err == nil && now.Sub(time.Unix(unix, 0)).Abs() <= tolerance
		}
	}
	return false
}

// Listen asks Stripe to send events to an address, in the version of this library, and returns the endpoint's id and its secret.
func (a *Account) Listen(ctx context.Context, url string) (ref, secret string, err error) {
	made, err := call(ctx, func(ctx context.Context) (*api.WebhookEndpoint, error) {
		return a.api.WebhookEndpoints.New(&api.WebhookEndpointParams{Params: params(ctx, ""), URL: api.String(url),
			APIVersion: api.String(api.APIVersion), EnabledEvents: api.StringSlice(heard)})
	})
	if err != nil {
		return "", "", fmt.Errorf("making a webhook endpoint: %w", err)
	}
	return made.ID, made.Secret, nil
}

// StopListening deletes an endpoint; one that is gone is no error.
func (a *Account) StopListening(ctx context.Context, ref string) error {
	_, err := call(ctx, func(ctx context.Context) (*api.WebhookEndpoint, error) {
		return a.api.WebhookEndpoints.Del(ref, &api.WebhookEndpointParams{Params: params(ctx, "")})
	})
	return absentIsFine(err)
}

// RegisterHost tells Stripe that wallets may be shown on a host. The same host again is no error.
func (a *Account) RegisterHost(ctx context.Context, host string) error {
	_, err := call(ctx, func(ctx context.Context) (*api.PaymentMethodDomain, error) {
		return a.api.PaymentMethodDomains.New(&api.PaymentMethodDomainParams{Params: params(ctx, "dom_"+host), DomainName: api.String(host), Enabled: api.Bool(true)})
	})
	if err != nil {
		return fmt.Errorf("registering %s for wallets: %w", host, err)
	}
	return nil
}
