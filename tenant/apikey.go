package tenant

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"strings"
	"time"
)

// Scope is one right of an API key.
type Scope string

const (
	ScopeClientsRead   Scope = "clients:read"   // companies and contacts
	ScopeClientsWrite  Scope = "clients:write"  //
	ScopeInvoicesRead  Scope = "invoices:read"  //
	ScopeInvoicesWrite Scope = "invoices:write" // create, send, void
	ScopeSessionsRead  Scope = "sessions:read"  // portal sessions and their audit trail
	ScopeSessionsWrite Scope = "sessions:write" // mint and revoke links and sessions
	ScopeMailsRead     Scope = "mails:read"     // what became of mails, not what they say
	ScopeBrandRead     Scope = "brand:read"     //
	ScopeBrandWrite    Scope = "brand:write"    // logo, colours, footer
	ScopeSettingsRead  Scope = "settings:read"  // policy: how long sessions and links live, how to pay
	ScopeSettingsWrite Scope = "settings:write" // apart from brand: who may change where money goes should be a choice of its own
	ScopeDomainsRead   Scope = "domains:read"   // custom domains and what their DNS lacks
	ScopeDomainsWrite  Scope = "domains:write"  // claim, check and give up custom domains
	ScopePreviewWrite  Scope = "preview:write"  // look at the portal as it appears to a contact
	ScopePaymentsRead  Scope = "payments:read"  // payments through a processor, refunds, disputes, credit
	ScopePaymentsWrite Scope = "payments:write" // give money back, use credit
	// Whose account the money goes to is a right of its own.
	ScopeConnectionsRead  Scope = "connections:read"
	ScopeConnectionsWrite Scope = "connections:write"
	ScopeKeysRead         Scope = "keys:read"  // API keys, without their secrets
	ScopeKeysWrite        Scope = "keys:write" // make and revoke keys, never with more scopes than the caller has
)

// Scopes lists every scope; a key made without a choice has them all.
var Scopes = []Scope{ScopeClientsRead, ScopeClientsWrite, ScopeInvoicesRead, ScopeInvoicesWrite,
	ScopeSessionsRead, ScopeSessionsWrite, ScopeMailsRead, ScopeBrandRead, ScopeBrandWrite, ScopeSettingsRead, ScopeSettingsWrite,
	ScopeDomainsRead, ScopeDomainsWrite, ScopePreviewWrite, ScopePaymentsRead, ScopePaymentsWrite, ScopeConnectionsRead,
	ScopeConnectionsWrite, ScopeKeysRead, ScopeKeysWrite}

// APIKey is a key as it is listed: without its secret.
type APIKey struct {
	ID         string
	Tenant     ID
	Name       string
	Scopes     []Scope
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
	RevokedAt  time.Time // zero: works
}

const (
	livePrefix   = "thk_live_"
	testPrefix   = "thk_test_"
	idDigits     = 26 // of a tenant's id, without "ten_"
	secretDigits = 43 // of 32 bytes in base64url without padding
	checkDigits  = 6  // of a CRC-32 in base 62
	keyLength    = len(livePrefix) + idDigits + 1 + secretDigits + checkDigits
)

// ErrAPIKey is returned by ParseAPIKey for everything that cannot be a key. It never repeats the input: it may be most of a key.
var ErrAPIKey = errors.New("not an API key")

// MintAPIKey returns a fresh key of a tenant and the hash to store. The key is thk_live_ or thk_test_, the tenant's id without "ten_",
// an underscore, 32 random bytes in base64url and a checksum of all that, so that a scanner finds a leaked key and a mistyped one is
// told without a look-up. It is shown once, and must not be logged. id must be a valid tenant id.
func MintAPIKey(id ID, test bool) (key string, hash [32]byte) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // crypto/rand.Read never returns an error; it ends the program instead.
	prefix := livePrefix
	if test {
		prefix = testPrefix
	}
	body := prefix + strings.TrimPrefix(string(id), "ten_") + "_" + base64.RawURLEncoding.EncodeToString(secret[:])
	key = body + checksum(body)
	return key, sha256.Sum256([]byte(key))
}

// ParseAPIKey takes a key apart: whose it says it is, the hash to look for, and whether it is a test key. Only the exact form that
// MintAPIKey gives passes; whether the key exists is for the store to say.
func ParseAPIKey(s string) (id ID, hash [32]byte, test bool, err error) {
	if len(s) != keyLength {
		return "", [32]byte{}, false, ErrAPIKey
	}
	prefix, rest := s[:len(livePrefix)], s[len(livePrefix):]
	test = prefix == testPrefix
	id = ID("ten_" + rest[:idDigits])
	body, sum := s[:keyLength-checkDigits], s[keyLength-checkDigits:]
	secret, secretErr := base64.RawURLEncoding.Strict().DecodeString(rest[idDigits+1 : idDigits+1+secretDigits])
	switch {
	case !test && prefix != livePrefix, !ValidID("ten", string(id)), rest[idDigits] != '_',
		secretErr != nil, len(secret) != 32, sum != checksum(body):
		return "", [32]byte{}, false, ErrAPIKey
	}
	return id, sha256.Sum256([]byte(s)), test, nil
}

// checksum is the CRC-32 of s in base 62, six digits.
func checksum(s string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var out [checkDigits]byte
	sum := crc32.ChecksumIEEE([]byte(s))
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[sum%62]
		sum /= 62
	}
	return string(out[:])
}
