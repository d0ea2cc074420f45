package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Security says how the way to the SMTP server is protected.
type Security string

const (
	STARTTLS    Security = "starttls" // plain greeting, then TLS or nothing; usually port 587
	ImplicitTLS Security = "tls"      // TLS from the first byte; usually port 465
	Plain       Security = "plain"    // no protection: for a server on this machine only
)

// Config is where mails go and from whom.
type Config struct {
	Host     string         // of the SMTP server; required
	Port     int            // 0 means 587 for STARTTLS, 465 for TLS, 25 for plain
	Security Security       // "" means STARTTLS
	Username string         // "" means that the server asks for none
	Password string         // never printed
	Roots    *x509.CertPool // nil means the system's
	From     string         // address in From and in the envelope, like "billing@mail.example.com"; required
	HELO     string         // the name we give ourselves; "" means the domain of From
	Timeout  time.Duration  // for connecting, and again for one mail; 0 means 20 s
	DKIM     *DKIM          // signs every mail that has no key of its own; nil: those are not signed
}

// Sender hands mails to one SMTP server, a connection for each. It is safe for concurrent use.
type Sender struct {
	config Config
	from   string
}

// NewSender checks the configuration. It opens no connection; see Check.
func NewSender(c Config) (*Sender, error) {
	from, err := netmail.ParseAddress(c.From)
	if err != nil || from.Address != c.From {
		return nil, fmt.Errorf("the sender's address %q must be an address alone, like billing@example.com", c.From)
	}
	ports := map[Security]int{STARTTLS: 587, ImplicitTLS: 465, Plain: 25}
	if c.Security == "" {
		c.Security = STARTTLS
	}
	if ports[c.Security] == 0 {
		return nil, fmt.Errorf("the SMTP security %q must be starttls, tls or plain", c.Security)
	}
	if c.Host == "" {
		return nil, errors.New("the SMTP host is missing")
	}
	if c.Security == Plain && !loopback(c.Host) {
		return nil, fmt.Errorf("plain SMTP to %s is refused: mails hold magic links, only this machine may be reached without TLS", c.Host)
	}
	if c.Port == 0 {
		c.Port = ports[c.Security]
	}
	if c.Timeout == 0 {
		c.Timeout = 20 * time.Second
	}
	return &Sender{config: c, from: from.Address}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// From is the address that mails come from.
func (s *Sender) From() string { return s.from }

// Send delivers one message. It returns nil once the server has taken the mail, whatever happens to the connection afterwards; else a
// *SendError, or ctx's error.
func (s *Sender) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	msg := s.compose(m)
	if key := cmp.Or(m.DKIM, s.config.DKIM); key != nil {
		if err := key.sign(msg); err != nil {
			return &SendError{Outcome: Deferred, Err: err}
		}
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	return explain(err)
}

// Check connects, secures the way, gives the credentials and says goodbye.
func (s *Sender) Check(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return explain(err)
	}
	return client.CloseWithSMTPClient(conn)
}

// compose turns m into go-mail's form. Addresses were checked by Render and are set without being read again.
func (s *Sender) compose(m Message) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.FromMailAddress(&m.From)
	msg.EnvelopeFromMailAddress(&netmail.Address{Address: cmp.Or(m.Return, s.from)})
	msg.ToMailAddress(&m.To)
	if m.ReplyTo.Address != "" {
		msg.ReplyToMailAddress(&m.ReplyTo)
	}
	msg.Subject(m.Subject)
	// RFC 3834: holiday notices do not answer this.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", m.Language)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	if len(m.Logo.Bytes) > 0 {
		name := "logo.png"
		if m.Logo.ContentType == "image/jpeg" {
			name = "logo.jpg"
		}
		msg.EmbedReadSeeker(name, bytes.NewReader(m.Logo.Bytes),
			gomail.WithFileContentID("logo"), gomail.WithFileContentType(gomail.ContentType(m.Logo.ContentType)))
	}
	for _, a := range m.Attached {
		msg.AttachReadSeeker(a.Name, bytes.NewReader(a.Bytes), gomail.WithFileContentType(gomail.ContentType(a.ContentType)))
	}
	return msg
}

// client makes a go-mail client whose connection ends with ctx: go-mail itself looks at ctx only while it dials.
func (s *Sender) client(ctx context.Context) (*gomail.Client, error) {
	c := s.config
	tlsConfig := &tls.Config{ServerName: c.Host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout), gomail.WithTLSConfig(tlsConfig), gomail.WithHELO(s.helo()),
		gomail.WithoutNoop(), gomail.WithDialContextFunc(s.dial(ctx, tlsConfig)),
	}
	switch c.Security {
	case STARTTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if c.Username != "" {
		auth := gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
		if c.Security == Plain {
			auth = gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc)
		}
		options = append(options, auth, gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	client, err := gomail.NewClient(c.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("preparing SMTP: %w", err)
	}
	return client, nil
}

func (s *Sender) helo() string {
	if s.config.HELO != "" {
		return s.config.HELO
	}
	return domainOf(s.from)
}

// dial connects and ties the connection to whole.
func (s *Sender) dial(whole context.Context, tlsConfig *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		var dialer interface {
			DialContext(ctx context.Context, network, addr string) (net.Conn, error)
		} = &net.Dialer{}
		if s.config.Security == ImplicitTLS {
			dialer = &tls.Dialer{Config: tlsConfig}
		}
		conn, err := dialer.DialContext(ctx, network, addr)
		if err == nil {
			context.AfterFunc(whole, func() { _ = conn.Close() })
		}
		return conn, err
	}
}
