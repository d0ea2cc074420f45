package paymentsdb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant/rls"
)

// BenchmarkPay is one payment from the form to the receipt, with a processor that answers at once.
func BenchmarkPay(b *testing.B) {
	s := paymentstest.NewShop(b, pgtest.Clone(b))
	for b.Loop() {
		b.StopTimer()
		in := s.Request("ok", s.Sent(b, 100))
		b.StartTimer()
		if p, err := s.Service.Pay(ctx, s.Tenant, in); err != nil || p.Status != payments.Succeeded {
			b.Fatal(p.Status, err)
		}
	}
}

// BenchmarkBalance is what one of 10,000 clients owes, over 1,000,000 entries.
func BenchmarkBalance(b *testing.B) {
	s := paymentstest.NewShop(b, pgtest.Clone(b))
	million(b, s)
	const q = `SELECT e.currency, sum(e.amount)::bigint FROM ledger_entries e WHERE e.tenant_id = $1 AND e.company_id = $2 GROUP BY e.currency`
	if plan := explainB(b, s, q, string(s.Tenant.ID), "com_00000000000000000000005000"); !strings.Contains(plan, "ledger_entries_by_company") {
		b.Fatalf("no index:\n%s", plan)
	}
	for b.Loop() {
		owed, err := s.Service.Balance(ctx, s.Tenant, "com_00000000000000000000005000")
		if err != nil || len(owed) != 1 || owed[0].Amount != 100_00 {
			b.Fatal(owed, err)
		}
	}
	if each := b.Elapsed() / time.Duration(b.N); each > 5*time.Millisecond {
		b.Errorf("%s a balance, want at most 5 ms", each)
	}
}

// million writes a hundred entries for each of ten thousand clients, past the triggers, which are not what is measured.
func million(b *testing.B, s *paymentstest.Shop) {
	b.Helper()
	conn, err := pgx.Connect(ctx, s.DB.AdminURL)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }() // the benchmark is over
	for _, q := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO companies (tenant_id, id, name, currency) SELECT '` + string(s.Tenant.ID) + `', 'com_' || lpad(n::text, 26, '0'), 'C', 'USD' FROM generate_series(1, 10000) n`,
		`INSERT INTO ledger_entries (tenant_id, id, company_id, kind, amount, currency, effective_on)
			SELECT '` + string(s.Tenant.ID) + `', 'ent_' || n, 'com_' || lpad((1 + n % 10000)::text, 26, '0'), 'invoice', 100, 'USD', '2026-01-01' FROM generate_series(1, 1000000) n`,
		`VACUUM ANALYZE ledger_entries`,
	} {
		if _, err := conn.Exec(ctx, q); err != nil {
			b.Fatalf("%s: %v", q, err)
		}
	}
}

func explainB(b *testing.B, s *paymentstest.Shop, q string, args ...any) (plan string) {
	b.Helper()
	err := rls.Tx(context.Background(), s.DB.App, s.Tenant.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `EXPLAIN `+q, args...)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan = strings.Join(lines, "\n")
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return plan
}
