// Package mail writes a tenant's mails to its clients and hands them to an SMTP server. A mail is the tenant's: its name, its logo inside the
// mail, its colours; HTML and plain text say the same. It loads nothing from anywhere when it is opened, counts no opens and rewrites no link.
//
// It knows no database: maildb queues mails in the transaction that causes them and sends them from jobs. Development and tests send to
// mailsink.
//
//	msg, err := mail.Render(letter, from)
//	err = sender.Send(ctx, msg)
package mail

import (
	"log/slog"
	netmail "net/mail"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Kind says what a mail is about.
type Kind string

const (
	Invoice    Kind = "invoice"     // an invoice was sent; its link opens it
	LoginLink  Kind = "login_link"  // somebody asked for a link in the portal
	PortalLink Kind = "portal_link" // the tenant's own system made a link and asked for it to be mailed
	// AddressChanged goes to the address that a contact had until now. It holds no link: whoever reads it may be somebody else by now.
	AddressChanged Kind = "address_changed"
	StepUp         Kind = "step_up"       // a code for somebody who is signed in and about to do something that takes one
	EmailConfirm   Kind = "email_confirm" // a code to an address that a contact wants to have
	// AccessRequest tells a company's first payer that somebody asked for access; AccessRequestTenant tells the tenant, at its address for questions.
	AccessRequest       Kind = "access_request"
	AccessRequestTenant Kind = "access_request_tenant"
)

// Request asks for one mail. The text is made when it is sent, from the rows that the ids name then, so that nothing secret waits in a queue.
type Request struct {
	Kind       Kind
	CompanyID  string
	ContactID  string // who gets it
	LinkID     string // of portal_links; "" for Kind AddressChanged, and for an invoice to a company whose portal is off
	DocumentID string // of the invoice for Kind Invoice, else ""
	Address    string // for Kind AddressChanged: whom it is to; else ""
	Device     Device // for Kind LoginLink: where somebody asked for it
	StepUpID   string // for Kinds StepUp and EmailConfirm: of the code; else ""
	RequestID  string // for Kinds AccessRequest and AccessRequestTenant: of the request; else ""
}

// Device is a browser and what it runs on, like "Chrome" and "Windows". Either is "" when it is unknown, or not kept by the tenant's wish.
type Device struct{ Browser, System string }

// Letter is all that one mail is written from.
type Letter struct {
	ID        string // of the mails row; stays the same however often it is sent
	Kind      Kind
	Tenant    *tenant.Tenant
	Logo      Image // zero: the tenant's name is set in type
	Company   string
	Contact   Person
	Invoice   ledger.Invoice // for Kind Invoice; lines are not needed
	URL       string         // of the magic link; "" for a mail without one
	Code      string         // "XXXX-XXXX", for Kind LoginLink: what is typed where the link was asked for; "" for a link without one
	Device    Device         // for Kind LoginLink
	ExpiresAt time.Time      // of the link
	AskedFor  string         // for Kinds AccessRequest and AccessRequestTenant: the address that asks, as a stranger typed it
	Now       time.Time

	// Instructions say how to pay, in the tenant's words, several lines of plain text. They stand in an invoice's mail that has no link.
	Instructions string
	Attachments  []Attachment // documents; together at most MostAttached bytes
}

// Person is whom a mail is addressed to.
type Person struct {
	Name   string
	Email  string
	Locale string // "" means the tenant's
}

// Image is a picture that travels inside the mail.
type Image struct {
	Bytes         []byte
	ContentType   string // "image/png" or "image/jpeg"
	Width, Height int    // pixels to show it at
}

// Attachment is a document that travels with the mail.
type Attachment struct {
	Name        string // of the file, like "INV-12.pdf"; Render makes it safe
	ContentType string
	Bytes       []byte
}

// MostAttached bounds what travels with one mail, in bytes: a third more arrives, and many servers take no more than 20 MB.
const MostAttached = 10 << 20

// Message is a mail ready to be sent. It holds a magic link: it logs as its id only.
type Message struct {
	ID      string // Message-ID without angle brackets
	From    netmail.Address
	To      netmail.Address
	ReplyTo netmail.Address // no address: none
	Return  string          // address in the envelope, where the mail comes back to; "" is the Sender's own
	Date    time.Time
	// Language is BCP 47, of everything in the mail but names; "" does not say.
	Language string
	Subject  string
	Text     string
	HTML     string
	Logo     Image // shown by the HTML as cid:logo; zero: none
	Attached []Attachment
	DKIM     *DKIM // signs it instead of the Sender's own key; nil: that one
}

// LogValue hides everything but the id from logs.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.ID) }
