package payments

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// Errors of connections.
var (
	// ErrConnected says that the tenant has a connection already: it is disconnected first.
	ErrConnected = errors.New("another processor is connected")
	// ErrOtherAccount says that new credentials open another account than the connection's.
	ErrOtherAccount = errors.New("the credentials open another account")
	// ErrLiveKeys says that this installation moves no real money.
	ErrLiveKeys = errors.New("this installation takes test credentials only")
	// ErrBadCredentials says that the processor does not take the credentials, or that they are not what they should be.
	ErrBadCredentials = errors.New("the credentials do not work")
)

// ConnectionStore keeps connections. Every method sees one tenant's rows only; what is not there is ErrNotFound. Implemented by paymentsdb.
type ConnectionStore interface {
	// AddConnection writes a connection; ErrConnected when the tenant has one that is not disconnected.
	AddConnection(ctx context.Context, t tenant.ID, c Connection, webhookHash [32]byte) error
	// Connection returns one.
	Connection(ctx context.Context, t tenant.ID, id string) (Connection, error)
	// Connections lists them all, the newest first.
	Connections(ctx context.Context, t tenant.ID) ([]Connection, error)
	// ConnectionByWebhook returns the one that events for a token come to.
	ConnectionByWebhook(ctx context.Context, t tenant.ID, webhookHash [32]byte) (Connection, error)
	// ChangeConnection locks one and writes what decide makes of it; what is noted in the audit log, "" for nothing.
	ChangeConnection(ctx context.Context, t tenant.ID, id string, decide func(c *Connection) (what string, err error)) (Connection, error)
}

// Opener makes the processor of a kind with opened credentials. It asks nobody.
type Opener func(processor string, c Credentials) (Processor, error)

// Listener is a Processor where addresses for events can be set up by a call.
type Listener interface {
	Listen(ctx context.Context, url string) (ref, secret string, err error)
	StopListening(ctx context.Context, ref string) error
}

// Connections connects tenants to processors. It is safe for concurrent use.
type Connections struct {
	ConnectionsConfig
}

// ConnectionsConfig is what Connections needs; all but AllowLive is required.
type ConnectionsConfig struct {
	Store     ConnectionStore
	Open      Opener
	Ring      *seal.Ring
	AllowLive bool   // take credentials that move real money
	EventsURL string // where events come to, like "https://api.example.com/webhooks/"; processor and token follow
	Log       *slog.Logger
	Now       func() time.Time
}

// NewConnections checks the configuration.
func NewConnections(c ConnectionsConfig) (*Connections, error) {
	if c.Store == nil || c.Open == nil || c.Ring == nil || c.EventsURL == "" || c.Log == nil || c.Now == nil {
		return nil, errors.New("payments: Store, Open, Ring, EventsURL, Log and Now of connections are required")
	}
	return &Connections{c}, nil
}

// NewConnection is what a tenant gives to connect a processor.
type NewConnection struct {
	Processor   string
	PublicKey   string // Stripe: "pk_…"
	Credentials Credentials
}

// Connected is a new connection with what the tenant must know once.
type Connected struct {
	Connection Connection
	Account    Account
	// EventsURL is where the processor must send events; it is set up already when Listening.
	EventsURL string
	Listening bool
}

// Connect asks the processor whether the credentials work, keeps them sealed, and has events sent to us. Nothing is kept of credentials that do not work: that is
// ErrBadCredentials. When the processor does not answer it is ErrLost or ErrNotAsked, and nothing is kept either.
func (s *Connections) Connect(ctx context.Context, t *tenant.Tenant, in NewConnection) (Connected, error) {
	processor, err := s.Open(in.Processor, in.Credentials)
	if err != nil {
		return Connected{}, fmt.Errorf("%w: %w", ErrBadCredentials, err)
	}
	account, err := s.describe(ctx, processor)
	if err != nil {
		return Connected{}, err
	}
	if account.Live && !s.AllowLive {
		return Connected{}, ErrLiveKeys
	}
	now := s.Now().UTC().Truncate(time.Microsecond)
	c := Connection{ID: tenant.NewID("pcn", now), Processor: in.Processor, Live: account.Live, Status: ConnectionActive, AccountID: account.ID, PublicKey: in.PublicKey,
		Currencies: account.Currencies, BankDebits: account.BankDebits, CheckedAt: now, CreatedAt: now}
	token, hash := newWebhookToken(t.ID)
	c.Sealed = SealCredentials(s.Ring, t.ID, c.ID, in.Credentials)
	if err := s.Store.AddConnection(ctx, t.ID, c, hash); err != nil {
		return Connected{}, fmt.Errorf("connecting: %w", err)
	}
	out := Connected{Connection: c, Account: account, EventsURL: s.eventsURL(in.Processor, token)}
	return s.listen(ctx, t.ID, processor, in.Credentials, out)
}

