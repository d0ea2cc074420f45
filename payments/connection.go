package payments

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// Processors that a tenant may connect.
const (
	Stripe       = "stripe"
	AuthorizeNet = "authorize_net"
)

// Statuses of a connection.
const (
	ConnectionActive       = "active"
	ConnectionBroken       = "broken"       // its credentials do not work: Pay is hidden until they do
	ConnectionDisconnected = "disconnected" // takes no new payments; what was begun is still looked after with it
)

// Connection is a tenant's account at a processor. Its credentials are sealed; OpenCredentials opens them.
type Connection struct {
	ID             string
	Processor      string // Stripe or AuthorizeNet
	Live           bool   // real money
	Status         string
	AccountID      string // as the processor knows it
	PublicKey      string // what a browser may see
	Sealed         []byte // Credentials
	WebhookRef     string // of the endpoint at the processor; "" when events are set up there by hand
	Currencies     []ledger.Currency
	BankDebits     bool
	TroubleCode    string    // of a broken one
	TroubleSince   time.Time // zero: none
	CheckedAt      time.Time
	LastEventAt    time.Time // zero: none came yet
	RefusedEvents  int64     // whose signature did not fit
	CreatedAt      time.Time
	DisconnectedAt time.Time
}

// Takes reports whether new payments in a currency may be made with it.
func (c Connection) Takes(currency ledger.Currency) bool {
	return c.Status == ConnectionActive && (len(c.Currencies) == 0 || slices.Contains(c.Currencies, currency))
}

// Credentials are what opens an account at a processor. They print as nothing.
type Credentials struct {
	SecretKey      string   `json:"secret_key,omitempty"`      // Stripe
	LoginID        string   `json:"login_id,omitempty"`        // Authorize.Net: "API Login ID"
	TransactionKey string   `json:"transaction_key,omitempty"` // Authorize.Net
	WebhookSecrets []string `json:"webhook_secrets,omitempty"` // the newest first, at most two; Authorize.Net: the Signature Key
}

// String hides them.
func (Credentials) String() string { return "[redacted]" }

// GoString hides them.
func (Credentials) GoString() string { return "[redacted]" }

// CredentialsPlace binds sealed credentials to their row.
func CredentialsPlace(t tenant.ID, connectionID string) []byte {
	return []byte("payment_connections\x00" + string(t) + "\x00" + connectionID)
}

// SealCredentials seals what opens a connection, bound to its row.
func SealCredentials(ring *seal.Ring, t tenant.ID, connectionID string, c Credentials) []byte {
	plain, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings always marshal
	}
	return ring.Seal(plain, CredentialsPlace(t, connectionID))
}

// OpenCredentials opens what SealCredentials sealed for the same row.
func OpenCredentials(ring *seal.Ring, t tenant.ID, c Connection) (Credentials, error) {
	plain, err := ring.Open(c.Sealed, CredentialsPlace(t, c.ID))
	if err != nil {
		return Credentials{}, fmt.Errorf("opening the credentials of %s: %w", c.ID, err)
	}
	var open Credentials
	if err := json.Unmarshal(plain, &open); err != nil {
		return Credentials{}, fmt.Errorf("reading the credentials of %s: %w", c.ID, err)
	}
	return open, nil
}
