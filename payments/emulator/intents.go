package emulator

import (
	"maps"
	"slices"
	"time"
)

// The states of an intent.
const (
	needsMethod  = "requires_payment_method"
	needsConfirm = "requires_confirmation"
	needsAction  = "requires_action"
	processing   = "processing"
	succeeded    = "succeeded"
	canceled     = "canceled"
)

// What an intent in needsAction waits for.
const (
	actSecure   = "3ds"
	actDeposits = "microdeposits"
)

// intent is a payment intent or a setup intent: one way to confirm serves both. Guarded by Emulator.mu.
type intent struct {
	id, secret  string
	acct        *account
	setup       bool
	amount      int64
	currency    string
	customer    string
	method      string
	types       []string
	status      string
	metadata    map[string]string
	description string
	suffix      string
	receipt     string
	usage       string // setup_future_usage of payments, usage of setups
	returnURL   string
	offSession  bool
	useSDK      bool
	verify      string // payment_method_options[us_bank_account][verification_method]
	mandate     string
	charge      string
	session     string // the checkout session it belongs to
	lastError   *apiError
	created     time.Time
	canceledAt  time.Time
	reason      string // of the cancellation

	action      string   // what is waited for
	actionToken string   // names the page of it; unguessable
	actionPages []string // all tokens so far
	tries       int      // at microdeposits
	arrival     time.Time
	try         int // counts confirmations: what was planned for an earlier one does not touch a later one

	story []moment
}

// moment is one line of an intent's time line.
type moment struct {
	At   time.Time
	What string
}

func (i *intent) key() string     { return i.id }
func (i *intent) born() time.Time { return i.created }

// object is the type's name, and the prefix of its events.
func (i *intent) object() string {
	if i.setup {
		return "setup_intent"
	}
	return "payment_intent"
}

func (i *intent) finished() bool { return i.status == succeeded || i.status == canceled }

func (i *intent) render() obj {
	o := obj{
		"id": i.id, "object": i.object(), "application": nil, "automatic_payment_methods": nil, "cancellation_reason": null(i.reason),
		"client_secret": i.secret, "created": i.created.Unix(), "customer": null(i.customer), "description": null(i.description),
		"livemode": i.acct.Live, "metadata": i.metadata, "next_action": i.nextAction(), "on_behalf_of": nil, "payment_method": null(i.method),
		"payment_method_configuration_details": nil, "payment_method_options": i.options(), "payment_method_types": i.types, "status": i.status,
	}
	var last any
	if i.lastError != nil {
		last = i.lastError.render(true)
	}
	if i.setup {
		o["last_setup_error"], o["latest_attempt"], o["mandate"], o["single_use_mandate"], o["usage"] = last, nil, null(i.mandate), nil, i.usage
		return o
	}
	received := int64(0)
	if i.status == succeeded {
		received = i.amount
	}
	for name, value := range map[string]any{
		"amount": i.amount, "amount_capturable": 0, "amount_details": obj{"tip": obj{}}, "amount_received": received, "application_fee_amount": nil,
		"canceled_at": unix(i.canceledAt), "capture_method": "automatic", "confirmation_method": "automatic", "currency": i.currency, "invoice": nil,
		"last_payment_error": last, "latest_charge": null(i.charge), "processing": nil, "receipt_email": null(i.receipt), "review": nil,
		"setup_future_usage": null(i.usage), "shipping": nil, "source": nil, "statement_descriptor": nil, "statement_descriptor_suffix": null(i.suffix),
		"transfer_data": nil, "transfer_group": nil,
	} {
		o[name] = value
	}
	return o
}

func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

func (i *intent) options() obj {
	o := obj{}
	for _, kind := range i.types {
		switch kind {
		case "card":
			o["card"] = obj{"mandate_options": nil, "network": nil, "request_three_d_secure": "automatic"}
		case "us_bank_account":
			o["us_bank_account"] = obj{"verification_method": i.verify}
		}
	}
	return o
}

