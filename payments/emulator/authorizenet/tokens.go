package authorizenetemu

import (
	"time"
)

// Descriptor names the kind of one-time token that browsers get.
const Descriptor = "COMMON.ACCEPT.INAPP.PAYMENT"

// tokenLife is how long a one-time token and a hosted page's token are good.
const tokenLife = 15 * time.Minute

type token struct {
	what instrument
	made time.Time
	used bool
}

// CardToken is what a browser would get for the card: a one-time token. A card that is none is refused with a reason, as in a transaction.
func (e *Emulator) CardToken(login string, c Card) (value string, reason int) {
	what, reason := e.card(c, e.Clock.Now())
	return e.keepToken(login, what, reason)
}

// BankToken is CardToken for an account.
func (e *Emulator) BankToken(login string, b BankAccount) (value string, reason int) {
	what, reason := e.bankAccount(b)
	return e.keepToken(login, what, reason)
}

func (e *Emulator) keepToken(login string, what instrument, reason int) (string, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.merchants[login]
	if reason != 0 || m == nil {
		return "", reason
	}
	return e.newToken(m, what), 0
}

func (e *Emulator) newToken(m *merchant, what instrument) string {
	now := e.Clock.Now()
	for value, t := range m.tokens { // what is too old answers like what never was
		if now.Sub(t.made) > tokenLife {
			delete(m.tokens, value)
		}
	}
	value := e.Source.ID("eyJjb2RlIjoi", 60)
	m.tokens[value] = &token{what: what, made: now}
	return value
}

// spend takes a token: good once, and within its life.
func (e *Emulator) spend(m *merchant, descriptor, value string) (instrument, *problem) {
	t := m.tokens[value]
	if descriptor != Descriptor || t == nil || t.used || e.Clock.Now().Sub(t.made) > tokenLife {
		return instrument{}, &problem{"E00114", "Invalid OTS Token."}
	}
	t.used = true
	return t.what, nil
}

// secureContainer is what the browser's script asks: a number for a token.
func (e *Emulator) secureContainer(c call) (object, *problem) {
	data := c.body.at("data")
	var what instrument
	var reason int
	if card := data.at("token"); data.has("token") {
		what, reason = e.card(Card{Number: card.at("cardNumber").text, Expiry: browserExpiry(card.at("expirationDate").text), Zip: card.at("zip").text}, e.Clock.Now())
	} else {
		bank := data.at("bankToken")
		what, reason = e.bankAccount(BankAccount{bank.at("accountType").text, bank.at("routingNumber").text, bank.at("accountNumber").text,
			bank.at("nameOnAccount").text, ""})
	}
	if reason != 0 {
		return nil, &problem{"E_WC_05", "Please provide valid credit card number."}
	}
	return object{"opaqueData": object{"dataDescriptor": Descriptor, "dataValue": e.newToken(c.m, what)}}, nil
}

// browserExpiry turns MMYY, as the browser's script sends it, into YYYY-MM.
func browserExpiry(s string) string {
	if len(s) == 4 {
		return "20" + s[2:] + "-" + s[:2]
	}
	if len(s) == 6 {
		return s[2:] + "-" + s[:2]
	}
	return s
}
