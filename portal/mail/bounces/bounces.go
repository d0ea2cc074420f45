// Package bounces reads mails that come back. Each mail goes out with an envelope sender of its own, bounces+<token>@mail.example, whose token
// nobody can make who has not the key ring; what a mail server sends there is about that mail and no other.
//
// It reads delivery reports (RFC 3464), complaints (RFC 5965) and the older notices that only people can read. It believes them about the mail
// that their address names and about the address that mail went to, and says which of the two was refused: that a mailbox is full, or that
// somebody takes us for spam, is no reason to never write to an address again. It keeps nothing; maildb does.
//
//	returns, err := bounces.NewReturns(ring, "bounces@mail.example")
//	report, err := bounces.Read(os.Stdin, returns, "")
package bounces

import (
	"errors"
	"strings"
)

// Kind says what a notice is about.
type Kind string

// What a notice can mean.
const (
	Gone      Kind = "address"   // there is no such mailbox, and there will be none
	Refused   Kind = "mail"      // this mail did not arrive; the next may
	Complaint Kind = "complaint" // its reader called it spam
	Delayed   Kind = "delayed"   // a server is still trying
	Nothing   Kind = "nothing"   // it arrived, or is no notice: a person's answer, a holiday
)

// Outcome is what became of a mail for one recipient.
type Outcome struct {
	Recipients []string // the addresses that the notice gives it, in lower case; none: it gives none
	Kind       Kind
	Code       string // like "550 5.1.1", "5.1.1" or "550"; "" when the notice has none
}

// Report is one notice.
type Report struct {
	Token    Token
	Outcomes []Outcome // at least one
}

var (
	// ErrTooLarge says that a message is longer than MostBytes.
	ErrTooLarge = errors.New("the message is too long for a notice")
	// ErrMalformed says that a message cannot be read.
	ErrMalformed = errors.New("the message is damaged")
	// ErrNoToken says that a message came to no address of ours, or to several.
	ErrNoToken = errors.New("the message is not addressed to where one mail of ours comes back")
)

// For returns what the report says of an address: the outcome that names it, or the one that names nobody. A report about others is none.
func (r Report) For(address string) (Outcome, bool) {
	address = strings.ToLower(address)
	for _, o := range r.Outcomes {
		if len(o.Recipients) == 0 {
			return o, true
		}
		for _, named := range o.Recipients {
			if named == address {
				return o, true
			}
		}
	}
	return Outcome{}, false
}
