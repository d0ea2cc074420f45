package tenant

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// ID names one tenant, like "ten_01k…". The zero value names none, and no row carries it.
type ID string

// idEncoding is Crockford's base 32 in lower case: it sorts like the bytes it encodes and has no look-alikes.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a fresh identifier "<prefix>_<26 characters>": 48 bits of now in milliseconds, so that identifiers sort by
// time of birth, then 80 random bits, so that nobody guesses one. Identifiers name things; they never grant access.
func NewID(prefix string, now time.Time) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(raw[6:]) // crypto/rand.Read never returns an error; it ends the program instead.
	return prefix + "_" + idEncoding.EncodeToString(raw[:])
}

// ValidID reports whether s has the form that NewID(prefix, …) gives. It is a cheap check before a look-up: what fails it
// exists nowhere.
func ValidID(prefix, s string) bool {
	body, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(body) != 26 {
		return false
	}
	_, err := idEncoding.DecodeString(body)
	return err == nil
}
