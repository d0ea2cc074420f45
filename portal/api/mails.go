package api

import (
	"context"
	"time"

	"tollhouse/portal/mail"
	"tollhouse/tenant"
)

// Mails tells what became of a tenant's mails: never what they say, nor the links in them.
type Mails interface {
	// Mails lists mails, newest first.
	Mails(ctx context.Context, t tenant.ID, q mail.DeliveryQuery) ([]mail.Delivery, error)
	// Mail returns one mail, or access.ErrNotFound.
	Mail(ctx context.Context, t tenant.ID, id string) (mail.Delivery, error)
}

// Mail is what became of one mail, as the API shows it. What does not apply is null.
type Mail struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	CompanyID  string     `json:"company_id"`
	ContactID  string     `json:"contact_id"`
	DocumentID *string    `json:"document_id"`
	To         string     `json:"to"`
	Status     string     `json:"status"`
	Attempts   int        `json:"attempts"`
	Reason     *string    `json:"reason"`      // why it did not arrive, or is late: one word
	ReasonText *string    `json:"reason_text"` // the same for people, with what to do
	Code       *string    `json:"code"`        // the mail server's answer
	CreatedAt  time.Time  `json:"created_at"`
	SentAt     *time.Time `json:"sent_at"`
	DroppedAt  *time.Time `json:"dropped_at"`
	BouncedAt  *time.Time `json:"bounced_at"`
	DelayedAt  *time.Time `json:"delayed_at"`
}

func showMail(d mail.Delivery) Mail {
	reason, code := d.DroppedWhy, ""
	switch {
	case d.Status == mail.Bounced:
		reason, code = "bounced_"+d.BounceKind, d.BounceCode
	case reason == "" && !d.DelayedAt.IsZero():
		reason, code = "delayed", d.DelayCode
	}
	out := Mail{ID: d.ID, Kind: d.Kind, CompanyID: d.CompanyID, ContactID: d.ContactID, DocumentID: textOrNull(d.DocumentID), To: d.To,
		Status: string(d.Status), Attempts: d.Attempts, Reason: textOrNull(reason), Code: textOrNull(code), CreatedAt: d.CreatedAt.UTC(),
		SentAt: timeOrNull(d.SentAt), DroppedAt: timeOrNull(d.DroppedAt), BouncedAt: timeOrNull(d.BouncedAt), DelayedAt: timeOrNull(d.DelayedAt)}
	if reason != "" {
		text, known := mailReasons[reason]
		if !known {
			text = "It was not sent."
		}
		out.ReasonText = &text
	}
	return out
}

// mailReasons are the words for why a mail did not arrive.
var mailReasons = map[string]string{
	"bounced_address":        "A mail server said that the address does not exist. Correct the contact's address, or clear the bounce if it does exist.",
	"bounced_mail":           "A mail server did not take this mail. The next one may arrive; the code says why this one did not.",
	"bounced_complaint":      "The reader called the mail spam. No more mails go there until the bounce is cleared; ask them first.",
	"delayed":                "The reader's mail server does not take it yet; ours goes on trying.",
	"address":                "The address is not one that can be mailed. Correct the contact's address.",
	"address_bounced":        "No mails go to this address since one came back. Correct the contact's address, or clear the bounce.",
	"refused":                "The mail server refused it.",
	"deferred":               "The mail server put it off for a day.",
	"unreachable":            "No mail server could be reached for a day.",
	"unconfirmed":            "It was handed over twice and nobody said that it was taken. It may have arrived.",
	"tenant_suspended":       "The account was suspended.",
	"contact_disabled":       "The contact was disabled before it was sent.",
	"contact_removed":        "The contact was removed before it was sent.",
	"portal_off":             "The company's portal was switched off before it was sent.",
	"document_unknown":       "The document was gone before it was sent.",
	"document_draft":         "The document was not sent yet.",
	"document_void":          "The invoice was voided before it was sent.",
	"document_uncollectible": "The invoice was given up before it was sent.",
	"document_failed":        "The document could not be made for a day. Write to the operator of the platform.",
	"document_too_large":     "The document is larger than the 10 MB that travel with a mail.",
	"link_unknown":           "Its link was gone before it was sent.",
	"link_revoked":           "Its link was revoked before it was sent.",
	"link_used":              "Its link was used before it was sent.",
	"link_superseded":        "A newer link took the place of its link before it was sent.",
	"link_expired":           "Its link had expired before it could be sent.",
}

// mailParameters are what the list can be filtered by.
var mailParameters = []string{"limit", "cursor", "contact_id", "document_id", "status"}

func (s *Server) listMails(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	status := mail.DeliveryStatus(c.param("status"))
	switch status {
	case "", mail.Queued, mail.Sent, mail.Dropped, mail.Bounced:
	default:
		return reply{}, badParameter("status", "invalid_parameter", "this must be queued, sent, dropped or bounced")
	}
	q := mail.DeliveryQuery{ContactID: c.param("contact_id"), DocumentID: c.param("document_id"), Status: status, After: after, Limit: limit + 1}
	mails, err := s.Mails.Mails(c.Context(), c.tenant.ID, q)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(mails, limit, func(d mail.Delivery) string { return d.ID }, showMail))
}

func (s *Server) showMail(c *call) (reply, error) {
	d, err := s.Mails.Mail(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(showMail(d))
}
