package authorizenet

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Customer is a client whose methods the processor keeps.
type Customer struct {
	MerchantID  string // our short id, 1 to 20 characters
	Description string // 255
	Email       string // 255
}

// Profile is a kept customer with its methods.
type Profile struct {
	ID         string
	MerchantID string // our short id
	Email      string
	Methods    []Method
}

// Method is a kept card or bank account. Month and year are zero for an account.
type Method struct {
	ID                      string
	Brand                   string // "Visa", …; "" for an account
	Last4                   string
	ExpiryMonth, ExpiryYear int
	Bank                    *MaskedBank // nil for a card
	Default                 bool
}

// CreateCustomer makes a profile and returns its id; if the processor has the customer already, it returns that profile's id, after it made
// sure that the profile carries our id. One that does not is a *DuplicateProfileError: it is somebody else's.
func (c *Client) CreateCustomer(ctx context.Context, cu Customer) (string, error) {
	if n := utf16Len(cu.MerchantID); n == 0 || n > 20 {
		return "", fmt.Errorf("creating customer %.30q: %w", cu.MerchantID, ErrInput)
	}
	var got profileCreated
	err := c.ask(ctx, "createCustomerProfileRequest", createProfile{c.header(""),
		newProfile{cu.MerchantID, clip(cu.Description, 255), clip(cu.Email, 255)}}, &got)
	if err = got.orDuplicate(err); err == nil {
		return got.id(got.ProfileID)
	}
	var twin *DuplicateProfileError
	if !errors.As(err, &twin) || twin.ID == "" {
		return "", fmt.Errorf("creating customer %s: %w", cu.MerchantID, err)
	}
	p, lookErr := c.Profile(ctx, twin.ID)
	switch {
	case lookErr != nil:
		return "", fmt.Errorf("creating customer %s: %w", cu.MerchantID, lookErr)
	case p.MerchantID != cu.MerchantID:
		return "", fmt.Errorf("creating customer %s: %w", cu.MerchantID, err)
	}
	return p.ID, nil
}

// duplicateText is how the processor names the profile that a new customer is a duplicate of: in a sentence only.
var duplicateText = regexp.MustCompile(`^A duplicate record with ID ([0-9]{1,20}) already exists\.$`)

// orDuplicate makes of E00039 a *DuplicateProfileError, with the id from the field or else from the text.
func (a *profileCreated) orDuplicate(err error) error {
	if err == nil || a.Messages.code() != "E00039" {
		return err
	}
	id := string(a.MethodID)
	if found := duplicateText.FindStringSubmatch(string(a.Messages.Message[0].Text)); id == "" && found != nil {
		id = found[1]
	}
	return &DuplicateProfileError{ID: id}
}

func (a *profileCreated) id(t text) (string, error) {
	if !isNumeric(string(t)) {
		return "", fmt.Errorf("%w: the profile was made, but its id is missing", ErrUnknown)
	}
	return string(t), nil
}

// NewMethod is a token to be kept as a method.
type NewMethod struct {
	ProfileID string
	Token     Token
	Business  bool
	BillTo    Address
}

// AddMethod keeps a method and returns its id. Errors: *DuplicateProfileError with the id that the method has already, ErrTooManyProfiles,
// *DeclinedError when the bank does not confirm it, ErrTokenSpent, ErrNotFound for the profile.
func (c *Client) AddMethod(ctx context.Context, m NewMethod) (string, error) {
	if !isNumeric(m.ProfileID) || m.Token.Descriptor == "" || m.Token.Value == "" {
		return "", fmt.Errorf("adding a method to %.30q: %w", m.ProfileID, ErrInput)
	}
	request := createMethod{c.header(""), m.ProfileID, newMethod{
		CustomerType: "individual", BillTo: m.BillTo.wire(), Payment: payment{Opaque: &opaqueToken{m.Token.Descriptor, m.Token.Value}},
	}, c.validationMode()}
	if m.Business {
		request.Method.CustomerType = "business"
	}
	var got profileCreated
	err := c.ask(ctx, "createCustomerPaymentProfileRequest", request, &got)
	if err == nil {
		return got.id(got.MethodID)
	}
	return "", fmt.Errorf("adding a method to %s: %w", m.ProfileID, got.orDeclined(got.orDuplicate(err)))
}

// KeepMethod keeps what paid a transaction as a method of the profile and returns its id. Its errors are those of AddMethod.
func (c *Client) KeepMethod(ctx context.Context, profileID, transactionID string) (string, error) {
	if !isNumeric(profileID) || !isNumeric(transactionID) {
		return "", fmt.Errorf("keeping the method of %.30q: %w", transactionID, ErrInput)
	}
	var got profileCreated
	err := c.ask(ctx, "createCustomerProfileFromTransactionRequest", createMethodFromTransaction{c.header(""), transactionID, profileID}, &got)
	if err != nil {
		return "", fmt.Errorf("keeping the method of %s: %w", transactionID, got.orDeclined(got.orDuplicate(err)))
	}
	if len(got.MethodIDs) == 0 {
		return "", fmt.Errorf("keeping the method of %s: %w", transactionID, ErrNotFound)
	}
	return got.id(got.MethodIDs[len(got.MethodIDs)-1])
}

