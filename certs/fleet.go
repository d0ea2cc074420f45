package certs

import (
	"context"
	"time"

	"tollhouse/tenant"
)

// Fleet is where the nodes tell of themselves. Implemented by certsdb. Safe for concurrent use.
type Fleet interface {
	// Beat says that the node lives. A node that was not in the list, or was taken for dead, joins anew: what it was seen serving before
	// counts no longer.
	Beat(ctx context.Context, n Node) (Pulse, error)
	// Leave takes the node out of the list, at an orderly end.
	Leave(ctx context.Context, id string) error
	// Saw records what the node was seen serving. The node must be in the list.
	Saw(ctx context.Context, id string, seen []Sighting) error
	// Unseen returns up to limit hosts whose certificate was committed within this time and that the node was not yet seen serving.
	Unseen(ctx context.Context, id string, within time.Duration, limit int) ([]tenant.Hostname, error)
	// Survey counts what is stored, and lists up to limit hosts whose renewal is late.
	Survey(ctx context.Context, limit int) (Survey, error)
	// Fade deletes nodes that have been dead for an hour, sightings of certificates that are gone, and notes of what was revoked long ago.
	Fade(ctx context.Context) error
}

// Node is one process that serves.
type Node struct {
	ID           string // random, of this run of the process
	Name         string // the machine's
	DirectorySeq int64  // how far its Directory has followed the record
	Skew         time.Duration
	SealKey      string // id of the key that it seals with
}

// Pulse is what a node hears when it says that it lives.
type Pulse struct {
	Now    time.Time // the database's clock
	Live   int       // nodes that live, this one included
	Joined bool      // it was not in the list
}

// Sighting is a certificate that a node gave in a handshake with itself.
type Sighting struct {
	Host    tenant.Hostname
	Serial  string // hex
	Version int64  // 0: from the local copy
}

// Facts is what the fleet knows of one host's certificate. Serial is empty when there is none.
type Facts struct {
	Issuer      string // host name of the CA's directory
	Serial      string // hex
	Version     int64
	NotBefore   time.Time
	NotAfter    time.Time
	RenewAt     time.Time
	CommittedAt time.Time

	Live    int // nodes that live and were told of this certificate
	Serving int // of those, the ones seen serving it

	Trouble      string    // code of why the last order did not succeed; "" when it did, or none was made
	TroubleSince time.Time // of the refusal, or since when the CA fails
	Reason       string    // what the CA said
	RetryAt      time.Time // when the CA is asked again; zero: now
}
