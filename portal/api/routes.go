package api

import (
	"net/http"

	"tollhouse/payments"
	"tollhouse/tenant"
)

// open marks the few endpoints that need no key.
const open tenant.Scope = "-"

// bodyKind says what an endpoint reads of a request's body.
type bodyKind uint8

const (
	noBody       bodyKind = iota // whatever is sent is not looked at
	jsonBody                     // a JSON object
	optionalJSON                 // a JSON object or nothing
	imageBody                    // an image, bare or as a form upload
	rawBody                      // bytes that somebody signed as they are
)

// endpoint is one row of the route table.
type endpoint struct {
	method, pattern string
	scope           tenant.Scope
	body            bodyKind
	query           []string // parameters it knows; any other is refused
	handle          func(*call) (reply, error)
}

// endpoints is the whole surface; the OpenAPI document mirrors it and a test compares the two.
func (s *Server) endpoints() []endpoint {
	const (
		get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete

		company, contact, invoice = "/api/crm/companies/:id", "/api/crm/contacts/:id", "/api/crm/invoices/:id"
		session, logo             = "/api/crm/client-portal-sessions/:id", "/api/brand/logo"
		domain, sender            = "/api/domains/:id", "/api/settings/sender"
		connection                = "/api/payment-connections/:id"
	)
	return []endpoint{
		{post, "/api/crm/companies", tenant.ScopeClientsWrite, jsonBody, nil, s.createCompany},
		{get, "/api/crm/companies", tenant.ScopeClientsRead, noBody, []string{"limit", "cursor", "reference"}, s.listCompanies},
		{get, company, tenant.ScopeClientsRead, noBody, nil, s.showCompany},
		{patch, company, tenant.ScopeClientsWrite, jsonBody, nil, s.changeCompany},

		{post, "/api/crm/contacts", tenant.ScopeClientsWrite, jsonBody, nil, s.createContact},
		{get, "/api/crm/contacts", tenant.ScopeClientsRead, noBody, []string{"limit", "cursor", "company_id", "email", "status"}, s.listContacts},
		{get, contact, tenant.ScopeClientsRead, noBody, nil, s.showContact},
		{patch, contact, tenant.ScopeClientsWrite, jsonBody, nil, s.changeContact},
		{post, contact + "/clear-bounce", tenant.ScopeClientsWrite, optionalJSON, nil, s.clearBounce},
		{post, contact + "/portal-link", tenant.ScopeSessionsWrite, optionalJSON, nil, s.sendPortalLink},
		{post, contact + "/preview-session", tenant.ScopePreviewWrite, optionalJSON, nil, s.startPreview},
		{get, "/api/crm/access-requests", tenant.ScopeClientsRead, noBody, []string{"limit", "cursor", "company_id", "status"}, s.listAccessRequests},
		{post, "/api/crm/access-requests/:id/approve", tenant.ScopeClientsWrite, optionalJSON, nil, s.approveAccess},
		{post, "/api/crm/access-requests/:id/dismiss", tenant.ScopeClientsWrite, optionalJSON, nil, s.dismissAccess},

		{post, "/api/crm/invoices", tenant.ScopeInvoicesWrite, jsonBody, nil, s.createInvoice},
		{get, "/api/crm/invoices", tenant.ScopeInvoicesRead, noBody, []string{"limit", "cursor", "company_id", "state"}, s.listInvoices},
		{get, invoice, tenant.ScopeInvoicesRead, noBody, nil, s.showInvoice},
		{post, invoice + "/send", tenant.ScopeInvoicesWrite, optionalJSON, nil, s.sendInvoice},
		{post, invoice + "/void", tenant.ScopeInvoicesWrite, optionalJSON, nil, s.voidInvoice},
		{post, invoice + "/payments", tenant.ScopeInvoicesWrite, jsonBody, nil, s.recordPayment},

		{post, "/api/crm/client-portal-sessions", tenant.ScopeSessionsWrite, jsonBody, nil, s.mintSession},
		{get, "/api/crm/client-portal-sessions", tenant.ScopeSessionsRead, noBody, []string{"limit", "cursor", "company_id", "contact_id"}, s.listSessions},
		{get, session, tenant.ScopeSessionsRead, noBody, nil, s.showSession},
		{del, session, tenant.ScopeSessionsWrite, noBody, nil, s.revokeSession},
		{get, "/api/crm/audit-events", tenant.ScopeSessionsRead, noBody, auditParameters, s.listAuditEvents},
		{get, "/api/crm/audit-events/head", tenant.ScopeSessionsRead, noBody, nil, s.showAuditHead},
		{get, "/api/crm/mails", tenant.ScopeMailsRead, noBody, mailParameters, s.listMails},
		{get, "/api/crm/mails/:id", tenant.ScopeMailsRead, noBody, nil, s.showMail},

		{get, "/api/crm/payments", tenant.ScopePaymentsRead, noBody, []string{"limit", "cursor", "company_id", "invoice_id", "status"}, s.listPayments},
		{get, "/api/crm/payments/:id", tenant.ScopePaymentsRead, noBody, nil, s.showOnePayment},
		{post, "/api/crm/payments/:id/refunds", tenant.ScopePaymentsWrite, optionalJSON, nil, s.refundPayment},
		{get, company + "/credit", tenant.ScopePaymentsRead, noBody, nil, s.showCredit},
		{post, invoice + "/apply-credit", tenant.ScopePaymentsWrite, optionalJSON, nil, s.applyCredit},
		{post, "/api/payment-connections", tenant.ScopeConnectionsWrite, jsonBody, nil, s.connectProcessor},
		{get, "/api/payment-connections", tenant.ScopeConnectionsRead, noBody, nil, s.listConnections},
		{get, connection, tenant.ScopeConnectionsRead, noBody, nil, s.showOneConnection},
		{patch, connection, tenant.ScopeConnectionsWrite, jsonBody, nil, s.changeConnection},
		{post, connection + "/test", tenant.ScopeConnectionsWrite, optionalJSON, nil, s.testConnection},
		{del, connection, tenant.ScopeConnectionsWrite, noBody, nil, s.disconnectProcessor},
		{post, "/webhooks/stripe/:token", open, rawBody, nil, s.takeEvent(payments.Stripe)},
		{post, "/webhooks/authorize-net/:token", open, rawBody, nil, s.takeEvent(payments.AuthorizeNet)},

		{get, "/api/brand", tenant.ScopeBrandRead, noBody, nil, s.showBrand},
		{patch, "/api/brand", tenant.ScopeBrandWrite, jsonBody, nil, s.changeBrand},
		{get, logo, tenant.ScopeBrandRead, noBody, nil, s.showLogo},
		{put, logo, tenant.ScopeBrandWrite, imageBody, nil, s.putLogo},
		{del, logo, tenant.ScopeBrandWrite, noBody, nil, s.deleteLogo},

		{get, "/api/settings", tenant.ScopeSettingsRead, noBody, nil, s.showSettings},
		{patch, "/api/settings", tenant.ScopeSettingsWrite, jsonBody, nil, s.changeSettings},
		{get, sender, tenant.ScopeSettingsRead, noBody, nil, s.showSender},
		{put, sender, tenant.ScopeSettingsWrite, jsonBody, nil, s.putSender},
		{post, sender + "/check", tenant.ScopeSettingsWrite, optionalJSON, nil, s.checkSender},
		{post, sender + "/rotate", tenant.ScopeSettingsWrite, optionalJSON, nil, s.rotateSender},
		{del, sender, tenant.ScopeSettingsWrite, noBody, nil, s.removeSender},

		{post, "/api/domains", tenant.ScopeDomainsWrite, jsonBody, nil, s.claimDomain},
		{get, "/api/domains", tenant.ScopeDomainsRead, noBody, []string{"limit", "cursor"}, s.listDomains},
		{get, domain, tenant.ScopeDomainsRead, noBody, nil, s.showOneDomain},
		{post, domain + "/check", tenant.ScopeDomainsWrite, optionalJSON, nil, s.checkDomain},
		{del, domain, tenant.ScopeDomainsWrite, noBody, nil, s.removeDomain},

		{post, "/api/keys", tenant.ScopeKeysWrite, jsonBody, nil, s.createKey},
		{get, "/api/keys", tenant.ScopeKeysRead, noBody, []string{"limit", "cursor"}, s.listKeys},
		{del, "/api/keys/:id", tenant.ScopeKeysWrite, noBody, nil, s.revokeKey},

		{get, "/api/openapi.json", open, noBody, nil, s.showDocument},
	}
}
