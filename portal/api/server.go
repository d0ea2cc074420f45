package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"tollhouse/portal/route"
	"tollhouse/tenant"
)

// Tenants finds the tenant that a key belongs to.
type Tenants interface {
	// Tenant returns a tenant by its id, suspended ones too, or tenant.ErrNotFound. It is asked once a request and should answer from memory.
	Tenant(ctx context.Context, id tenant.ID) (*tenant.Tenant, error)
}

// Limits bounds how often a caller may ask.
type Limits interface {
	// Allow spends one request from a bucket. It returns 0 when there was one to spend, else how long to wait. Buckets are "key:<id>" for
	// each authenticated request and "unauthorized:<address prefix>" for each refused one. An error lets the request pass: a limiter that is
	// away must not close the API.
	Allow(ctx context.Context, bucket string) (time.Duration, error)
}

// Config is what a Server is made of. Everything is required unless it says otherwise.
type Config struct {
	Keys     Keys
	Tenants  Tenants
	Clients  Clients
	Invoices Invoices
	Brands   Brands
	Logos    Logos
	Links    Links
	Domains  Domains
	Senders  Senders

	Connections   Connections
	Payments      Payments
	PaymentEvents PaymentEvents

	Mails   Mails
	Audit   AuditLog
	Replies Replies
	Limits  Limits // nil: no limits
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now

	DomainLimit int // of one tenant's domains; Domains keeps it, the API names it
}

// Server answers the API host. It is safe for any number of goroutines.
type Server struct {
	Config
	router *route.Router
}

// New checks the configuration and returns a server. It names everything that is missing at once.
func New(config Config) (*Server, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Server{Config: config}
	if err := s.complete(); err != nil {
		return nil, err
	}
	s.router = route.New(s.refuse(errUnknownPath), s.refuse(errMethod))
	for _, e := range s.endpoints() {
		s.router.Handle(e.method, e.pattern, s.serve(e))
	}
	return s, nil
}

func (s *Server) complete() error {
	var missing []error
	for name, absent := range map[string]bool{
		"Keys": s.Keys == nil, "Tenants": s.Tenants == nil, "Clients": s.Clients == nil, "Invoices": s.Invoices == nil,
		"Brands": s.Brands == nil, "Logos": s.Logos == nil, "Links": s.Links == nil, "Domains": s.Domains == nil, "Senders": s.Senders == nil,
		"Mails": s.Mails == nil, "Connections": s.Connections == nil,
		"Payments": s.Payments == nil, "PaymentEvents": s.PaymentEvents == nil, "Audit": s.Audit == nil, "Replies": s.Replies == nil, "Log": s.Log == nil, "DomainLimit": s.DomainLimit <= 0,
	} {
		if absent {
			missing = append(missing, fmt.Errorf("api: Config.%s is missing", name))
		}
	}
	return errors.Join(missing...)
}

// Routes lists every method and pattern that is served.
func (s *Server) Routes() []route.Route { return s.router.Routes() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.router.ServeHTTP(w, r)
}

// serve runs one endpoint: who calls, may they, what did they send, and was it answered before.
func (s *Server) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.answer(w, r, e)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		answer.write(w)
	})
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, e endpoint) (reply, error) {
	c := &call{Request: r}
	if e.scope == open {
		if err := c.read(w, e.body); err != nil {
			return reply{}, err
		}
		return e.handle(c)
	}
	if err := s.identify(c); err != nil {
		return reply{}, err
	}
	if err := c.may(e.scope); err != nil {
		return reply{}, err
	}
	if err := c.checkQuery(e.query); err != nil {
		return reply{}, err
	}
	if err := c.read(w, e.body); err != nil {
		return reply{}, err
	}
	if r.Method == http.MethodPost {
		return s.once(c, e.handle)
	}
	return e.handle(c)
}

// Error answers with the problem document of an HTTP status, so that the edge can call it for a request that never came here: a body too
// large to be read, a panic. A status that the API has no words for is a plain 500.
func (s *Server) Error(w http.ResponseWriter, r *http.Request, status int) {
	p := errInternal
	for _, known := range []*Problem{errTooLarge, errMethod, errUnavailable} {
		if known.Status == status {
			p = known
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.fail(w, r, p)
}

func (s *Server) refuse(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, err) })
}
