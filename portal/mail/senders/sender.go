// Package senders keeps the addresses that tenants' mails come from. A tenant names an address of its own; the platform makes a key for its
// domain and shows the records to publish. Only once the key is seen in DNS, by two resolvers, do mails come from that address, signed with
// it; until then, and whenever it is lost, they come from the platform's address with the tenant's name, so that no mail is ever kept back.
//
// It sends nothing, and keeps its rows through a Store; the SQL is in sendersdb.
//
//	v, err := service.Set(ctx, tenantID, "billing@acme.com", "")
//	id, err := service.Identity(ctx, tenantID)
package senders

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tollhouse/tenant"
)

// State says whether a tenant's address may be used.
type State string

const (
	Off      State = "off"      // the tenant has none
	Pending  State = "pending"  // its key has not been seen yet
	Verified State = "verified" // mails come from it
	Failing  State = "failing"  // its key was seen and is not any more
)

// Sender is a tenant's address with its keys. Times are zero for "never".
type Sender struct {
	Tenant      tenant.ID
	Address     string // "" when Off
	Name        string // before the address; "" is the tenant's
	State       State  // "" before the first Set
	Key         Key    // signs
	Next        Key    // will sign once it is seen; without a selector: none
	Checks      []Check
	CreatedAt   time.Time
	ChangedAt   time.Time
	AskedAt     time.Time
	CheckedAt   time.Time
	SeenAt      time.Time
	NextCheckAt time.Time
	Minted      int // keys since MintedSince
	MintedSince time.Time
}

// Key is one signing key.
type Key struct {
	Selector string
	Domain   string
	Public   string // base64, as in p= of the record
	Sealed   []byte // the private half, bound to KeyPlace
}

// Domain is the part behind the @.
func (s Sender) Domain() string { return domainOf(s.Address) }

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// off reports whether there is no address.
func (s Sender) off() bool { return s.State == Off || s.State == "" }

// KeyPlace is what a sealed key is bound to.
func KeyPlace(t tenant.ID, domain, selector string) []byte {
	return []byte("sender_keys/" + string(t) + "/" + domain + "/" + selector)
}

// ErrPlatform says that an address is below the platform's own domain.
var ErrPlatform = errors.New("the address belongs to the platform")

// TooSoonError says that a check, or another key, is not given yet.
type TooSoonError struct{ After time.Duration }

// Error tells how long to wait.
func (e *TooSoonError) Error() string { return fmt.Sprintf("too soon; again in %s", e.After) }

const (
	checkPause = 10 * time.Second // between two checks that are asked for
	mostMinted = 10               // keys of one tenant in mintSpan
	mintSpan   = 24 * time.Hour
)

// mint counts a key that is about to be made, or says when the next may be.
func (s *Sender) mint(now time.Time) error {
	if now.Sub(s.MintedSince) >= mintSpan {
		s.Minted, s.MintedSince = 0, now
	}
	if s.Minted >= mostMinted {
		return &TooSoonError{After: s.MintedSince.Add(mintSpan).Sub(now)}
	}
	s.Minted++
	return nil
}
