package emulator

import (
	"net/http"
	"time"
)

// confirmIntent is the API call.
func (c *call) confirmIntent(setup bool) (obj, error) {
	i, err := c.pathIntent(setup)
	if err != nil {
		return nil, err
	}
	if c.public && (c.p.has("mandate") || c.p.has("off_session")) {
		return nil, invalid("off_session", "parameter_unknown", "A publishable key cannot confirm off session.")
	}
	return c.confirm(i)
}

// confirm takes the method and tries it. The parameters are those of the call.
func (c *call) confirm(i *intent) (obj, error) {
	switch {
	case i.finished() || i.status == processing:
		return nil, i.unexpected("confirm")
	case i.session != "" && c.r.PathValue("id") == i.id:
		return nil, i.unexpected("confirm, outside of its Checkout Session,")
	case i.action == actDeposits && !c.p.has("payment_method") && !c.p.has("confirmation_token"):
		return i.render(), nil
	}
	m, t, err := c.methodToConfirm(i)
	if err != nil {
		return nil, err
	}
	if wrong := i.fits(m); wrong != nil {
		return nil, wrong
	}
	c.readConfirmation(i, t)
	if m.kind == "us_bank_account" && !c.mandated(i, m, t) {
		return nil, invalid("mandate_data", i.object()+"_mandate_invalid", "This intent needs a mandate: send mandate_data with the customer's acceptance.")
	}
	i.method, i.lastError, i.action = m.id, nil, ""
	i.try++
	if wrong := c.e.attempt(i, m, c); wrong != nil {
		wrong.started = true
		return nil, wrong
	}
	return i.render(), nil
}

// readConfirmation takes in what is said of this try: by the call, and else by the token.
func (c *call) readConfirmation(i *intent, t *token) {
	i.returnURL, i.offSession, i.useSDK = c.p.str("return_url"), c.p.bool("off_session"), c.p.bool("use_stripe_sdk")
	if c.p.has("setup_future_usage") {
		i.usage = c.p.str("setup_future_usage")
	}
	if c.p.has(verificationMethod) {
		i.verify = c.p.str(verificationMethod)
	}
	if t == nil {
		return
	}
	if i.returnURL == "" {
		i.returnURL = t.returnURL
	}
	if t.futureUsage != "" {
		i.usage = t.futureUsage
	}
}

func (c *call) methodToConfirm(i *intent) (m *method, t *token, err error) {
	switch {
	case c.p.str("confirmation_token") != "":
		if t, err = c.useToken(c.p.str("confirmation_token"), i); err != nil {
			return nil, nil, err
		}
		return c.acct.methods.get(t.method), t, nil
	case c.p.has("payment_method_data"):
		m, err = c.methodFromData("payment_method_data")
	case c.p.str("payment_method") != "":
		m, err = c.useMethod("payment_method")
	case i.method != "":
		m = c.acct.methods.get(i.method)
	default:
		err = &apiError{Type: invalidRequest, Code: i.object() + "_unexpected_state", intent: i,
			Message: "You cannot confirm this intent because it's missing a payment method."}
	}
	return m, nil, err
}

// mandated makes sure that a bank debit has its mandate: given now, in the browser, or with the saved account.
func (c *call) mandated(i *intent, m *method, t *token) bool {
	given := c.p.str("mandate_data[customer_acceptance][type]")
	switch {
	case c.p.str("mandate") != "":
		i.mandate = c.p.str("mandate")
		return c.acct.mandates.get(i.mandate) != nil
	case given == "online" && !c.public && c.p.str("mandate_data[customer_acceptance][online][ip_address]") == "":
		return false
	case given != "" || (t != nil && len(t.mandateData) > 0):
		i.mandate = c.newMandate(i, m)
		return true
	}
	i.mandate = m.mandate
	return m.mandate != ""
}

// attempt tries the method. The answer is what the caller hears: nil when the intent went on, to whichever state.
func (e *Emulator) attempt(i *intent, m *method, c *call) *apiError {
	switch {
	case m.kind == "us_bank_account" && !m.verified:
		return e.startDeposits(i, m, c)
	case m.kind == "us_bank_account":
		e.debit(i, m, c)
		return nil
	case m.fate.secure == secureAlways || (m.fate.secure == secureOnce && !m.setUp):
		return e.askSecure(i, m, c)
	case m.kind == "card" && m.over(e.now()):
		return e.fail(i, m, declineOf(&method{fate: declined("expired_card", "")}), c)
	case m.fate.code != "" && (!i.setup || m.fate.attachFails):
		return e.fail(i, m, declineOf(m), c)
	}
	e.succeed(i, m, c)
	return nil
}

