package tenantdb

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

const (
	// quiet is how long the listening connection may say nothing before it has to show that it is alive.
	quiet        = 30 * time.Second
	connectLimit = 10 * time.Second
	pingLimit    = 5 * time.Second
)

// Feed tells a Directory of every change to a served host, as the database's trigger announces it. It holds one connection of its own to
// listen on. One goroutine at a time may use it. A row that cannot be read (a time zone that this machine does not know) is left out
// and logged: one tenant's trouble must not stop all.
type Feed struct {
	store *Store
	log   *slog.Logger
	zones map[string]*time.Location
	conn  *pgx.Conn // nil: not listening
	heard time.Time // when conn last showed life
	seen  int64     // every change up to this number has been handed out
}

var _ tenant.Feed = (*Feed)(nil)

// Feed returns a feed for one Directory. Close it when the Directory's Run has returned.
func (s *Store) Feed(log *slog.Logger) *Feed {
	return &Feed{store: s, log: log, zones: map[string]*time.Location{}}
}

// Close ends the listening connection.
func (f *Feed) Close() {
	if f.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pingLimit)
	defer cancel()
	_ = f.conn.Close(ctx) // nothing can be done, and nothing is lost
	f.conn = nil
}

// Snapshot returns every host: each tenant's default host and its proven hosts, and the API host.
func (f *Feed) Snapshot(ctx context.Context) (tenant.Snapshot, error) {
	host, err := f.store.APIHost()
	if err != nil {
		return tenant.Snapshot{}, err
	}
	delta, err := f.Since(ctx, -1)
	if err != nil {
		return tenant.Snapshot{}, err
	}
	api := &tenant.Site{Host: host, Kind: tenant.API, Links: host, Epoch: 1}
	return tenant.Snapshot{Seq: delta.Seq, Sites: append(delta.Sites, api)}, nil
}

// servedRow is a tenant, and one of its served domains when it has any.
type servedRow struct {
	tenantRow
	DomainHost   *string
	DomainStatus *string
	DomainEpoch  *int64
}

// Since returns the sites of the tenants that changed after seq.
func (f *Feed) Since(ctx context.Context, seq int64) (tenant.Delta, error) {
	const head = `SELECT h.seq FROM directory_head h`
	// One statement sees one moment, so a host that goes from one tenant to another is never in both or, for good, in none. It may see
	// more than the head that was read before it: those changes come once more next time.
	const q = `
		SELECT ` + tenantColumns + `, d.host AS domain_host, d.status AS domain_status, d.epoch AS domain_epoch
		FROM tenants t LEFT JOIN domains d ON d.tenant_id = t.id
			AND d.status IN ('issuing', 'deploying', 'active', 'renewal_failing', 'degraded', 'moving')
		WHERE t.directory_seq > $1
		ORDER BY t.id, d.created_at DESC, d.id DESC`
	var delta tenant.Delta
	var served []servedRow
	err := rls.Platform(ctx, f.store.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, head).Scan(&delta.Seq); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, q, seq)
		var err error
		served, err = pgx.CollectRows(rows, pgx.RowToStructByName[servedRow])
		return err
	})
	if err != nil {
		return tenant.Delta{}, fmt.Errorf("reading changes of the directory: %w", err)
	}
	f.collect(served, &delta)
	f.seen = delta.Seq
	return delta, nil
}

// collect makes sites of rows, which are ordered by tenant.
func (f *Feed) collect(rows []servedRow, delta *tenant.Delta) {
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].ID == rows[0].ID {
			n++
		}
		id := tenant.ID(rows[0].ID)
		delta.Tenants = append(delta.Tenants, id)
		sites, err := f.sites(rows[:n])
		if err != nil {
			f.log.Error("directory: a tenant is left out", "tenant", id, "error", err)
		}
		delta.Sites = append(delta.Sites, sites...)
		rows = rows[n:]
	}
}

// sites returns the sites of one tenant: its default host, then its domains, newest first.
func (f *Feed) sites(rows []servedRow) ([]*tenant.Site, error) {
	t, err := rows[0].toDomain(f.zone)
	if err != nil {
		return nil, err
	}
	host, err := f.store.DefaultHost(t.Slug)
	if err != nil {
		return nil, err
	}
	links := host
	sites := []*tenant.Site{{Host: host, Kind: tenant.Portal, Tenant: t, Epoch: rows[0].Epoch}}
	for _, row := range rows {
		if row.DomainHost == nil {
			continue
		}
		custom, err := tenant.ParseHostname(*row.DomainHost)
		if err != nil {
			f.log.Error("directory: a domain is left out", "tenant", t.ID, "error", err)
			continue
		}
		sites = append(sites, &tenant.Site{Host: custom, Kind: tenant.Portal, Tenant: t, Epoch: *row.DomainEpoch,
			Leaving: tenant.DomainStatus(*row.DomainStatus) == tenant.DomainMoving})
		if links == host && tenant.DomainStatus(*row.DomainStatus).Linkable() {
			links = custom
		}
	}
	for _, site := range sites {
		site.Links = links
	}
	return sites, nil
}

// zone loads each time zone once.
func (f *Feed) zone(name string) (*time.Location, error) {
	if known, ok := f.zones[name]; ok {
		return known, nil
	}
	loaded, err := tenant.LoadZone(name)
	if err != nil {
		return nil, err
	}
	f.zones[name] = loaded
	return loaded, nil
}

// Wait returns when a change is announced that Since has not handed out yet, and at once when it has only now begun to listen.
func (f *Feed) Wait(ctx context.Context) error {
	if f.conn == nil {
		return f.listen(ctx)
	}
	for {
		n, err := f.next(ctx)
		if err != nil {
			return err
		}
		if n > f.seen {
			return nil
		}
	}
}

// next returns the number of the next announced change.
func (f *Feed) next(ctx context.Context) (int64, error) {
	if err := f.alive(ctx); err != nil {
		return 0, err
	}
	n, err := f.conn.WaitForNotification(ctx)
	if err != nil {
		if f.conn.IsClosed() {
			f.conn = nil
		}
		return 0, fmt.Errorf("listening for changes of the directory: %w", err)
	}
	f.heard = time.Now()
	number, _, _ := strings.Cut(n.Payload, " ")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return f.seen + 1, nil // not ours; looking costs little
	}
	return seq, nil
}

// alive asks a connection that has been quiet for an answer: a peer that vanished without a word would be listened to for ever.
func (f *Feed) alive(ctx context.Context) error {
	if time.Since(f.heard) < quiet {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	if err := f.conn.Ping(ctx); err != nil {
		f.Close()
		return fmt.Errorf("asking the listening connection for a sign: %w", err)
	}
	f.heard = time.Now()
	return nil
}

// listen opens the connection.
func (f *Feed) listen(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	config := f.store.pool.Config()
	if config.BeforeConnect != nil {
		if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
			return fmt.Errorf("connecting to listen: %w", err)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return fmt.Errorf("connecting to listen: %w", err)
	}
	if _, err := conn.Exec(ctx, `LISTEN directory`); err != nil {
		_ = conn.Close(ctx)
		return fmt.Errorf("listening for changes of the directory: %w", err)
	}
	f.conn, f.heard = conn, time.Now()
	return nil
}
