package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// tokenLength is 32 bytes in base64url without padding.
const tokenLength = 43

// hashToken returns what is stored of a token, and whether it has the only form that a token has. The look-up goes by the hash, so its time
// says nothing about the token.
func hashToken(token string) (hash [32]byte, ok bool) {
	if len(token) != tokenLength {
		return hash, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 32 {
		return hash, false
	}
	return sha256.Sum256(raw), true
}

// newToken returns a fresh random token, for a session's cookie.
func newToken() (token string, hash [32]byte) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(raw[:]), sha256.Sum256(raw[:])
}

// linkToken derives the token of a link. A mail must be written with the same link however often its sending is tried, and no table may hold a
// token; so the token is a keyed hash of the link's id, which only a holder of the key ring can compute. It reports false when the ring no
// longer has the key.
func linkToken(ring *seal.Ring, keyID string, t tenant.ID, linkID string) (token string, hash [32]byte, ok bool) {
	raw, ok := ring.Derive(keyID, "portal link", string(t), linkID)
	return base64.RawURLEncoding.EncodeToString(raw[:]), sha256.Sum256(raw[:]), ok
}