func (e *Emulator) askSecure(i *intent, m *method, c *call) *apiError {
	if i.offSession || (c != nil && c.p.bool("error_on_requires_action")) {
		return e.fail(i, m, &apiError{
			Status: http.StatusPaymentRequired, Type: cardError, Code: "authentication_required", Decline: "authentication_required",
			Message: "Your card was declined. This transaction requires authentication.",
		}, c)
	}
	i.status, i.action, i.actionToken = needsAction, actSecure, e.newAction(i)
	e.tell(i, c, "requires_action", "Asked for 3-D Secure")
	return nil
}

// newAction names a page for the intent. An older page of it shows that it is over.
func (e *Emulator) newAction(i *intent) (token string) {
	token = e.Source.ID("act_", 24)
	e.actions[token] = i
	i.actionPages = append(i.actionPages, token)
	return token
}

// declineOf is the error that the method's fate asks for.
func declineOf(m *method) *apiError {
	e := &apiError{Status: http.StatusPaymentRequired, Type: cardError, Code: m.fate.code, Decline: m.fate.decline}
	switch {
	case e.Code == "expired_card":
		e.Message, e.Param = "Your card has expired.", "exp_month"
	case e.Code == "incorrect_cvc":
		e.Message, e.Param = "Your card's security code is incorrect.", "cvc"
	case e.Code == "processing_error":
		e.Message = "An error occurred while processing your card. Try again in a little bit."
	case e.Decline == "insufficient_funds":
		e.Message = "Your card has insufficient funds."
	case e.Code == "":
		e.Code, e.Decline, e.Message = "card_declined", "generic_decline", "Your card was declined."
	default:
		e.Message = "Your card was declined."
	}
	return e
}

// fail ends a try: the intent asks for another method, and the caller hears why.
func (e *Emulator) fail(i *intent, m *method, why *apiError, c *call) *apiError {
	i.status, i.action, i.method = needsMethod, "", ""
	failure := *why
	failure.method = m
	if !i.setup {
		ch := e.newCharge(i, m, "failed")
		ch.failure = why
		failure.Charge = ch.id
		e.emit(i.acct, "charge.failed", ch.id, ch.render(), c)
	}
	i.lastError = &failure
	event := "payment_failed"
	if i.setup {
		event = "setup_failed"
	}
	e.tell(i, c, event, "Failed: "+failure.Code+" "+failure.Decline)
	heard := failure
	heard.intent = i
	return &heard
}

// succeed ends a try with money, or with a method that is set up.
func (e *Emulator) succeed(i *intent, m *method, c *call) {
	i.status, i.action = succeeded, ""
	e.keepMethod(i, m, c)
	if i.setup {
		e.tell(i, c, "succeeded", "Set up")
		return
	}
	ch := i.acct.charges.get(i.charge)
	if ch == nil || ch.status != "pending" {
		ch = e.newCharge(i, m, "pending")
	}
	e.capture(ch)
	e.emit(i.acct, "charge.succeeded", ch.id, ch.render(), c)
	e.tell(i, c, "succeeded", "Succeeded")
	e.follow(ch, m)
}

// keepMethod attaches what is to be used again, and marks what cannot be.
func (e *Emulator) keepMethod(i *intent, m *method, c *call) {
	if m.kind == "us_bank_account" {
		m.mandate = i.mandate
	}
	if i.usage == "off_session" || i.setup {
		m.setUp = true
	}
	switch {
	case m.customer != "":
	case i.customer != "" && (i.setup || i.usage != ""):
		m.customer = i.customer
		e.emit(i.acct, "payment_method.attached", m.id, m.render(), c)
	case !i.setup:
		m.used = true
	}
}

// finishSecure is the end of 3-D Secure, as the person pressed. It does nothing when the intent waits for it no longer.
func (e *Emulator) finishSecure(i *intent, passed bool) {
	if i.status != needsAction || i.action != actSecure {
		return
	}
	m := i.acct.methods.get(i.method)
	switch {
	case !passed:
		_ = e.fail(i, m, &apiError{Type: invalidRequest, Code: i.object() + "_authentication_failure", Message: "The provided PaymentMethod has failed " +
			"authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this intent again."}, nil)
	case m.fate.code != "":
		_ = e.fail(i, m, declineOf(m), nil)
	default:
		e.succeed(i, m, nil)
	}
	e.sessionFollows(i)
}

// intentOf finds an intent of an account by its id, of either kind; nil when there is none.
func (a *account) intentOf(id string) *intent {
	if i := a.intents.get(id); i != nil {
		return i
	}
	return a.setups.get(id)
}

// businessDays is the time n working days after t.
func businessDays(t time.Time, n int) time.Time {
	for n > 0 {
		t = t.AddDate(0, 0, 1)
		if t.Weekday() != time.Saturday && t.Weekday() != time.Sunday {
			n--
		}
	}
	return t
}
