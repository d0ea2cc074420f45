package certs

import (
	"context"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/tenant"
)

// countedStore counts reads, so that "no handshake reads" can be watched from outside, and tells the work at hand when the store fails.
type countedStore struct {
	backing
	reads prometheus.Counter
}

// backing is Store under a name that does not hide its method Store.
type backing = Store

func (s *countedStore) Load(ctx context.Context, key string) ([]byte, error) {
	s.reads.Inc()
	value, err := s.backing.Load(ctx, key)
	TaskOf(ctx).noteStore(err)
	return value, err
}

func (s *countedStore) Store(ctx context.Context, key string, value []byte) error {
	err := s.backing.Store(ctx, key, value)
	TaskOf(ctx).noteStore(err)
	return err
}

func (s *countedStore) Lock(ctx context.Context, name string) error {
	err := s.backing.Lock(ctx, name)
	TaskOf(ctx).noteStore(err)
	return err
}

func (s *countedStore) Exists(ctx context.Context, key string) bool {
	s.reads.Inc()
	return s.backing.Exists(ctx, key)
}

func (s *countedStore) List(ctx context.Context, path string, recursive bool) ([]string, error) {
	s.reads.Inc()
	return s.backing.List(ctx, path, recursive)
}

func (s *countedStore) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	s.reads.Inc()
	return s.backing.Stat(ctx, key)
}

func (s *countedStore) Find(ctx context.Context, host tenant.Hostname) (Found, error) {
	s.reads.Inc()
	found, err := s.backing.Find(ctx, host)
	TaskOf(ctx).noteStore(err)
	return found, err
}

func (s *countedStore) Challenge(ctx context.Context, host tenant.Hostname) (acme.Challenge, error) {
	s.reads.Inc()
	return s.backing.Challenge(ctx, host)
}
