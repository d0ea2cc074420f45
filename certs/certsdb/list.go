package certsdb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// Holding is what one node was seen serving for one host.
type Holding struct {
	Node         string // its id
	Name         string // the machine's
	Alive        bool
	StartedAt    time.Time // when it joined the fleet
	BeatAt       time.Time // when it last said that it lives
	DirectorySeq int64
	Skew         time.Duration
	Serial       string // hex; "" when it was not seen serving the host
	Version      int64
	SeenAt       time.Time // zero when it was not
}

// NodesHolding lists the nodes, the dead of the last hour too, with what each was seen serving for a host.
func (s *Store) NodesHolding(ctx context.Context, host tenant.Hostname) ([]Holding, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT n.id, n.name, n.seen_at > now() - @life::interval, n.started_at, n.seen_at, n.directory_seq, n.clock_skew_ms,
			COALESCE(s.serial, ''), COALESCE(s.version, 0), s.seen_at
		FROM nodes n LEFT JOIN certificate_sightings s ON s.node_id = n.id AND s.host = @host
		ORDER BY n.name, n.id`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{"host": host.String(), "life": certs.NodeLife})
	if err != nil {
		return nil, fmt.Errorf("listing what the nodes hold for %s: %w", host, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Holding, err error) {
		var skew int64
		var seen *time.Time
		err = row.Scan(&h.Node, &h.Name, &h.Alive, &h.StartedAt, &h.BeatAt, &h.DirectorySeq, &skew, &h.Serial, &h.Version, &seen)
		h.StartedAt, h.BeatAt, h.Skew = h.StartedAt.UTC(), h.BeatAt.UTC(), time.Duration(skew)*time.Millisecond
		if seen != nil {
			h.SeenAt = seen.UTC()
		}
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("listing what the nodes hold for %s: %w", host, err)
	}
	return list, nil
}

// Filter chooses certificates for Page; the zero value takes all.
type Filter struct {
	Due     bool // their time to renew has come
	Failing bool // the CA refused them, or their renewal, since the last commit; hosts without a certificate too
}

// Listed is one host of a page.
type Listed struct {
	Host tenant.Hostname
	certs.Facts
}

// Page returns up to limit hosts that have a certificate or were refused one, in order of their names, after the given one; the zero value
// begins.
func (s *Store) Page(ctx context.Context, f Filter, after tenant.Hostname, limit int) ([]Listed, error) {
	hosts, err := s.listed(ctx, f, after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing certificates: %w", err)
	}
	facts, err := s.Facts(ctx, hosts)
	if err != nil {
		return nil, err
	}
	list := make([]Listed, len(hosts))
	for i, host := range hosts {
		list[i] = Listed{Host: host, Facts: facts[host]}
	}
	return list, nil
}

func (s *Store) listed(ctx context.Context, f Filter, after tenant.Hostname, limit int) ([]tenant.Hostname, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `SELECT host FROM (
			(SELECT c.host FROM certificates c
				WHERE c.issuer = ANY (@issuers) AND NOT @failing AND (NOT @due OR c.renew_at <= @now) AND c.host > @after
				ORDER BY c.host LIMIT @limit)
			UNION
			(SELECT f.host FROM certificate_failures f WHERE f.issuer = ANY (@issuers) AND NOT @due AND f.host > @after
				AND NOT EXISTS (SELECT FROM certificates c WHERE c.host = f.host AND c.issuer = ANY (@issuers) AND c.committed_at > f.failed_at)
				ORDER BY f.host LIMIT @limit)
		) AS known (host) ORDER BY host LIMIT @limit`
	rows, err := s.cfg.Pool.Query(ctx, q, pgx.NamedArgs{"issuers": s.issuerKeys(), "due": f.Due, "failing": f.Failing, "now": s.cfg.Now(),
		"after": after.String(), "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, hostOf)
}
