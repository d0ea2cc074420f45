package access

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// codeAlphabet is what a code is written with: nothing in it is taken for another character of it.
const codeAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

// codeLength is how many characters a code has; with 31 to choose from that is nearly 40 bits, for five tries.
const codeLength = 8

// CodeTries is how often a code may be typed for one request.
const CodeTries = 5

// CodeTriesDay is how often codes may be typed in a day for one address.
const CodeTriesDay = 20

// WrongCodeError says that no link of this browser has the code that was typed. It is the same whether or not anybody is known by the address.
type WrongCodeError struct{ Left int } // how many tries are left; 0: the code is dead

// Error names the tries left only.
func (e *WrongCodeError) Error() string { return fmt.Sprintf("wrong code, %d tries left", e.Left) }

// ErrCodeForm says that what was typed cannot be a code. It costs no try.
var ErrCodeForm = errors.New("not a code")

// RedeemCode exchanges a login link for a session by the code of its mail, typed in the browser that asked for it. browser is that browser's
// cookie. A try is counted before it is compared, in the same transaction, so that any number of tries at once are five. Its errors are
// ErrCodeForm, ErrLimited, a *WrongCodeError, and a *DeadLinkError for the right code of a link that no longer works.
func (s *Service) RedeemCode(ctx context.Context, site *tenant.Site, code, browser string, v Visitor) (Grant, error) {
	typed, ok := normalCode(code)
	if !ok {
		return Grant{}, ErrCodeForm
	}
	t := site.Tenant.ID
	if !s.cache.Allow(ctx, s.check("redeem", t, Network(v.IP), s.limits.Redeem)) {
		return Grant{}, ErrLimited
	}
	cookie, fresh := s.newSession(site, v)
	right := func(l Link) bool {
		want, ok := linkCode(s.ring, l.KeyID, t, l.ID)
		return ok && subtle.ConstantTimeCompare([]byte(want), []byte(typed)) == 1
	}
	sess, link, err := s.store.RedeemCode(ctx, t, hashBrowser(browser), right, fresh)
	var wrong *WrongCodeError
	switch {
	case errors.As(err, &wrong):
		return Grant{}, wrong
	case errors.Is(err, ErrNotFound):
		return Grant{}, s.dead(ctx, site, link.TokenHash, browser, v)
	case err != nil:
		return Grant{}, fmt.Errorf("redeeming a code: %w", err)
	}
	return s.granted(ctx, cookie, fresh, sess, link), nil
}

// Code writes the code of a stored login link, for its mail: "XXXX-XXXX". Like the token it is derived, stored nowhere, and part of no URL.
func (s *Service) Code(ctx context.Context, t tenant.ID, linkID string) (string, error) {
	l, err := s.store.LinkByID(ctx, t, linkID)
	if err != nil {
		return "", fmt.Errorf("loading the link %s: %w", linkID, err)
	}
	code, ok := linkCode(s.ring, l.KeyID, t, l.ID)
	if !ok {
		return "", fmt.Errorf("the key ring no longer holds %q, with which the link %s was made", l.KeyID, linkID)
	}
	return code[:codeLength/2] + "-" + code[codeLength/2:], nil
}

// linkCode derives the code of a link.
func linkCode(ring *seal.Ring, keyID string, t tenant.ID, linkID string) (string, bool) {
	raw, ok := ring.Derive(keyID, "portal link code", string(t), linkID)
	return codeOf(raw), ok
}

// codeOf writes a code. 64 bits are cut down to 31 values a character; the remainder favours no value by more than 2⁻²⁴.
func codeOf(raw [32]byte) string {
	n := binary.BigEndian.Uint64(raw[:])
	code := make([]byte, codeLength)
	for i := range code {
		code[i] = codeAlphabet[n%uint64(len(codeAlphabet))]
		n /= uint64(len(codeAlphabet))
	}
	return string(code)
}

// normalCode takes a code as people type and paste it, in any case, with any spaces and dashes, and in the full width of East Asian keyboards, and
// reports whether it can be one.
func normalCode(typed string) (string, bool) {
	if len(typed) > 100 {
		return "", false
	}
	code := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || unicode.Is(unicode.Pd, c) || unicode.Is(unicode.Cf, c) || c == '−' {
			return -1
		}
		if '！' <= c && c <= '～' {
			c -= '！' - '!'
		}
		if 'a' <= c && c <= 'z' {
			return c - 'a' + 'A'
		}
		return c
	}, typed)
	if len(code) != codeLength || strings.Trim(code, codeAlphabet) != "" {
		return "", false
	}
	return code, true
}

// hashBrowser is what is kept of the cookie of an asking browser; none, or one of another form, is a browser that never asked.
func hashBrowser(cookie string) [32]byte {
	hash, ok := hashToken(cookie)
	if !ok {
		return [32]byte{}
	}
	return hash
}

// SubjectHash is what is kept, for a day, of the address that somebody asked for: enough to count by, and useless without the ring's key.
func SubjectHash(ring *seal.Ring, t tenant.ID, email string) [32]byte {
	hash, _ := ring.Derive(ring.Newest(), "link subject", string(t), strings.ToLower(strings.TrimSpace(email)))
	return hash
}
