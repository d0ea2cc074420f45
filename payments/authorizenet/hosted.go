package authorizenet

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"tollhouse/payments/ledger"
)

// Form is what a browser posts, with the field "token" and nothing else, to be on one of the processor's own pages. It is good for 15 minutes,
// and whoever holds it can pay: it is kept like a password.
type Form struct{ URL, Token string }

// HostedPayment is a payment on the processor's page, where the card's number is typed. It works without scripts: the result comes from Find.
type HostedPayment struct {
	Code          string       // as of a Charge
	Amount        ledger.Money // more than zero
	Description   string       // 255 characters
	ProfileID     string       // the customer's kept profile, whose methods the page offers; "" for none
	CustomerID    string       // without a ProfileID: our short id
	Email         string       // without a ProfileID
	MerchantName  string       // shown on the page
	ButtonText    string       // "Pay" when empty
	BankAccounts  bool         // offer bank accounts beside cards
	ReturnURL     string       // where the payer goes afterwards
	CancelURL     string       // where the payer goes without paying
	ReturnText    string       // "Continue" when empty
	CancelText    string       // "Cancel" when empty
	Communicator  string       // of a page of ours that passes messages out of an iframe; "": the page is not in one
	AskForAddress bool
}

// HostedPayment opens the page.
func (c *Client) HostedPayment(ctx context.Context, h HostedPayment) (Form, error) {
	amount, err := c.formatAmount(h.Amount)
	if err == nil && !isCode(h.Code) {
		err = fmt.Errorf("%.30q cannot name an attempt: %w", h.Code, ErrInput)
	}
	if err == nil && (h.ReturnURL == "" || h.CancelURL == "") {
		err = fmt.Errorf("the page needs addresses to return to: %w", ErrInput)
	}
	if err != nil {
		return Form{}, fmt.Errorf("opening the payment page for %s: %w", h.Code, err)
	}
	request := transactionRequest{
		Type: "authCaptureTransaction", Amount: amount, Currency: string(h.Amount.Currency),
		Order:    &order{InvoiceNumber: h.Code, Description: clip(h.Description, 255)},
		Settings: duplicateWindow(),
	}
	if h.ProfileID != "" {
		request.Profile = &profileToUse{ProfileID: h.ProfileID}
	} else if customer := (customerData{clip(h.CustomerID, 20), clip(h.Email, 255)}); customer != (customerData{}) {
		request.Customer = &customer
	}
	options, err := h.settings()
	if err != nil {
		return Form{}, err
	}
	var got tokenAnswer
	err = c.ask(ctx, "getHostedPaymentPageRequest", hostedPaymentEnvelope{c.header(h.Code), request, options}, &got)
	return c.form(&got, "/payment/payment", "opening the payment page for "+h.Code, err)
}

func (h HostedPayment) settings() (settings, error) {
	type object = map[string]any
	list := []namedOption{
		{"hostedPaymentReturnOptions", object{"showReceipt": h.Communicator == "", "url": h.ReturnURL, "urlText": or(h.ReturnText, "Continue"),
			"cancelUrl": h.CancelURL, "cancelUrlText": or(h.CancelText, "Cancel")}},
		{"hostedPaymentButtonOptions", object{"text": or(h.ButtonText, "Pay")}},
		{"hostedPaymentOrderOptions", object{"show": h.MerchantName != "", "merchantName": clip(h.MerchantName, 50)}},
		{"hostedPaymentPaymentOptions", object{"cardCodeRequired": true, "showCreditCard": true, "showBankAccount": h.BankAccounts}},
		{"hostedPaymentSecurityOptions", object{"captcha": false}},
		{"hostedPaymentShippingAddressOptions", object{"show": false, "required": false}},
		{"hostedPaymentBillingAddressOptions", object{"show": h.AskForAddress, "required": h.AskForAddress}},
		{"hostedPaymentCustomerOptions", object{"showEmail": false, "requiredEmail": false, "addPaymentProfile": h.ProfileID != ""}},
	}
	if h.Communicator != "" {
		list = append(list, namedOption{"hostedPaymentIFrameCommunicatorUrl", object{"url": h.Communicator}})
	}
	return asSettings(list)
}

// namedOption is a setting of a page whose value is JSON inside the JSON; its keys may come in any order.
type namedOption struct {
	name  string
	value map[string]any
}

func asSettings(options []namedOption) (settings, error) {
	var s settings
	for _, o := range options {
		value, err := json.Marshal(o.value)
		if err != nil {
			return s, fmt.Errorf("writing %s: %w", o.name, err)
		}
		s.Setting = append(s.Setting, setting{o.name, string(value)})
	}
	return s, nil
}

// HostedProfile is the processor's page on which a customer adds and removes kept methods.
type HostedProfile struct {
	ProfileID    string
	ReturnURL    string
	ReturnText   string // "Continue" when empty
	Communicator string // as of a HostedPayment
	AskForCode   bool   // ask for the card's security code
	BankAccounts bool
}

// HostedProfile opens the page that manages all methods.
func (c *Client) HostedProfile(ctx context.Context, h HostedProfile) (Form, error) {
	if !isNumeric(h.ProfileID) || h.ReturnURL == "" {
		return Form{}, fmt.Errorf("opening the methods of %.30q: %w", h.ProfileID, ErrInput)
	}
	shown := "showCreditCard"
	if h.BankAccounts {
		shown = "showAll"
	}
	s := settings{[]setting{
		{"hostedProfileReturnUrl", h.ReturnURL},
		{"hostedProfileReturnUrlText", or(h.ReturnText, "Continue")},
		{"hostedProfileValidationMode", c.validationMode()},
		{"hostedProfileCardCodeRequired", strconv.FormatBool(h.AskForCode)},
		{"hostedProfileManageOptions", "showPayment"},
		{"hostedProfilePaymentOptions", shown},
	}}
	if h.Communicator != "" {
		s.Setting = append(s.Setting, setting{"hostedProfileIFrameCommunicatorUrl", h.Communicator})
	}
	var got tokenAnswer
	err := c.ask(ctx, "getHostedProfilePageRequest", hostedProfileEnvelope{c.header(""), h.ProfileID, s}, &got)
	return c.form(&got, "/customer/manage", "opening the methods of "+h.ProfileID, err)
}

func (c *Client) form(got *tokenAnswer, path, doing string, err error) (Form, error) {
	if err == nil && got.Token == "" {
		err = fmt.Errorf("%w: the answer has no token", ErrUnknown)
	}
	if err != nil {
		return Form{}, fmt.Errorf("%s: %w", doing, err)
	}
	return Form{URL: c.cfg.HostedURL + path, Token: string(got.Token)}, nil
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
