package authorizenet

import "strings"

// The answers, as far as they are read.

// answer is what each of them has.
type answer struct {
	Messages messages `json:"messages"`
}

func (a *answer) result() *messages { return &a.Messages }

type messages struct {
	ResultCode text          `json:"resultCode"`
	Message    list[message] `json:"message"`
}

type message struct {
	Code text `json:"code"`
	Text text `json:"text"`
}

// err returns nil when the request was processed, which does not mean approved.
func (m *messages) err() error {
	if strings.EqualFold(string(m.ResultCode), "Ok") {
		return nil
	}
	return errorOf(m.code())
}

func (m *messages) code() string {
	if len(m.Message) == 0 {
		return "an error without a code"
	}
	return clip(string(m.Message[0].Code), 20)
}

type transactionAnswer struct {
	answer
	Transaction *transactionResponse `json:"transactionResponse"`
}

type transactionResponse struct {
	ResponseCode  text                `json:"responseCode"`
	AuthCode      text                `json:"authCode"`
	TransID       text                `json:"transId"`
	RefTransID    text                `json:"refTransID"`
	AccountNumber text                `json:"accountNumber"`
	AccountType   text                `json:"accountType"`
	TestRequest   text                `json:"testRequest"`
	Messages      list[reasonMessage] `json:"messages"`
	Errors        list[reasonedError] `json:"errors"`
	Profile       *profileIDs         `json:"profile"`
}

type reasonMessage struct {
	Code text `json:"code"`
}

type reasonedError struct {
	Code text `json:"errorCode"`
}

type profileIDs struct {
	ProfileID text `json:"customerProfileId"`
	MethodID  text `json:"customerPaymentProfileId"`
}

type tokenAnswer struct {
	answer
	Token text `json:"token"`
}

type profileCreated struct {
	answer
	ProfileID text       `json:"customerProfileId"`
	MethodID  text       `json:"customerPaymentProfileId"`
	MethodIDs list[text] `json:"customerPaymentProfileIdList"`
	Direct    text       `json:"validationDirectResponse"`
}

type profileAnswer struct {
	answer
	Profile wireProfile `json:"profile"`
}

type wireProfile struct {
	ID         text             `json:"customerProfileId"`
	MerchantID text             `json:"merchantCustomerId"`
	Email      text             `json:"email"`
	Methods    list[wireMethod] `json:"paymentProfiles"`
}

type wireMethod struct {
	ID      text        `json:"customerPaymentProfileId"`
	Default text        `json:"defaultPaymentProfile"`
	Payment wirePayment `json:"payment"`
}

type wirePayment struct {
	Card *struct {
		Number text `json:"cardNumber"`
		Expiry text `json:"expirationDate"`
		Type   text `json:"cardType"`
	} `json:"creditCard"`
	Bank *struct {
		AccountType text `json:"accountType"`
		Routing     text `json:"routingNumber"`
		Account     text `json:"accountNumber"`
		Name        text `json:"nameOnAccount"`
	} `json:"bankAccount"`
}

type detailsAnswer struct {
	answer
	Transaction wireTransaction `json:"transaction"`
}

type wireTransaction struct {
	ID         text `json:"transId"`
	RefTransID text `json:"refTransId"`
	Submitted  text `json:"submitTimeUTC"`
	Type       text `json:"transactionType"`
	Status     text `json:"transactionStatus"`
	Response   text `json:"responseCode"`
	Reason     text `json:"responseReasonCode"`
	Batch      *struct {
		ID      text `json:"batchId"`
		Settled text `json:"settlementTimeUTC"`
	} `json:"batch"`
	Order *struct {
		InvoiceNumber text `json:"invoiceNumber"`
	} `json:"order"`
	Authorized text               `json:"authAmount"`
	Settled    text               `json:"settleAmount"`
	Payment    wirePayment        `json:"payment"`
	Returned   list[wireReturned] `json:"returnedItems"`
	Profile    *profileIDs        `json:"profile"`
}

type wireReturned struct {
	ID          text `json:"id"`
	At          text `json:"dateUTC"`
	Code        text `json:"code"`
	Description text `json:"description"`
}

type summariesAnswer struct {
	answer
	Transactions list[wireSummary] `json:"transactions"`
	Total        text              `json:"totalNumInResultSet"`
}

type wireSummary struct {
	ID            text `json:"transId"`
	Status        text `json:"transactionStatus"`
	InvoiceNumber text `json:"invoiceNumber"`
	Submitted     text `json:"submitTimeUTC"`
	Amount        text `json:"settleAmount"`
	AccountType   text `json:"accountType"`
}

type batchesAnswer struct {
	answer
	Batches list[wireBatch] `json:"batchList"`
}

type wireBatch struct {
	ID      text `json:"batchId"`
	Settled text `json:"settlementTimeUTC"`
	State   text `json:"settlementState"`
}

type merchantAnswer struct {
	answer
	TestMode   text       `json:"isTestMode"`
	Name       text       `json:"merchantName"`
	GatewayID  text       `json:"gatewayId"`
	Currencies list[text] `json:"currencies"`
	Methods    list[text] `json:"paymentMethods"`
	PublicKey  text       `json:"publicClientKey"`
	TimeZone   text       `json:"merchantTimeZone"`
}
