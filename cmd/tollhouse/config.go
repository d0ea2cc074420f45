package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollhouse/certs"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// Config is everything that can be pointed elsewhere. loadConfig fills it from settings.
type Config struct {
	HTTPSAddr, HTTPAddr, OpsAddr string
	PublicHTTPSPort              int
	PlatformDomain               tenant.Hostname

	EdgeDomain      tenant.Hostname
	PublicAddresses []netip.Addr
	Resolvers       []netip.AddrPort
	CAAIssuers      []string

	PostgresURL secret // the server's role
	MigrateURL  secret // the schema owner's role, for `migrate` only
	PostgresMax int
	RedisURL    secret
	RedisMode   string // "single", "sentinel" or "cluster"

	ACME         acmeAuthority
	Fallback     acmeAuthority // without a directory: none
	RenewalCheck time.Duration

	SealKeys *seal.Ring
	LocalDir string // "" for no local copies

	SMTPAddr, SMTPSecurity, SMTPUsername string
	SMTPPassword                         secret
	SMTPCAFile                           string
	MailFrom, BounceAddress              string
	FontDirs                             []string
	DKIMKey                              secret // PEM
	DKIMSelector, DKIMDomain, MailSPF    string

	ProxyPeers     []netip.Prefix
	DrainDelay     time.Duration
	DrainTime      time.Duration
	HandshakeWait  time.Duration
	MaxConnections int
	ClientConns    int // of one network
	HandshakeRate  int // a second, of one network
	PagesPerMinute int
	APIPerMinute   int
	RefusalsPerIP  int
	LinksPerIP     int
	HSTS           time.Duration
	Domains        int // of one tenant
	Certificates   int
	LogLevel       slog.Level
	Pprof          bool
	TestMode       bool
	ControlSocket  string
	Processors     processorURLs
}

// secret is a value that prints as [redacted] however it is printed.
type secret string

