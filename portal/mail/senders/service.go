package senders

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/portal/mail"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/seal"
)

// Store keeps one Sender a tenant. It is safe for concurrent use.
type Store interface {
	// Sender reads a tenant's sender, with State "" when there never was one.
	Sender(ctx context.Context, t tenant.ID) (Sender, error)
	// Change locks the tenant's sender, calls fn with it and writes what fn made of it, with an audit entry for each event. It returns what was
	// written. When fn returns an error nothing is. fn may be called more than once.
	Change(ctx context.Context, t tenant.ID, fn func(s *Sender) ([]Event, error)) (Sender, error)
	// Due lists up to limit tenants whose sender is to be checked by now, the longest due first.
	Due(ctx context.Context, now time.Time, limit int) ([]tenant.ID, error)
}

// Event is a change that the audit log tells of.
type Event struct {
	Kind    string
	Details map[string]string
}

// Resolver asks DNS. Implemented by *domaindoctor.Doctor.
type Resolver interface {
	Texts(ctx context.Context, name string) []domaindoctor.TextView
}

// Config is what a Service works with. Everything is required unless it says otherwise.
type Config struct {
	Store      Store
	Resolver   Resolver
	Ring       *seal.Ring
	From       string            // the platform's address
	Own        []tenant.Hostname // names of the platform: no address at or below them is a tenant's
	SPF        string            // mechanism of the platform's mail servers, like "include:_spf.portal.example"; "" asks for no SPF record
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
	Now        func() time.Time      // nil: time.Now
}

// Service sets tenants' senders and looks after them. It is safe for concurrent use, on any number of nodes at once.
type Service struct {
	cfg     Config
	checks  *prometheus.CounterVec
	changes *prometheus.CounterVec
}

// New checks the configuration. It asks nothing yet.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Resolver == nil || cfg.Ring == nil || cfg.From == "" || cfg.Log == nil {
		return nil, errors.New("senders: Store, Resolver, Ring, From and Log are required")
	}
	if strings.ContainsAny(cfg.SPF, " \"\r\n") {
		return nil, fmt.Errorf("the SPF mechanism %q must be one, like include:_spf.example.com", cfg.SPF)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg,
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_sender_checks_total",
			Help: "Checks of tenants' sender domains by this node, by what became of the key's record."}, []string{"result"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_sender_changes_total",
			Help: "Sender domains that this node found verified, or lost: then mails come from the platform's address again."}, []string{"to"})}
	if cfg.Registerer == nil {
		return s, nil
	}
	return s, errors.Join(cfg.Registerer.Register(s.checks), cfg.Registerer.Register(s.changes))
}

// Show returns a tenant's sender; a tenant without one gets a View that is Off.
func (s *Service) Show(ctx context.Context, t tenant.ID) (View, error) {
	found, err := s.cfg.Store.Sender(ctx, t)
	if err != nil {
		return View{}, fmt.Errorf("reading the sender of %s: %w", t, err)
	}
	return s.view(found), nil
}

func (s *Service) view(found Sender) View {
	v := View{Sender: found, From: s.cfg.From, Records: found.records(s.cfg.SPF)}
	if found.off() {
		v.State = Off
		return v
	}
	if found.State == Verified {
		v.From = found.Address
	}
	v.CanCheckAt = found.AskedAt
	if !found.AskedAt.IsZero() {
		v.CanCheckAt = found.AskedAt.Add(checkPause)
	}
	return v
}

// Set makes an address the tenant's. The address must be a plain one in its canonical form. One of another domain gets a key of its own and
// starts as Pending; within the domain nothing but the address changes. Errors: ErrPlatform, *TooSoonError.
func (s *Service) Set(ctx context.Context, t tenant.ID, address, name string) (View, error) {
	if s.platforms(domainOf(address)) {
		return View{}, ErrPlatform
	}
	now := s.cfg.Now()
	before, err := s.cfg.Store.Sender(ctx, t)
	if err != nil {
		return View{}, fmt.Errorf("reading the sender of %s: %w", t, err)
	}
	var fresh Key
	if before.off() || before.Domain() != domainOf(address) {
		if fresh, err = s.mint(before, t, domainOf(address), now); err != nil {
			return View{}, err
		}
	}
	return s.change(ctx, t, func(cur *Sender) ([]Event, error) {
		if !cur.off() && cur.Domain() == domainOf(address) {
			return cur.rename(address, name, now), nil
		}
		if fresh.Selector == "" { // it was changed meanwhile
			return nil, &TooSoonError{After: time.Second}
		}
		return cur.begin(address, name, fresh, now)
	})
}

func (s *Service) change(ctx context.Context, t tenant.ID, fn func(*Sender) ([]Event, error)) (View, error) {
	after, err := s.cfg.Store.Change(ctx, t, fn)
	if err != nil {
		return View{}, fmt.Errorf("changing the sender of %s: %w", t, err)
	}
	return s.view(after), nil
}

func (s *Sender) rename(address, name string, now time.Time) []Event {
	if s.Address == address && s.Name == name {
		return nil
	}
	s.Address, s.Name, s.ChangedAt = address, name, now
	return []Event{{Kind: "sender.set", Details: map[string]string{"domain": s.Domain()}}}
}

