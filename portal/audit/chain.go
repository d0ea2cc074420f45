package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"tollhouse/tenant"
)

// Hash is the hash of one entry and, through the one before it, of all before.
type Hash [sha256.Size]byte

// String writes the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what String wrote.
func ParseHash(text string) (h Hash, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return h, fmt.Errorf("%.80q is not a hash of 64 hex digits", text)
	}
	return Hash(raw), nil
}

// Genesis is what the first entry of a tenant's chain follows.
func Genesis(t tenant.ID) Hash { return sha256.Sum256([]byte("audit1 " + string(t))) }

// Record is an entry in the form that its hash covers. nil is an absent field, which is not the same as an empty one.
type Record struct {
	Tenant  tenant.ID
	ID      string
	Micros  int64 // since 1970, UTC
	Kind    string
	Actor   string
	ActorID string

	CompanyID, ContactID, DocumentID, SessionID, LinkID, IP *string

	UserAgent string
	Details   string // JSON as the database writes it
}

// Entry is a record with its place in the chain as it was stored. N is 0, and both hashes are zero, for one that was never linked in.
type Entry struct {
	Record
	N              int64
	Previous, Hash Hash
}

// Next returns the hash of r as entry n after previous. The hash covers previous, then "audit1", then each field in this order, as its length
// in bytes, a colon and its text, or "-" when it is absent: n, tenant, id, time in microseconds, kind, actor, actor's id, company,
// contact, document, session, link, IP, user agent, details. The database computes the same when it appends.
func (r *Record) Next(previous Hash, n int64) Hash {
	b := append(make([]byte, 0, 512), previous[:]...)
	b = append(b, "audit1"...)
	for _, field := range []string{strconv.FormatInt(n, 10), string(r.Tenant), r.ID, strconv.FormatInt(r.Micros, 10), r.Kind, r.Actor, r.ActorID} {
		b = appendField(b, &field)
	}
	for _, field := range []*string{r.CompanyID, r.ContactID, r.DocumentID, r.SessionID, r.LinkID, r.IP, &r.UserAgent, &r.Details} {
		b = appendField(b, field)
	}
	return sha256.Sum256(b)
}

func appendField(b []byte, field *string) []byte {
	if field == nil {
		return append(b, '-')
	}
	b = strconv.AppendInt(b, int64(len(*field)), 10)
	b = append(b, ':')
	return append(b, *field...)
}

// Head is where a chain stands. The zero Hash with N 0 is no head at all; an empty chain has its Genesis.
type Head struct {
	N    int64
	Hash Hash
}

// BrokenError names the first place at which a chain is not what was written.
type BrokenError struct {
	N       int64  // of the entry; 0 when it has none
	EventID string // "" when the event is gone
	What    string // what is wrong, in words
}

func (e *BrokenError) Error() string {
	place := ""
	if e.N > 0 {
		place = fmt.Sprintf("entry %d", e.N)
	}
	if e.EventID != "" {
		place += " " + e.EventID
	}
	return place + ": " + e.What
}

// Verifier follows a chain from its beginning, in constant memory. NewVerifier makes one; it is for one goroutine.
type Verifier struct {
	head  Head
	known map[int64][]Hash
}

// NewVerifier returns a verifier for a tenant's chain that also holds it to heads that were kept elsewhere.
func NewVerifier(t tenant.ID, kept ...Head) *Verifier {
	v := &Verifier{head: Head{Hash: Genesis(t)}, known: map[int64][]Hash{}}
	for _, head := range kept {
		v.known[head.N] = append(v.known[head.N], head.Hash)
	}
	return v
}

// Head returns how far the chain was followed.
func (v *Verifier) Head() Head { return v.head }

// Add takes the next entry: its number, its event's id and its hash as they were stored, and the event, nil when it is gone. Its error is a
// *BrokenError.
func (v *Verifier) Add(n int64, eventID string, stored Hash, r *Record) error {
	next := v.head.N + 1
	switch {
	case n != next:
		return &BrokenError{N: next, What: fmt.Sprintf("it is missing; the next one is entry %d", n)}
	case r == nil:
		return &BrokenError{N: n, EventID: eventID, What: "its event was removed"}
	}
	hash := r.Next(v.head.Hash, n)
	if hash != stored {
		return &BrokenError{N: n, EventID: eventID, What: "it was changed, or stands in another's place"}
	}
	if slices.ContainsFunc(v.known[n], func(kept Hash) bool { return kept != hash }) {
		return &BrokenError{N: n, EventID: eventID, What: "the chain up to here is not the one whose hash was kept: it was written anew"}
	}
	delete(v.known, n)
	v.head = Head{N: n, Hash: hash}
	return nil
}

// End compares the end with the head as it was stored, and with kept heads that the chain never came to.
func (v *Verifier) End(stored Head) error {
	for n := range v.known {
		if n > v.head.N {
			return &BrokenError{N: v.head.N + 1, What: fmt.Sprintf("it is missing, and so is all up to entry %d, whose hash was kept", n)}
		}
	}
	if stored != v.head {
		return &BrokenError{N: v.head.N + 1, What: fmt.Sprintf("the chain ends at entry %d, its stored head is entry %d", v.head.N, stored.N)}
	}
	return nil
}
