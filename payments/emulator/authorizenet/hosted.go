package authorizenetemu

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"tollhouse/payments/ledger"
)

// form is a hosted page that somebody may open: a payment, or a customer's methods.
type form struct {
	m            *merchant
	token        string
	made         time.Time
	pay          bool
	amount       ledger.Money
	invoice      string
	description  string
	ref          string
	profile      string
	customer     string
	email        string
	window       duplicateWindow
	paid         *transaction
	merchantName string
	button       string
	returnURL    string
	returnText   string
	cancelURL    string
	cancelText   string
	communicator string
	showReceipt  bool
	bank         bool
	keep         bool // offer to keep the method
}

// hostedPaymentPage answers a token for the payment page.
func (e *Emulator) hostedPaymentPage(c call) (object, *problem) {
	t := c.body.at("transactionRequest")
	amount, ok := parsePrice(t.at("amount").text, c.m.Currency)
	if !ok || t.at("transactionType").text != "authCaptureTransaction" {
		return nil, &problem{"E00013", "The amount or the type of the transaction is invalid."}
	}
	f := &form{
		m: c.m, pay: true, amount: amount, invoice: t.at("order", "invoiceNumber").text, description: t.at("order", "description").text, ref: c.ref,
		profile: t.at("profile", "customerProfileId").text, customer: t.at("customer", "id").text, email: t.at("customer", "email").text,
		window: window(t), showReceipt: true, merchantName: c.m.Name, button: "Pay", returnText: "Continue", cancelText: "Cancel",
	}
	if f.profile != "" && c.m.profiles[f.profile] == nil {
		return nil, notFound
	}
	for _, s := range c.body.at("hostedPaymentSettings", "setting").all() {
		if fault := f.option(s.at("settingName").text, s.at("settingValue").text); fault != nil {
			return nil, fault
		}
	}
	return e.keepForm(f)
}

// option reads one setting of the payment page, which is JSON inside the JSON.
func (f *form) option(name, value string) *problem {
	var v struct {
		ShowReceipt   *bool  `json:"showReceipt"`
		URL           string `json:"url"`
		URLText       string `json:"urlText"`
		CancelURL     string `json:"cancelUrl"`
		CancelURLText string `json:"cancelUrlText"`
		Text          string `json:"text"`
		MerchantName  string `json:"merchantName"`
		BankAccount   bool   `json:"showBankAccount"`
		KeepProfile   bool   `json:"addPaymentProfile"`
	}
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return &problem{"E00013", "The value of setting " + name + " is invalid."}
	}
	set := func(to *string, value string) {
		if value != "" {
			*to = value
		}
	}
	switch name {
	case "hostedPaymentReturnOptions":
		set(&f.returnURL, v.URL)
		set(&f.returnText, v.URLText)
		set(&f.cancelURL, v.CancelURL)
		set(&f.cancelText, v.CancelURLText)
		f.showReceipt = v.ShowReceipt == nil || *v.ShowReceipt
	case "hostedPaymentButtonOptions":
		set(&f.button, v.Text)
	case "hostedPaymentOrderOptions":
		set(&f.merchantName, v.MerchantName)
	case "hostedPaymentPaymentOptions":
		f.bank = v.BankAccount
	case "hostedPaymentCustomerOptions":
		f.keep = v.KeepProfile
	case "hostedPaymentIFrameCommunicatorUrl":
		f.communicator = v.URL
	case "hostedPaymentSecurityOptions", "hostedPaymentShippingAddressOptions", "hostedPaymentBillingAddressOptions", "hostedPaymentStyleOptions":
	default:
		return &problem{"E00013", "Setting " + name + " is invalid."}
	}
	return nil
}

// hostedProfilePage answers a token for the page of a customer's methods.
func (e *Emulator) hostedProfilePage(c call) (object, *problem) {
	f := &form{m: c.m, profile: c.body.at("customerProfileId").text, merchantName: c.m.Name, returnText: "Continue"}
	if c.m.profiles[f.profile] == nil {
		return nil, notFound
	}
	for _, s := range c.body.at("hostedProfileSettings", "setting").all() {
		value := s.at("settingValue").text
		switch name := s.at("settingName").text; name {
		case "hostedProfileReturnUrl":
			f.returnURL = value
		case "hostedProfileReturnUrlText":
			f.returnText = value
		case "hostedProfileIFrameCommunicatorUrl":
			f.communicator = value
		case "hostedProfilePaymentOptions":
			f.bank = value == "showAll" || value == "showBankAccount"
		case "hostedProfileValidationMode", "hostedProfileCardCodeRequired", "hostedProfileManageOptions", "hostedProfileBillingAddressRequired",
			"hostedProfileBillingAddressOptions", "hostedProfilePageBorderVisible", "hostedProfileHeadingBgColor", "hostedProfileSaveButtonText":
		default:
			return nil, &problem{"E00013", "Setting " + name + " is invalid."}
		}
	}
	return e.keepForm(f)
}

// keepForm makes the token, which is good for a quarter of an hour.
func (e *Emulator) keepForm(f *form) (object, *problem) {
	for _, address := range []string{f.returnURL, f.cancelURL, f.communicator} {
		if u, err := url.Parse(address); address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			return nil, &problem{"E00013", "The URL " + address + " is invalid."}
		}
	}
	f.made = e.Clock.Now()
	for token, old := range e.forms {
		if f.made.Sub(old.made) > 24*time.Hour {
			delete(e.forms, token)
		}
	}
	f.token = e.Source.ID("", 200)
	e.forms[f.token] = f
	return object{"token": f.token}, nil
}

// result is what a payment page tells an embedding page, for what that is worth.
func (f *form) result() string {
	tx := f.paid
	body, err := json.Marshal(object{
		"accountType": tx.what.brand, "accountNumber": "XXXX" + tx.what.last4, "transId": tx.id, "responseCode": formatInt(int64(tx.code)),
		"authorization": tx.authCode, "merchantName": f.merchantName, "totalAmount": tx.amount.Decimal(), "orderInvoiceNumber": f.invoice,
		"dateTime": tx.submitted.Format("1/2/2006 3:04:05 PM"), "billTo": object{"firstName": tx.what.billTo.First, "lastName": tx.what.billTo.Last},
	})
	if err != nil {
		return "{}"
	}
	return string(body)
}

// message is a page of the communicator's, with what it is told behind the #.
func (f *form) message(query string) string {
	address, _, _ := strings.Cut(f.communicator, "#")
	return address + "#" + query
}