// describe asks for the account; a refusal is the credentials' fault.
func (s *Connections) describe(ctx context.Context, p Processor) (Account, error) {
	account, err := p.Describe(ctx)
	if errors.Is(err, ErrRefused) || errors.Is(err, ErrAbsent) {
		return Account{}, fmt.Errorf("%w: %w", ErrBadCredentials, err)
	}
	return account, err
}

// listen has the processor send events to us. It is done after the row is there: an event that comes at once finds it. When it fails the connection stands, and
// its tenant is told to set the address up by hand.
func (s *Connections) listen(ctx context.Context, t tenant.ID, p Processor, cred Credentials, out Connected) (Connected, error) {
	listener, ok := p.(Listener)
	if !ok {
		return out, nil
	}
	ref, secret, err := listener.Listen(ctx, out.EventsURL)
	if err != nil {
		s.Log.Warn("payments: events could not be set up at the processor", "connection", out.Connection.ID, "error", err)
		return out, nil
	}
	if secret != "" {
		cred.WebhookSecrets = newestTwo(secret, cred.WebhookSecrets)
	}
	c, err := s.Store.ChangeConnection(ctx, t, out.Connection.ID, func(c *Connection) (string, error) {
		c.WebhookRef, c.Sealed = ref, SealCredentials(s.Ring, t, c.ID, cred)
		return "", nil
	})
	if err != nil {
		return out, fmt.Errorf("keeping the events' secret: %w", err)
	}
	out.Connection, out.Listening = c, true
	return out, nil
}

func newestTwo(newest string, before []string) []string {
	return append([]string{newest}, before[:min(1, len(before))]...)
}

func (s *Connections) eventsURL(processor, token string) string {
	return s.EventsURL + strings.ReplaceAll(processor, "_", "-") + "/" + token
}

// webhookSecret is how many random bytes the token in an address for events has.
const webhookSecret = 20

// newWebhookToken makes the token in an address for events. It names the tenant, so that the row is looked for among the tenant's own.
func newWebhookToken(t tenant.ID) (token string, hash [32]byte) {
	var random [webhookSecret]byte
	rand.Read(random[:]) // never fails (crypto/rand)
	token = string(t) + "." + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:]))
	return token, sha256.Sum256([]byte(token))
}

// ByToken returns the connection that events for a token come to, and whose it is, or ErrNotFound.
func (s *Connections) ByToken(ctx context.Context, processor, token string) (tenant.ID, Connection, error) {
	id, _, ok := strings.Cut(token, ".")
	if !ok || len(token) > 100 || !tenant.ValidID("ten", id) {
		return "", Connection{}, ErrNotFound
	}
	c, err := s.Store.ConnectionByWebhook(ctx, tenant.ID(id), sha256.Sum256([]byte(token)))
	if err != nil {
		return "", Connection{}, err
	}
	if subtle.ConstantTimeCompare([]byte(c.Processor), []byte(processor)) != 1 {
		return "", Connection{}, ErrNotFound
	}
	return tenant.ID(id), c, nil
}

// OpenConnection makes the processor of a connection, a disconnected one too: what was begun with it is looked after.
func (s *Connections) OpenConnection(_ context.Context, t tenant.ID, c Connection) (Processor, error) {
	cred, err := OpenCredentials(s.Ring, t, c)
	if err != nil {
		return nil, err
	}
	return s.Open(c.Processor, cred)
}

// Show returns a connection, or ErrNotFound.
func (s *Connections) Show(ctx context.Context, t tenant.ID, id string) (Connection, error) {
	if !tenant.ValidID("pcn", id) {
		return Connection{}, ErrNotFound
	}
	return s.Store.Connection(ctx, t, id)
}

// List returns all of a tenant's connections, the newest first.
func (s *Connections) List(ctx context.Context, t tenant.ID) ([]Connection, error) {
	return s.Store.Connections(ctx, t)
}

