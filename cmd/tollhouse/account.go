package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
)

// accountOf returns what tells a domain doctor our account at the first CA. It is asked of the store each time: any node may register it, and
// a CA that has lost it gets another. What cannot be read is not known.
func accountOf(m *certs.Manager) func() string {
	return func() string {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		uri, err := m.AccountURI(ctx)
		if err != nil {
			return ""
		}
		return uri
	}
}

// storedAccount is accountOf for a program that serves nothing.
func storedAccount(c Config, pool *pgxpool.Pool) (func() string, error) {
	quiet := slog.New(slog.DiscardHandler)
	store, err := certsdb.New(certsdb.Config{Pool: pool, Ring: c.SealKeys, CA: c.ACME.Directory, Log: quiet})
	if err != nil {
		return nil, err
	}
	ca, err := c.ACME.authority(c.ACME.Email)
	if err != nil {
		return nil, err
	}
	m, err := certs.New(certs.Config{CA: ca, Directory: tenant.NewDirectory(quiet), Store: store, Ring: c.SealKeys, Log: quiet})
	if err != nil {
		return nil, err
	}
	return accountOf(m), nil
}