func (i *intent) nextAction() any {
	if i.status != needsAction {
		return nil
	}
	page := i.acct.pages + "/action/" + i.actionToken
	switch {
	case i.action == actDeposits:
		kind := "descriptor_code"
		if i.acct.AmountDeposits {
			kind = "amounts"
		}
		return obj{"type": "verify_with_microdeposits", "verify_with_microdeposits": obj{
			"arrival_date": i.arrival.Unix(), "hosted_verification_url": page, "microdeposit_type": kind,
		}}
	case i.useSDK || i.returnURL == "":
		return obj{"type": "use_stripe_sdk", "use_stripe_sdk": obj{"type": "three_d_secure_redirect", "stripe_js": page}}
	}
	return obj{"type": "redirect_to_url", "redirect_to_url": obj{"return_url": i.returnURL, "url": page}}
}

func (c *call) table(setup bool) *table[*intent] {
	if setup {
		return c.acct.setups
	}
	return c.acct.intents
}

func (c *call) newIntent(setup bool) *intent {
	prefix := "pi_"
	if setup {
		prefix = "seti_"
	}
	id := c.e.Source.ID(prefix, 24)
	c.acct.pages = c.e.base(c.r)
	return &intent{
		id: id, secret: id + "_secret_" + c.e.Source.ID("", 25), acct: c.acct, setup: setup, status: needsMethod, created: c.now, verify: "automatic",
		metadata: map[string]string{}, types: []string{"card"},
	}
}

func (c *call) createPayment() (obj, error) {
	i := c.newIntent(false)
	if !c.p.has("amount") {
		return nil, required("amount")
	}
	if !c.p.has("currency") {
		return nil, required("currency")
	}
	return c.createIntent(i)
}

func (c *call) createSetup() (obj, error) {
	i := c.newIntent(true)
	i.usage = "off_session"
	return c.createIntent(i)
}

func (c *call) createIntent(i *intent) (obj, error) {
	if c.acct.NoCharges {
		return nil, invalid("", "account_invalid", "Your account cannot currently make live charges.")
	}
	if err := c.changeIntent(i); err != nil {
		return nil, err
	}
	c.table(i.setup).add(i)
	c.e.tell(i, c, "created", "Created")
	if i.method != "" {
		i.status = needsConfirm
	}
	if c.p.bool("confirm") {
		return c.confirm(i)
	}
	c.e.forgetPayments(c.acct)
	return i.render(), nil
}

// changeIntent takes in what create and update have in common. It changes nothing when anything is wrong.
func (c *call) changeIntent(i *intent) error {
	next := *i
	metadata, err := c.p.metadata(maps.Clone(i.metadata))
	if err != nil {
		return err
	}
	next.metadata = metadata
	if err := c.readAmount(&next); err != nil {
		return err
	}
	if err := c.readTypes(&next); err != nil {
		return err
	}
	if id := c.p.str("customer"); id != "" {
		if _, err := c.customer(id, "customer"); err != nil {
			return err
		}
		next.customer = id
	}
	for name, field := range map[string]*string{
		"description": &next.description, "statement_descriptor_suffix": &next.suffix, "receipt_email": &next.receipt, "setup_future_usage": &next.usage,
		"usage": &next.usage, verificationMethod: &next.verify,
	} {
		if c.p.has(name) {
			*field = c.p.str(name)
		}
	}
	if c.p.str("payment_method") != "" {
		m, err := c.useMethod("payment_method")
		if err != nil {
			return err
		}
		if wrong := next.fits(m); wrong != nil {
			return wrong
		}
		next.method = m.id
	}
	*i = next
	return nil
}

// verificationMethod is the parameter that says how a bank account may be verified.
const verificationMethod = "payment_method_options[us_bank_account][verification_method]"

func (c *call) readAmount(i *intent) (err error) {
	if m := c.p.str("capture_method"); m != "" && m != "automatic" && m != "automatic_async" {
		return invalid("capture_method", "", "The capture method '"+m+"' is not emulated; use automatic.")
	}
	if i.amount, err = c.p.int("amount", i.amount); err != nil {
		return err
	}
	if c.p.has("currency") {
		i.currency = c.p.str("currency")
	}
	if i.setup {
		return nil
	}
	if wrong := checkAmount(i.amount, i.currency); wrong != nil {
		return wrong
	}
	return nil
}

