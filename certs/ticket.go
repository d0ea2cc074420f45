package certs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"strconv"
	"sync"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// tickets makes and reads session tickets. A resumed handshake never comes to GetCertificate, and crypto/tls does not compare the name it
// was made for with the name it is used for: a ticket of one tenant's host would open a session under another's. Here the host and its epoch
// are bound into the ticket's encryption, so that it opens under no other host, nor after the host changed hands or was suspended.
//
// The keys derive from the key ring and the time, so every node has the same without any exchange. A key makes tickets for eight hours and
// opens them for sixteen more.
type tickets struct {
	ring      *seal.Ring
	directory Directory
	now       func() time.Time

	mu   sync.RWMutex
	keys map[int64]cipher.AEAD
}

const (
	ticketPeriod  = 8 * time.Hour
	ticketPeriods = 3 // that a ticket is accepted for
	ticketHeader  = 8 // the period that its key belongs to
)

func newTickets(ring *seal.Ring, directory Directory, now func() time.Time) *tickets {
	return &tickets{ring: ring, directory: directory, now: now, keys: map[int64]cipher.AEAD{}}
}

var errNoTicket = errors.New("no ticket for a host that is not served")

func (t *tickets) wrap(state tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	bound, ok := t.binding(state.ServerName)
	if !ok {
		return nil, errNoTicket
	}
	plain, err := session.Bytes()
	if err != nil {
		return nil, err
	}
	period := t.period()
	aead, err := t.key(period)
	if err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint64(nil, uint64(period))
	out = append(out, make([]byte, aead.NonceSize())...)
	nonce := out[ticketHeader:]
	_, _ = rand.Read(nonce)
	return aead.Seal(out, nonce, plain, bound), nil
}

// unwrap returns nothing, and so a full handshake, for every ticket that it does not take.
func (t *tickets) unwrap(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
	bound, ok := t.binding(state.ServerName)
	if !ok || len(ticket) < ticketHeader {
		return nil, nil
	}
	period, current := int64(binary.BigEndian.Uint64(ticket)), t.period()
	// Another node's clock may have come to the next period already.
	if period > current+1 || period <= current-ticketPeriods {
		return nil, nil
	}
	aead, err := t.key(period)
	if err != nil || len(ticket) < ticketHeader+aead.NonceSize() {
		return nil, err
	}
	nonce, body := ticket[ticketHeader:ticketHeader+aead.NonceSize()], ticket[ticketHeader+aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, body, bound)
	if err != nil {
		return nil, nil
	}
	session, err := tls.ParseSessionState(plain)
	if err != nil {
		return nil, nil
	}
	return session, nil
}

// binding is what a ticket is good for: a host as it is served now.
func (t *tickets) binding(serverName string) ([]byte, bool) {
	host, err := tenant.ParseHostname(serverName)
	if err != nil {
		return nil, false
	}
	entry, ok := t.directory.Lookup(host)
	if !ok {
		return nil, false
	}
	bound := append([]byte(host.String()), 0)
	return binary.BigEndian.AppendUint64(bound, uint64(entry.Site().Epoch)), true
}

func (t *tickets) period() int64 { return t.now().Unix() / int64(ticketPeriod/time.Second) }

// key returns the key of a period and forgets those that are past.
func (t *tickets) key(period int64) (cipher.AEAD, error) {
	t.mu.RLock()
	aead := t.keys[period]
	t.mu.RUnlock()
	if aead != nil {
		return aead, nil
	}
	secret, ok := t.ring.Derive(t.ring.Newest(), "tls ticket", strconv.FormatInt(period, 10))
	if !ok {
		return nil, errors.New("the key ring has no newest key")
	}
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, err
	}
	if aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for old := range t.keys {
		if old <= period-ticketPeriods {
			delete(t.keys, old)
		}
	}
	t.keys[period] = aead
	return aead, nil
}