func (c *Client) validationMode() string {
	if c.cfg.TestMode {
		return "testMode"
	}
	return "liveMode"
}

// orDeclined makes of E00027 a *DeclinedError with the reason that the validation ended with.
func (a *profileCreated) orDeclined(err error) error {
	if err == nil || a.Messages.code() != "E00027" {
		return err
	}
	// The direct response is a line of fields: code, sub-code, reason, … Its sentence says "declined" for every reason.
	if fields := strings.FieldsFunc(string(a.Direct), func(r rune) bool { return r == ',' || r == '|' }); len(fields) > 3 {
		if reason, err := strconv.Atoi(strings.Trim(fields[2], `"`)); err == nil {
			return &DeclinedError{Reason: reason}
		}
	}
	return &DeclinedError{Reason: nestedReason(a.Messages.Message[0].Text)}
}

// nestedReason knows the sentences that stand alone in an E00027.
func nestedReason(t text) int {
	for _, known := range []struct {
		words  string
		reason int
	}{
		{"has been declined", 2}, {"was declined", 2}, {"duplicate transaction", reasonDuplicate}, {"has expired", 8},
		{"card number is invalid", 6}, {"expiration date is invalid", 7}, {"does not accept this type", 17},
	} {
		if strings.Contains(string(t), known.words) {
			return known.reason
		}
	}
	return 0
}

// CustomerOf finds the profile that carries our short id, or ErrNotFound.
func (c *Client) CustomerOf(ctx context.Context, merchantID string) (string, error) {
	if n := utf16Len(merchantID); n == 0 || n > 20 {
		return "", fmt.Errorf("looking for customer %.30q: %w", merchantID, ErrInput)
	}
	var got profileAnswer
	if err := c.ask(ctx, "getCustomerProfileRequest", getProfile{c.header(""), "", merchantID, false}, &got); err != nil {
		return "", fmt.Errorf("looking for customer %s: %w", merchantID, err)
	}
	if string(got.Profile.MerchantID) != merchantID || !isNumeric(string(got.Profile.ID)) {
		return "", fmt.Errorf("looking for customer %s: %w: the answer is about another", merchantID, ErrUnknown)
	}
	return string(got.Profile.ID), nil
}

// Profile reads a customer with its methods, or ErrNotFound.
func (c *Client) Profile(ctx context.Context, id string) (Profile, error) {
	if !isNumeric(id) {
		return Profile{}, fmt.Errorf("reading profile %.30q: %w", id, ErrInput)
	}
	var got profileAnswer
	if err := c.ask(ctx, "getCustomerProfileRequest", getProfile{c.header(""), id, "", true}, &got); err != nil {
		return Profile{}, fmt.Errorf("reading profile %s: %w", id, err)
	}
	if string(got.Profile.ID) != id {
		return Profile{}, fmt.Errorf("reading profile %s: %w: the answer is about another", id, ErrUnknown)
	}
	p := Profile{ID: id, MerchantID: string(got.Profile.MerchantID), Email: string(got.Profile.Email)}
	for _, m := range got.Profile.Methods {
		p.Methods = append(p.Methods, m.method())
	}
	return p, nil
}

func (w wireMethod) method() Method {
	m := Method{ID: string(w.ID), Default: strings.EqualFold(string(w.Default), "true"), Last4: w.Payment.last4(), Bank: w.Payment.bank()}
	if card := w.Payment.Card; card != nil {
		m.Brand = string(card.Type)
		year, month, _ := strings.Cut(string(card.Expiry), "-")
		y, yErr := strconv.Atoi(year)
		mon, mErr := strconv.Atoi(month)
		if yErr == nil && mErr == nil && mon >= 1 && mon <= 12 {
			m.ExpiryYear, m.ExpiryMonth = y, mon
		}
	}
	return m
}

func (p wirePayment) last4() string {
	switch {
	case p.Card != nil:
		return last4(string(p.Card.Number))
	case p.Bank != nil:
		return last4(string(p.Bank.Account))
	}
	return ""
}

func (p wirePayment) bank() *MaskedBank {
	if p.Bank == nil {
		return nil
	}
	return &MaskedBank{string(p.Bank.AccountType), string(p.Bank.Routing), string(p.Bank.Account), string(p.Bank.Name)}
}

// RemoveMethod forgets a kept method. One that is gone already is ErrNotFound.
func (c *Client) RemoveMethod(ctx context.Context, m SavedMethod) error {
	if !isNumeric(m.ProfileID) || !isNumeric(m.MethodID) {
		return fmt.Errorf("removing method %.30q of %.30q: %w", m.MethodID, m.ProfileID, ErrInput)
	}
	if err := c.ask(ctx, "deleteCustomerPaymentProfileRequest", methodID{c.header(""), m.ProfileID, m.MethodID}, &answer{}); err != nil {
		return fmt.Errorf("removing method %s: %w", m.MethodID, err)
	}
	return nil
}
