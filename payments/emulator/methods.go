package emulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// method is a payment method: a card or a US bank account.
type method struct {
	id       string
	kind     string // card or us_bank_account
	customer string
	fate     fate
	last4    string
	print    string
	created  time.Time
	live     bool
	metadata map[string]string
	billing  map[string]string // name, email, phone, and address parts under "address][city"

	brand, funding, country string
	month, year             int64
	cvc                     string // result of the check: pass, fail, unchecked

	routing, holder, accountType string
	verified                     bool
	mandate                      string

	setUp bool // was set up with a person there
	used  bool // was used in a payment without a customer, or was detached: cannot be used again
}

func (m *method) key() string     { return m.id }
func (m *method) born() time.Time { return m.created }

func (m *method) render() obj {
	o := obj{
		"id": m.id, "object": "payment_method", "type": m.kind, "created": m.created.Unix(), "customer": null(m.customer), "livemode": m.live,
		"metadata": m.metadata, "billing_details": m.billingDetails(),
	}
	o[m.kind] = m.details()
	return o
}

func (m *method) details() obj {
	if m.kind == "card" {
		return obj{
			"brand": m.brand, "checks": m.checks(), "country": m.country, "display_brand": m.brand, "exp_month": m.month, "exp_year": m.year,
			"fingerprint": m.print, "funding": m.funding, "last4": m.last4,
			"networks": obj{"available": []string{m.brand}, "preferred": nil}, "three_d_secure_usage": obj{"supported": true}, "wallet": nil,
		}
	}
	return obj{
		"account_holder_type": m.holder, "account_type": m.accountType, "bank_name": "EMULATED TEST BANK", "financial_connections_account": nil,
		"fingerprint": m.print, "last4": m.last4, "networks": obj{"preferred": "ach", "supported": []string{"ach"}}, "routing_number": m.routing,
		"status_details": obj{},
	}
}

func (m *method) checks() obj {
	return obj{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": null(m.cvc)}
}

func (m *method) billingDetails() obj {
	address := obj{}
	for _, part := range []string{"city", "country", "line1", "line2", "postal_code", "state"} {
		address[part] = null(m.billing["address]["+part])
	}
	return obj{"address": address, "email": null(m.billing["email"]), "name": null(m.billing["name"]), "phone": null(m.billing["phone"])}
}

// over is whether the card's last month has passed.
func (m *method) over(now time.Time) bool {
	return !now.Before(time.Date(int(m.year), time.Month(m.month)+1, 1, 0, 0, 0, 0, time.UTC))
}

// null is nil for an empty text, as JSON has it.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (c *call) newMethod(kind string) *method {
	return &method{
		id: c.e.Source.ID("pm_", 24), kind: kind, created: c.now, live: c.acct.Live, metadata: map[string]string{}, billing: map[string]string{},
	}
}

// magicMethod makes a fresh method of one of the well-known ids; nil when the id is none.
func (c *call) magicMethod(id string) *method {
	year := int64(c.now.Year() + 4)
	if decline, found := strings.CutPrefix(id, magicDecline); found {
		m := c.cardMethod("4000000000000002", 12, year, "pass")
		m.fate = declined("card_declined", decline)
		return m
	}
	if number := magicMethods[id]; number != "" {
		return c.cardMethod(number, 12, year, "pass")
	}
	name, found := strings.CutPrefix(id, "pm_usBankAccount")
	if !found {
		return nil
	}
	if name == "" {
		m := c.bankMethod(testRouting, banks[0].number)
		m.verified = false
		return m
	}
	for _, b := range banks {
		if "_"+b.name == name {
			return c.bankMethod(testRouting, b.number)
		}
	}
	return nil
}

func (c *call) cardMethod(number string, month, year int64, cvc string) *method {
	kind := cardOf(number)
	m := c.newMethod("card")
	m.brand, m.funding, m.country, m.fate = kind.brand, kind.funding, kind.country, kind.fate
	m.last4, m.print, m.month, m.year, m.cvc = number[len(number)-4:], c.e.fingerprint(c.acct, number), month, year, cvc
	c.acct.methods.add(m)
	return m
}

// bankMethod is an account that instant verification has confirmed, unless its number says that it cannot.
func (c *call) bankMethod(routing, number string) *method {
	m := c.newMethod("us_bank_account")
	m.holder, m.accountType, m.routing = "individual", "checking", routing
	for _, b := range banks {
		if b.number == number {
			m.fate = b.fate
		}
	}
	m.verified = !m.fate.unverified
	m.last4, m.print = number[len(number)-4:], c.e.fingerprint(c.acct, routing+number)
	m.billing["name"] = "Test Holder"
	c.acct.methods.add(m)
	return m
}

