package certsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// silence is how long the listening connection may be quiet before it is asked whether it still lives.
const silence = 30 * time.Second

// Listen hears of changes on a connection of its own, outside the pool.
func (s *Store) Listen(ctx context.Context, ready func(), handle func(certs.Event)) error {
	conn, err := pgx.ConnectConfig(ctx, s.cfg.Pool.Config().ConnConfig.Copy())
	if err != nil {
		return fmt.Errorf("listening for certificate changes: %w", err)
	}
	defer func() {
		ctx, cancel := s.deadline(context.WithoutCancel(ctx))
		defer cancel()
		_ = conn.Close(ctx) // it may be broken already
	}()
	if _, err := conn.Exec(ctx, `LISTEN certificates`); err != nil {
		return fmt.Errorf("listening for certificate changes: %w", err)
	}
	ready()
	for {
		n, err := next(ctx, conn)
		if err != nil {
			return fmt.Errorf("listening for certificate changes: %w", err)
		}
		s.heard(n.Payload, handle)
	}
}

func next(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	for {
		wait, cancel := context.WithTimeout(ctx, silence)
		n, err := conn.WaitForNotification(wait)
		quiet := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !quiet {
			return n, err
		}
		if err := conn.Ping(ctx); err != nil {
			return nil, err
		}
	}
}

// heard reads "<what> <name> [<version>]". What it does not know was said by a newer version of the program.
func (s *Store) heard(payload string, handle func(certs.Event)) {
	fields := strings.Fields(payload)
	if len(fields) < 2 {
		return
	}
	if fields[0] == "free" {
		s.leases.heardFree(fields[1])
		return
	}
	host, err := tenant.ParseHostname(fields[1])
	if err != nil {
		return
	}
	e := certs.Event{Host: host}
	switch fields[0] {
	case "committed":
		e.Kind = certs.Committed
		if len(fields) == 3 {
			e.Version, _ = strconv.ParseInt(fields[2], 10, 64) // 0 reloads, which is safe
		}
	case "dropped":
		e.Kind = certs.Dropped
	case "presented":
		e.Kind = certs.Presented
	case "answered":
		e.Kind = certs.Answered
	case "retry":
		e.Kind = certs.Retried
	default:
		return
	}
	handle(e)
}

// Challenges returns the answers to all challenges under way.
func (s *Store) Challenges(ctx context.Context) ([]acme.Challenge, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT key, value FROM certificate_objects WHERE expires_at > now() AND starts_with(key, $1)`
	rows, err := s.cfg.Pool.Query(ctx, q, challengePrefix)
	if err != nil {
		return nil, fmt.Errorf("listing challenge answers: %w", err)
	}
	var list []acme.Challenge
	var key string
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &sealed}, func() error {
		c, err := s.openChallenge(key, sealed)
		if err != nil { // one that cannot be read must not hide the others
			s.cfg.Log.WarnContext(ctx, "skipping a challenge answer", "error", err)
			return nil
		}
		list = append(list, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing challenge answers: %w", err)
	}
	return list, nil
}

// Challenge returns the answer for one host.
func (s *Store) Challenge(ctx context.Context, host tenant.Hostname) (acme.Challenge, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT value FROM certificate_objects WHERE key = $1 AND expires_at > now()`
	key := challengePrefix + host.String()
	var sealed []byte
	err := s.cfg.Pool.QueryRow(ctx, q, key).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return acme.Challenge{}, fmt.Errorf("loading the challenge answer for %s: %w", host, err)
	}
	return s.openChallenge(key, sealed)
}

func (s *Store) openChallenge(key string, sealed []byte) (acme.Challenge, error) {
	var c acme.Challenge
	plain, err := s.cfg.Ring.Open(sealed, []byte(key))
	if err != nil {
		return c, fmt.Errorf("opening %s: %w", key, err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, fmt.Errorf("reading %s: %w", key, err)
	}
	return c, nil
}
