package maildb

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments/ledger"
	"tollhouse/portal/mail"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// errSettled says that a mail was sent or dropped already, or was never committed.
var errSettled = errors.New("nothing to send")

// row is one mail with what it is written from and what may stand in its way. Absent links and invoices are empty.
type row struct {
	ID, Kind              string
	CompanyID, ContactID  string
	LinkID, DocumentID    string
	Attempts, Unconfirmed int
	CreatedAt, Now        time.Time

	TenantStatus, TenantName, TimeZone, Locale string
	Primary, Accent, Footer, Support, LogoHash string

	ContactStatus, ContactName, Email, ContactLocale string
	Company                                          string
	PortalEnabled                                    bool
	Bounced                                          bool // the address: it does not exist, or its owner complained
	Instructions                                     string
	Browser, System                                  string // where a login link was asked for

	LinkPurpose                           string
	LinkExpires                           *time.Time
	LinkUsed, LinkRevoked, LinkSuperseded bool
	LinkBound                             bool // to the browser that asked for it, where its code works, too

	StepUpID                  string // of the code that the mail carries
	CodeExpires               *time.Time
	CodeSpent, CodeSuperseded bool

	RequestState, RequestEmail string // of the access request that the mail is about

	Number, InvoiceStatus, Currency string
	Due                             *time.Time
	Total, Settled, InFlight        int64
}

// load reads a queued mail in one round trip. The link must be the contact's own and the invoice the company's, else they count as absent.
func (w *Worker) load(ctx context.Context, t tenant.ID, id string) (row, error) {
	const q = `
		SELECT m.id, m.kind, m.company_id, m.contact_id, COALESCE(m.link_id, '') AS link_id, COALESCE(m.document_id, '') AS document_id,
			m.attempts, m.unconfirmed, m.created_at, app_now() AS now,
			te.status AS tenant_status, te.name AS tenant_name, te.time_zone, te.locale,
			te.primary_color AS primary, te.accent_color AS accent, te.footer_text AS footer, te.support_email AS support,
			COALESCE(te.logo_hash, '') AS logo_hash, te.payment_instructions AS instructions, m.browser, m.system,
			c.status AS contact_status, c.name AS contact_name, COALESCE(m.address, c.email) AS email, c.locale AS contact_locale, co.name AS company, co.portal_enabled,
			EXISTS (SELECT FROM mail_bounces b WHERE b.tenant_id = m.tenant_id AND b.address_hash = mail_address_hash(COALESCE(m.address, c.email))) AS bounced,
			COALESCE(l.purpose, '') AS link_purpose, l.expires_at AS link_expires, l.used_at IS NOT NULL AS link_used,
			l.revoked_at IS NOT NULL AS link_revoked, l.superseded_at IS NOT NULL AS link_superseded,
			l.browser_hash IS NOT NULL AS link_bound,
			COALESCE(m.step_up_id, '') AS step_up_id, u.expires_at AS code_expires, u.passed_at IS NOT NULL AS code_spent,
			u.superseded_at IS NOT NULL AS code_superseded,
			COALESCE(r.state, '') AS request_state, COALESCE(r.email, '') AS request_email,
			COALESCE(i.number, '') AS number, COALESCE(i.status, '') AS invoice_status, COALESCE(i.currency, '') AS currency, i.due_date AS due,
			COALESCE(i.total, 0) AS total, COALESCE(i.settled, 0) AS settled, COALESCE(i.in_flight, 0) AS in_flight
		FROM mails m
		JOIN tenants te ON te.id = m.tenant_id
		JOIN companies co ON co.tenant_id = m.tenant_id AND co.id = m.company_id
		JOIN contacts c ON c.tenant_id = m.tenant_id AND c.company_id = m.company_id AND c.id = m.contact_id
		LEFT JOIN portal_links l ON l.tenant_id = m.tenant_id AND l.contact_id = m.contact_id AND l.id = m.link_id
		LEFT JOIN step_ups u ON u.tenant_id = m.tenant_id AND u.contact_id = m.contact_id AND u.id = m.step_up_id
		LEFT JOIN access_requests r ON r.tenant_id = m.tenant_id AND r.company_id = m.company_id AND r.id = m.request_id
		LEFT JOIN invoices i ON i.tenant_id = m.tenant_id AND i.company_id = m.company_id AND i.id = m.document_id
		WHERE m.tenant_id = $1 AND m.id = $2 AND m.status = 'queued'`
	var m row
	b := &pgx.Batch{}
	b.Queue(q, string(t), id).Query(func(rows pgx.Rows) (err error) {
		m, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
		return err
	})
	err := rls.Read(ctx, w.pool, t, b)
	if errors.Is(err, pgx.ErrNoRows) {
		return row{}, errSettled
	}
	return m, err
}

