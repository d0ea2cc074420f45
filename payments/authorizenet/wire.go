package authorizenet

// The requests. The processor turns their JSON into XML and holds it against its schema, so the order of the fields is the schema's order
// and part of the protocol: sorted differently, a correct request is refused. No map is ever marshalled here, because maps are sorted by key.

// header begins every request.
type header struct {
	Auth  authentication `json:"merchantAuthentication"`
	RefID string         `json:"refId,omitempty"`
}

type authentication struct {
	Name           string `json:"name"`
	TransactionKey string `json:"transactionKey"`
}

func (c *Client) header(ref string) header {
	login, key := c.keys()
	return header{Auth: authentication{string(login), string(key)}, RefID: clip(ref, 20)}
}

type plainRequest struct{ header }

type transactionEnvelope struct {
	header
	Transaction transactionRequest `json:"transactionRequest"`
}

type hostedPaymentEnvelope struct {
	header
	Transaction transactionRequest `json:"transactionRequest"`
	Settings    settings           `json:"hostedPaymentSettings"`
}

type hostedProfileEnvelope struct {
	header
	ProfileID string   `json:"customerProfileId"`
	Settings  settings `json:"hostedProfileSettings"`
}

type transactionRequest struct {
	Type       string         `json:"transactionType"`
	Amount     string         `json:"amount,omitempty"`
	Currency   string         `json:"currencyCode,omitempty"`
	Payment    *payment       `json:"payment,omitempty"`
	Profile    *profileToUse  `json:"profile,omitempty"`
	RefTransID string         `json:"refTransId,omitempty"`
	Order      *order         `json:"order,omitempty"`
	Customer   *customerData  `json:"customer,omitempty"`
	BillTo     *wireAddress   `json:"billTo,omitempty"`
	CustomerIP string         `json:"customerIP,omitempty"`
	Settings   *settings      `json:"transactionSettings,omitempty"`
	Processing *storedConsent `json:"processingOptions,omitempty"`
}

// payment holds exactly one of its fields.
type payment struct {
	Card   *maskedCard  `json:"creditCard,omitempty"`
	Bank   *maskedBank  `json:"bankAccount,omitempty"`
	Opaque *opaqueToken `json:"opaqueData,omitempty"`
}

// maskedCard names a card that a refund goes back to, by its last four digits.
type maskedCard struct {
	Number string `json:"cardNumber"`
	Expiry string `json:"expirationDate"`
}

type maskedBank struct {
	AccountType string `json:"accountType,omitempty"`
	Routing     string `json:"routingNumber"`
	Account     string `json:"accountNumber"`
	Name        string `json:"nameOnAccount"`
}

type opaqueToken struct {
	Descriptor string `json:"dataDescriptor"`
	Value      string `json:"dataValue"`
}

type profileToUse struct {
	ProfileID string       `json:"customerProfileId"`
	Method    *methodToUse `json:"paymentProfile,omitempty"`
}

type methodToUse struct {
	ID string `json:"paymentProfileId"`
}

type order struct {
	InvoiceNumber string `json:"invoiceNumber,omitempty"`
	Description   string `json:"description,omitempty"`
}

type customerData struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email,omitempty"`
}

type wireAddress struct {
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	Company   string `json:"company,omitempty"`
	Address   string `json:"address,omitempty"`
	City      string `json:"city,omitempty"`
	State     string `json:"state,omitempty"`
	Zip       string `json:"zip,omitempty"`
	Country   string `json:"country,omitempty"`
	Phone     string `json:"phoneNumber,omitempty"`
}

type settings struct {
	Setting []setting `json:"setting"`
}

type setting struct {
	Name  string `json:"settingName"`
	Value string `json:"settingValue"`
}

// storedConsent says that the client agreed that the method is kept and charged again.
type storedConsent struct {
	SubsequentAuth bool `json:"isSubsequentAuth"`
}

type createProfile struct {
	header
	Profile newProfile `json:"profile"`
}

type newProfile struct {
	MerchantCustomerID string `json:"merchantCustomerId,omitempty"`
	Description        string `json:"description,omitempty"`
	Email              string `json:"email,omitempty"`
}

type createMethod struct {
	header
	ProfileID      string    `json:"customerProfileId"`
	Method         newMethod `json:"paymentProfile"`
	ValidationMode string    `json:"validationMode"`
}

type newMethod struct {
	CustomerType string       `json:"customerType,omitempty"`
	BillTo       *wireAddress `json:"billTo,omitempty"`
	Payment      payment      `json:"payment"`
}

type createMethodFromTransaction struct {
	header
	TransID   string `json:"transId"`
	ProfileID string `json:"customerProfileId"`
}

type getProfile struct {
	header
	ProfileID    string `json:"customerProfileId,omitempty"`
	MerchantID   string `json:"merchantCustomerId,omitempty"`
	UnmaskExpiry bool   `json:"unmaskExpirationDate"`
}

type methodID struct {
	header
	ProfileID string `json:"customerProfileId"`
	MethodID  string `json:"customerPaymentProfileId"`
}

type getTransaction struct {
	header
	TransID string `json:"transId"`
}

type listUnsettled struct {
	header
	Sorting sorting `json:"sorting"`
	Paging  paging  `json:"paging"`
}

type listBatch struct {
	header
	BatchID string  `json:"batchId"`
	Sorting sorting `json:"sorting"`
	Paging  paging  `json:"paging"`
}

type listCustomer struct {
	header
	ProfileID string  `json:"customerProfileId"`
	Sorting   sorting `json:"sorting"`
	Paging    paging  `json:"paging"`
}

type listBatches struct {
	header
	First string `json:"firstSettlementDate"`
	Last  string `json:"lastSettlementDate"`
}

type sorting struct {
	OrderBy    string `json:"orderBy"`
	Descending bool   `json:"orderDescending"`
}

// paging counts pages, not rows, in offset; the first is 1.
type paging struct {
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}
