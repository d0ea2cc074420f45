package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// A session shows documents. To sign, to change how is paid, or to change an address takes more: a code that was mailed to the contact and is
// typed in that very session. It then holds for a while. Whether it does is asked of the record, in the transaction of each such act.

const (
	// StepUpFor is how long a session needs no further code.
	StepUpFor = 30 * time.Minute
	// CodeLife is how long a mailed code may be typed.
	CodeLife = 10 * time.Minute
	// CodesSent is how many codes one session is mailed within CodesSentIn; CodesSentDay is how many a contact is within a day.
	CodesSent    = 3
	CodesSentIn  = 15 * time.Minute
	CodesSentDay = 20
)

// ErrStepUp says that the act takes a code that this session was not given, or not lately.
var ErrStepUp = errors.New("a mailed code is needed")

// Purposes of a mailed code.
const (
	ForSession = "session" // the session may do what needs a code
	ForEmail   = "email"   // a new address is its contact's
)

// MailedCode is one code, as it is stored: without the code.
type MailedCode struct {
	ID      string
	KeyID   string // the ring's key that the code is derived with
	Purpose string
	Email   string // the new address for ForEmail, else ""
}

// StepUps keeps mailed codes and what sessions may do by them. Every method asks first whether the session stands, is a confirmed one, and its
// contact is active, and else returns ErrNoSession. Implemented by accessdb.
type StepUps interface {
	// SteppedUp is nil for a session that needs no code now, and ErrStepUp for one that does.
	SteppedUp(ctx context.Context, s Session) error
	// WantStepUp notes where the session's reader was going.
	WantStepUp(ctx context.Context, s Session, target string) error
	// SendCode stores c and its mail, and retires the session's older codes for the same purpose. ErrLimited: too many were sent; ErrConflict:
	// the address of c is the contact's own, or a colleague's; ErrStepUp: c is for an address, and the session needs a code first.
	SendCode(ctx context.Context, s Session, c MailedCode, v Visitor) error
	// PassStepUp counts a try and asks right about the session's newest code. The first right one begins the session n in the place of s; a
	// right one again, within Overlap, finds that session and passes nothing. n makes it, given the code's row. Its errors are a
	// *WrongCodeError, and ErrNoSession.
	PassStepUp(ctx context.Context, s Session, right func(MailedCode) bool, n func(MailedCode) (NewSession, error), v Visitor) (
		passed Session, target string, err error)
	// ConfirmEmail counts a try, and gives the contact its new address when right says so; its other sessions, its unused links and whatever
	// else waits in the old mailbox end. It returns the hashes that the copies of those sessions are cached under. Its errors are a
	// *WrongCodeError, ErrStepUp, and ErrConflict for an address that a colleague has by now.
	ConfirmEmail(ctx context.Context, s Session, right func(MailedCode) bool, v Visitor) (tokenHashes [][32]byte, err error)
	// MailedCode returns a code's row, or ErrNotFound.
	MailedCode(ctx context.Context, t tenant.ID, id string) (MailedCode, error)
}

// SteppedUp is nil for a session that needs no code now, ErrStepUp for one that does, and ErrNoSession for one that has ended or may never: a
// provisional one.
func (s *Service) SteppedUp(ctx context.Context, sess Session) error {
	if err := s.store.SteppedUp(ctx, sess); err != nil {
		return fmt.Errorf("asking what the session %s may do: %w", sess.ID, err)
	}
	return nil
}

// WantStepUp remembers where the session's reader was going, a path of the portal, until a code was typed.
func (s *Service) WantStepUp(ctx context.Context, sess Session, target string) error {
	if err := s.store.WantStepUp(ctx, sess, target); err != nil {
		return fmt.Errorf("noting where the session %s was going: %w", sess.ID, err)
	}
	return nil
}

// SendStepUp mails a code to the session's contact, at the address on file. The codes before it no longer work. ErrLimited: there were too many.
func (s *Service) SendStepUp(ctx context.Context, sess Session, v Visitor) error {
	return s.sendCode(ctx, sess, MailedCode{Purpose: ForSession}, v)
}

// SendEmailCode mails a code to an address that the contact wants to have. Nothing is changed until it is typed. Its errors are ErrLimited,
// ErrStepUp, and ErrConflict for an address that cannot be the contact's.
func (s *Service) SendEmailCode(ctx context.Context, sess Session, email string, v Visitor) error {
	return s.sendCode(ctx, sess, MailedCode{Purpose: ForEmail, Email: email}, v)
}

