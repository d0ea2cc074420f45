// Package mailsink is a mail server for development and tests: it takes every mail over real SMTP with STARTTLS, delivers none, keeps the
// newest in memory, and shows them on a small web page. It can be told to misbehave as mail servers do.
//
// It refuses nothing by itself and is no mail server for anybody but this machine: Listen takes loopback addresses only.
//
//	sink, err := mailsink.Listen(mailsink.Config{})
//	go sink.Run(ctx)
//	// send to sink.Addr(), trusting sink.RootPEM()
//	msg, err := sink.Wait(ctx, func(m mailsink.Message) bool { return m.To[0] == "payables@client.test" })
package mailsink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Kept is how many messages a sink remembers; older ones go.
const Kept = 1000

// maxBytes bounds one message.
const maxBytes = 16 << 20

// Config says how a sink is reached. The zero value is any free port of 127.0.0.1, STARTTLS offered, no credentials asked for.
type Config struct {
	Addr        string // host:port on loopback; "" means 127.0.0.1:0
	ImplicitTLS bool   // TLS from the first byte instead of STARTTLS
	NoTLS       bool   // offers no STARTTLS
	Username    string // when set, mails are taken only after a login with these
	Password    string
}

// Sink is a running mail server. All methods are safe for concurrent use.
type Sink struct {
	config   Config
	listener net.Listener
	server   *smtp.Server
	identity identity

	mu       sync.Mutex
	messages []Message // oldest first
	next     int       // id of the next message
	changed  chan struct{}
	fault    Fault
	healed   chan struct{} // closed when the fault is replaced
}

// Listen opens the sink's port; mails sent from now on wait until Run answers them.
func Listen(c Config) (*Sink, error) {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the mail sink listens on this machine only, not on %q", c.Addr)
	}
	id, err := newIdentity(time.Now())
	if err != nil {
		return nil, fmt.Errorf("making the mail sink's certificate: %w", err)
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("opening the mail sink: %w", err)
	}
	s := &Sink{config: c, identity: id, next: 1, changed: make(chan struct{}), healed: make(chan struct{})}
	s.listener = &moodyListener{Listener: listener, sink: s}
	s.server = s.newServer()
	return s, nil
}

func (s *Sink) newServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain = "mailsink.localhost"
	server.MaxMessageBytes = maxBytes
	server.MaxRecipients = 50
	server.ReadTimeout = time.Minute
	server.WriteTimeout = time.Minute
	server.EnableSMTPUTF8 = true
	server.AllowInsecureAuth = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.identity.certificate}, MinVersion: tls.VersionTLS12}
	if s.config.NoTLS {
		server.TLSConfig = nil
	}
	if s.config.ImplicitTLS {
		s.listener = tls.NewListener(s.listener, server.TLSConfig)
		server.TLSConfig = nil
	}
	return server
}

// Run answers until ctx ends, then closes every connection.
func (s *Sink) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		s.Break(Fault{}) // lets go of hanging connections
		_ = s.server.Close()
	})
	defer stop()
	if err := s.server.Serve(s.listener); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serving the mail sink: %w", err)
	}
	return nil
}

// Addr is where the sink takes mails, like "127.0.0.1:2525".
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Port is the port of Addr.
func (s *Sink) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// RootPEM is the certificate that a client must trust, new in each sink.
func (s *Sink) RootPEM() []byte { return s.identity.pem }

// Roots is RootPEM as a pool.
func (s *Sink) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.identity.pem)
	return pool
}

// Messages returns what came in, oldest first.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Message returns one message by its id.
func (s *Sink) Message(id int) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := slices.BinarySearchFunc(s.messages, id, func(m Message, id int) int { return m.ID - id })
	if !found {
		return Message{}, false
	}
	return s.messages[i], true
}

// Wait returns the oldest message that want accepts, and waits for one to come when there is none. Its error is ctx's.
func (s *Sink) Wait(ctx context.Context, want func(Message) bool) (Message, error) {
	for {
		s.mu.Lock()
		i, changed := slices.IndexFunc(s.messages, want), s.changed
		if i >= 0 {
			defer s.mu.Unlock()
			return s.messages[i], nil
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("waiting for a mail: %w", ctx.Err())
		}
	}
}

// keep stores a message and wakes who waits.
func (s *Sink) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.ID = s.next
	s.next++
	s.messages = append(s.messages, m)
	if len(s.messages) > Kept {
		s.messages = slices.Delete(s.messages, 0, len(s.messages)-Kept)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}
