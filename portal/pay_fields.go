package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant/request"
)

// cardFields is what a page needs to have a card typed into the processor's own fields. The zero value is a page without them.
type cardFields struct {
	script   string // the processor's, "" for none
	key      string // the processor's, which browsers may see
	bank     bool   // it takes bank accounts too
	currency string // in lower case, as the processor wants it
	locale   string
	hosted   bool // the processor has a page of its own
}

// cardFields is for a page that takes new methods in a currency.
func (s *Server) cardFields(v view, c Counter, currency ledger.Currency) cardFields {
	if currency == "" || !c.takes(currency) || v.preview != nil {
		return cardFields{}
	}
	f := cardFields{bank: c.Connection.BankDebits && currency == "USD", currency: strings.ToLower(string(currency)), locale: v.words.Lang.Tag(), hosted: true}
	if c.Connection.Processor == payments.Stripe && c.Connection.PublicKey != "" {
		f.key, f.script = c.Connection.PublicKey, s.processors.scriptOfStripe()
	}
	return f
}

// originOf is the origin of an address.
func originOf(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}

// ownPolicy is for pages about payments that load nothing from elsewhere: their script asks this host only.
const ownPolicy = "; script-src 'self'; connect-src 'self'"

// scripts are the addresses of what a page runs, in order.
func (f cardFields) scripts(a *assets) []string {
	if f.script == "" {
		return []string{a.pay}
	}
	return []string{f.script, a.pay}
}

// allowCards lets a page load the processor's fields, and nothing else from elsewhere.
func (s *Server) allowCards(w http.ResponseWriter, f cardFields) {
	if f.script != "" {
		s.processors.allowStripe(w.Header())
		return
	}
	w.Header().Set("Content-Security-Policy", contentPolicy+ownPolicy)
}

// origin is where this tenant's pages are, for those who lead a payer back.
func (s *Server) origin(r *http.Request) string {
	return "https://" + request.From(r.Context()).Site.Host.String() + s.portSuffix
}

// expiry is a card's month as it stands on the card, "" for what does not expire.
func (v view) expiry(m payments.Method) string {
	if m.ExpYear == 0 {
		return ""
	}
	return fmt.Sprintf("%02d/%d", m.ExpMonth, m.ExpYear)
}
