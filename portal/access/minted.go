package access

import "time"

// MintRequest asks for a magic link on behalf of a tenant's own system.
type MintRequest struct {
	ContactID  string
	DocumentID string        // "" for a link to the whole portal; else a sent document of the contact's company
	TTL        time.Duration // 0: 24 hours
	SendEmail  bool          // mail it to the address on file
	By         Actor
}

// PendingSession is what minting answers: a session that begins when somebody exchanges the link.
type PendingSession struct {
	Session SessionDetails // status "pending"
	// URL is the magic link. It is shown once: only its hash is kept.
	URL string
}
