package emulator

import (
	"net/http"
)

// of makes one handler of both kinds of intent.
func of(do func(*call, bool) (obj, error), setup bool) func(*call) (obj, error) {
	return func(c *call) (obj, error) { return do(c, setup) }
}

const (
	inLists     = "limit starting_after ending_before created "
	confirmWith = "payment_method payment_method_data confirmation_token return_url off_session mandate mandate_data setup_future_usage use_stripe_sdk " +
		"payment_method_options error_on_requires_action receipt_email client_secret radar_options shipping capture_method "
	paymentFields = "amount currency customer description metadata payment_method_types statement_descriptor statement_descriptor_suffix " +
		"automatic_payment_methods confirmation_method application_fee_amount on_behalf_of transfer_data transfer_group confirm payment_method_configuration "
	setupFields = "customer description metadata payment_method_types automatic_payment_methods usage confirm single_use " +
		"flow_directions attach_to_self on_behalf_of "
	customerFields = "name email phone description metadata address shipping invoice_settings preferred_locales payment_method tax_exempt balance tax "
	endpointFields = "url enabled_events description metadata disabled api_version connect "
	methodFields   = "type card us_bank_account billing_details metadata allow_redisplay "
)

// apiRoutes is the whole API.
var apiRoutes = []apiRoute{
	{"GET /v1/account", (*call).ownAccount, "", false},
	{"GET /v1/accounts/{id}", (*call).oneAccount, "", false},

	{"POST /v1/customers", (*call).createCustomer, customerFields, false},
	{"GET /v1/customers", (*call).listCustomers, inLists + "email", false},
	{"GET /v1/customers/{id}", (*call).retrieveCustomer, "", false},
	{"POST /v1/customers/{id}", (*call).updateCustomer, customerFields, false},
	{"DELETE /v1/customers/{id}", (*call).deleteCustomer, "", false},
	{"GET /v1/customers/{id}/payment_methods", (*call).listCustomerMethods, inLists + "type", false},
	{"GET /v1/customers/{id}/payment_methods/{method}", (*call).customerMethod, "", false},

	{"POST /v1/payment_methods", (*call).createMethod, methodFields, true},
	{"GET /v1/payment_methods", (*call).listMethods, inLists + "type customer", false},
	{"GET /v1/payment_methods/{id}", (*call).retrieveMethod, "", false},
	{"POST /v1/payment_methods/{id}", (*call).updateMethod, methodFields, false},
	{"POST /v1/payment_methods/{id}/attach", (*call).attachMethod, "customer", false},
	{"POST /v1/payment_methods/{id}/detach", (*call).detachMethod, "", false},

	{"POST /v1/confirmation_tokens", (*call).createToken, "payment_method payment_method_data return_url setup_future_usage", true},
	{"POST /v1/test_helpers/confirmation_tokens", (*call).createToken, "payment_method payment_method_data return_url setup_future_usage shipping", false},
	{"GET /v1/confirmation_tokens/{id}", (*call).retrieveToken, "", false},

	{"POST /v1/payment_intents", (*call).createPayment, paymentFields + confirmWith, false},
	{"GET /v1/payment_intents", of((*call).listIntents, false), inLists + "customer", false},
	{"GET /v1/payment_intents/{id}", of((*call).retrieveIntent, false), "client_secret", true},
	{"POST /v1/payment_intents/{id}", of((*call).updateIntent, false), paymentFields + confirmWith, false},
	{"POST /v1/payment_intents/{id}/confirm", of((*call).confirmIntent, false), confirmWith, true},
	{"POST /v1/payment_intents/{id}/cancel", of((*call).cancelIntent, false), "cancellation_reason", false},
	{"POST /v1/payment_intents/{id}/verify_microdeposits", of((*call).verifyIntent, false), "amounts descriptor_code client_secret", true},

	{"POST /v1/setup_intents", (*call).createSetup, setupFields + confirmWith, false},
	{"GET /v1/setup_intents", of((*call).listIntents, true), inLists + "customer payment_method", false},
	{"GET /v1/setup_intents/{id}", of((*call).retrieveIntent, true), "client_secret", true},
	{"POST /v1/setup_intents/{id}", of((*call).updateIntent, true), setupFields + confirmWith, false},
	{"POST /v1/setup_intents/{id}/confirm", of((*call).confirmIntent, true), confirmWith, true},
	{"POST /v1/setup_intents/{id}/cancel", of((*call).cancelIntent, true), "cancellation_reason", false},
	{"POST /v1/setup_intents/{id}/verify_microdeposits", of((*call).verifyIntent, true), "amounts descriptor_code client_secret", true},

	{"GET /v1/mandates/{id}", (*call).retrieveMandate, "", false},
	{"GET /v1/charges", (*call).listCharges, inLists + "customer payment_intent", false},
	{"GET /v1/charges/{id}", (*call).retrieveCharge, "", false},
	{"POST /v1/refunds", (*call).createRefund, "charge payment_intent amount reason metadata currency", false},
	{"GET /v1/refunds", (*call).listRefunds, inLists + "charge payment_intent", false},
	{"GET /v1/refunds/{id}", (*call).retrieveRefund, "", false},
	{"GET /v1/disputes", (*call).listDisputes, inLists + "charge payment_intent", false},
	{"GET /v1/disputes/{id}", (*call).retrieveDispute, "", false},
	{"POST /v1/disputes/{id}", (*call).updateDispute, "evidence metadata submit", false},
	{"POST /v1/disputes/{id}/close", (*call).closeDispute, "", false},
	{"GET /v1/balance_transactions", (*call).listTxns, inLists + "type source currency payout", false},
	{"GET /v1/balance_transactions/{id}", (*call).retrieveTxn, "", false},

	{"POST /v1/checkout/sessions", (*call).createSession, "mode customer customer_email client_reference_id success_url cancel_url locale payment_method_types " +
		"currency line_items expires_at metadata payment_intent_data setup_intent_data payment_method_options submit_type billing_address_collection ui_mode", false},
	{"GET /v1/checkout/sessions", (*call).listSessions, inLists + "payment_intent", false},
	{"GET /v1/checkout/sessions/{id}", (*call).retrieveSession, "", false},
	{"POST /v1/checkout/sessions/{id}/expire", (*call).expireCall, "", false},

	{"POST /v1/payment_method_domains", (*call).createDomain, "domain_name enabled", false},
	{"GET /v1/payment_method_domains", (*call).listDomains, inLists + "domain_name enabled", false},
	{"GET /v1/payment_method_domains/{id}", (*call).retrieveDomain, "", false},
	{"POST /v1/payment_method_domains/{id}", (*call).updateDomain, "enabled", false},
	{"POST /v1/payment_method_domains/{id}/validate", (*call).retrieveDomain, "", false},

	{"POST /v1/webhook_endpoints", (*call).createEndpoint, endpointFields, false},
	{"GET /v1/webhook_endpoints", (*call).listEndpoints, inLists, false},
	{"GET /v1/webhook_endpoints/{id}", (*call).retrieveEndpoint, "", false},
	{"POST /v1/webhook_endpoints/{id}", (*call).updateEndpoint, endpointFields, false},
	{"DELETE /v1/webhook_endpoints/{id}", (*call).deleteEndpoint, "", false},

	{"GET /v1/events", (*call).listEvents, inLists + "type types delivery_success", false},
	{"GET /v1/events/{id}", (*call).retrieveEvent, "", false},
}

func (e *Emulator) routes() http.Handler {
	mux := http.NewServeMux()
	for i := range apiRoutes {
		mux.Handle(apiRoutes[i].pattern, e.serveAPI(&apiRoutes[i]))
	}
	mux.HandleFunc("OPTIONS /v1/", preflight)
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		allowOrigins(w)
		e.Calls.Count("unknown")
		writeError(w, &apiError{Status: http.StatusNotFound, Type: invalidRequest,
			Message: "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + "). It may be one that is not emulated."})
	})
	e.pageRoutes(mux)
	mux.Handle("/_emulator/", e.control())
	return mux
}
