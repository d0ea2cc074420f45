package authorizenet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tollhouse/payments/ledger"
)

// Merchant is the account behind the credentials.
type Merchant struct {
	Name       string
	GatewayID  string
	TestMode   bool              // the account approves everything and takes nothing
	Currencies []ledger.Currency // that it takes
	Cards      bool
	Accounts   bool   // bank accounts
	Details    bool   // the Transaction Details API is on: without it a lost answer can never be cleared up
	PublicKey  string // what a browser may hold
}

// Takes reports whether the account takes a currency.
func (m Merchant) Takes(c ledger.Currency) bool { return slices.Contains(m.Currencies, c) }

// Authenticate says whether the credentials are accepted: nil, ErrCredentials, or an error of the way.
func (c *Client) Authenticate(ctx context.Context) error {
	if err := c.ask(ctx, "authenticateTestRequest", plainRequest{c.header("")}, &answer{}); err != nil {
		return fmt.Errorf("checking the credentials: %w", err)
	}
	return nil
}

// Merchant reads the account, and tries whether transactions can be looked up in it.
func (c *Client) Merchant(ctx context.Context) (Merchant, error) {
	var got merchantAnswer
	if err := c.ask(ctx, "getMerchantDetailsRequest", plainRequest{c.header("")}, &got); err != nil {
		return Merchant{}, fmt.Errorf("reading the merchant account: %w", err)
	}
	m := Merchant{
		Name: string(got.Name), GatewayID: string(got.GatewayID), TestMode: strings.EqualFold(string(got.TestMode), "true"),
		PublicKey: string(got.PublicKey),
	}
	m.Currencies = got.known()
	for _, method := range got.Methods {
		if isBank := strings.EqualFold(string(method), "Echeck"); isBank {
			m.Accounts = true
		} else {
			m.Cards = true
		}
	}
	err := c.ask(ctx, "getUnsettledTransactionListRequest", listUnsettled{c.header(""), newestFirst, paging{1, 1}}, &summariesAnswer{})
	if err != nil && !errors.Is(err, ErrNotPermitted) {
		return Merchant{}, fmt.Errorf("trying to look up transactions: %w", err)
	}
	m.Details = err == nil
	return m, nil
}

// known are the currencies that we can bill in: another is none that we offer.
func (a *merchantAnswer) known() (all []ledger.Currency) {
	for _, code := range a.Currencies {
		if currency, err := ledger.ParseCurrency(string(code)); err == nil {
			all = append(all, currency)
		}
	}
	return all
}

// currencies are those that the account takes.
func (c *Client) currencies(ctx context.Context) ([]ledger.Currency, error) {
	var got merchantAnswer
	if err := c.ask(ctx, "getMerchantDetailsRequest", plainRequest{c.header("")}, &got); err != nil {
		return nil, fmt.Errorf("reading the merchant account: %w", err)
	}
	return got.known(), nil
}