// Test asks the processor whether the credentials still work, and writes down what it said: a broken connection is whole again, or the other way round. When
// the processor does not answer nothing is written: that says nothing of the credentials.
func (s *Connections) Test(ctx context.Context, t tenant.ID, id string) (Connection, Account, error) {
	c, err := s.Show(ctx, t, id)
	if err != nil {
		return Connection{}, Account{}, err
	}
	processor, err := s.OpenConnection(ctx, t, c)
	if err != nil {
		return Connection{}, Account{}, err
	}
	account, err := processor.Describe(ctx)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		c, err = s.Trouble(ctx, t, id, refused.Code)
	case err == nil:
		c, err = s.well(ctx, t, id, account)
	}
	return c, account, err
}

// Trouble notes that the processor refuses a connection's credentials: Pay is hidden until a test or other credentials find it well. Again it changes nothing.
func (s *Connections) Trouble(ctx context.Context, t tenant.ID, id, code string) (Connection, error) {
	return s.Store.ChangeConnection(ctx, t, id, func(c *Connection) (string, error) {
		c.CheckedAt = s.Now()
		if c.Status != ConnectionActive {
			return "", nil
		}
		c.Status, c.TroubleCode, c.TroubleSince = ConnectionBroken, cut(code, 60), s.Now()
		return "connection.broken", nil
	})
}

func (s *Connections) well(ctx context.Context, t tenant.ID, id string, account Account) (Connection, error) {
	return s.Store.ChangeConnection(ctx, t, id, func(c *Connection) (string, error) {
		if account.ID != c.AccountID {
			return "", ErrOtherAccount
		}
		c.CheckedAt, c.Currencies, c.BankDebits = s.Now(), account.Currencies, account.BankDebits
		if c.Status != ConnectionBroken {
			return "", nil
		}
		c.Status, c.TroubleCode, c.TroubleSince = ConnectionActive, "", time.Time{}
		return "connection.mended", nil
	})
}

// Replace gives a connection other credentials of the same account, as after a key was rolled. The secrets of events stay unless new ones are given; the one before is still
// taken while the processor changes over. Errors: ErrBadCredentials, ErrOtherAccount, ErrNotFound.
func (s *Connections) Replace(ctx context.Context, t tenant.ID, id string, fresh Credentials) (Connection, error) {
	c, err := s.Show(ctx, t, id)
	if err != nil {
		return Connection{}, err
	}
	before, err := OpenCredentials(s.Ring, t, c)
	if err != nil {
		return Connection{}, err
	}
	fresh.WebhookSecrets = mergeSecrets(fresh.WebhookSecrets, before.WebhookSecrets)
	processor, err := s.Open(c.Processor, fresh)
	if err != nil {
		return Connection{}, fmt.Errorf("%w: %w", ErrBadCredentials, err)
	}
	account, err := s.describe(ctx, processor)
	if err != nil {
		return Connection{}, err
	}
	if account.ID != c.AccountID || account.Live != c.Live {
		return Connection{}, ErrOtherAccount
	}
	if _, err := s.Store.ChangeConnection(ctx, t, id, func(c *Connection) (string, error) {
		c.Sealed = SealCredentials(s.Ring, t, c.ID, fresh)
		return "connection.replaced", nil
	}); err != nil {
		return Connection{}, err
	}
	return s.well(ctx, t, id, account)
}

// mergeSecrets puts given secrets before the one that was in use.
func mergeSecrets(given, before []string) []string {
	if len(given) == 0 {
		return before
	}
	return newestTwo(given[0], append(given[1:len(given):len(given)], before...))
}

// Disconnect ends a connection: it takes no new payments, and what was begun with it is looked after to its end. Again it changes nothing.
func (s *Connections) Disconnect(ctx context.Context, t tenant.ID, id string) (Connection, error) {
	if !tenant.ValidID("pcn", id) {
		return Connection{}, ErrNotFound
	}
	return s.Store.ChangeConnection(ctx, t, id, func(c *Connection) (string, error) {
		if c.Status == ConnectionDisconnected {
			return "", nil
		}
		c.Status, c.DisconnectedAt = ConnectionDisconnected, s.Now()
		return "connection.disconnected", nil
	})
}

// Current returns the connection that takes new payments in a currency. ErrNotFound: none does now.
func (s *Connections) Current(ctx context.Context, t tenant.ID, currency ledger.Currency) (Connection, error) {
	all, err := s.List(ctx, t)
	if err != nil {
		return Connection{}, err
	}
	for _, c := range all {
		if c.Takes(currency) {
			return c, nil
		}
	}
	return Connection{}, ErrNotFound
}

// cut shortens a text to n bytes of whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
