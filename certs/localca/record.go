package localca

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Where Pebble takes what.
const (
	accountPath  = "/sign-me-up"
	noncePath    = "/nonce-plz"
	orderPath    = "/order-plz"
	finalizePath = "/finalize-order/"
	revokePath   = "/revoke-cert"
	windowPath   = "/draft-ietf-acme-ari-03/renewalInfo/"
)

// Order is one order that was made.
type Order struct {
	Names    []string
	Replaces string // what it says it replaces (RFC 9773 section 5); "" for nothing
	Profile  string // what it asks for; "" for nothing
	Account  string // the address of the account that made it
	At       time.Time
}

// Revocation is one certificate that was revoked.
type Revocation struct {
	Serial string // in hex
	Reason int    // RFC 5280 section 5.3.1; zero is unspecified
	At     time.Time
}

// record is what was done at the CA.
type record struct {
	requests atomic.Int64
	asked    atomic.Int64

	mu      sync.Mutex
	orders  []Order
	revoked []Revocation
}

// Requests tells how often anything was asked of the CA since it started, refused connections included.
func (c *CA) Requests() int { return int(c.record.requests.Load()) }

// Asked tells how often an order was asked for, refused ones included. One that is sent again because of a stale nonce counts again.
func (c *CA) Asked() int { return int(c.record.asked.Load()) }

// Orders tells how many orders were made at the CA since it started.
func (c *CA) Orders() int { return len(c.OrderLog()) }

// OrderLog returns the orders that were made since the CA started, the oldest first.
func (c *CA) OrderLog() []Order {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	return slices.Clone(c.record.orders)
}

// Revocations returns the certificates that were revoked since the CA started, the oldest first.
func (c *CA) Revocations() []Revocation {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	return slices.Clone(c.record.revoked)
}

// keep notes what succeeds. An order that is sent twice because of a stale nonce is made once, and noted once.
func (r *record) keep(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodPost {
			switch request.URL.Path {
			case orderPath:
				order := readOrder(readBody(request))
				w = &onStatus{w, http.StatusCreated, func() { r.ordered(order) }}
			case revokePath:
				revocation := readRevocation(readBody(request))
				w = &onStatus{w, http.StatusOK, func() { r.wasRevoked(revocation) }}
			}
		}
		next.ServeHTTP(w, request)
	})
}

func (r *record) ordered(order Order) {
	r.mu.Lock()
	defer r.mu.Unlock()
	order.At = time.Now()
	r.orders = append(r.orders, order)
}

func (r *record) wasRevoked(revocation Revocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	revocation.At = time.Now()
	r.revoked = append(r.revoked, revocation)
}

// onStatus calls then when the answer has the wanted status.
type onStatus struct {
	http.ResponseWriter
	want int
	then func()
}

// WriteHeader passes the status on.
func (w *onStatus) WriteHeader(status int) {
	if status == w.want {
		w.then()
	}
	w.ResponseWriter.WriteHeader(status)
}

// readBody reads the whole body and puts it back.
func readBody(r *http.Request) []byte {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // what is cut short is refused by Pebble
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// readSigned takes the two parts of a signed request apart (RFC 8555 section 6.2). Whether it is in order is for Pebble to say: what cannot
// be read stays empty.
func readSigned(body []byte, header, payload any) {
	var signed struct{ Protected, Payload string }
	_ = json.Unmarshal(body, &signed)
	for text, into := range map[string]any{signed.Protected: header, signed.Payload: payload} {
		plain, _ := base64.RawURLEncoding.DecodeString(text)
		_ = json.Unmarshal(plain, into)
	}
}

// signedPayload is the part of a signed request that says what is asked for, as it was sent.
func signedPayload(body []byte) string {
	var signed struct{ Payload string }
	_ = json.Unmarshal(body, &signed)
	return signed.Payload
}

func readOrder(body []byte) Order {
	var header struct{ Kid string }
	var payload struct {
		Identifiers       []struct{ Value string }
		Replaces, Profile string
	}
	readSigned(body, &header, &payload)
	order := Order{Replaces: payload.Replaces, Profile: payload.Profile, Account: header.Kid}
	for _, identifier := range payload.Identifiers {
		order.Names = append(order.Names, identifier.Value)
	}
	return order
}

func readRevocation(body []byte) Revocation {
	var payload struct {
		Certificate string
		Reason      int
	}
	readSigned(body, &struct{}{}, &payload)
	revocation := Revocation{Reason: payload.Reason}
	der, _ := base64.RawURLEncoding.DecodeString(payload.Certificate)
	if certificate, err := x509.ParseCertificate(der); err == nil {
		revocation.Serial = certificate.SerialNumber.Text(16)
	}
	return revocation
}
