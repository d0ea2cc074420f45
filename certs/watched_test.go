package certs_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// watchedStore counts what a Manager asks of its store and can be cut off from it.
type watchedStore struct {
	backing
	calls atomic.Int64 // reads and locks, not the waiting for changes
	cut   atomic.Bool
	found chan chan struct{} // when set, takes a channel to be closed once an answer of Find may be given
}

type backing = certs.Store

var errCut = errors.New("the database is away")

func (s *watchedStore) call() error {
	s.calls.Add(1)
	if s.cut.Load() {
		return errCut
	}
	return nil
}

func (s *watchedStore) Load(ctx context.Context, key string) ([]byte, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.backing.Load(ctx, key)
}

func (s *watchedStore) Exists(ctx context.Context, key string) bool {
	if err := s.call(); err != nil {
		return true
	}
	return s.backing.Exists(ctx, key)
}

func (s *watchedStore) Find(ctx context.Context, host tenant.Hostname) (certs.Found, error) {
	if err := s.call(); err != nil {
		return certs.Found{}, err
	}
	found, err := s.backing.Find(ctx, host)
	if s.found != nil {
		release := make(chan struct{})
		s.found <- release
		<-release
	}
	return found, err
}

func (s *watchedStore) Challenge(ctx context.Context, host tenant.Hostname) (acme.Challenge, error) {
	if err := s.call(); err != nil {
		return acme.Challenge{}, err
	}
	return s.backing.Challenge(ctx, host)
}

func (s *watchedStore) Lock(ctx context.Context, name string) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.backing.Lock(ctx, name)
}

func (s *watchedStore) TryLock(ctx context.Context, name string) (bool, error) {
	if err := s.call(); err != nil {
		return false, err
	}
	return s.backing.TryLock(ctx, name)
}

func (s *watchedStore) Missing(ctx context.Context, hosts []tenant.Hostname) ([]certs.Missing, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.backing.Missing(ctx, hosts)
}

func (s *watchedStore) Due(ctx context.Context, after certs.Due, limit int) ([]certs.Due, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.backing.Due(ctx, after, limit)
}