// obstacle names, in one word, why the mail must not be sent any more; "" when it may.
func (m row) obstacle() string {
	switch {
	case m.TenantStatus != "active":
		return "tenant_suspended"
	case m.Bounced:
		return "address_bounced"
	case mail.Kind(m.Kind) == mail.AddressChanged:
		return "" // whatever became of the contact since
	case mail.Kind(m.Kind) == mail.AccessRequestTenant:
		return m.decidedRequest() // to the tenant, whatever became of the contact
	case m.ContactStatus != "active":
		return "contact_" + m.ContactStatus
	case !m.PortalEnabled && mail.Kind(m.Kind) != mail.Invoice:
		return "portal_off"
	case m.DocumentID != "" && m.InvoiceStatus == "":
		return "document_unknown"
	case m.DocumentID != "" && m.InvoiceStatus != "sent":
		return "document_" + m.InvoiceStatus
	case m.carriesCode():
		return m.deadCode()
	case mail.Kind(m.Kind) == mail.AccessRequest:
		return m.decidedRequest()
	}
	return m.deadLink()
}

// decidedRequest drops the news of an access request that somebody has decided on.
func (m row) decidedRequest() string {
	if m.RequestState != "pending" {
		return "request_decided"
	}
	return ""
}

// linkless reports whether the mail leads nowhere: one to an old address, or an invoice for a company whose portal is off, or was when it was sent.
func (m row) linkless() bool {
	return m.LinkID == "" || mail.Kind(m.Kind) == mail.Invoice && !m.PortalEnabled
}

func (m row) deadLink() string {
	switch {
	case mail.Kind(m.Kind) == mail.Invoice && m.linkless():
		return ""
	case m.LinkPurpose == "":
		return "link_unknown"
	case m.LinkRevoked:
		return "link_revoked"
	case m.LinkUsed:
		return "link_used"
	case m.LinkSuperseded:
		return "link_superseded"
	case m.LinkPurpose != "login" && !m.Now.Before(*m.LinkExpires):
		return "link_expired"
	}
	return ""
}

func (m row) mustFreshen() bool {
	return m.LinkPurpose == "login" && m.LinkExpires.Sub(m.Now) < loginLinkMustLast
}

func (m row) letter(t tenant.ID, url string, logo mail.Image) mail.Letter {
	l := mail.Letter{
		ID: m.ID, Kind: mail.Kind(m.Kind), Tenant: m.tenant(t), Logo: logo, Company: m.Company,
		Contact: mail.Person{Name: m.ContactName, Email: m.Email, Locale: m.ContactLocale},
		URL:     url, Now: m.Now, Device: mail.Device{Browser: m.Browser, System: m.System}, Instructions: m.Instructions, AskedFor: m.RequestEmail,
	}
	if l.Kind == mail.AccessRequestTenant {
		l.Contact = mail.Person{Name: m.TenantName, Email: m.Email} // in the tenant's language
	}
	if m.LinkExpires != nil {
		l.ExpiresAt = *m.LinkExpires
	}
	if m.CodeExpires != nil {
		l.ExpiresAt = *m.CodeExpires
	}
	if m.DocumentID != "" {
		l.Invoice = ledger.Invoice{ID: m.DocumentID, Number: m.Number, Status: ledger.InvoiceStatus(m.InvoiceStatus),
			Currency: ledger.Currency(m.Currency), DueDate: ledger.DateIn(*m.Due, time.UTC), Total: m.Total, Settled: m.Settled, InFlight: m.InFlight}
	}
	return l
}

// tenant is what a mail shows of its tenant. The table's checks make the colours parse.
func (m row) tenant(t tenant.ID) *tenant.Tenant {
	zone, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	primary, _ := tenant.ParseColor(m.Primary)
	accent, _ := tenant.ParseColor(m.Accent)
	return &tenant.Tenant{ID: t, Name: m.TenantName, TimeZone: zone, Locale: m.Locale,
		Brand: tenant.Brand{Primary: primary, Accent: accent, Footer: m.Footer, SupportEmail: m.Support}}
}
