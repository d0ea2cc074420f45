package authorizenetemu

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"tollhouse/payments/emulator/core"
	"tollhouse/payments/ledger"
)

// Config is what an Emulator is made of. The zero value works, in a world of its own.
type Config struct {
	// Core is the world: time, faults, webhooks, counters. nil makes one.
	Core *core.Core
	// CutOff is the time of day, in UTC, at which the open batch settles. 0 is 22:00.
	CutOff time.Duration
	// BankDays is how many days a bank debit takes to settle after the cut-off. 0 is 5.
	BankDays int
	// OriginalInTransID says that the answer to a duplicate names the original in transId; otherwise it is in refTransID. It is not documented which.
	OriginalInTransID bool
}

// Merchant is one account. What is left empty is made up; AddMerchant returns all of it.
type Merchant struct {
	Login        string
	Key          string // transaction key
	SignatureKey string // 128 hexadecimal digits
	ClientKey    string // what a browser may hold
	GatewayID    string
	Name         string
	Currency     ledger.Currency // default USD
	NoDetails    bool            // the Transaction Details API is switched off
	NoBank       bool            // takes no bank accounts
	TestMode     bool            // approves everything, with the id 0, and keeps nothing
}

// Emulator is the server. Safe for concurrent use.
type Emulator struct {
	*core.Core
	cfg     Config
	salt    []byte // of the hashes that stand for numbers
	handler http.Handler

	// mu guards everything below and all that hangs on it. No request to elsewhere is made while it is held.
	mu        sync.Mutex
	merchants map[string]*merchant
	forms     map[string]*form // hosted pages, by token
	nextID    int64
}

// merchant is an account with all that it holds.
type merchant struct {
	Merchant
	transactions []*transaction
	byID         map[string]*transaction
	batches      []*batch
	profiles     map[string]*profile
	tokens       map[string]*token
	hooks        []*hook
	cutOffAt     time.Time // of the batch that is open, zero when it is empty
}

// New makes an emulator without merchants. It starts nothing: time passes in Core.Run, or in Clock.Advance.
func New(c Config) *Emulator {
	if c.Core == nil {
		c.Core = core.New(core.Config{})
	}
	c.CutOff = cmp.Or(c.CutOff, 22*time.Hour)
	c.BankDays = cmp.Or(c.BankDays, 5)
	e := &Emulator{
		Core: c.Core, cfg: c, salt: []byte(c.Core.Source.ID("", 32)),
		merchants: map[string]*merchant{}, forms: map[string]*form{}, nextID: 60_000_000_000,
	}
	e.handler = e.routes()
	return e
}

// Handler serves the API, the hosted pages and the control surface. Answers are never larger than what one page of a list can hold.
func (e *Emulator) Handler() http.Handler { return e.handler }

// Run lets time pass by itself until ctx ends.
func (e *Emulator) Run(ctx context.Context) error { return e.Core.Run(ctx) }

// AddMerchant opens an account and returns it with all its credentials.
func (e *Emulator) AddMerchant(m Merchant) Merchant {
	const hexDigits = "0123456789ABCDEF"
	m.Login = cmp.Or(m.Login, e.Source.ID("", 10))
	m.Key = cmp.Or(m.Key, e.Source.ID("", 16))
	m.SignatureKey = cmp.Or(m.SignatureKey, e.Source.Letters(hexDigits, 128))
	m.ClientKey = cmp.Or(m.ClientKey, e.Source.ID("", 60))
	m.GatewayID = cmp.Or(m.GatewayID, e.Source.Digits(7))
	m.Name = cmp.Or(m.Name, "Test merchant")
	m.Currency = cmp.Or(m.Currency, "USD")
	e.mu.Lock()
	defer e.mu.Unlock()
	e.merchants[m.Login] = &merchant{Merchant: m, byID: map[string]*transaction{}, profiles: map[string]*profile{}, tokens: map[string]*token{}}
	return m
}

// SwitchDetails switches a merchant's Transaction Details API on or off. An unknown login changes nothing.
func (e *Emulator) SwitchDetails(login string, on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := e.merchants[login]; m != nil {
		m.NoDetails = !on
	}
}

// Rekey gives a merchant another transaction key, as after a leak; the old one is refused from now on.
func (e *Emulator) Rekey(login string) (key string) {
	key = e.Source.ID("", 16)
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := e.merchants[login]; m != nil {
		m.Key = key
	}
	return key
}

// id makes the next number: transactions and profiles are numbered through, as the processor does.
func (e *Emulator) id() string {
	e.nextID++
	return formatInt(e.nextID)
}

// fingerprint stands for a number: two of them can be compared, and neither can be had back once the process is gone.
func (e *Emulator) fingerprint(number string) string {
	mac := hmac.New(sha256.New, e.salt)
	mac.Write([]byte(number))
	return hex.EncodeToString(mac.Sum(nil)[:12])
}
