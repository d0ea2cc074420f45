package emulator

import (
	"strconv"
	"strings"
	"time"
)

// The days of a bank debit, and of the small deposits that prove an account.
const (
	settleDays     = 4
	failDays       = 2
	depositDays    = 2
	returnDays     = 10 // after it settled, for the account that disputes
	depositLife    = 10 * 24 * time.Hour
	amountTries    = 3
	codeTries      = 10
	depositCode    = "SM11AA"
	depositAmounts = "32 45"
)

// debit begins a bank debit, which takes days; a setup is done at once.
func (e *Emulator) debit(i *intent, m *method, c *call) {
	if i.setup {
		e.succeed(i, m, c)
		return
	}
	i.status, i.action = processing, ""
	e.keepMethod(i, m, c)
	ch := e.newCharge(i, m, "pending")
	e.emit(i.acct, "charge.pending", ch.id, ch.render(), c)
	e.tell(i, c, "processing", "Bank debit sent")
	if m.fate.neverSettles {
		return
	}
	days, try := settleDays, i.try
	if m.fate.bank != "" {
		days = failDays
	}
	e.later(businessDays(e.now(), days), func() {
		if i.try == try {
			e.settle(i, m.fate.bank)
		}
	})
}

// settle ends a bank debit: with money for an empty code, else as failed.
func (e *Emulator) settle(i *intent, code string) {
	if i.status != processing {
		return
	}
	m := i.acct.methods.get(i.method)
	if code == "" {
		e.succeed(i, m, nil)
	} else {
		e.returnDebit(i, m, code)
	}
	e.sessionFollows(i)
}

func (e *Emulator) returnDebit(i *intent, m *method, code string) {
	why := &apiError{Type: invalidRequest, Code: code, Message: bankWords[code]}
	if why.Message == "" {
		why.Message = "The bank returned the debit."
	}
	ch := i.acct.charges.get(i.charge)
	ch.status, ch.failure = "failed", why
	failure := *why
	failure.Charge, failure.method = ch.id, m
	i.status, i.method, i.lastError = needsMethod, "", &failure
	e.emit(i.acct, "charge.failed", ch.id, ch.render(), nil)
	e.tell(i, nil, "payment_failed", "Bank returned the debit: "+code)
}

var bankWords = map[string]string{
	"account_closed":       "The customer's bank account has been closed.",
	"no_account":           "The customer's bank account could not be located.",
	"insufficient_funds":   "The customer's account has insufficient funds to cover this payment.",
	"debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
	"bank_account_restricted": "The customer's account cannot be used with ACH. It may be a savings account, " +
		"or it may be restricted in another way.",
}

// startDeposits waits for the person to read two small deposits from a statement.
func (e *Emulator) startDeposits(i *intent, m *method, c *call) *apiError {
	if i.verify == "instant" {
		return e.fail(i, m, &apiError{Type: invalidRequest, Code: "bank_account_unverified", Message: "This bank account was not verified instantly, and " +
			"verification_method allows nothing else."}, c)
	}
	i.status, i.action, i.actionToken, i.tries = needsAction, actDeposits, e.newAction(i), 0
	i.arrival = businessDays(e.now(), depositDays)
	try := i.try
	e.tell(i, c, "requires_action", "Microdeposits sent")
	e.later(i.arrival, func() {
		if m.fate.depositsFail && i.try == try {
			_ = e.endDeposits(i, "payment_method_microdeposit_failed", "The microdeposits did not reach the account.")
		}
	})
	e.later(i.arrival.Add(depositLife), func() {
		if i.try == try {
			_ = e.endDeposits(i, "payment_method_microdeposit_verification_timeout", "The bank account was not verified within ten days.")
		}
	})
	return nil
}

func (e *Emulator) endDeposits(i *intent, code, message string) *apiError {
	if i.action != actDeposits {
		return nil
	}
	wrong := e.fail(i, i.acct.methods.get(i.method), &apiError{Type: invalidRequest, Code: code, Message: message}, nil)
	e.sessionFollows(i)
	return wrong
}

// deposits is what a person typed: two amounts, or the code.
type deposits struct {
	amounts []string
	code    string
}

// verifyDeposits checks what was typed. After the last wrong try the intent asks for another method.
func (e *Emulator) verifyDeposits(i *intent, d deposits, c *call) *apiError {
	if i.status != needsAction || i.action != actDeposits {
		return i.unexpected("verify the microdeposits of")
	}
	if c := strings.Join(d.amounts, " "); c == "10 11" { // the pair that uses up all tries, as in the processor's test mode
		i.tries = amountTries
	}
	right, allowed, code := strings.EqualFold(d.code, depositCode), codeTries, "payment_method_microdeposit_verification_descriptor_code_mismatch"
	if i.acct.AmountDeposits {
		sum := strings.Join(d.amounts, " ")
		right, allowed, code = sum == depositAmounts || sum == "45 32", amountTries, "payment_method_microdeposit_verification_amounts_mismatch"
		if len(d.amounts) != 2 || !wholeCents(d.amounts) {
			return invalid("amounts", "payment_method_microdeposit_verification_amounts_invalid", "Give the two amounts in cents.")
		}
	}
	if right && i.tries < allowed {
		m := i.acct.methods.get(i.method)
		m.verified = true
		i.story = append(i.story, moment{At: e.now(), What: "Bank account verified"})
		e.debit(i, m, c)
		e.sessionFollows(i)
		return nil
	}
	if i.tries++; i.tries >= allowed {
		return e.endDeposits(i, "payment_method_microdeposit_verification_attempts_exceeded", "You have exceeded the number of allowed verification attempts.")
	}
	left := strconv.Itoa(allowed - i.tries)
	return &apiError{Type: invalidRequest, Code: code, Message: "What was entered does not match what was sent to the bank account. Tries left: " + left + "."}
}

func wholeCents(amounts []string) bool {
	for _, a := range amounts {
		if n, err := strconv.Atoi(a); err != nil || n < 1 || n > 99 {
			return false
		}
	}
	return true
}

func (c *call) verifyIntent(setup bool) (obj, error) {
	i, err := c.pathIntent(setup)
	if err != nil {
		return nil, err
	}
	if wrong := c.e.verifyDeposits(i, deposits{amounts: c.p.strings("amounts"), code: c.p.str("descriptor_code")}, c); wrong != nil {
		wrong.started = true
		return nil, wrong
	}
	return i.render(), nil
}

// SettleBank ends a bank debit that is processing now, instead of in days: with money for an empty code, else failed for the code's reason, like
// account_closed. It reports whether the intent was processing.
func (e *Emulator) SettleBank(accountID, intentID, code string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.account(accountID).intents.get(intentID)
	if i == nil || i.status != processing {
		return false
	}
	e.settle(i, code)
	return true
}