func (c *call) readTypes(i *intent) error {
	types := c.p.strings("payment_method_types")
	for _, kind := range types {
		if kind != "card" && kind != "us_bank_account" {
			return invalid("payment_method_types", "payment_intent_invalid_parameter", "The payment method type '"+kind+"' is invalid here.")
		}
		if kind == "us_bank_account" && i.currency != "usd" && !i.setup {
			return invalid("currency", "payment_intent_invalid_parameter", "The currency provided ("+i.currency+
				") is invalid for one of the payment method types: us_bank_account takes usd.")
		}
	}
	switch {
	case len(types) > 0:
		i.types = types
	case c.p.bool("automatic_payment_methods[enabled]") && i.currency == "usd":
		i.types = []string{"card", "us_bank_account"}
	}
	return nil
}

// fits says why a method cannot be used for the intent, if so.
func (i *intent) fits(m *method) *apiError {
	switch {
	case !slices.Contains(i.types, m.kind):
		return invalid("payment_method", "payment_intent_incompatible_payment_method", "The PaymentMethod provided ("+m.kind+
			") is not allowed for this intent. Its payment_method_types do not name it.")
	case m.customer != "" && m.customer != i.customer && i.customer == "":
		return invalid("payment_method", "payment_intent_invalid_parameter", "The PaymentMethod "+m.id+" belongs to a Customer. "+
			"Include the Customer in the 'customer' parameter.")
	case m.customer != "" && m.customer != i.customer:
		return invalid("payment_method", "payment_intent_invalid_parameter", "The PaymentMethod "+m.id+" does not belong to the Customer "+i.customer+".")
	case m.customer == "" && m.used:
		return invalid("payment_method", "payment_method_unexpected_state", "The provided PaymentMethod was previously used without Customer attachment, or was "+
			"detached from a Customer. It may not be used again.")
	}
	return nil
}

func (c *call) pathIntent(setup bool) (*intent, error) {
	id := c.r.PathValue("id")
	i := c.table(setup).get(id)
	if i == nil {
		kind := "payment_intent"
		if setup {
			kind = "setupintent"
		}
		return nil, missing(kind, id, "intent")
	}
	if c.public && c.p.str("client_secret") != i.secret {
		return nil, invalid("client_secret", "resource_missing", "The client_secret provided does not match any associated intent on this account.")
	}
	c.acct.pages = c.e.base(c.r)
	return i, nil
}

func (c *call) retrieveIntent(setup bool) (obj, error) {
	i, err := c.pathIntent(setup)
	if err != nil {
		return nil, err
	}
	return i.render(), nil
}

func (c *call) updateIntent(setup bool) (obj, error) {
	i, err := c.pathIntent(setup)
	if err != nil {
		return nil, err
	}
	if i.finished() || i.status == processing {
		return nil, i.unexpected("update")
	}
	if err := c.changeIntent(i); err != nil {
		return nil, err
	}
	if i.status = needsMethod; i.method != "" {
		i.status = needsConfirm
	}
	i.action, i.lastError = "", nil
	return i.render(), nil
}

func (i *intent) unexpected(verb string) *apiError {
	return &apiError{Type: invalidRequest, Code: i.object() + "_unexpected_state", intent: i, Message: "You cannot " + verb + " this " + i.object() +
		" because it has a status of " + i.status + "."}
}

func (c *call) cancelIntent(setup bool) (obj, error) {
	i, err := c.pathIntent(setup)
	if err != nil {
		return nil, err
	}
	if i.finished() || i.status == processing {
		return nil, i.unexpected("cancel")
	}
	if i.session != "" && c.acct.sessions.get(i.session).status == "open" {
		return nil, invalid("", "payment_intent_unexpected_state", "You cannot cancel this intent because it was made by a Checkout Session. "+
			"Expire the session instead.")
	}
	c.e.cancel(i, c.p.str("cancellation_reason"), c)
	return i.render(), nil
}

func (e *Emulator) cancel(i *intent, reason string, c *call) {
	i.status, i.action, i.canceledAt, i.reason = canceled, "", e.now(), reason
	e.tell(i, c, "canceled", "Cancelled")
}

func (c *call) listIntents(setup bool) (obj, error) {
	customer := c.p.str("customer")
	return page(c, c.table(setup), func(i *intent) bool { return customer == "" || i.customer == customer })
}

// tell writes a line of the intent's story and sends its event; c is nil when time did it.
func (e *Emulator) tell(i *intent, c *call, event, what string) {
	i.story = append(i.story, moment{At: e.now(), What: what})
	e.emit(i.acct, i.object()+"."+event, i.id, i.render(), c)
}