func (s *Sender) begin(address, name string, key Key, now time.Time) ([]Event, error) {
	if err := s.mint(now); err != nil {
		return nil, err
	}
	*s = Sender{Tenant: s.Tenant, Address: address, Name: name, State: Pending, Key: key, CreatedAt: now, ChangedAt: now, NextCheckAt: now,
		AskedAt: s.AskedAt, Minted: s.Minted, MintedSince: s.MintedSince}
	return []Event{{Kind: "sender.set", Details: map[string]string{"domain": s.Domain()}}}, nil
}

// platforms reports whether a domain is the platform's, or below one of its.
func (s *Service) platforms(domain string) bool {
	for _, own := range s.cfg.Own {
		if domain == own.String() || strings.HasSuffix(domain, "."+own.String()) {
			return true
		}
	}
	return domain == domainOf(s.cfg.From)
}

// mint makes a key, unless the tenant has had its share: that is asked first, for a key costs CPU.
func (s *Service) mint(of Sender, t tenant.ID, domain string, now time.Time) (Key, error) {
	if err := of.mint(now); err != nil {
		return Key{}, err
	}
	keyPEM, err := mail.MintDKIM()
	if err != nil {
		return Key{}, err
	}
	selector := "th" + strings.ToLower(rand.Text()[:16])
	key, err := mail.NewDKIM(domain, selector, keyPEM)
	if err != nil {
		return Key{}, fmt.Errorf("making a key for %s: %w", domain, err)
	}
	return Key{Selector: selector, Domain: domain, Public: key.Public(), Sealed: s.cfg.Ring.Seal(keyPEM, KeyPlace(t, domain, selector))}, nil
}

// Rotate makes the next key. The one before signs until the next is seen in DNS. While there is a next key already it is kept. Without a
// sender it is tenant.ErrNotFound.
func (s *Service) Rotate(ctx context.Context, t tenant.ID) (View, error) {
	now := s.cfg.Now()
	before, err := s.cfg.Store.Sender(ctx, t)
	if err != nil {
		return View{}, fmt.Errorf("reading the sender of %s: %w", t, err)
	}
	if before.off() {
		return View{}, tenant.ErrNotFound
	}
	if before.Next.Selector != "" {
		return s.view(before), nil
	}
	fresh, err := s.mint(before, t, before.Domain(), now)
	if err != nil {
		return View{}, err
	}
	return s.change(ctx, t, func(cur *Sender) ([]Event, error) {
		switch {
		case cur.off():
			return nil, tenant.ErrNotFound
		case cur.Domain() != fresh.Domain:
			return nil, &TooSoonError{After: time.Second}
		case cur.Next.Selector != "":
			return nil, nil
		}
		if err := cur.mint(now); err != nil {
			return nil, err
		}
		cur.Next, cur.ChangedAt, cur.NextCheckAt = fresh, now, now
		return []Event{{Kind: "sender.rotated", Details: map[string]string{"domain": cur.Domain(), "selector": fresh.Selector}}}, nil
	})
}

// Remove goes back to the platform's address and forgets the keys. Again it changes nothing.
func (s *Service) Remove(ctx context.Context, t tenant.ID) error {
	_, err := s.change(ctx, t, func(cur *Sender) ([]Event, error) {
		if cur.off() {
			return nil, nil
		}
		gone := Event{Kind: "sender.removed", Details: map[string]string{"domain": cur.Domain()}}
		*cur = Sender{Tenant: cur.Tenant, State: Off, CreatedAt: cur.CreatedAt, ChangedAt: s.cfg.Now(), AskedAt: cur.AskedAt,
			Minted: cur.Minted, MintedSince: cur.MintedSince}
		return []Event{gone}, nil
	})
	return err
}

// Identity returns in whose name a tenant's mails go out now. A key that does not open is logged, and the mail goes out in the platform's.
func (s *Service) Identity(ctx context.Context, t tenant.ID) (mail.Identity, error) {
	found, err := s.cfg.Store.Sender(ctx, t)
	if err != nil {
		return mail.Identity{}, fmt.Errorf("reading the sender of %s: %w", t, err)
	}
	id := mail.Identity{ReplyTo: found.Address}
	if found.State != Verified {
		return id, nil
	}
	key, err := s.open(found)
	if err != nil {
		s.cfg.Log.ErrorContext(ctx, "a tenant's mails cannot be signed; they go out in the platform's name", "tenant", string(t), "error", err)
		return id, nil
	}
	id.Address, id.Name, id.DKIM = found.Address, found.Name, key
	return id, nil
}

func (s *Service) open(of Sender) (*mail.DKIM, error) {
	keyPEM, err := s.cfg.Ring.Open(of.Key.Sealed, KeyPlace(of.Tenant, of.Key.Domain, of.Key.Selector))
	if err != nil {
		return nil, fmt.Errorf("opening the key %s: %w", of.Key.Selector, err)
	}
	return mail.NewDKIM(of.Key.Domain, of.Key.Selector, keyPEM)
}
