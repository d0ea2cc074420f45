package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"tollhouse/payments"
	"tollhouse/tenant"
)

// Connections connects tenants to their payment processors. What is not there is payments.ErrNotFound.
type Connections interface {
	// Connect asks the processor, and keeps credentials that work. Errors: payments.ErrBadCredentials, ErrConnected, ErrLiveKeys, ErrLost, ErrNotAsked.
	Connect(ctx context.Context, t *tenant.Tenant, in payments.NewConnection) (payments.Connected, error)
	Show(ctx context.Context, t tenant.ID, id string) (payments.Connection, error)
	List(ctx context.Context, t tenant.ID) ([]payments.Connection, error)
	// Test asks the processor now. A refusal is no error: it is the connection's status.
	Test(ctx context.Context, t tenant.ID, id string) (payments.Connection, payments.Account, error)
	// Replace gives it other credentials of the same account. Errors as Connect, and payments.ErrOtherAccount.
	Replace(ctx context.Context, t tenant.ID, id string, fresh payments.Credentials) (payments.Connection, error)
	// Disconnect ends it. Again it changes nothing.
	Disconnect(ctx context.Context, t tenant.ID, id string) (payments.Connection, error)
}

// Connection is a tenant's account at a processor, as the API shows it. No secret of it is ever shown.
type Connection struct {
	ID             string     `json:"id"`
	Processor      string     `json:"processor"`
	Live           bool       `json:"live"`
	Status         string     `json:"status"`
	AccountID      string     `json:"account_id"`
	PublishableKey *string    `json:"publishable_key"`
	Currencies     []string   `json:"currencies"`
	BankDebits     bool       `json:"bank_debits"`
	Trouble        *Trouble   `json:"trouble"`
	Events         EventsIn   `json:"events"`
	Missing        []string   `json:"missing"` // only of a connection that was just made or tested
	CheckedAt      *time.Time `json:"checked_at"`
	CreatedAt      time.Time  `json:"created_at"`
	DisconnectedAt *time.Time `json:"disconnected_at"`
}

// Trouble is why a connection does not work.
type Trouble struct {
	Code  string    `json:"code"`
	Since time.Time `json:"since"`
	Fix   string    `json:"fix"`
}

// EventsIn says how the processor's events come in.
type EventsIn struct {
	URL     *string    `json:"url"` // shown once, when the connection is made
	SetUp   bool       `json:"set_up"`
	LastAt  *time.Time `json:"last_at"`
	Refused int64      `json:"refused"`
}

func showConnection(c payments.Connection) Connection {
	out := Connection{ID: c.ID, Processor: c.Processor, Live: c.Live, Status: c.Status, AccountID: c.AccountID, PublishableKey: textOrNull(c.PublicKey),
		Currencies: []string{}, BankDebits: c.BankDebits, Missing: []string{}, CheckedAt: timeOrNull(c.CheckedAt), CreatedAt: c.CreatedAt.UTC(),
		DisconnectedAt: timeOrNull(c.DisconnectedAt),
		Events:         EventsIn{SetUp: c.WebhookRef != "", LastAt: timeOrNull(c.LastEventAt), Refused: c.RefusedEvents}}
	for _, currency := range c.Currencies {
		out.Currencies = append(out.Currencies, string(currency))
	}
	if c.TroubleCode != "" {
		out.Trouble = &Trouble{Code: c.TroubleCode, Since: c.TroubleSince.UTC(),
			Fix: "The processor refuses the credentials. Make new ones there, and send them by PATCH /api/payment-connections/" + c.ID + "."}
	}
	return out
}

// connectionInput is a processor to connect. Which fields are wanted depends on it.
type connectionInput struct {
	Processor      *string `json:"processor"`
	PublishableKey *string `json:"publishable_key"`
	credentialsInput
}

// credentialsInput is what opens an account.
type credentialsInput struct {
	SecretKey      *string `json:"secret_key"`
	WebhookSecret  *string `json:"webhook_secret"`
	LoginID        *string `json:"login_id"`
	TransactionKey *string `json:"transaction_key"`
	SignatureKey   *string `json:"signature_key"`
}

// credentials reads what a processor's account is opened with; what another processor wants is refused.
func (in credentialsInput) credentials(check *checker, processor string) payments.Credentials {
	var c payments.Credentials
	var webhook string
	secret(check, &c.SecretKey, "secret_key", in.SecretKey, processor == payments.Stripe, true)
	secret(check, &webhook, "webhook_secret", in.WebhookSecret, processor == payments.Stripe, false)
	secret(check, &c.LoginID, "login_id", in.LoginID, processor == payments.AuthorizeNet, true)
	secret(check, &c.TransactionKey, "transaction_key", in.TransactionKey, processor == payments.AuthorizeNet, true)
	if processor == payments.AuthorizeNet {
		secret(check, &webhook, "signature_key", in.SignatureKey, true, true)
	} else {
		secret(check, &webhook, "signature_key", in.SignatureKey, false, false)
	}
	if webhook != "" {
		c.WebhookSecrets = []string{webhook}
	}
	return c
}

