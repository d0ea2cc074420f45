package mail

import "time"

// Delivery is what became of one mail. Times are zero for what did not happen; texts and ids that do not apply are "".
type Delivery struct {
	ID, Kind                         string
	CompanyID, ContactID, DocumentID string
	To                               string // the address; of a queued mail, where it would go now
	Status                           DeliveryStatus
	Attempts                         int
	DroppedWhy                       string // one word, like "link_used"
	BounceKind                       string // "address", "mail" or "complaint"
	BounceCode, DelayCode            string // like "550 5.1.1"

	CreatedAt, SentAt, DroppedAt, BouncedAt, DelayedAt time.Time
}

// DeliveryStatus says how far a mail got.
type DeliveryStatus string

// The statuses of a mail. A mail that was sent may still come back; that it was read is not known, for nothing in it tells.
const (
	Queued  DeliveryStatus = "queued"  // waits to be taken by a mail server
	Sent    DeliveryStatus = "sent"    // a mail server took it
	Dropped DeliveryStatus = "dropped" // was given up, or refused at once
	Bounced DeliveryStatus = "bounced" // came back after it was sent, or was called spam
)

// DeliveryQuery asks for one page of mails, newest first. Empty filters match all.
type DeliveryQuery struct {
	ContactID, DocumentID string
	Status                DeliveryStatus
	After                 string // id of the last mail already seen
	Limit                 int
}
