package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Profile is what a contact says of itself.
type Profile struct {
	Name   string // 1 to 200 characters on one line
	Locale string // BCP 47; "" is as the browser says
}

// LongestName is how many characters a person's name may have.
const LongestName = 200

// ErrName says that a name is empty, too long, or more than a line of text.
var ErrName = errors.New("not a name")

// Profiles changes contacts at their own wish. Implemented by accessdb.
type Profiles interface {
	// SaveProfile writes the profile of the session's contact. One that changes nothing writes nothing. ErrNoSession: s does not stand any more.
	SaveProfile(ctx context.Context, s Session, p Profile, v Visitor) error
}

// SaveProfile writes what the contact of the session says of itself. Its errors are ErrName and ErrNoSession.
func (s *Service) SaveProfile(ctx context.Context, sess Session, p Profile, v Visitor) error {
	p.Name = strings.TrimSpace(p.Name)
	if p.Name == "" || !utf8.ValidString(p.Name) || utf8.RuneCountInString(p.Name) > LongestName || strings.ContainsFunc(p.Name, unprintable) {
		return ErrName
	}
	if err := s.store.SaveProfile(ctx, sess, p, v); err != nil {
		return fmt.Errorf("changing the contact %s: %w", sess.ContactID, err)
	}
	return nil
}

// unprintable are the characters that have no place on a line, those that turn the rest of it round among them.
func unprintable(c rune) bool {
	return unicode.IsControl(c) || c == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029'
}
