package paymentsdb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
	"tollhouse/tenant/request/pgtrips"
	"tollhouse/tenant/rls"
)

// Every pair of statuses, against the condition in the statement itself.
func TestTurn_WritesOnlyTheStepsOfTheTable(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	p, err := s.Service.Pay(ctx, s.Tenant, s.Request("ok", s.Sent(t, 100)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Owner.Exec(ctx, `ALTER TABLE payments DISABLE TRIGGER USER`); err != nil { // the invoice's sums are not what this is about
		t.Fatal(err)
	}
	store, stepped := s.Store(), 0
	for _, from := range payments.Statuses() {
		for _, to := range payments.Statuses() {
			s.Exec(t, `UPDATE payments SET status = $2 WHERE tenant_id = $1`, s.Tenant.ID, from)
			err := store.Turn(ctx, s.Tenant.ID, p.ID, func(f *payments.File) (*payments.Turn, error) {
				turn := &payments.Turn{Payment: f.Payment}
				turn.Payment.Status = to
				return turn, nil
			})
			switch may := from == to || payments.May(from, to); {
			case may && err != nil, !may && !errors.Is(err, payments.ErrStale):
				t.Errorf("%s to %s: %v", from, to, err)
			case may:
				stepped++
			}
			want := from
			if err == nil {
				want = to
			}
			if n := s.Int(t, `SELECT count(*) FROM payments WHERE tenant_id = $1 AND status = $2`, s.Tenant.ID, want); n != 1 {
				t.Errorf("%s to %s is not %s", from, to, want)
			}
		}
	}
	if stepped < 40 {
		t.Errorf("only %d steps were taken", stepped)
	}
}

// The schema's functions and the program's table must say the same.
func TestStatuses_SchemaAndTableAgree(t *testing.T) {
	w := setup(t)
	for _, status := range payments.Statuses() {
		if live := w.Int(t, `SELECT payment_live($1)::int`, status) == 1; live != payments.Live(status) {
			t.Errorf("%s: live %v in the schema, %v in the table", status, live, payments.Live(status))
		}
	}
}

func TestLedger_RefusesWhatIsNotConserved(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	inv := s.Sent(t, 1000)
	p, err := s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv))
	if err != nil {
		t.Fatal(err)
	}
	effect := ""
	if err := rls.Tx(ctx, s.DB.App, s.Tenant.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT effect FROM ledger_entries WHERE tenant_id = $1 AND payment_id = $2`, s.Tenant.ID, p.ID).Scan(&effect)
	}); err != nil {
		t.Fatal(err)
	}
	if want := "stripe/test/" + paymentstest.AccountID + "/" + p.ObjectID + "/capture"; effect != want {
		t.Errorf("effect %q, want %q", effect, want)
	}
	const entry = `INSERT INTO ledger_entries (tenant_id, id, company_id, invoice_id, payment_id, kind, amount, currency, effect, effective_on)
		VALUES ('%[1]s', '%[2]s', '%[3]s', %[4]s, '%[5]s', '%[6]s', %[7]d, 'USD', '%[8]s', '2026-05-03')`
	insert := func(kind, invoice string, amount int, effect string) string {
		if invoice != "NULL" {
			invoice = "'" + invoice + "'"
		}
		return fmt.Sprintf(entry, s.Tenant.ID, tenant.NewID("ent", time.Now()), s.Company, invoice, p.ID, kind, amount, effect)
	}
	for name, c := range map[string]struct{ q, constraint string }{
		"an effect twice":             {insert("refund", inv.ID, 1, effect), "ledger_entries_effect_once"},
		"a refund that adds":          {insert("refund", inv.ID, -1, "x"), "ledger_entries_sign_check"},
		"a reversal that adds":        {insert("reversal", inv.ID, -1, "x"), "ledger_entries_sign_check"},
		"a reinstatement that takes":  {insert("reinstatement", inv.ID, 1, "x"), "ledger_entries_sign_check"},
		"credit that is taken":        {insert("credit_given", "NULL", 1, "x"), "ledger_entries_sign_check"},
		"more than the invoice holds": {insert("reinstatement", inv.ID, -1, "x"), "invoices_not_overpaid"},
		"more than was settled":       {insert("reversal", inv.ID, 1001, "x"), "invoices_settled_check"},
		"credit out of nothing":       {insert("credit_used", "NULL", -1, "x"), "ledger_entries_credit_conserved"},
		"credit that is not there": {insert("credit_used", "NULL", 5, "y") + "; " + insert("refund", inv.ID, 5, "z") + "; " + insert("credit_used", inv.ID, -5, "y"),
			"ledger_entries_credit_covered"},
	} {
		err := rls.Tx(ctx, s.DB.App, s.Tenant.ID, func(tx pgx.Tx) error {
			for _, q := range strings.Split(c.q, "; ") {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		if !rls.Violates(err, c.constraint) {
			t.Errorf("%s: %v, want %s", name, err, c.constraint)
		}
	}
	for _, q := range []string{`UPDATE ledger_entries SET amount = amount - 1`, `DELETE FROM ledger_entries`} {
		if err := rls.Tx(ctx, s.DB.Owner, s.Tenant.ID, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, q); return err }); err == nil {
			t.Errorf("%s was done, by the owner even", q)
		}
	}
}

// A person's attempt is settled by what the processor says, never by hand.
func TestSettle_LeavesAProcessorsPaymentsAlone(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	inv := s.Sent(t, 1000)
	p, err := s.Service.Pay(ctx, s.Tenant, s.Request("processing", inv))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Invoices.Settle(ctx, s.Tenant, p.ID); !errors.Is(err, payments.ErrNotProcessing) {
		t.Errorf("settled by hand: %v", err)
	}
	if _, err := s.Invoices.Fail(ctx, s.Tenant, p.ID); !errors.Is(err, payments.ErrNotProcessing) {
		t.Errorf("failed by hand: %v", err)
	}
	var paid *payments.PaidError
	if _, err := s.Invoices.Void(ctx, s.Tenant, inv.ID, ""); !errors.As(err, &paid) {
		t.Errorf("taken back while it is being paid: %v", err)
	}
}

func TestReceipts_AreNumberedOncePerPaymentAlsoByHand(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	inv := s.Sent(t, 1000)
	s.Pay(t, inv.ID, 100)
	s.Advance(time.Second)
	if _, err := s.Service.Pay(ctx, s.Tenant, s.Request("ok", inv)); err != nil {
		t.Fatal(err)
	}
	page, err := s.Service.Payments(ctx, s.Tenant, payments.PaymentFilter{CompanyID: s.Company})
	if err != nil || len(page.Payments) != 2 || page.Payments[0].Receipt != "REC-2026-000002" || page.Payments[1].Receipt != "REC-2026-000001" {
		t.Errorf("%+v, %v", page, err)
	}
}

// One transaction to reserve and one to apply; beside them only what cannot be in either.
func TestPay_MakesFewRoundTrips(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	config, err := pgxpool.ParseConfig(s.DB.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	if config.ConnConfig.Tracer, err = pgtrips.New(prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	node := s.NodeOn(t, paymentsdb.New(pool, paymentsdb.Hooks{}), nil)
	for range 2 { // the first describes its statements
		info := &request.Info{ID: "r"}
		if _, err := node.Pay(request.With(context.Background(), info), s.Tenant, s.Request("ok", s.Sent(t, 100))); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d trips", info.Trips.Postgres.Load())
		if n := info.Trips.Postgres.Load(); n > 16 && s.Fake.Calls("Submit") == 2 {
			t.Errorf("%d round trips: facts 1, reserve 5, object 4, apply 5, read 1", n)
		}
	}
}

// What many nodes look for at once is not waited for.
func TestTakeLooks_OfManyTakesEachOnceAndWaitsForNoLock(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	now := s.Time()
	const many = 100_000
	if _, err := s.DB.Owner.Exec(ctx, `INSERT INTO payment_looks (tenant_id, kind, ref, due_at, status)
		SELECT $1, 'payment', 'pay_' || n, $2::timestamptz - n * interval '1 millisecond', 'unknown' FROM generate_series(1, $3) n`, s.Tenant.ID, now, many); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Owner.Exec(ctx, `ANALYZE payment_looks`); err != nil {
		t.Fatal(err)
	}
	store := s.Store()
	// Somebody holds the first fifty and does not let go.
	tx, err := s.DB.App.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // it only held locks
	if _, err := tx.Exec(ctx, `SELECT ref FROM payment_looks ORDER BY due_at LIMIT 50 FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	began := time.Now()
	var mu sync.Mutex
	seen := map[string]bool{}
	for _, err := range atOnce(4, func(int) error {
		for range 5 {
			taken, err := store.TakeLooks(short, now, time.Minute, 100)
			if err != nil || len(taken) != 100 {
				return fmt.Errorf("%d taken: %w", len(taken), err)
			}
			mu.Lock()
			for _, l := range taken {
				if seen[l.Ref] {
					t.Errorf("%s was taken twice", l.Ref)
				}
				seen[l.Ref] = true
			}
			mu.Unlock()
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("20 batches of 100 out of %d in %s", many, time.Since(began))
	plan := explain(t, s.World, `SELECT l.tenant_id FROM payment_looks l WHERE l.due_at <= $1 ORDER BY l.due_at LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED`, now)
	if !strings.Contains(plan, "payment_looks_due") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("plan:\n%s", plan)
	}
}

func explain(t *testing.T, w *paymentstest.World, q string, args ...any) (plan string) {
	t.Helper()
	err := rls.Tx(ctx, w.DB.App, w.Tenant.ID, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `EXPLAIN (ANALYZE, BUFFERS) `+q, args...)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan = strings.Join(lines, "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Two uses of one client's credit, on two invoices: the second is decided on when the first is done.
func TestReserve_DecidesOnAClientsCreditOneAfterTheOther(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	a, b := s.Sent(t, 100), s.Sent(t, 100)
	store := s.Store()
	reserve := func(invoice string, decide func()) error {
		q := payments.PayQuery{CompanyID: s.Company, InvoiceIDs: []string{invoice}, Now: s.Time()}
		return store.Reserve(ctx, s.Tenant.ID, q, func(payments.PayFacts) (*payments.Plan, error) { decide(); return nil, nil })
	}
	entered, release, second := make(chan struct{}), make(chan struct{}), make(chan struct{})
	ends := make(chan error, 2)
	go func() { ends <- reserve(a.ID, func() { close(entered); <-release }) }()
	<-entered
	go func() { ends <- reserve(b.ID, func() { close(second) }) }()
	const waits = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for waiting := false; !waiting; {
		select {
		case <-second:
			t.Error("both decide on the same credit at once")
			waiting = true
		default:
			waiting = s.Int(t, waits) > 0
		}
	}
	close(release)
	for range 2 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	<-second
}

// The index is the last guard when the program forgets to look who is at an invoice.
func TestInvoice_TakesOnePersonAtATimeByTheSchemaToo(t *testing.T) {
	s := paymentstest.NewShop(t, pgtest.Clone(t))
	inv := s.Sent(t, 1000)
	book := func(id, status string) error {
		return rls.Tx(ctx, s.DB.App, s.Tenant.ID, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO payments (tenant_id, id, company_id, status, kind, amount, currency, received_on)
				VALUES ($1, $2, $3, $4, 'card', 100, 'USD', '2026-05-03')`, s.Tenant.ID, id, s.Company, status); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO payment_allocations (tenant_id, company_id, payment_id, invoice_id, amount) VALUES ($1, $2, $3, $4, 100)`,
				s.Tenant.ID, s.Company, id, inv.ID)
			return err
		})
	}
	for i, status := range []string{payments.Reserved, payments.Submitting, payments.RequiresAction, payments.Unknown, payments.Processing, payments.HeldReview} {
		err := book(fmt.Sprint("pay_", i), status)
		if person := i > 0 && i < 4; person != rls.Violates(err, "payment_allocations_one_interactive") {
			t.Errorf("%s beside one that is reserved: %v", status, err)
		}
	}
}
