package bounces

import (
	"crypto/hmac"
	"encoding/base32"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// Returns makes the address that one mail comes back to, and knows it again. It never changes and is safe for concurrent use.
type Returns struct {
	ring          *seal.Ring
	local, domain string
}

// Token is what such an address carries: which mail it is of, and the proof. The zero value is none.
type Token struct {
	MailID string
	mac    string
}

const (
	idPrefix  = "mail_"
	idLength  = 26
	macBytes  = 10 // 80 bits: guessed at a thousand a second, one in 19 million years
	macLength = 16
	mostLocal = 64 // octets before the @ (RFC 5321 section 4.5.3.1.1)
)

// macEncoding has lower-case letters only: what is before the @ often arrives in another case than it went out in.
var macEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewReturns checks the operator's address for bounces, like bounces@mail.example. Mails come back to bounces+<token>@mail.example, so its
// server has to take those for the same mailbox.
func NewReturns(ring *seal.Ring, address string) (*Returns, error) {
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return nil, fmt.Errorf("%q is not a bare mail address", address)
	}
	local, domain := parts(address)
	if strings.ContainsAny(local, "+\" ") {
		return nil, fmt.Errorf("%q must have no plus sign, quote or space before the @: the token follows after a plus sign", address)
	}
	if most := mostLocal - 1 - idLength - macLength; len(local) > most {
		return nil, fmt.Errorf("%q is too long: with the token, only %d characters may stand before the @", address, most)
	}
	if ring == nil {
		return nil, errors.New("bounces: the key ring is missing")
	}
	return &Returns{ring: ring, local: strings.ToLower(local), domain: strings.ToLower(domain)}, nil
}

func parts(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, ""
	}
	return address[:at], address[at+1:]
}

// Address is where a tenant's mail comes back to; "" for an id that is no mail's.
func (r *Returns) Address(t tenant.ID, mailID string) string {
	if !tenant.ValidID("mail", mailID) {
		return ""
	}
	return r.local + "+" + strings.TrimPrefix(mailID, idPrefix) + r.mac(r.ring.Newest(), t, mailID) + "@" + r.domain
}

func (r *Returns) mac(keyID string, t tenant.ID, mailID string) string {
	sum, _ := r.ring.Derive(keyID, "mail return v1", string(t), mailID)
	return macEncoding.EncodeToString(sum[:macBytes])
}

// Token reads an address that may be one of Address. It proves nothing yet: see Genuine.
func (r *Returns) Token(address string) (Token, bool) {
	local, domain := parts(strings.ToLower(strings.Trim(strings.TrimSpace(address), "<>")))
	text, ok := strings.CutPrefix(local, r.local+"+")
	if !ok || domain != r.domain || len(text) != idLength+macLength {
		return Token{}, false
	}
	token := Token{MailID: idPrefix + text[:idLength], mac: text[idLength:]}
	return token, tenant.ValidID("mail", token.MailID)
}

// Genuine reports whether a token is of this tenant's mail, made with any key of the ring.
func (r *Returns) Genuine(t tenant.ID, token Token) bool {
	for _, key := range r.ring.Keys() {
		if hmac.Equal([]byte(r.mac(key, t, token.MailID)), []byte(token.mac)) {
			return true
		}
	}
	return false
}
