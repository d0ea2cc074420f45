package certsdb_test

import (
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
)

func TestNodesHolding_TellsEachNodeFromTheOthers(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := newAuthority().issue(billing, 24*time.Hour)
	put(t, s, c)
	for _, id := range []string{"node_dead", "node_holds", "node_lacks"} {
		if _, err := s.Beat(ctx, certs.Node{ID: id, Name: "machine", DirectorySeq: 7, Skew: -1500 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
	saw(t, s, "node_holds", c, 1)
	saw(t, s, "node_dead", c, 1)
	execute(t, db, `UPDATE nodes SET seen_at = now() - interval '1 minute' WHERE id = 'node_dead'`)
	got := must(s.NodesHolding(ctx, host))
	if len(got) != 3 {
		t.Fatalf("%d nodes, want 3", len(got))
	}
	dead, holds, lacks := got[0], got[1], got[2]
	serial := c.leaf.SerialNumber.Text(16)
	if dead.Alive || dead.Serial != serial {
		t.Errorf("the dead node: %+v", dead)
	}
	if !holds.Alive || holds.Serial != serial || holds.Version != 1 || holds.SeenAt.IsZero() || holds.DirectorySeq != 7 || holds.Skew != -1500*time.Millisecond {
		t.Errorf("the node that holds it: %+v", holds)
	}
	if !lacks.Alive || lacks.Serial != "" || !lacks.SeenAt.IsZero() {
		t.Errorf("the node that lacks it: %+v", lacks)
	}
	if other := must(s.NodesHolding(ctx, tenant.MustParseHostname("pay.acme.test"))); other[1].Serial != "" {
		t.Errorf("another host: %+v", other[1])
	}
}

func TestPage_PagesAndFilters(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, 24*time.Hour))
	const more = `INSERT INTO certificates (host, issuer, fence, serial, not_before, not_after, renew_at, chain_pem, key_sealed, metadata)
		SELECT 'h' || n || '.acme.test', issuer, 1, 's' || n, not_before, not_after, CASE WHEN n = 3 THEN now() - interval '1 hour' ELSE renew_at END,
			chain_pem, key_sealed, metadata FROM certificates, generate_series(1, 5) AS n`
	execute(t, db, more)
	for _, name := range []string{"refused.acme.test", "h4.acme.test"} {
		const refuse = `INSERT INTO certificate_failures (host, issuer, failures, reason, code, retry_at, failed_at)
			VALUES ($1, $2, 1, 'no', 'caa.forbids', now() + interval '1 hour', now() + interval '1 second')`
		execute(t, db, refuse, name, issuer)
	}
	names := func(f certsdb.Filter, limit int) (all []string) {
		t.Helper()
		for after := (tenant.Hostname{}); ; {
			page := must(s.Page(ctx, f, after, limit))
			for _, l := range page {
				all, after = append(all, l.Host.String()), l.Host
			}
			if len(page) < limit {
				return all
			}
		}
	}
	if got := names(certsdb.Filter{}, 3); len(got) != 7 || got[0] != billing || got[6] != "refused.acme.test" {
		t.Errorf("all: %v", got)
	}
	if got := names(certsdb.Filter{Due: true}, 10); len(got) != 1 || got[0] != "h3.acme.test" {
		t.Errorf("due: %v", got)
	}
	if got := names(certsdb.Filter{Failing: true}, 1); len(got) != 2 || got[0] != "h4.acme.test" || got[1] != "refused.acme.test" {
		t.Errorf("failing: %v", got)
	}
	if page := must(s.Page(ctx, certsdb.Filter{Failing: true}, tenant.Hostname{}, 10)); page[0].Serial != "s4" || page[0].Trouble != "caa.forbids" ||
		page[1].Serial != "" {
		t.Errorf("failing with their facts: %+v", page)
	}
}
