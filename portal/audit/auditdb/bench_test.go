package auditdb_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant/rls"
)

// BenchmarkAppend is a transaction with one entry, beside the same without the chain: the trigger is all that differs.
func BenchmarkAppend(b *testing.B) {
	for _, chained := range []bool{false, true} {
		b.Run(fmt.Sprintf("chained=%t", chained), func(b *testing.B) {
			ctx := context.Background()
			l := newLog(b)
			if !chained {
				if _, err := l.Owner.Exec(ctx, `ALTER TABLE audit_events DISABLE TRIGGER audit_events_link`); err != nil {
					b.Fatal(err)
				}
			}
			n := 0
			for b.Loop() {
				n++
				err := rls.Tx(ctx, l.App, acme, func(tx pgx.Tx) error { return auditdb.Insert(ctx, tx, acme, event(n)) })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerify follows a chain of a million entries, and tells how much the heap grew while it did.
func BenchmarkVerify(b *testing.B) {
	const entries = 1_000_000
	l := newLog(b)
	l.plant(b, entries)
	var before, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		l.verify(b, acme, entries)
	}
	runtime.ReadMemStats(&peak)
	b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(peak.HeapSys-before.HeapSys)/(1<<20), "MB-heap")
}

// plant writes a chain of n entries past the trigger, which would take a minute.
func (l log) plant(b *testing.B, n int) {
	b.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, l.AdminURL)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `SET session_replication_role = replica`); err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	company := "com_1"
	copyIn := func(table string, columns []string, row func(i int) ([]any, error)) {
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromSlice(n, row)); err != nil {
			b.Fatal(err)
		}
	}
	copyIn("audit_events", []string{"tenant_id", "id", "at", "kind", "actor", "actor_id", "company_id"}, func(i int) ([]any, error) {
		return []any{string(acme), event(i).ID, at.Add(time.Duration(i) * time.Second), "invoice.viewed", "contact", "con_1", company}, nil
	})
	hash := audit.Genesis(acme)
	copyIn("audit_chain", []string{"tenant_id", "n", "event_id", "hash"}, func(i int) ([]any, error) {
		r := audit.Record{Tenant: acme, ID: event(i).ID, Micros: at.Add(time.Duration(i) * time.Second).UnixMicro(), Kind: "invoice.viewed", Actor: "contact",
			ActorID: "con_1", CompanyID: &company, Details: "{}"}
		hash = r.Next(hash, int64(i+1))
		return []any{string(acme), int64(i + 1), r.ID, append([]byte(nil), hash[:]...)}, nil
	})
	if _, err := conn.Exec(ctx, `INSERT INTO audit_heads (tenant_id, n, hash) VALUES ($1, $2, $3)`, string(acme), n, hash[:]); err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Exec(ctx, `ANALYZE audit_events, audit_chain`); err != nil {
		b.Fatal(err)
	}
}
