package access

// LinkState is what a magic link is worth at the moment.
type LinkState string

const (
	LinkReady      LinkState = "ready"
	LinkUsed       LinkState = "used"
	LinkExpired    LinkState = "expired"
	LinkRevoked    LinkState = "revoked"
	LinkVoided     LinkState = "voided"     // its document was voided
	LinkSuperseded LinkState = "superseded" // a newer link for the same document was mailed
	LinkElsewhere  LinkState = "elsewhere"  // it works, but in the browser only that asked for it
	LinkPortalOff  LinkState = "portal_off" // the client has no portal, or the contact is disabled or removed
	LinkUnknown    LinkState = "unknown"    // no such link at this tenant; says nothing about anybody
)

// Landing is what the page behind a magic link may show before anybody pressed its button: no amounts, no names, no lines.
type Landing struct {
	State          LinkState
	MaskedEmail    string // "p•••@acme.com"; "" for LinkUnknown
	ContactID      string // to recognise a browser that is already signed in as this contact; never shown
	DocumentKind   string // "invoice", …; "" for a link to the whole portal
	DocumentNumber string
	Target         string // path to go to once signed in, like "/portal/invoices/inv_…"; from the row, never from the URL
}

// Grant is a session that a link was exchanged for.
type Grant struct {
	Session Session
	Token   string // the cookie's value; kept nowhere else
	Target  string
}

// DeadLinkError says that a link cannot be exchanged, and for which page.
type DeadLinkError struct{ Landing Landing }

// Error names the state only.
func (e *DeadLinkError) Error() string { return "the link is " + string(e.Landing.State) }