func (secret) String() string       { return "[redacted]" }
func (secret) GoString() string     { return "[redacted]" }
func (secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// setting is one line of the configuration: its name in the environment, what it means and how it is read.
type setting struct {
	name     string // without the prefix TOLLHOUSE_
	standard string // "" means none
	doc      string
	required bool
	secret   bool // may also be given as NAME_FILE, and is never printed
	read     func(c *Config, value string) error
}

const prefix = "TOLLHOUSE_"

// settings is the whole configuration, in the order in which it is documented.
var settings = []setting{
	{name: "PLATFORM_DOMAIN", required: true, doc: "Domain of default hosts: a tenant's portal is <slug>.<this>, the API is api.<this>.",
		read: func(c *Config, v string) (err error) { c.PlatformDomain, err = tenant.ParseHostname(v); return err }},
	{name: "HTTPS_ADDR", standard: ":443", doc: "Where TLS is served.", read: address(func(c *Config) *string { return &c.HTTPSAddr })},
	{name: "HTTP_ADDR", standard: ":80", doc: "Where ACME challenges are answered and everything else is redirected.", read: address(func(c *Config) *string { return &c.HTTPAddr })},
	{name: "OPS_ADDR", standard: "127.0.0.1:9100", doc: "Where /healthz, /readyz and /metrics are. Keep it away from the internet.", read: address(func(c *Config) *string { return &c.OpsAddr })},
	{name: "PUBLIC_HTTPS_PORT", standard: "443", doc: "Port that links and redirects name; another one only behind a port mapping.", read: number(1, 65535, func(c *Config) *int { return &c.PublicHTTPSPort })},

	{name: "EDGE_DOMAIN", doc: "Domain below which every claim to a custom host has its CNAME target. Empty: edge.<platform domain>.",
		read: func(c *Config, v string) (err error) { c.EdgeDomain, err = tenant.ParseHostname(v); return err }},
	{name: "PUBLIC_ADDRESSES", doc: "IP addresses at which the internet reaches the nodes, comma-separated; the nodes must reach them too. `domain doctor` tries them. Empty: whatever the edge domain resolves to, untried.", read: publicAddresses},
	{name: "DNS_RESOLVERS", standard: "1.1.1.1:53,8.8.8.8:53", doc: "Two or more resolvers that check DNSSEC, as IP:port, comma-separated. They must agree before anything is concluded about a name.", read: resolvers},
	{name: "CAA_ISSUERS", standard: "letsencrypt.org", doc: "Names of the CA in CAA records, comma-separated; one of them has to be allowed.", read: caaIssuers},

	{name: "POSTGRES_URL", required: true, secret: true, doc: "Database, as the server's role: a member of tollhouse_app that owns nothing.", read: postgres(func(c *Config) *secret { return &c.PostgresURL })},
	{name: "POSTGRES_MIGRATE_URL", secret: true, doc: "The same database as the role that owns the schema. Only `migrate` reads it.", read: postgres(func(c *Config) *secret { return &c.MigrateURL })},
	{name: "POSTGRES_CONNECTIONS", standard: "20", doc: "Most connections of one process.", read: number(4, 1000, func(c *Config) *int { return &c.PostgresMax })},
	{name: "REDIS_URL", required: true, secret: true, doc: "redis:// or rediss://. For Sentinel and Cluster further nodes follow as ?addr=host:port, Sentinel also takes master_name.", read: redisURL},
	{name: "REDIS_MODE", standard: "single", doc: "single, sentinel or cluster.", read: oneOf(func(c *Config) *string { return &c.RedisMode }, "single", "sentinel", "cluster")},

	{name: "SEAL_KEYS", required: true, secret: true, doc: "Key ring for what is sealed at rest: id:64 hex digits, comma-separated, the newest first. Old keys stay until nothing is sealed with them.",
		read: func(c *Config, v string) (err error) { c.SealKeys, err = seal.ParseRing(v); return err }},

	{name: "LOCAL_DIR", doc: "Folder on this node's own disk for sealed copies of hosts and certificates: with it, a node that restarts while everything else is down serves what it served. About 4 KiB a certificate. Empty: none.",
		read: localDir},

	{name: "ACME_DIRECTORY", standard: "https://acme-v02.api.letsencrypt.org/directory", doc: "The CA.", read: httpsURL(func(c *Config) *string { return &c.ACME.Directory })},
	{name: "ACME_EMAIL", required: true, doc: "Contact of the ACME account. Using the service means agreeing to the CA's terms.", read: emailAddress(func(c *Config) *string { return &c.ACME.Email })},
	{name: "ACME_PROFILE", doc: "Certificate profile to ask for, like tlsserver. Empty: the CA's own choice.", read: text(func(c *Config) *string { return &c.ACME.Profile })},
	{name: "ACME_CA_FILE", doc: "PEM file that the CA's own TLS certificate is trusted by. Empty: the system's roots.", read: file(func(c *Config) *string { return &c.ACME.CAFile })},
	{name: "ACME_ROOT_FILE", doc: "PEM file of the roots that issued certificates must chain to; stored ones of other roots are ignored. Empty: any.", read: file(func(c *Config) *string { return &c.ACME.RootFile })},
	{name: "ACME_EAB_KID", doc: "External account binding, for a CA that asks for it: the key's id.", read: text(func(c *Config) *string { return &c.ACME.EABKeyID })},
	{name: "ACME_EAB_HMAC", secret: true, doc: "Its MAC key, in unpadded base64url as the CA shows it.", read: macKey(func(c *Config) *secret { return &c.ACME.EABKey })},
	{name: "ACME_LIMITS", standard: "letsencrypt", doc: limitsDoc, read: limits(func(c *Config) *certs.Limits { return &c.ACME.Limits })},
	{name: "ACME_FALLBACK_DIRECTORY", doc: "A second CA, asked when the first is in trouble: at once for hosts without a certificate, for renewals once less than half the time is left. Name it in CAA_ISSUERS too. Empty: none.", read: httpsURL(func(c *Config) *string { return &c.Fallback.Directory })},
	{name: "ACME_FALLBACK_EMAIL", doc: "Contact of the account there. Empty: ACME_EMAIL.", read: emailAddress(func(c *Config) *string { return &c.Fallback.Email })},
	{name: "ACME_FALLBACK_PROFILE", doc: "As ACME_PROFILE.", read: text(func(c *Config) *string { return &c.Fallback.Profile })},
	{name: "ACME_FALLBACK_CA_FILE", doc: "As ACME_CA_FILE.", read: file(func(c *Config) *string { return &c.Fallback.CAFile })},
	{name: "ACME_FALLBACK_ROOT_FILE", doc: "As ACME_ROOT_FILE. Both or neither.", read: file(func(c *Config) *string { return &c.Fallback.RootFile })},
	{name: "ACME_FALLBACK_EAB_KID", doc: "As ACME_EAB_KID.", read: text(func(c *Config) *string { return &c.Fallback.EABKeyID })},
	{name: "ACME_FALLBACK_EAB_HMAC", secret: true, doc: "As ACME_EAB_HMAC.", read: macKey(func(c *Config) *secret { return &c.Fallback.EABKey })},
	{name: "ACME_FALLBACK_LIMITS", standard: "none", doc: "As ACME_LIMITS.", read: limits(func(c *Config) *certs.Limits { return &c.Fallback.Limits })},
	{name: "RENEWAL_CHECK", standard: "1m", doc: "How often the schedule looks for hosts without a certificate and for certificates to renew.", read: duration(time.Second, time.Hour, func(c *Config) *time.Duration { return &c.RenewalCheck })},

	{name: "SMTP_ADDR", required: true, doc: "host:port of the mail server.", read: address(func(c *Config) *string { return &c.SMTPAddr })},
	{name: "SMTP_SECURITY", standard: "starttls", doc: "starttls, tls, or none, which only a loopback address may use.", read: oneOf(func(c *Config) *string { return &c.SMTPSecurity }, "starttls", "tls", "none")},
	{name: "SMTP_USERNAME", doc: "Empty: no login.", read: text(func(c *Config) *string { return &c.SMTPUsername })},
	{name: "SMTP_PASSWORD", secret: true, doc: "Of that user.", read: func(c *Config, v string) error { c.SMTPPassword = secret(v); return nil }},
	{name: "SMTP_CA_FILE", doc: "PEM file that the mail server is trusted by. Empty: the system's roots.", read: file(func(c *Config) *string { return &c.SMTPCAFile })},
	{name: "MAIL_FROM", required: true, doc: "Sender address of every mail; the tenant's name stands before it.", read: emailAddress(func(c *Config) *string { return &c.MailFrom })},
	{name: "BOUNCE_ADDRESS", doc: "Where mails come back to, like bounces@mail.example: each goes out with bounces+<token>@mail.example as its envelope sender, and that domain's server must hand what comes there to `tollhouse mail bounce`. Its SPF record has to allow the mail server, for that is the domain that SPF looks at. Empty: mails come back to MAIL_FROM, and only what is refused at once is known.", read: emailAddress(func(c *Config) *string { return &c.BounceAddress })},

	{name: "FONT_DIRS", standard: "/usr/share/fonts", doc: "Folders with fonts for documents, comma-separated. Latin, Greek, Cyrillic, Hebrew and Arabic are built in; other scripts need a font that has them, like Debian's fonts-noto-core and fonts-noto-cjk.", read: folders(func(c *Config) *[]string { return &c.FontDirs })},

	{name: "DKIM_KEY", secret: true, doc: "PEM of the private key, RSA of 2048 bits or more or Ed25519, that signs mails sent from MAIL_FROM. `doctor` prints the record to publish. Empty: the mail server signs, or nobody.", read: dkimKey},
	{name: "DKIM_SELECTOR", doc: "Its selector: the record stands at <selector>._domainkey.<domain>.", read: text(func(c *Config) *string { return &c.DKIMSelector })},
	{name: "DKIM_DOMAIN", doc: "Domain that the signature speaks for. Empty: that of MAIL_FROM.", read: text(func(c *Config) *string { return &c.DKIMDomain })},
	{name: "MAIL_SPF", doc: "SPF mechanism of the mail server, like include:_spf.example.com, for tenants whose mails come from their own domain to add to its record. Empty: none is asked for, which is enough where their mails bounce to MAIL_FROM.", read: spfMechanism},

	{name: "PROXY_PEERS", doc: "CIDRs of load balancers that must send a PROXY header, comma-separated. Nobody else's is believed.", read: prefixes},
	{name: "DRAIN_DELAY", standard: "0s", doc: "How long to go on accepting after SIGTERM while /readyz says 503.", read: duration(0, 5*time.Minute, func(c *Config) *time.Duration { return &c.DrainDelay })},
	{name: "DRAIN_TIME", standard: "30s", doc: "How long running requests may take to finish after that.", read: duration(time.Second, 10*time.Minute, func(c *Config) *time.Duration { return &c.DrainTime })},
	{name: "HANDSHAKE_WAIT", standard: "10s", doc: "How long a first visitor's handshake waits for a certificate.", read: duration(time.Second, 14*time.Second, func(c *Config) *time.Duration { return &c.HandshakeWait })},
	{name: "HSTS", standard: "5m", doc: "max-age of Strict-Transport-Security on tenants' hosts; short, so that a tenant can leave. 0s sends none.", read: duration(0, 400*24*time.Hour, func(c *Config) *time.Duration { return &c.HSTS })},
	{name: "LIMIT_CONNECTIONS", standard: "10000", doc: "Most open connections; an idle one costs about 32 KiB.", read: number(10, 1_000_000, func(c *Config) *int { return &c.MaxConnections })},
	{name: "LIMIT_CLIENT_CONNECTIONS", standard: "256", doc: "Most open connections of one /24 or /48.", read: number(1, 1_000_000, func(c *Config) *int { return &c.ClientConns })},
	{name: "LIMIT_HANDSHAKES", standard: "50", doc: "TLS handshakes a second from one /24 or /48; one costs about a millisecond of CPU.", read: number(1, 1_000_000, func(c *Config) *int { return &c.HandshakeRate })},
	{name: "LIMIT_PAGES", standard: "600", doc: "Pages a minute of one session; nobody reads faster than ten a second.", read: number(10, 100_000_000, func(c *Config) *int { return &c.PagesPerMinute })},
	{name: "LIMIT_LINKS", standard: "20", doc: "Magic links that one network may try to use in a minute.", read: number(1, 100_000_000, func(c *Config) *int { return &c.LinksPerIP })},
	{name: "LIMIT_API", standard: "600", doc: "Calls a minute of one API key.", read: number(1, 100_000_000, func(c *Config) *int { return &c.APIPerMinute })},
	{name: "LIMIT_API_REFUSED", standard: "30", doc: "Calls a minute without a good key from one network.", read: number(1, 100_000_000, func(c *Config) *int { return &c.RefusalsPerIP })},
	{name: "LIMIT_DOMAINS", standard: "100", doc: "Custom domains of one tenant, those in quarantine included.", read: number(1, 1_000_000, func(c *Config) *int { return &c.Domains })},
	{name: "LIMIT_CERTIFICATES", standard: "100000", doc: "Most certificates kept in memory, at 4 to 6 KiB each; the others are read when asked for.", read: number(10, 10_000_000, func(c *Config) *int { return &c.Certificates })},
	{name: "LOG_LEVEL", standard: "info", doc: "debug, info, warn or error.", read: func(c *Config, v string) error { return c.LogLevel.UnmarshalText([]byte(v)) }},
	{name: "PPROF", standard: "false", doc: "Serve /debug/pprof/ on OPS_ADDR. A profile slows the process a little and shows its inner workings.", read: yesOrNo(func(c *Config) *bool { return &c.Pprof })},
	{name: "STRIPE_API_URL", doc: "Where Stripe's API is, for tests on loopback. Only with --test-mode. Empty: Stripe's own.",
		read: text(func(c *Config) *string { return &c.Processors.StripeAPI })},
	{name: "STRIPE_SCRIPT_URL", doc: "The script of Stripe's card fields, for tests on loopback. Only with --test-mode. Empty: Stripe's own.",
		read: text(func(c *Config) *string { return &c.Processors.StripeScript })},
	{name: "AUTHORIZE_NET_API_URL", doc: "Where Authorize.Net's API is, for tests on loopback. Only with --test-mode. Empty: Authorize.Net's own.",
		read: text(func(c *Config) *string { return &c.Processors.AuthorizeNetAPI })},
	{name: "AUTHORIZE_NET_FORM_URL", doc: "The root of Authorize.Net's payment pages, for tests on loopback. Only with --test-mode. Empty: Authorize.Net's own.",
		read: text(func(c *Config) *string { return &c.Processors.AuthorizeNetHosted })},
	{name: "CONTROL_SOCKET", doc: "Path of the test clock's socket. Only with --test-mode.", read: text(func(c *Config) *string { return &c.ControlSocket })},
}

// loadConfig reads all settings and reports everything that is wrong with them at once. The file, when there is one, holds NAME=value lines;
// the environment wins over it. need says which required settings this command cannot do without; nil means all.
func loadConfig(getenv func(string) string, path string, testMode bool, need ...string) (Config, error) {
	fromFile, err := readSettingsFile(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{TestMode: testMode}
	errs := unknownNames(fromFile)
	for _, s := range settings {
		value, err := s.value(getenv, fromFile)
		if err == nil && value == "" {
			if s.required && (need == nil || slices.Contains(need, s.name)) {
				err = errors.New("is required")
			}
		} else if err == nil {
			err = s.read(&c, value)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s%s: %w", prefix, s.name, err))
		}
	}
	if err := c.defaultEdge(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.contradictions()...)
	return c, allWrong(errs)
}

// defaultEdge is the one default that follows from another setting.
func (c *Config) defaultEdge() (err error) {
	if !c.EdgeDomain.IsZero() || c.PlatformDomain.IsZero() {
		return nil
	}
	if c.EdgeDomain, err = tenant.ParseHostname("edge." + c.PlatformDomain.String()); err != nil {
		return fmt.Errorf("%sEDGE_DOMAIN: %w", prefix, err)
	}
	return nil
}

// allWrong tells everything that is wrong with the settings at once, a line each.
func allWrong(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("the settings, which `tollhouse config` explains, are not complete or not right:\n  %s",
		strings.ReplaceAll(errors.Join(errs...).Error(), "\n", "\n  "))
}

// value looks a setting up: NAME, then NAME_FILE for a secret, in the environment and then in the file, then the standard.
func (s setting) value(getenv func(string) string, fromFile map[string]string) (string, error) {
	for _, get := range []func(string) string{getenv, func(name string) string { return fromFile[name] }} {
		if v := get(prefix + s.name); v != "" {
			return v, nil
		}
		if path := get(prefix + s.name + "_FILE"); s.secret && path != "" {
			content, err := os.ReadFile(path)
			if err != nil {
				return "", fmt.Errorf("cannot read the file that %s_FILE names: %w", s.name, err)
			}
			return strings.TrimSpace(string(content)), nil
		}
	}
	return s.standard, nil
}

// contradictions are settings that are right by themselves and wrong together.
func (c Config) contradictions() []error {
	var errs []error
	if host, _, err := net.SplitHostPort(c.SMTPAddr); c.SMTPSecurity == "none" && err == nil && !isLoopback(host) {
		errs = append(errs, fmt.Errorf("%sSMTP_SECURITY: none is for a mail server on loopback only; %s is not", prefix, host))
	}
	errs = append(errs, c.contradictoryCAs()...)
	errs = append(errs, c.contradictoryProcessors()...)
	if _, err := c.mailKey(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.mailReturns(); err != nil {
		errs = append(errs, err)
	}
	if c.TestMode {
		errs = append(errs, c.publicParties()...)
	}
	if c.ControlSocket != "" && !c.TestMode {
		errs = append(errs, fmt.Errorf("%sCONTROL_SOCKET: needs --test-mode", prefix))
	}
	return errs
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func readSettingsFile(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%s:%d: write NAME=value", filepath.Base(path), n)
		}
		values[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return values, lines.Err()
}

// unknownNames finds lines of the file that no setting reads: a typo must not pass.
func unknownNames(values map[string]string) []error {
	var errs []error
	for name := range values {
		known := slices.ContainsFunc(settings, func(s setting) bool { return name == prefix+s.name || s.secret && name == prefix+s.name+"_FILE" })
		if !known {
			errs = append(errs, fmt.Errorf("%s: no such setting; `tollhouse config` lists them", name))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// writeSettings documents every setting, for `tollhouse config`.
func writeSettings(w io.Writer) {
	for _, s := range settings {
		note := "default " + s.standard
		switch {
		case s.required:
			note = "required"
		case s.standard == "":
			note = "optional"
		}
		if s.secret {
			note += "; secret, or " + prefix + s.name + "_FILE"
		}
		fmt.Fprintf(w, "%s%s (%s)\n    %s\n", prefix, s.name, note, s.doc)
	}
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error { *field(c) = v; return nil }
}

func oneOf(field func(*Config) *string, choices ...string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if !slices.Contains(choices, v) {
			return fmt.Errorf("%q is none of %s", v, strings.Join(choices, ", "))
		}
		*field(c) = v
		return nil
	}
}

func yesOrNo(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, v string) error {
		if v != "true" && v != "false" {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		*field(c) = v == "true"
		return nil
	}
}

func address(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
			return fmt.Errorf("%q is not host:port or :port", v)
		}
		*field(c) = v
		return nil
	}
}

func number(least, most int, field func(*Config) *int) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("%q is not a number from %d to %d", v, least, most)
		}
		*field(c) = n
		return nil
	}
}

func duration(least, most time.Duration, field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < least || d > most {
			return fmt.Errorf("%q is not a duration from %s to %s, like 30s or 5m", v, least, most)
		}
		*field(c) = d
		return nil
	}
}

