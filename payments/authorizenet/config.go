package authorizenet

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tollhouse/payments/ledger"
)

// Where the processor listens.
const (
	Production       = "https://api.authorize.net/xml/v1/request.api"
	Sandbox          = "https://apitest.authorize.net/xml/v1/request.api"
	ProductionHosted = "https://accept.authorize.net"
	SandboxHosted    = "https://test.authorize.net"
)

// How long a call may take. A caller puts its own deadline into the context; no call takes longer than WorkerTimeout.
const (
	InteractiveTimeout = 25 * time.Second // while a person waits
	WorkerTimeout      = 60 * time.Second // in the background
)

// apiPath ends every endpoint; what is before it is the root of the webhook calls too.
const apiPath = "/xml/v1/request.api"

// Secret is a credential. It prints as "[redacted]" wherever it is printed, logged or marshalled.
type Secret string

const redacted = "[redacted]"

// Format prints it, whatever the verb: String alone would leave %d and %x.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) } // a fmt.State takes every write

// LogValue is what logs get.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is what JSON gets.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Config says whose account to speak to, and where.
type Config struct {
	Endpoint  string // the API's URL, Production when empty; must be https, except on loopback
	HostedURL string // root of the hosted pages, ProductionHosted when empty; must be https, except on loopback

	LoginID        Secret // API login id, required, at most 25 characters
	TransactionKey Secret // required, at most 16 characters

	Currency   ledger.Currency  // the account's one currency, which answers do not name; "" when Client.In says it later
	TestMode   bool             // a sandbox account: new methods are checked by form only, not by an authorisation at the bank
	HTTPClient *http.Client     // whose transport is used: give all accounts the same, so that they share connections; nil is one of its own
	Now        func() time.Time // nil is time.Now
}

// Format keeps credentials out of every print, with whatever verb.
func (c Config) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "authorizenet "+c.Endpoint+" "+redacted) // a fmt.State takes every write
}

// LogValue keeps credentials out of logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Client calls the processor for one account. It is safe for concurrent use and keeps no state but connections.
type Client struct {
	cfg  Config // without the credentials
	http *http.Client
	keys func() (login, transactionKey Secret) // a function, because fmt prints unexported fields without asking them
}

// New checks the configuration; it reaches for no network.
func New(cfg Config) (*Client, error) {
	cfg.Endpoint, cfg.HostedURL = cmp.Or(cfg.Endpoint, Production), strings.TrimSuffix(cmp.Or(cfg.HostedURL, ProductionHosted), "/")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	var faults []error
	for _, address := range []string{cfg.Endpoint, cfg.HostedURL} {
		faults = append(faults, checkURL(address))
	}
	if !strings.HasSuffix(cfg.Endpoint, apiPath) {
		faults = append(faults, fmt.Errorf("the endpoint %q must end in %s", cfg.Endpoint, apiPath))
	}
	if n := len(cfg.LoginID); n == 0 || n > 25 {
		faults = append(faults, errors.New("the API login id has 1 to 25 characters"))
	}
	if n := len(cfg.TransactionKey); n == 0 || n > 16 {
		faults = append(faults, errors.New("the transaction key has 1 to 16 characters"))
	}
	if _, err := ledger.ParseCurrency(string(cfg.Currency)); err != nil && cfg.Currency != "" {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("configuring Authorize.Net: %w", err)
	}
	login, key := cfg.LoginID, cfg.TransactionKey
	cfg.LoginID, cfg.TransactionKey = "", ""
	return &Client{cfg: cfg, http: quietClient(cfg.HTTPClient), keys: func() (Secret, Secret) { return login, key }}, nil
}

// In is the same client for an account in this currency. The two share their connections.
func (c *Client) In(currency ledger.Currency) *Client {
	in := *c
	in.cfg.Currency = currency
	return &in
}

// checkURL refuses what would send credentials in the clear.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return fmt.Errorf("%q is no URL of a processor", address)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q must begin with https://", address)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// quietClient is the given client, never following a redirect: a 307 would send a charge again, to an address that nobody configured.
func quietClient(given *http.Client) *http.Client {
	c := http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		MaxIdleConnsPerHost:   16,
		MaxConnsPerHost:       64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: WorkerTimeout,
		ForceAttemptHTTP2:     true,
	}}
	if given != nil {
		c = *given
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
