package authorizenetemu

// auth begins every request.
const auth = "merchantAuthentication:merchantAuthenticationType clientId?<30 refId?<20 "

// schema is the part of the processor's published schema that is served here: each type's elements in their order. parseSequence says how to
// read it.
var schema = []struct{ name, sequence string }{
	{"authenticateTestRequest", auth},
	{"getMerchantDetailsRequest", auth},
	{"createTransactionRequest", auth + "transactionRequest:transactionRequestType"},
	{"updateHeldTransactionRequest", auth + "heldTransactionRequest:heldTransactionRequestType"},
	{"getHostedPaymentPageRequest", auth + "transactionRequest:transactionRequestType hostedPaymentSettings:ArrayOfSetting?"},
	{"getHostedProfilePageRequest", auth + "customerProfileId:numeric hostedProfileSettings:ArrayOfSetting?"},
	{"createCustomerProfileRequest", auth + "profile:customerProfileType validationMode?"},
	{"createCustomerPaymentProfileRequest", auth + "customerProfileId:numeric paymentProfile:customerPaymentProfileType validationMode?"},
	{"createCustomerProfileFromTransactionRequest", auth +
		"transId:numeric customer:customerProfileBaseType? customerProfileId:numeric? defaultPaymentProfile:boolean? defaultShippingAddress:boolean? profileType?"},
	{"getCustomerProfileRequest", auth + "customerProfileId:numeric? merchantCustomerId?<20 email? unmaskExpirationDate:boolean? includeIssuerInfo:boolean?"},
	{"deleteCustomerPaymentProfileRequest", auth + "customerProfileId:numeric customerPaymentProfileId:numeric"},
	{"deleteCustomerProfileRequest", auth + "customerProfileId:numeric"},
	{"getTransactionDetailsRequest", auth + "transId:numeric"},
	{"getUnsettledTransactionListRequest", auth + "status? sorting:TransactionListSorting? paging:Paging?"},
	{"getTransactionListRequest", auth + "batchId:numeric? sorting:TransactionListSorting? paging:Paging?"},
	{"getTransactionListForCustomerRequest", auth +
		"customerProfileId:numeric customerPaymentProfileId:numeric? sorting:TransactionListSorting? paging:Paging?"},
	{"getSettledBatchListRequest", auth + "includeStatistics:boolean? firstSettlementDate? lastSettlementDate?"},
	{"securePaymentContainerRequest", auth + "data:webCheckOutDataType"},

	{"merchantAuthenticationType", "name?<25 (transactionKey<16|sessionToken|password<40|clientKey|accessToken)? mobileDeviceId?<60"},
	{"heldTransactionRequestType", "action refTransId"},
	{"webCheckOutDataType", "type id token:webCheckOutDataTypeToken? bankToken:bankAccountType?"},
	{"webCheckOutDataTypeToken", "cardNumber<16 expirationDate<7 cardCode?<4 zip?<20 fullName?<64"},
	{"transactionRequestType", "transactionType amount:decimal? currencyCode? payment:paymentType? profile:customerProfilePaymentType? solution:solutionType? " +
		"callId? terminalNumber? authCode? refTransId? splitTenderId? order:orderType? lineItems:ArrayOfLineItem? tax:extendedAmountType? " +
		"duty:extendedAmountType? shipping:extendedAmountType? taxExempt:boolean? poNumber?<25 customer:customerDataType? billTo:customerAddressType? " +
		"shipTo:nameAndAddressType? customerIP? cardholderAuthentication:ccAuthenticationType? retail:transRetailInfoType? employeeId? " +
		"transactionSettings:ArrayOfSetting? userFields:ArrayOfUserField? surcharge:extendedAmountType? merchantDescriptor? subMerchant:subMerchantType? " +
		"tip:extendedAmountType? processingOptions:processingOptions? subsequentAuthInformation:subsequentAuthInformation? otherTax:otherTaxType? " +
		"shipFrom:nameAndAddressType? authorizationIndicatorType:authorizationIndicatorType?"},
	{"paymentType", "(creditCard:creditCardType|bankAccount:bankAccountType|opaqueData:opaqueDataType) dataSource?"},
	{"creditCardType", "cardNumber<16 expirationDate<7 cardCode?<4 isPaymentToken:boolean? cryptogram? tokenRequestorName? tokenRequestorId? tokenRequestorEci?"},
	{"bankAccountType", "accountType? routingNumber<9 accountNumber<17 nameOnAccount<22 echeckType? bankName?<50 checkNumber?<15"},
	{"opaqueDataType", "dataDescriptor dataValue dataKey? expirationTimeStamp?"},
	{"customerProfilePaymentType", "createProfile:boolean? customerProfileId:numeric? paymentProfile:paymentProfile? shippingProfileId:numeric?"},
	{"paymentProfile", "paymentProfileId:numeric cardCode?<4"},
	{"orderType", "invoiceNumber?<20 description?<255 discountAmount:decimal? taxIsAfterDiscount:boolean? totalTaxTypeCode?<3"},
	{"customerDataType", "type? id?<20 email?<255 driversLicense:driversLicenseType? taxId?<9"},
	{"nameAndAddressType", "firstName?<50 lastName?<50 company?<50 address?<60 city?<40 state?<40 zip?<20 country?<60"},
	{"customerAddressType", "firstName?<50 lastName?<50 company?<50 address?<60 city?<40 state?<40 zip?<20 country?<60 phoneNumber?<25 faxNumber?<25 email?"},
	{"ArrayOfSetting", "setting:settingType?*"},
	{"settingType", "settingName? settingValue?"},
	{"ArrayOfUserField", "userField:userField?*"},
	{"userField", "name? value?"},
	{"ArrayOfLineItem", "lineItem:lineItemType?*"},
	{"lineItemType", "itemId<31 name<31 description?<255 quantity:decimal unitPrice:decimal taxable:boolean?"},
	{"extendedAmountType", "amount:decimal name?<31 description?<255"},
	{"processingOptions", "isFirstRecurringPayment:boolean? isFirstSubsequentAuth:boolean? isSubsequentAuth:boolean? isStoredCredentials:boolean?"},
	{"customerProfileBaseType", "merchantCustomerId?<20 description?<255 email?<255"},
	{"customerProfileType", "merchantCustomerId?<20 description?<255 email?<255 paymentProfiles:customerPaymentProfileType?* shipToList:customerAddressType?* profileType?"},
	{"customerPaymentProfileType", "customerType? billTo:customerAddressType? payment:paymentType? driversLicense:driversLicenseType? taxId?<9 " +
		"defaultPaymentProfile:boolean? subsequentAuthInformation:subsequentAuthInformation? excludeFromAccountUpdater:boolean?"},
	{"TransactionListSorting", "orderBy orderDescending:boolean"},
	{"Paging", "limit:numeric offset:numeric"},
}