func (s *Service) sendCode(ctx context.Context, sess Session, c MailedCode, v Visitor) error {
	c.ID, c.KeyID = tenant.NewID("stp", s.now()), s.ring.Newest()
	if err := s.store.SendCode(ctx, sess, c, v); err != nil {
		return fmt.Errorf("mailing a code to the contact %s: %w", sess.ContactID, err)
	}
	return nil
}

// PassStepUp takes the code that was typed in a session. A try is counted before it is compared, in the same transaction, so that any number of
// tries at once are five. The right one begins a session with an id and a cookie of its own in the place of sess, so that whoever
// came by the old cookie is left with one that may do nothing and soon shows nothing. Pressed twice, it gives the same session and cookie again. Its
// errors are ErrCodeForm, a *WrongCodeError and ErrNoSession.
func (s *Service) PassStepUp(ctx context.Context, site *tenant.Site, sess Session, code string, v Visitor) (Grant, error) {
	typed, ok := normalCode(code)
	if !ok {
		return Grant{}, ErrCodeForm
	}
	var cookie string
	var hash [32]byte
	next := func(c MailedCode) (n NewSession, err error) {
		_, n = s.newSession(site, v)
		cookie, hash, err = steppedUpToken(s.ring, c.KeyID, sess.Tenant, c.ID)
		n.TokenHash = hash
		return n, err
	}
	passed, target, err := s.store.PassStepUp(ctx, sess, s.isCode(sess.Tenant, typed), next, logged(site, v))
	if err != nil {
		return Grant{}, fmt.Errorf("taking a code in the session %s: %w", sess.ID, err)
	}
	s.cache.PutSession(ctx, hash, passed)
	return Grant{Session: passed, Token: cookie, Target: target}, nil
}

// ConfirmEmail takes the code that was mailed to a new address. The right one makes it the contact's. Its errors are ErrCodeForm, a *WrongCodeError,
// ErrStepUp, ErrNoSession, and ErrConflict for an address that somebody else at the company has got meanwhile.
func (s *Service) ConfirmEmail(ctx context.Context, sess Session, code string, v Visitor) error {
	typed, ok := normalCode(code)
	if !ok {
		return ErrCodeForm
	}
	hashes, err := s.store.ConfirmEmail(ctx, sess, s.isCode(sess.Tenant, typed), v)
	if err != nil {
		return fmt.Errorf("changing the address of the contact %s: %w", sess.ContactID, err)
	}
	s.drop(ctx, sess.Tenant, hashes)
	return nil
}

// isCode compares in constant time what was typed with what a row's code is.
func (s *Service) isCode(t tenant.ID, typed string) func(MailedCode) bool {
	return func(c MailedCode) bool {
		want, ok := stepUpCode(s.ring, c.KeyID, t, c.ID)
		return ok && subtle.ConstantTimeCompare([]byte(want), []byte(typed)) == 1
	}
}

// MailedCode writes a code for its mail: "XXXX-XXXX". It is derived each time, stored nowhere, and part of no URL.
func (s *Service) MailedCode(ctx context.Context, t tenant.ID, id string) (string, error) {
	c, err := s.store.MailedCode(ctx, t, id)
	if err != nil {
		return "", fmt.Errorf("loading the code %s: %w", id, err)
	}
	code, ok := stepUpCode(s.ring, c.KeyID, t, c.ID)
	if !ok {
		return "", fmt.Errorf("the key ring no longer holds %q, with which the code %s was made", c.KeyID, id)
	}
	return code[:codeLength/2] + "-" + code[codeLength/2:], nil
}

func stepUpCode(ring *seal.Ring, keyID string, t tenant.ID, id string) (string, bool) {
	raw, ok := ring.Derive(keyID, "step-up code", string(t), id)
	return codeOf(raw), ok
}

// steppedUpToken derives the cookie of the session that a code opens. A browser that is double-clicked gives the first answer up, cookie and all, and
// reads the second: both must hold the same.
func steppedUpToken(ring *seal.Ring, keyID string, t tenant.ID, id string) (token string, hash [32]byte, err error) {
	raw, ok := ring.Derive(keyID, "stepped-up session", string(t), id)
	if !ok {
		return "", hash, fmt.Errorf("the key ring no longer holds %q", keyID)
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), sha256.Sum256(raw[:]), nil
}