// methodFromData makes a method of the parameters under the prefix: "" for the call itself, or payment_method_data.
func (c *call) methodFromData(prefix string) (*method, error) {
	at := func(name string) string {
		if prefix == "" {
			return name
		}
		outer, rest, nested := strings.Cut(name, "[")
		if nested {
			return prefix + "[" + outer + "][" + rest
		}
		return prefix + "[" + name + "]"
	}
	var m *method
	var err error
	switch kind := c.p.str(at("type")); kind {
	case "card":
		m, err = c.readCard(at)
	case "us_bank_account":
		m, err = c.readBank(at)
	case "":
		return nil, required(at("type"))
	default:
		return nil, invalid(at("type"), "payment_method_unactivated", "The payment method type '"+kind+"' is not emulated; use card or us_bank_account.")
	}
	if err != nil {
		return nil, err
	}
	c.p.merge(at("billing_details"), m.billing)
	c.p.merge(at("metadata"), m.metadata)
	return m, nil
}

func (c *call) readCard(at func(string) string) (*method, error) {
	if token := c.p.str(at("card[token]")); token != "" {
		if m := c.magicMethod("pm_card_" + strings.TrimPrefix(token, "tok_")); m != nil {
			return m, nil
		}
		return nil, missing("token", token, at("card[token]"))
	}
	if !c.public {
		return nil, &apiError{Status: http.StatusPaymentRequired, Type: invalidRequest, Param: at("card[number]"), Message: "Sending credit card numbers directly " +
			"to the Stripe API is generally unsafe. Use the card fields of the script, or a test payment method like pm_card_visa."}
	}
	number := strings.NewReplacer(" ", "", "-", "").Replace(c.p.str(at("card[number]")))
	month, _ := strconv.ParseInt(c.p.str(at("card[exp_month]")), 10, 64) // 0 is refused below, as any other month that is none
	year, _ := strconv.ParseInt(c.p.str(at("card[exp_year]")), 10, 64)
	if year > 0 && year < 100 {
		year += 2000
	}
	wrong := func(param, code, message string) error {
		return &apiError{Status: http.StatusPaymentRequired, Type: cardError, Code: code, Param: param, Message: message}
	}
	cvc := c.p.str(at("card[cvc]"))
	switch {
	case !validNumber(number):
		return nil, wrong("number", "incorrect_number", "Your card number is incorrect.")
	case month < 1 || month > 12:
		return nil, wrong("exp_month", "invalid_expiry_month", "Your card's expiration month is invalid.")
	case year < int64(c.now.Year()) || year > int64(c.now.Year()+50) || (year == int64(c.now.Year()) && month < int64(c.now.Month())):
		return nil, wrong("exp_year", "invalid_expiry_year", "Your card's expiration year is invalid.")
	case cvc != "" && (len(cvc) < 3 || len(cvc) > 4 || strings.Trim(cvc, "0123456789") != ""):
		return nil, wrong("cvc", "invalid_cvc", "Your card's security code is invalid.")
	}
	return c.cardMethod(number, month, year, "unchecked"), nil
}

func (c *call) readBank(at func(string) string) (*method, error) {
	routing, number := c.p.str(at("us_bank_account[routing_number]")), c.p.str(at("us_bank_account[account_number]"))
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	switch {
	case !digits(routing) || len(routing) != 9:
		return nil, invalid(at("us_bank_account[routing_number]"), "bank_account_unusable", "The routing number must be nine digits.")
	case !digits(number) || len(number) < 4 || len(number) > 17:
		return nil, invalid(at("us_bank_account[account_number]"), "account_number_invalid", "The bank account number must be 4 to 17 digits.")
	case c.p.str(at("billing_details[name]")) == "":
		return nil, required(at("billing_details[name]"))
	}
	m := c.bankMethod(routing, number)
	m.holder, m.verified = c.p.str(at("us_bank_account[account_holder_type]")), false
	if m.holder != "company" {
		m.holder = "individual"
	}
	if t := c.p.str(at("us_bank_account[account_type]")); t == "savings" {
		m.accountType = t
	}
	// What instant verification by the bank's own page would have given; only the emulator's card fields send it.
	if c.public && c.p.str(at("us_bank_account[emulator_instant]")) == "true" {
		m.verified = !m.fate.unverified
	}
	return m, nil
}

// useMethod finds the method that a parameter names; a well-known id makes a fresh one.
func (c *call) useMethod(param string) (*method, error) {
	id := c.p.str(param)
	if m := c.acct.methods.get(id); m != nil {
		return m, nil
	}
	if m := c.magicMethod(id); m != nil {
		return m, nil
	}
	return nil, missing("PaymentMethod", id, param)
}