// secret reads one secret; what was typed is never repeated in an error.
func secret(check *checker, to *string, field string, from *string, wanted, required bool) {
	switch {
	case from == nil:
		if wanted && required {
			check.require(field, false)
		}
	case !wanted:
		check.add(field, "not_of_this_processor", "this processor has no such credential")
	case len(*from) > 255 || strings.TrimSpace(*from) == "" || strings.ContainsFunc(*from, func(r rune) bool { return r <= ' ' || r > '~' }):
		check.add(field, "invalid", "copy it from the processor as it stands there, without spaces or line breaks")
	default:
		*to = *from
	}
}

func (s *Server) connectProcessor(c *call) (reply, error) {
	var in connectionInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	var asked payments.NewConnection
	check.require("processor", in.Processor != nil)
	oneOf(check, &asked.Processor, "processor", in.Processor, payments.Stripe, payments.AuthorizeNet)
	asked.Credentials = in.credentials(check, asked.Processor)
	in.publishable(check, &asked)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	made, err := s.Connections.Connect(c.Context(), c.tenant, asked)
	if err != nil {
		return reply{}, err
	}
	out := showConnection(made.Connection)
	out.Events.URL, out.Missing = &made.EventsURL, append(out.Missing, made.Account.Missing...)
	return created(out)
}

// publishable reads Stripe's publishable key, which must be of the same mode as the secret one.
func (in connectionInput) publishable(check *checker, asked *payments.NewConnection) {
	stripe := asked.Processor == payments.Stripe
	secret(check, &asked.PublicKey, "publishable_key", in.PublishableKey, stripe, true)
	if !stripe || asked.PublicKey == "" {
		return
	}
	rest, isKey := strings.CutPrefix(asked.PublicKey, "pk_")
	mode, _, _ := strings.Cut(rest, "_")
	if !isKey || mode != "live" && mode != "test" {
		check.add("publishable_key", "invalid", "it begins with pk_live_ or pk_test_")
	} else if asked.Credentials.SecretKey != "" && !strings.Contains(asked.Credentials.SecretKey, "_"+mode+"_") {
		check.add("publishable_key", "other_mode", "it is of another mode than the secret key: take both from the same page of the Dashboard")
	}
}

func (s *Server) listConnections(c *call) (reply, error) {
	all, err := s.Connections.List(c.Context(), c.tenant.ID)
	if err != nil {
		return reply{}, err
	}
	return ok(list[Connection]{Data: each(all, showConnection)})
}

func (s *Server) showOneConnection(c *call) (reply, error) {
	return connectionReply(s.Connections.Show(c.Context(), c.tenant.ID, c.id()))
}

func connectionReply(found payments.Connection, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(showConnection(found))
}

// testConnection asks the processor while the caller waits.
func (s *Server) testConnection(c *call) (reply, error) {
	if _, err := c.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	found, account, err := s.Connections.Test(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	out := showConnection(found)
	out.Missing = append(out.Missing, account.Missing...)
	return ok(out)
}

func (s *Server) changeConnection(c *call) (reply, error) {
	var in credentialsInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	before, err := s.Connections.Show(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	fresh := in.credentials(check, before.Processor)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	return connectionReply(s.Connections.Replace(c.Context(), c.tenant.ID, before.ID, fresh))
}

func (s *Server) disconnectProcessor(c *call) (reply, error) {
	return connectionReply(s.Connections.Disconnect(c.Context(), c.tenant.ID, c.id()))
}

func fromConnections(err error) (*Problem, bool) {
	switch {
	case errors.Is(err, payments.ErrConnected):
		return problem(409, "already_connected", "Another processor is connected",
			"An account takes payments through one processor at a time. Disconnect the other one first, by DELETE /api/payment-connections/:id."), true
	case errors.Is(err, payments.ErrOtherAccount):
		return problem(409, "other_account", "These credentials open another account",
			"Saved methods and refunds belong to the connected account. To change accounts, disconnect this one and connect the other."), true
	case errors.Is(err, payments.ErrLiveKeys):
		return problem(422, "live_keys", "This installation takes test credentials only",
			"Send credentials of the processor's test mode: at Stripe keys that begin with sk_test_, at Authorize.Net those of the sandbox."), true
	case errors.Is(err, payments.ErrBadCredentials):
		return problem(422, "bad_credentials", "The processor does not take these credentials",
			"Copy them again from the processor, check that they are of the right mode, and that the key may read the account and make payments. Nothing was kept."), true
	case errors.Is(err, payments.ErrLost), errors.Is(err, payments.ErrNotAsked):
		return problem(503, "processor_unreachable", "The processor does not answer",
			"Nothing was decided about the credentials. Try again in a minute.").sending("Retry-After", "60"), true
	}
	return nil, false
}
