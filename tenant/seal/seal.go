// Package seal encrypts what must not be read from a database or a disk: private keys, credentials, stored answers. It is AES-256-GCM under
// a ring of keys: the newest seals, every key of the ring opens, so keys can be rotated while everything stays readable. The additional
// data binds a sealed value to its place: moved to another row it does not open.
//
//	sealed := ring.Seal(keyPEM, []byte("certificates/billing.acme.com"))
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ErrSealed is the only thing that Open says: which part was wrong is nobody's business.
var ErrSealed = errors.New("the sealed value does not open: wrong key ring, wrong place or damaged")

const version = 1

// validID keeps key ids printable and short, for rows and logs.
var validID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// Ring is an ordered set of keys. It is safe for concurrent use and never changes. It prints as "[redacted]".
type Ring struct {
	newest string
	ids    []string // the newest first
	keys   map[string]key
}

type key struct {
	secret [32]byte
	aead   cipher.AEAD
}

// ParseRing reads keys written as "id:64 hex digits", separated by commas or line breaks, the newest first.
func ParseRing(text string) (*Ring, error) {
	r := &Ring{keys: map[string]key{}}
	for _, field := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == '\n' || c == '\r' || c == ' ' }) {
		id, digits, _ := strings.Cut(field, ":")
		secret, err := hex.DecodeString(digits)
		if !validID.MatchString(id) || err != nil || len(secret) != 32 {
			return nil, errors.New(`the key ring must be "id:64 hex digits", comma-separated, newest first`)
		}
		if err := r.add(id, [32]byte(secret)); err != nil {
			return nil, err
		}
	}
	if r.newest == "" {
		return nil, errors.New("the key ring is empty")
	}
	return r, nil
}

// RandomRing returns a ring with one fresh key that exists nowhere else. For development and tests.
func RandomRing() *Ring {
	var secret [32]byte
	_, _ = rand.Read(secret[:])
	r := &Ring{keys: map[string]key{}}
	if err := r.add("random", secret); err != nil {
		panic(err) // a 32-byte key always makes an AES-256 cipher
	}
	return r
}

func (r *Ring) add(id string, secret [32]byte) error {
	if _, twice := r.keys[id]; twice {
		return fmt.Errorf("the key ring holds the id %q twice", id)
	}
	// Sealing and deriving use different keys, so that neither can be turned against the other.
	aesKey := derive(secret, "tollhouse seal v1")
	block, err := aes.NewCipher(aesKey[:])
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	r.keys[id] = key{secret: secret, aead: aead}
	r.ids = append(r.ids, id)
	if r.newest == "" {
		r.newest = id
	}
	return nil
}

// Newest returns the id of the key that seals.
func (r *Ring) Newest() string { return r.newest }

// Keys returns the ids of all keys, the newest first.
func (r *Ring) Keys() []string { return slices.Clone(r.ids) }

// Seal encrypts plain with the newest key and binds it to aad. The result is version, key id, nonce and ciphertext.
func (r *Ring) Seal(plain, aad []byte) []byte {
	k := r.keys[r.newest]
	out := append([]byte{version, byte(len(r.newest))}, r.newest...)
	header := len(out)
	out = append(out, make([]byte, k.aead.NonceSize())...)
	nonce := out[header:]
	_, _ = rand.Read(nonce)
	return k.aead.Seal(out, nonce, plain, bind(out[:header], aad))
}

// Open decrypts what Seal made with any key of the ring and the same aad. Its only error is ErrSealed.
func (r *Ring) Open(sealed, aad []byte) ([]byte, error) {
	id, ok := KeyID(sealed)
	if !ok {
		return nil, ErrSealed
	}
	k, ok := r.keys[id]
	header := 2 + len(id)
	if !ok || len(sealed) < header+k.aead.NonceSize() {
		return nil, ErrSealed
	}
	nonce, body := sealed[header:header+k.aead.NonceSize()], sealed[header+k.aead.NonceSize():]
	plain, err := k.aead.Open(nil, nonce, body, bind(sealed[:header], aad))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// KeyID tells which key sealed a value, so that a rotation finds what is left to do.
func KeyID(sealed []byte) (string, bool) {
	if len(sealed) < 2 || sealed[0] != version || len(sealed) < 2+int(sealed[1]) {
		return "", false
	}
	return string(sealed[2 : 2+int(sealed[1])]), true
}

// Derive returns 32 bytes that only a holder of the ring can compute, the same for the same key id and parts. Parts are length-prefixed: no
// two lists of parts give the same input. It reports false when the ring has no such key.
func (r *Ring) Derive(keyID string, parts ...string) ([32]byte, bool) {
	k, ok := r.keys[keyID]
	if !ok {
		return [32]byte{}, false
	}
	return derive(k.secret, parts...), true
}

// String hides the ring from logs.
func (r *Ring) String() string { return "[redacted]" }

// GoString hides the ring from %#v.
func (r *Ring) GoString() string { return "[redacted]" }

func derive(secret [32]byte, parts ...string) [32]byte {
	mac := hmac.New(sha256.New, secret[:])
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return [32]byte(mac.Sum(nil))
}

func bind(header, aad []byte) []byte { return append(header[:len(header):len(header)], aad...) }