func (c *call) createMethod() (obj, error) {
	m, err := c.methodFromData("")
	if err != nil {
		return nil, err
	}
	return m.render(), nil
}

func (c *call) retrieveMethod() (obj, error) {
	m, err := c.pathMethod()
	if err != nil {
		return nil, err
	}
	return m.render(), nil
}

func (c *call) pathMethod() (*method, error) {
	id := c.r.PathValue("id")
	m := c.acct.methods.get(id)
	if m == nil {
		return nil, missing("PaymentMethod", id, "payment_method")
	}
	return m, nil
}

func (c *call) updateMethod() (obj, error) {
	m, err := c.pathMethod()
	if err != nil {
		return nil, err
	}
	if m.customer == "" {
		return nil, invalid("", "payment_method_unexpected_state", "You must save this PaymentMethod to a customer before you can update it.")
	}
	metadata, err := c.p.metadata(m.metadata)
	if err != nil {
		return nil, err
	}
	month, err := c.p.int("card[exp_month]", m.month)
	if err != nil {
		return nil, err
	}
	year, err := c.p.int("card[exp_year]", m.year)
	if err != nil {
		return nil, err
	}
	m.metadata, m.month, m.year = metadata, month, year
	m.billing = c.p.merge("billing_details", m.billing)
	c.e.emit(c.acct, "payment_method.updated", m.id, m.render(), c)
	return m.render(), nil
}

func (c *call) attachMethod() (obj, error) {
	if c.p.str("customer") == "" {
		return nil, required("customer")
	}
	customer, err := c.customer(c.p.str("customer"), "customer")
	if err != nil {
		return nil, err
	}
	m := c.acct.methods.get(c.r.PathValue("id"))
	if m == nil {
		if m = c.magicMethod(c.r.PathValue("id")); m == nil {
			return nil, missing("PaymentMethod", c.r.PathValue("id"), "payment_method")
		}
	}
	if wrong := c.attach(m, customer); wrong != nil {
		return nil, wrong
	}
	return m.render(), nil
}

func (c *call) attach(m *method, customer *customer) *apiError {
	switch {
	case m.customer == customer.id:
		return nil
	case m.customer != "":
		return invalid("", "payment_method_unexpected_state", "The payment method you provided has already been attached to a customer.")
	case m.used:
		return invalid("", "payment_method_unexpected_state", "This PaymentMethod was previously used without being attached to a Customer or was detached "+
			"from a Customer, and may not be used again.")
	case m.kind == "us_bank_account" && !m.verified:
		return invalid("", "payment_method_unexpected_state", "Before you can attach a US bank account, it must be verified with a SetupIntent or PaymentIntent.")
	case m.fate.attachFails:
		return declineOf(m)
	}
	m.customer = customer.id
	c.e.emit(c.acct, "payment_method.attached", m.id, m.render(), c)
	return nil
}

func (c *call) detachMethod() (obj, error) {
	m, err := c.pathMethod()
	if err != nil {
		return nil, err
	}
	if m.customer == "" {
		return nil, invalid("", "payment_method_unexpected_state", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	if owner := c.acct.customers.get(m.customer); owner != nil && owner.defaultMethod == m.id {
		owner.defaultMethod = ""
	}
	m.customer, m.used = "", true
	c.e.emit(c.acct, "payment_method.detached", m.id, m.render(), c)
	return m.render(), nil
}

func (c *call) listMethods() (obj, error) {
	return c.methodsOf(c.p.str("customer"))
}

func (c *call) listCustomerMethods() (obj, error) {
	if _, err := c.customer(c.r.PathValue("id"), "customer"); err != nil {
		return nil, err
	}
	return c.methodsOf(c.r.PathValue("id"))
}

func (c *call) methodsOf(customer string) (obj, error) {
	kind := c.p.str("type")
	return page(c, c.acct.methods, func(m *method) bool {
		return m.customer != "" && m.customer == customer && (kind == "" || kind == m.kind)
	})
}

func (c *call) customerMethod() (obj, error) {
	m := c.acct.methods.get(c.r.PathValue("method"))
	if m == nil || m.customer != c.r.PathValue("id") {
		return nil, missing("PaymentMethod", c.r.PathValue("method"), "payment_method")
	}
	return m.render(), nil
}

// UpdateCard is what the card networks' updater does: a new expiry, and a new number when last4 is not empty. The account hears of it by event.
// It reports whether there is such a card.
func (e *Emulator) UpdateCard(accountID, methodID string, month, year int64, last4 string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.account(accountID)
	m := a.methods.get(methodID)
	if m == nil || m.kind != "card" {
		return false
	}
	m.month, m.year = month, year
	if last4 != "" {
		m.last4 = last4
	}
	e.emit(a, "payment_method.automatically_updated", m.id, m.render(), nil)
	return true
}