func file(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if _, err := os.Stat(v); err != nil {
			return err
		}
		*field(c) = v
		return nil
	}
}

// localDir takes a folder that is there or can be made later, and nothing else: what a disk does to the copies is found out, and survived,
// while serving.
func localDir(c *Config, v string) (err error) {
	if info, err := os.Stat(v); err == nil && !info.IsDir() {
		return fmt.Errorf("%q is not a folder", v)
	}
	c.LocalDir, err = filepath.Abs(v)
	return err
}

func httpsURL(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		u, err := url.Parse(v)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
			return fmt.Errorf("%q is not an https:// URL", v) // plain HTTP only for a CA on this machine
		}
		*field(c) = v
		return nil
	}
}

func emailAddress(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		a, err := mail.ParseAddress(v)
		if err != nil || a.Address != v {
			return fmt.Errorf("%q is not a bare mail address", v)
		}
		*field(c) = v
		return nil
	}
}

// postgres never repeats the value: it holds a password.
func postgres(field func(*Config) *secret) func(*Config, string) error {
	return func(c *Config, v string) error {
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
			return errors.New("is not a postgres://user:password@host/database URL")
		}
		*field(c) = secret(v)
		return nil
	}
}

func redisURL(c *Config, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Host == "" {
		return errors.New("is not a redis:// or rediss:// URL")
	}
	c.RedisURL = secret(v)
	return nil
}

