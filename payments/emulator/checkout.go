package emulator

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	shortestSession = 30 * time.Minute
	longestSession  = 24 * time.Hour
)

// session is a checkout session: a hosted page that pays one sum, or saves one method, without any script.
type session struct {
	id        string
	acct      *account
	mode      string // payment or setup
	status    string // open, complete, expired
	paid      string // paid, unpaid, no_payment_required
	amount    int64
	currency  string
	customer  string
	email     string
	reference string
	success   string
	cancel    string
	locale    string
	types     []string
	metadata  map[string]string
	inside    map[string]string // metadata for the intent
	usage     string
	detail    string // description for the intent
	items     []item
	intent    *intent
	created   time.Time
	expires   time.Time
}

type item struct {
	name     string
	quantity int64
	unit     int64
}

func (s *session) key() string     { return s.id }
func (s *session) born() time.Time { return s.created }

func (s *session) render() obj {
	var address, intentID, setupID any
	if s.status == "open" {
		address = s.acct.pages + "/c/pay/" + s.id
	}
	if s.intent != nil && s.mode == "payment" {
		intentID = s.intent.id
	} else if s.intent != nil {
		setupID = s.intent.id
	}
	o := obj{
		"id": s.id, "object": "checkout.session", "after_expiration": nil, "allow_promotion_codes": nil, "amount_subtotal": s.amount, "amount_total": s.amount,
		"automatic_tax": obj{"enabled": false, "status": nil}, "billing_address_collection": nil, "cancel_url": null(s.cancel),
		"client_reference_id": null(s.reference), "consent": nil, "created": s.created.Unix(), "custom_fields": []obj{},
		"custom_text": obj{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"currency":    null(s.currency), "customer": null(s.customer),
		"customer_creation": nil, "customer_details": nil, "customer_email": null(s.email), "expires_at": s.expires.Unix(), "invoice": nil,
		"livemode": s.acct.Live, "locale": null(s.locale), "metadata": s.metadata, "mode": s.mode, "payment_intent": intentID, "payment_link": nil,
		"payment_method_collection": "if_required", "payment_method_options": obj{}, "payment_method_types": s.types, "payment_status": s.paid,
		"phone_number_collection": obj{"enabled": false}, "recovered_from": nil, "setup_intent": setupID,
		"shipping_details": nil, "shipping_options": []obj{}, "status": s.status,
		"submit_type": nil, "subscription": nil, "success_url": null(s.success), "ui_mode": "hosted", "url": address,
		"total_details": obj{"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
	}
	if s.mode == "setup" {
		o["amount_subtotal"], o["amount_total"] = nil, nil
	}
	return o
}

func (c *call) createSession() (obj, error) {
	c.acct.pages = c.e.base(c.r)
	prefix := map[bool]string{true: "cs_live_", false: "cs_test_"}[c.acct.Live]
	s := &session{
		id: c.e.Source.ID(prefix, 44), acct: c.acct, mode: c.p.str("mode"), status: "open",
		paid: "unpaid", customer: c.p.str("customer"), email: c.p.str("customer_email"), reference: c.p.str("client_reference_id"),
		success: c.p.str("success_url"), cancel: c.p.str("cancel_url"), locale: c.p.str("locale"), types: c.p.strings("payment_method_types"),
		currency: c.p.str("currency"), created: c.now,
	}
	if err := c.readSession(s); err != nil {
		return nil, err
	}
	c.acct.sessions.add(s)
	c.e.later(s.expires, func() { c.e.expireSession(s) })
	return s.render(), nil
}

func (c *call) readSession(s *session) (err error) {
	if s.metadata, err = c.p.metadata(nil); err != nil {
		return err
	}
	for _, to := range []string{s.success, s.cancel} {
		if to != "" && !absolute(to) {
			return invalid("success_url", "url_invalid", "Invalid URL: An explicit scheme (such as https) must be provided.")
		}
	}
	if s.success == "" {
		return required("success_url")
	}
	if s.customer != "" {
		if _, err := c.customer(s.customer, "customer"); err != nil {
			return err
		}
	}
	if len(s.types) == 0 {
		s.types = []string{"card"}
	}
	at, err := c.p.int("expires_at", c.now.Add(longestSession).Unix())
	if err != nil {
		return err
	}
	s.expires = time.Unix(at, 0).UTC()
	if life := s.expires.Sub(c.now); life < shortestSession-time.Minute || life > longestSession+time.Minute {
		return invalid("expires_at", "", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	}
	switch s.mode {
	case "payment":
		s.inside = c.p.merge("payment_intent_data[metadata]", nil)
		s.usage, s.detail = c.p.str("payment_intent_data[setup_future_usage]"), c.p.str("payment_intent_data[description]")
		return c.readItems(s)
	case "setup":
		s.inside, s.usage, s.paid = c.p.merge("setup_intent_data[metadata]", nil), "off_session", "no_payment_required"
		return nil
	}
	return invalid("mode", "", "The mode '"+s.mode+"' is not emulated; use payment or setup.")
}

func absolute(to string) bool {
	u, err := url.Parse(to)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (c *call) readItems(s *session) error {
	for n := 0; ; n++ {
		at := fmt.Sprintf("line_items[%d]", n)
		if !c.p.has(at) {
			break
		}
		unit, err := c.p.int(at+"[price_data][unit_amount]", -1)
		if err != nil {
			return err
		}
		quantity, err := c.p.int(at+"[quantity]", 1)
		if err != nil {
			return err
		}
		if unit < 0 || quantity < 1 || unit > mostAmount || quantity > 1000 {
			return invalid(at, "parameter_missing", "Each line needs price_data with a unit_amount, and a quantity of 1 to 1000.")
		}
		currency := c.p.str(at + "[price_data][currency]")
		if s.currency != "" && s.currency != currency {
			return invalid(at+"[price_data][currency]", "", "All lines of a session must have one currency.")
		}
		s.currency = currency
		s.items = append(s.items, item{name: c.p.str(at + "[price_data][product_data][name]"), quantity: quantity, unit: unit})
		s.amount += unit * quantity
	}
	if len(s.items) == 0 {
		return required("line_items")
	}
	if wrong := checkAmount(s.amount, s.currency); wrong != nil {
		return wrong
	}
	return nil
}

func (c *call) pathSession() (*session, error) {
	s := c.acct.sessions.get(c.r.PathValue("id"))
	if s == nil {
		return nil, missing("checkout.session", c.r.PathValue("id"), "session")
	}
	return s, nil
}

func (c *call) retrieveSession() (obj, error) {
	s, err := c.pathSession()
	if err != nil {
		return nil, err
	}
	return s.render(), nil
}

func (c *call) listSessions() (obj, error) {
	of := c.p.str("payment_intent")
	return page(c, c.acct.sessions, func(s *session) bool { return of == "" || (s.intent != nil && s.intent.id == of) })
}

// expireCall ends a session by hand. From then on nobody can pay by it.
func (c *call) expireCall() (obj, error) {
	s, err := c.pathSession()
	if err != nil {
		return nil, err
	}
	if s.status != "open" {
		return nil, invalid("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of \""+s.status+"\".")
	}
	c.e.expireSession(s)
	return s.render(), nil
}

func (e *Emulator) expireSession(s *session) {
	if s.status != "open" {
		return
	}
	s.status = "expired"
	if s.intent != nil && !s.intent.finished() && s.intent.status != processing {
		e.cancel(s.intent, "automatic", nil)
	}
	e.emit(s.acct, "checkout.session.expired", s.id, s.render(), nil)
}

// sessionFollows brings a session to where its intent is.
func (e *Emulator) sessionFollows(i *intent) {
	if i.session == "" {
		return
	}
	s := i.acct.sessions.get(i.session)
	switch {
	case s.status == "open" && (i.status == succeeded || i.status == processing):
		s.status = "complete"
		if i.status == succeeded && s.mode == "payment" {
			s.paid = "paid"
		}
		e.emit(s.acct, "checkout.session.completed", s.id, s.render(), nil)
	case s.status == "complete" && s.paid == "unpaid" && i.status == succeeded:
		s.paid = "paid"
		e.emit(s.acct, "checkout.session.async_payment_succeeded", s.id, s.render(), nil)
	case s.status == "complete" && s.paid == "unpaid" && i.status == needsMethod:
		e.emit(s.acct, "checkout.session.async_payment_failed", s.id, s.render(), nil)
	}
}

// successURL is where a session ends, with its id where the template asks for it.
func (s *session) successURL() string {
	return strings.ReplaceAll(s.success, "{CHECKOUT_SESSION_ID}", s.id)
}
