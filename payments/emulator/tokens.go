package emulator

import "time"

const tokenLife = 12 * time.Hour

// token is a confirmation token: what a person entered in the browser, to be used once by the server.
type token struct {
	id, method, returnURL, futureUsage string
	mandateData                        map[string]string
	created                            time.Time
	live                               bool
	usedBy                             *intent
	preview                            *method
}

func (t *token) key() string     { return t.id }
func (t *token) born() time.Time { return t.created }

func (t *token) render() obj {
	preview := obj{"type": t.preview.kind, "billing_details": t.preview.billingDetails(), t.preview.kind: t.preview.details()}
	o := obj{
		"id": t.id, "object": "confirmation_token", "created": t.created.Unix(), "expires_at": t.created.Add(tokenLife).Unix(), "livemode": t.live,
		"mandate_data": nil, "payment_intent": nil, "payment_method_preview": preview, "return_url": null(t.returnURL),
		"setup_future_usage": null(t.futureUsage), "setup_intent": nil, "shipping": nil, "use_stripe_sdk": false,
	}
	if len(t.mandateData) > 0 {
		o["mandate_data"] = obj{"customer_acceptance": obj{"type": "online", "online": obj{"ip_address": nil, "user_agent": null(t.mandateData["user_agent"])}}}
	}
	if t.usedBy != nil {
		o[t.usedBy.object()] = t.usedBy.id
	}
	return o
}

func (c *call) createToken() (obj, error) {
	var m *method
	var err error
	if c.p.str("payment_method") != "" {
		if c.public {
			return nil, invalid("payment_method", "parameter_unknown", "A saved payment method is named to the server, not in the browser.")
		}
		m, err = c.useMethod("payment_method")
	} else {
		m, err = c.methodFromData("payment_method_data")
	}
	if err != nil {
		return nil, err
	}
	t := &token{
		id: c.e.Source.ID("ctoken_", 24), method: m.id, preview: m, returnURL: c.p.str("return_url"), futureUsage: c.p.str("setup_future_usage"),
		created: c.now, live: c.acct.Live, mandateData: map[string]string{},
	}
	if c.public && m.kind == "us_bank_account" {
		t.mandateData["user_agent"] = c.r.UserAgent()
	}
	c.acct.tokens.add(t)
	return t.render(), nil
}

func (c *call) retrieveToken() (obj, error) {
	t := c.acct.tokens.get(c.r.PathValue("id"))
	if t == nil {
		return nil, missing("confirmation_token", c.r.PathValue("id"), "confirmation_token")
	}
	return t.render(), nil
}

// useToken takes a token for an intent, once.
func (c *call) useToken(id string, by *intent) (*token, error) {
	t := c.acct.tokens.get(id)
	switch {
	case t == nil:
		return nil, missing("confirmation_token", id, "confirmation_token")
	case t.usedBy != nil:
		return nil, invalid("confirmation_token", "resource_already_exists", "This ConfirmationToken has already been used; it can be used once.")
	case c.now.Sub(t.created) >= tokenLife:
		return nil, invalid("confirmation_token", "resource_missing", "This ConfirmationToken has expired.")
	}
	t.usedBy = by
	return t, nil
}
