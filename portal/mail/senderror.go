package mail

import (
	"errors"
	"fmt"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Outcome says what a failed sending means for the mail.
type Outcome string

const (
	Unreachable Outcome = "unreachable" // no server, no TLS, no login, or it takes nothing from us: the fault is not this mail's
	Deferred    Outcome = "deferred"    // the server said "not now" to this mail, or the connection broke before the mail was complete
	Unconfirmed Outcome = "unconfirmed" // the whole mail was handed over and no answer came: it may have arrived
	Refused     Outcome = "refused"     // the server said "never" to this mail
)

// SendError says why a mail was not sent. Its text may quote the server, and so the recipient's address: it belongs in the mail's own row, not
// in a log.
type SendError struct {
	Outcome Outcome
	Code    int  // the server's three digits; 0 when it did not answer
	Gone    bool // the server says that there is no such mailbox: no mail will ever arrive there
	Err     error
}

// Error quotes the cause.
func (e *SendError) Error() string { return fmt.Sprintf("mail %s: %v", e.Outcome, e.Err) }

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// explain sorts go-mail's errors by what to do about them. What fails before a mail was begun is no *gomail.SendError.
func explain(err error) error {
	var sending *gomail.SendError
	if !errors.As(err, &sending) {
		return &SendError{Outcome: Unreachable, Err: err}
	}
	code := sending.ErrorCode()
	return &SendError{Outcome: outcome(sending.Reason, code), Code: code, Gone: gone(sending.Reason, code, sending.EnhancedStatusCode()), Err: err}
}

func outcome(reason gomail.SendErrReason, code int) Outcome {
	switch reason {
	case gomail.ErrConnCheck:
		return Unreachable
	case gomail.ErrSMTPMailFrom:
		// A refused sender is a matter between the operator and the server. Mails must not be lost over it.
		return Unreachable
	case gomail.ErrGetSender, gomail.ErrGetRcpts, gomail.ErrNoUnencoded:
		return Refused
	case gomail.ErrSMTPDataClose:
		if code == 0 {
			return Unconfirmed
		}
	}
	if code >= 500 {
		return Refused
	}
	return Deferred
}

// gone reports an answer to the address itself: what is said to a whole mail is about that mail.
func gone(reason gomail.SendErrReason, code int, enhanced string) bool {
	return reason == gomail.ErrSMTPRcptTo && NoSuchMailbox(code, enhanced)
}

// NoSuchMailbox reports whether a server's answer, its three digits and its enhanced code or "", says that an address does not exist. Of the
// answers to an address many are about us: policies, lists, limits. The enhanced code tells (RFC 3463); without one, only the three plain words
// for "no such mailbox" do.
func NoSuchMailbox(code int, enhanced string) bool {
	if code < 500 {
		return false
	}
	if enhanced == "" {
		return code == 550 || code == 551 || code == 553
	}
	return strings.HasPrefix(enhanced, "5.1.") && enhanced != "5.1.7" && enhanced != "5.1.8" || enhanced == "5.2.1"
}
