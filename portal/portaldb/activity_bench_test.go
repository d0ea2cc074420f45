package portaldb_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal"
	"tollhouse/portal/api"
	"tollhouse/portal/api/apidb"
	"tollhouse/portal/portaldb"
)

// plantLog writes a million entries of a hundred companies past the chain's trigger, a second apart; one in a hundred is ours.
func plantLog(b *testing.B, f *fixture) (last time.Time) {
	b.Helper()
	conn, err := pgx.Connect(ctx, f.DB.AdminURL)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	const events = `INSERT INTO audit_events (tenant_id, id, at, kind, actor, actor_id, company_id, contact_id)
		SELECT $1, 'evt_' || lpad(i::text, 26, '0'), timestamptz '2026-01-01' + i * interval '1 second',
		       (ARRAY['invoice.viewed', 'link.used', 'mail.sent', 'link.seen'])[1 + (i / 100) % 4], 'contact', $3::text,
		       CASE i % 100 WHEN 0 THEN $2 ELSE 'com_' || i % 100 END, $3
		  FROM generate_series(1, 1000000) i`
	const chain = `INSERT INTO audit_chain SELECT $1, row_number() OVER (ORDER BY id), id, sha256('x') FROM audit_events WHERE tenant_id = $1`
	_, err0 := conn.Exec(ctx, `SET session_replication_role = replica`)
	_, err1 := conn.Exec(ctx, events, f.Tenant.ID, f.Company, f.Contact)
	_, err2 := conn.Exec(ctx, chain, f.Tenant.ID)
	_, err3 := conn.Exec(ctx, `VACUUM ANALYZE audit_events, audit_chain`)
	for _, err := range []error{err0, err1, err2, err3} {
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Date(2026, 1, 1, 0, 0, 1_000_000, 0, time.UTC)
}

// BenchmarkTrail reads a log of a million entries, as the client's page and as the API do.
func BenchmarkTrail(b *testing.B) {
	w := paymentstest.New(b, pgtest.Clone(b))
	f := &fixture{World: w, pages: portaldb.New(w.DB.App)}
	f.session = f.sessionOf(b, w.Company, w.Contact)
	last := plantLog(b, f)
	log := apidb.NewAuditLog(f.DB.App)
	page := func(q portal.TrailQuery) func() error {
		return func() error { _, err := f.pages.Trail(ctx, f.session, q); return err }
	}
	list := func(q api.AuditQuery) func() error {
		q.Limit = 51
		return func() error { _, err := log.Events(ctx, f.Tenant.ID, q); return err }
	}
	for _, c := range []struct {
		name string
		read func() error
	}{
		{"page", page(portal.TrailQuery{})},
		{"page, viewed", page(portal.TrailQuery{What: portal.Viewed})},
		{"page, paid, of which there is none", page(portal.TrailQuery{What: portal.Paid})},
		{"page, the first hours", page(portal.TrailQuery{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)})},
		{"page, the last hours", page(portal.TrailQuery{From: last.Add(-2 * time.Hour)})},
		{"file", func() error {
			_, err := f.pages.TrailFile(ctx, f.session, portal.TrailQuery{Limit: portal.MostInFile}, nil)
			return err
		}},
		{"page, middle", page(portal.TrailQuery{After: "evt_00000000000000000000500000"})},
		{"api", list(api.AuditQuery{})},
		{"api, company", list(api.AuditQuery{CompanyID: w.Company})},
		{"api, company and kind", list(api.AuditQuery{CompanyID: w.Company, Kind: "link."})},
		{"api, last hour", list(api.AuditQuery{From: last.Add(-time.Hour)})},
		{"api, first hour", list(api.AuditQuery{To: time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)})},
		{"api, a kind that there is not", list(api.AuditQuery{Kind: "x."})},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
