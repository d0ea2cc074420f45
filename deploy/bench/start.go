package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// manyHosts is how many the record gets for the second start, 100 to a tenant.
const manyHosts = 100_000

// startUp starts our server anew, with the few hosts that it had and then with many more in the record, and returns the time from the start of
// the process to the end of a first handshake. The node has no local copies: all comes from Postgres. The many have no certificates, so it
// also begins to look for those that are missing. The server that ran before is ended.
func startUp(ctx context.Context, w *world, t target) (few, many time.Duration, err error) {
	if few, err = w.restart(ctx, t); err != nil {
		return 0, 0, err
	}
	if err := w.plant(ctx); err != nil {
		return 0, 0, fmt.Errorf("planting %d hosts: %w", manyHosts, err)
	}
	many, err = w.restart(ctx, t)
	return few, many, err
}

func (w *world) restart(ctx context.Context, t target) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	w.stop()
	begun := time.Now()
	if _, err := w.launch(); err != nil {
		return 0, err
	}
	config := &tls.Config{RootCAs: t.roots, ServerName: t.host, CurvePreferences: modern, MinVersion: tls.VersionTLS13}
	for {
		err := handshake(ctx, t.address, config)
		if err == nil {
			return time.Since(begun), nil
		}
		if ctx.Err() != nil {
			return 0, fmt.Errorf("waiting for a first handshake: %w", err)
		}
		time.Sleep(time.Millisecond)
	}
}

// plant writes the hosts past all triggers, which would number and announce each of them.
func (w *world) plant(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, w.record)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, q := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO tenants (id, slug, name, directory_seq)
		 SELECT 'ten_' || lpad(i::text, 26, '0'), 'many-' || i, 'Many ' || i, h.seq FROM generate_series(1, 1000) i, directory_head h`,
		`INSERT INTO domains (tenant_id, id, host, status, epoch, proven_at)
		 SELECT 'ten_' || lpad((1 + n % 1000)::text, 26, '0'), 'dom_' || lpad(n::text, 26, '0'), 'host-' || n || '.many.test', 'active', 1, now()
		 FROM generate_series(1, ` + fmt.Sprint(manyHosts) + `) n`,
		`ANALYZE tenants, domains`,
	} {
		if _, err := conn.Exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func printStart(out io.Writer, few, many time.Duration) {
	_, _ = fmt.Fprintf(out, "\nfrom the start of the process to a first handshake, all from Postgres\n")
	_, _ = fmt.Fprintf(out, "%-52s %10s\n%-52s %10s %9.1fx\n", "with the few hosts of this run", ms(few), fmt.Sprintf("with %d more", manyHosts), ms(many), float64(many)/float64(few))
}