func prefixes(c *Config, v string) error {
	for _, field := range strings.Split(v, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(field))
		if err != nil {
			return fmt.Errorf("%q is not a CIDR like 10.0.0.0/8", field)
		}
		c.ProxyPeers = append(c.ProxyPeers, p.Masked())
	}
	return nil
}

func publicAddresses(c *Config, v string) error {
	for field := range strings.SplitSeq(v, ",") {
		a, err := netip.ParseAddr(strings.TrimSpace(field))
		if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
			return fmt.Errorf("%q is not an IP address like 192.0.2.1", field)
		}
		c.PublicAddresses = append(c.PublicAddresses, a.Unmap())
	}
	return nil
}

func resolvers(c *Config, v string) error {
	for field := range strings.SplitSeq(v, ",") {
		r, err := netip.ParseAddrPort(strings.TrimSpace(field))
		if err != nil || r.Port() == 0 {
			return fmt.Errorf("%q is not IP:port like 1.1.1.1:53", field)
		}
		c.Resolvers = append(c.Resolvers, r)
	}
	if len(c.Resolvers) < 2 {
		return errors.New("names one resolver; at least two have to agree")
	}
	return nil
}

func caaIssuers(c *Config, v string) error {
	for field := range strings.SplitSeq(v, ",") {
		issuer, err := tenant.ParseHostname(strings.TrimSpace(field))
		if err != nil {
			return fmt.Errorf("%q: %w", field, err)
		}
		c.CAAIssuers = append(c.CAAIssuers, issuer.String())
	}
	return nil
}
