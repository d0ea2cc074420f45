package emulator

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// Account is one merchant's account in one mode. All fields may be empty but for what they say.
type Account struct {
	ID             string // default a new acct_…
	Name           string // shown on hosted pages; default the id
	Live           bool   // whether its objects say livemode
	Currency       string // default usd
	Country        string // default US
	PublishableKey string // default a new pk_test_… or pk_live_…
	SecretKey      string // default a new sk_test_… or sk_live_…
	// Platform is the id of the account whose secret key may act for this one with the Stripe-Account header.
	Platform string
	// Capabilities like "card_payments": "active"; default card and us_bank_account payments, active.
	Capabilities map[string]string
	// NoCharges makes the account one that may not charge yet.
	NoCharges bool
	// AmountDeposits makes microdeposits two amounts (32 and 45) instead of one with a descriptor code (SM11AA).
	AmountDeposits bool
}

// account is an Account with all it holds. Guarded by Emulator.mu.
type account struct {
	Account
	created   time.Time
	keyGone   string // "", "expired" or "deauthorized"
	customers *table[*customer]
	methods   *table[*method]
	tokens    *table[*token]
	intents   *table[*intent] // payment intents
	setups    *table[*intent] // setup intents
	charges   *table[*charge]
	refunds   *table[*refund]
	disputes  *table[*dispute]
	txns      *table[*txn]
	sessions  *table[*session]
	mandates  *table[*mandate]
	domains   *table[*domain]
	endpoints *table[*endpoint]
	events    *table[*event]
	totals    map[string]Total
	pages     string // where its hosted pages are, as the last caller reached the server
}

// AddAccount opens an account and returns it with what was filled in. An id or key that is taken already panics: that is a mistake in a test.
func (e *Emulator) AddAccount(a Account) Account {
	mode := "test_"
	if a.Live {
		mode = "live_"
	}
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&a.ID, e.Source.ID("acct_", 16))
	fill(&a.Name, a.ID)
	fill(&a.Currency, "usd")
	fill(&a.Country, "US")
	fill(&a.PublishableKey, e.Source.ID("pk_"+mode, 24))
	fill(&a.SecretKey, e.Source.ID("sk_"+mode, 24))
	if a.Capabilities == nil {
		a.Capabilities = map[string]string{"card_payments": "active", "us_bank_account_ach_payments": "active", "transfers": "active"}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.accounts[a.ID] != nil || e.byKey[a.SecretKey] != nil || e.byKey[a.PublishableKey] != nil {
		panic("emulator: account " + a.ID + " or one of its keys exists already")
	}
	acct := newAccount(a, e.now())
	e.accounts[a.ID], e.byKey[a.SecretKey], e.byKey[a.PublishableKey] = acct, acct, acct
	e.order = append(e.order, acct)
	return a
}

func newAccount(a Account, now time.Time) *account {
	return &account{
		Account: a, created: now,
		customers: newTable[*customer]("/v1/customers"), methods: newTable[*method]("/v1/payment_methods"),
		tokens: newTable[*token]("/v1/confirmation_tokens"), intents: newTable[*intent]("/v1/payment_intents"),
		setups: newTable[*intent]("/v1/setup_intents"), charges: newTable[*charge]("/v1/charges"), refunds: newTable[*refund]("/v1/refunds"),
		disputes: newTable[*dispute]("/v1/disputes"), txns: newTable[*txn]("/v1/balance_transactions"),
		sessions: newTable[*session]("/v1/checkout/sessions"), mandates: newTable[*mandate]("/v1/mandates"),
		domains: newTable[*domain]("/v1/payment_method_domains"), endpoints: newTable[*endpoint]("/v1/webhook_endpoints"),
		events: newTable[*event]("/v1/events"), totals: map[string]Total{},
	}
}

// ExpireKey makes the account's secret key one that was rolled: every call with it is refused.
func (e *Emulator) ExpireKey(accountID string) { e.closeKey(accountID, "expired") }

// Deauthorize ends the platform's right to act for the account, tells the platform, and refuses its calls from now on.
func (e *Emulator) Deauthorize(accountID string) { e.closeKey(accountID, "deauthorized") }

// RestoreKey undoes ExpireKey and Deauthorize.
func (e *Emulator) RestoreKey(accountID string) { e.closeKey(accountID, "") }

func (e *Emulator) closeKey(accountID, why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.account(accountID)
	a.keyGone = why
	if why == "deauthorized" {
		e.emit(a, "account.application.deauthorized", a.ID, obj{"id": "ca_" + strings.TrimPrefix(a.ID, "acct_"), "object": "application", "name": "Platform"}, nil)
	}
}

// account panics for an unknown id: only Go callers name accounts without a key.
func (e *Emulator) account(id string) *account {
	a := e.accounts[id]
	if a == nil {
		panic("emulator: no account " + id)
	}
	return a
}

func (a *account) render() obj {
	capabilities := maps.Clone(a.Capabilities)
	return obj{
		"id": a.ID, "object": "account", "business_type": "company", "capabilities": capabilities, "charges_enabled": !a.NoCharges,
		"country": a.Country, "created": a.created.Unix(), "default_currency": a.Currency, "details_submitted": true, "email": nil,
		"payouts_enabled": !a.NoCharges, "type": "standard", "metadata": obj{},
		"business_profile": obj{"name": a.Name, "support_email": nil, "url": nil},
		"settings":         obj{"dashboard": obj{"display_name": a.Name, "timezone": "Etc/UTC"}, "payments": obj{"statement_descriptor": "EMULATED"}},
		"requirements":     obj{"currently_due": []string{}, "eventually_due": []string{}, "past_due": []string{}, "disabled_reason": nil},
	}
}

func (c *call) ownAccount() (obj, error) { return c.acct.render(), nil }

func (c *call) oneAccount() (obj, error) {
	id := c.r.PathValue("id")
	if a := c.e.accounts[id]; a != nil && (a == c.key || a.Platform == c.key.ID) {
		return a.render(), nil
	}
	return nil, &apiError{Status: 403, Type: invalidRequest, Code: "account_invalid", Message: fmt.Sprintf(
		"The provided key does not have access to account '%s' (or that account does not exist). Application access may have been revoked.", id)}
}
