package authorizenet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// EventTypes are the events that we ask for. A bank's return of a debit has none: those are found by asking, every day.
var EventTypes = []string{
	"net.authorize.payment.authcapture.created", "net.authorize.payment.authorization.created", "net.authorize.payment.capture.created",
	"net.authorize.payment.priorAuthCapture.created", "net.authorize.payment.refund.created", "net.authorize.payment.void.created",
	"net.authorize.payment.fraud.held", "net.authorize.payment.fraud.approved", "net.authorize.payment.fraud.declined",
	"net.authorize.customer.deleted", "net.authorize.customer.paymentProfile.created", "net.authorize.customer.paymentProfile.updated",
	"net.authorize.customer.paymentProfile.deleted",
}

// Webhook is an address that the processor sends events to.
type Webhook struct {
	ID     string   `json:"webhookId"`
	Name   string   `json:"name"`
	URL    string   `json:"url"`
	Events []string `json:"eventTypes"`
	Status string   `json:"status"` // "active" or "inactive"
}

// Webhooks lists all of the account, ours and others'. It is also a way to see that the credentials work.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var hooks []Webhook
	err := c.rest(ctx, http.MethodGet, "", nil, &hooks)
	return hooks, err
}

// CreateWebhook has events sent to an https address.
func (c *Client) CreateWebhook(ctx context.Context, name, address string, events []string) (Webhook, error) {
	request := struct {
		Name   string   `json:"name"`
		URL    string   `json:"url"`
		Events []string `json:"eventTypes"`
		Status string   `json:"status"`
	}{clip(name, 255), address, events, "active"}
	body, err := json.Marshal(request)
	if err != nil {
		return Webhook{}, fmt.Errorf("writing a webhook: %w", err)
	}
	var hook Webhook
	if err := c.rest(ctx, http.MethodPost, "", body, &hook); err != nil {
		return Webhook{}, err
	}
	if hook.ID == "" {
		return Webhook{}, fmt.Errorf("creating a webhook: %w: the answer has no id", ErrUnknown)
	}
	return hook, nil
}

// DeleteWebhook ends the events to an address; one that is gone is ErrNotFound.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	if id == "" {
		return fmt.Errorf("deleting a webhook: %w", ErrInput)
	}
	return c.rest(ctx, http.MethodDelete, "/"+url.PathEscape(id), nil, nil)
}

// rest calls the webhook half of the API, which is REST with real statuses; into may be nil.
func (c *Client) rest(ctx context.Context, method, path string, body []byte, into any) error {
	address := strings.TrimSuffix(c.cfg.Endpoint, apiPath) + "/rest/v1/webhooks" + path
	doing := strings.ToLower(method) + " webhooks"
	raw, status, err := c.roundTrip(ctx, method, address, body, func(r *http.Request) {
		login, key := c.keys()
		r.SetBasicAuth(string(login), string(key))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := restError(status); err != nil {
		return err
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(bytes.TrimPrefix(raw, byteOrderMark), into); err != nil {
		return fmt.Errorf("%s: %w: %w", doing, ErrUnknown, err)
	}
	return nil
}

func restError(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Errorf("webhooks: %w (HTTP status %d)", ErrCredentials, status)
	case status == http.StatusNotFound:
		return fmt.Errorf("webhooks: %w", ErrNotFound)
	case status == http.StatusTooManyRequests:
		return fmt.Errorf("webhooks: %w", ErrRetryLater)
	case status >= 400 && status < 500:
		return fmt.Errorf("webhooks: %w (HTTP status %d)", ErrOurRequest, status)
	}
	return fmt.Errorf("webhooks: %w (HTTP status %d)", ErrUnknown, status)
}
