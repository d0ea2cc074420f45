package paymentsdb_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant/rls"
)

// try runs a statement for the world's tenant on a pool and returns its error.
func try(w *paymentstest.World, pool *pgxpool.Pool, q string, args ...any) error {
	return rls.Tx(ctx, pool, w.Tenant.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	})
}

func TestLedger_IsAppendOnly(t *testing.T) {
	w := setup(t)
	inv := w.Sent(t, 100)
	for _, q := range []string{
		`UPDATE ledger_entries SET amount = 1 WHERE tenant_id = $1`,
		`DELETE FROM ledger_entries WHERE tenant_id = $1`,
	} {
		if err := try(w, w.DB.App, q, w.Tenant.ID); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("the server's role, %s: %v", q, err)
		}
		if err := try(w, w.DB.Owner, q, w.Tenant.ID); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("the owner, %s: %v", q, err)
		}
	}
	if err := try(w, w.DB.Owner, `TRUNCATE ledger_entries`); err == nil || !strings.Contains(err.Error(), "append-only") {
		t.Errorf("the owner, TRUNCATE: %v", err)
	}
	if n := w.Int(t, `SELECT sum(amount) FROM ledger_entries WHERE tenant_id = $1 AND invoice_id = $2`, w.Tenant.ID, inv.ID); n != 100 {
		t.Errorf("the ledger says %d, want 100", n)
	}
}

func TestSchema_RefusesToChangeWhatWasSent(t *testing.T) {
	w := setup(t)
	draft, sent := w.Draft(t, 100), w.Sent(t, 100)
	for _, q := range []string{
		`UPDATE invoices SET due_date = due_date + 1 WHERE tenant_id = $1 AND id = $2`,
		`UPDATE invoices SET subtotal = 1, total = 1 WHERE tenant_id = $1 AND id = $2`,
		`UPDATE invoices SET notes = 'x' WHERE tenant_id = $1 AND id = $2`,
		`UPDATE invoice_lines SET description = 'x' WHERE tenant_id = $1 AND invoice_id = $2`,
		`INSERT INTO invoice_lines (tenant_id, invoice_id, position, description, quantity, unit_amount, amount, tax) VALUES ($1, $2, 9, 'x', 1, 1, 1, 0)`,
		`DELETE FROM invoice_lines WHERE tenant_id = $1 AND invoice_id = $2`,
	} {
		if err := try(w, w.DB.App, q, w.Tenant.ID, sent.ID); err == nil || !strings.Contains(err.Error(), "frozen") {
			t.Errorf("of a sent invoice, %s: %v", q, err)
		}
		if err := try(w, w.DB.App, q, w.Tenant.ID, draft.ID); err != nil {
			t.Errorf("of a draft, %s: %v", q, err)
		}
	}
	if err := try(w, w.DB.App, `UPDATE invoices SET status = 'draft' WHERE tenant_id = $1 AND id = $2`, w.Tenant.ID, sent.ID); err == nil {
		t.Error("a sent invoice became a draft")
	}
	if err := try(w, w.DB.App, `UPDATE invoices SET viewed_at = now() WHERE tenant_id = $1 AND id = $2`, w.Tenant.ID, sent.ID); err != nil {
		t.Errorf("a view: %v", err)
	}
}

func TestSchema_RefusesToSettleMoreThanTheTotal(t *testing.T) {
	w := setup(t)
	inv := w.Sent(t, 100)
	p := w.Pay(t, inv.ID, 60)
	const q = `INSERT INTO ledger_entries (tenant_id, id, company_id, invoice_id, kind, amount, currency, effective_on)
		VALUES ($1, $2, $3, $4, 'payment', $5, 'USD', now())`
	err := try(w, w.DB.App, q, w.Tenant.ID, "ent_1", w.Company, inv.ID, -41)
	if !rls.Violates(err, "invoices_not_overpaid") {
		t.Errorf("41 of the 40 that are open: %v", err)
	}
	const again = `INSERT INTO ledger_entries (tenant_id, id, company_id, invoice_id, payment_id, kind, amount, currency, effective_on)
		VALUES ($1, $2, $3, $4, $5, 'payment', -1, 'USD', now())`
	if err := try(w, w.DB.App, again, w.Tenant.ID, "ent_2", w.Company, inv.ID, p.ID); !rls.Violates(err, "ledger_entries_payment_once") {
		t.Errorf("the payment's effect a second time: %v", err)
	}
	if err := try(w, w.DB.App, q, w.Tenant.ID, "ent_3", w.Company, inv.ID, -40); err != nil {
		t.Errorf("the 40 that are open: %v", err)
	}
}

// TestLedger_ConservesMoney does anything in any order, and then asks whether every sum that is kept is what the ledger adds up to.
func TestLedger_ConservesMoney(t *testing.T) {
	w := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		company := w.AddCompany(t)
		w.AddContact(t, company, "payer")
		invoices, running := []string{w.DraftFor(t, company, 6).ID, w.DraftFor(t, company, 3).ID}, []string(nil)
		for _, id := range invoices {
			if _, err := w.Invoices.Send(ctx, w.Tenant, id); err != nil {
				rt.Fatal(err)
			}
		}
		pick := func(from []string) string {
			if len(from) == 0 {
				return "none"
			}
			return rapid.SampledFrom(from).Draw(rt, "which")
		}
		var err error
		for range rapid.IntRange(1, 12).Draw(rt, "acts") {
			amount := rapid.Int64Range(1, 4).Draw(rt, "amount")
			switch rapid.SampledFrom([]string{"create", "send", "send", "void", "pay", "pay two", "process", "settle", "fail"}).Draw(rt, "act") {
			case "create":
				invoices = append(invoices, w.DraftFor(t, company, amount*3).ID)
			case "send":
				_, err = w.Invoices.Send(ctx, w.Tenant, pick(invoices))
			case "void":
				_, err = w.Invoices.Void(ctx, w.Tenant, pick(invoices), "")
			case "pay":
				_, err = w.Invoices.RecordPayment(ctx, w.Tenant, paymentstest.Payment(pick(invoices), amount))
			case "pay two":
				_, err = w.Invoices.RecordPayment(ctx, w.Tenant, payments.NewPayment{Allocations: []ledger.Allocation{
					{InvoiceID: pick(invoices), Amount: amount}, {InvoiceID: pick(invoices), Amount: 1}}})
			case "process":
				var p ledger.Payment
				if p, err = w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(pick(invoices), amount)); err == nil {
					running = append(running, p.ID)
				}
			case "settle":
				_, err = w.Invoices.Settle(ctx, w.Tenant, pick(running))
			case "fail":
				_, err = w.Invoices.Fail(ctx, w.Tenant, pick(running))
			}
			if !expected(err) {
				rt.Fatal(err)
			}
			if n := w.Int(t, drift, w.Tenant.ID, company); n != 0 {
				rt.Fatalf("%d sums differ from the ledger", n)
			}
		}
	})
}

// expected reports whether an act was done, or refused by a rule.
func expected(err error) bool {
	var invalid *payments.ValidationError
	var paid *payments.PaidError
	return err == nil || errors.As(err, &invalid) || errors.As(err, &paid) || errors.Is(err, payments.ErrNotFound) ||
		errors.Is(err, payments.ErrNotDraft) || errors.Is(err, payments.ErrNotSent) || errors.Is(err, payments.ErrNotProcessing)
}

// drift counts what does not add up at a company.
const drift = `
	SELECT (SELECT count(*) FROM invoices i
	         WHERE i.tenant_id = $1 AND i.company_id = $2 AND (
	               i.settled <> (SELECT COALESCE(-sum(e.amount), 0) FROM ledger_entries e
	                              WHERE e.tenant_id = $1 AND e.invoice_id = i.id AND e.kind = 'payment')
	            OR i.in_flight <> (SELECT COALESCE(sum(a.amount), 0) FROM payment_allocations a JOIN payments p ON p.tenant_id = $1 AND p.id = a.payment_id
	                                WHERE a.tenant_id = $1 AND a.invoice_id = i.id AND p.status = 'processing')
	            OR i.settled + i.in_flight > i.total
	            OR (SELECT COALESCE(sum(e.amount), 0) FROM ledger_entries e WHERE e.tenant_id = $1 AND e.invoice_id = i.id)
	               <> CASE i.status WHEN 'sent' THEN i.total - i.settled ELSE 0 END))
	     + (SELECT count(*) FROM payments p
	         WHERE p.tenant_id = $1 AND p.company_id = $2 AND (
	               p.amount <> (SELECT sum(a.amount) FROM payment_allocations a WHERE a.tenant_id = $1 AND a.payment_id = p.id)
	            OR (SELECT COALESCE(-sum(e.amount), 0) FROM ledger_entries e WHERE e.tenant_id = $1 AND e.payment_id = p.id)
	               <> CASE p.status WHEN 'succeeded' THEN p.amount ELSE 0 END))`

func TestStore_ShowsAnotherTenantNothing(t *testing.T) {
	db := pgtest.Clone(t)
	mine, theirs := paymentstest.New(t, db), paymentstest.New(t, db)
	inv, draft := theirs.Sent(t, 100), theirs.Draft(t, 100)
	p, err := theirs.Invoices.RecordProcessing(ctx, theirs.Tenant, paymentstest.Payment(inv.ID, 10))
	if err != nil {
		t.Fatal(err)
	}
	line := []payments.NewLine{{Description: "Work", UnitAmount: 1}}
	// Every act, by one tenant on the other's rows, and then by their owner.
	acts := map[string]func(w *paymentstest.World) error{
		"read": func(w *paymentstest.World) error { _, err := w.Invoices.Invoice(ctx, w.Tenant, inv.ID); return err },
		"send": func(w *paymentstest.World) error { _, err := w.Invoices.Send(ctx, w.Tenant, inv.ID); return err },
		"void": func(w *paymentstest.World) error { _, err := w.Invoices.Void(ctx, w.Tenant, draft.ID, ""); return err },
		"pay": func(w *paymentstest.World) error {
			_, err := w.Invoices.RecordPayment(ctx, w.Tenant, paymentstest.Payment(inv.ID, 1))
			return err
		},
		"process": func(w *paymentstest.World) error {
			_, err := w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(inv.ID, 1))
			return err
		},
		"payment": func(w *paymentstest.World) error { _, err := w.Invoices.Payment(ctx, w.Tenant, p.ID); return err },
		"settle":  func(w *paymentstest.World) error { _, err := w.Invoices.Settle(ctx, w.Tenant, p.ID); return err },
		"bill": func(w *paymentstest.World) error {
			_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: theirs.Company, Lines: line})
			return err
		},
		"address to": func(w *paymentstest.World) error {
			_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, ContactID: theirs.Contact, Lines: line})
			return err
		},
	}
	for name, act := range acts {
		if err := act(mine); !errors.Is(err, payments.ErrNotFound) {
			t.Errorf("%s by another tenant: %v, want %v", name, err, payments.ErrNotFound)
		}
	}
	for name, act := range acts {
		if err := act(theirs); err != nil {
			t.Errorf("%s by their own: %v", name, err)
		}
	}
	if page, err := mine.Invoices.List(ctx, mine.Tenant, payments.InvoiceFilter{}); err != nil || len(page.Invoices) != 0 {
		t.Errorf("the list shows %d, %v", len(page.Invoices), err)
	}
	if listed, err := mine.Invoices.Payments(ctx, mine.Tenant, inv.ID); err != nil || len(listed) != 0 {
		t.Errorf("the payments show %d, %v", len(listed), err)
	}
	if own := mine.Sent(t, 100); own.Number != inv.Number {
		t.Errorf("the other tenant's first number is %s, want %s: each has its own series", own.Number, inv.Number)
	}
}

func TestStore_ListsTheStatesThatTheLedgerDerives(t *testing.T) {
	w := setup(t)
	states := []ledger.State{ledger.StateDraft, ledger.StateOpen, ledger.StateProcessing, ledger.StatePartiallyPaid, ledger.StatePaid, ledger.StateOverdue,
		ledger.StateVoid, ledger.StateUncollectible}
	for i := range 40 {
		inv, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, IssueDate: w.Today().AddDays(-9),
			DueDate: w.Today().AddDays(i%3 - 1), Lines: []payments.NewLine{{Description: "Work", UnitAmount: 2}}})
		if err != nil {
			t.Fatal(err)
		}
		if i < 36 {
			if _, err := w.Invoices.Send(ctx, w.Tenant, inv.ID); err != nil {
				t.Fatal(err)
			}
		}
		for range i % 4 {
			_, _ = w.Invoices.RecordPayment(ctx, w.Tenant, paymentstest.Payment(inv.ID, 1))
		}
		if i%5 == 0 {
			_, _ = w.Invoices.RecordProcessing(ctx, w.Tenant, paymentstest.Payment(inv.ID, int64(2-i%2)))
		}
		if i%7 == 0 {
			_, _ = w.Invoices.Void(ctx, w.Tenant, inv.ID, "")
		}
	}
	w.Exec(t, `UPDATE invoices SET status = 'uncollectible' WHERE tenant_id = $1 AND id = (SELECT max(id) FROM invoices WHERE status = 'sent')`, w.Tenant.ID)
	all := listed(t, w, payments.InvoiceFilter{CompanyID: w.Company, Limit: 7})
	if len(all) != 40 {
		t.Fatalf("%d invoices are listed, want 40", len(all))
	}
	met := 0
	for _, state := range states {
		var want []string
		for _, inv := range all {
			if inv.State(w.Today()) == state {
				want = append(want, inv.ID)
			}
		}
		var got []string
		for _, inv := range listed(t, w, payments.InvoiceFilter{State: state, Limit: 3}) {
			got = append(got, inv.ID)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s lists %d invoices, want %d", state, len(got), len(want))
		}
		if len(want) > 0 {
			met++
		}
	}
	if met != len(states) {
		t.Errorf("only %d of %d states occurred", met, len(states))
	}
	if _, err := w.Invoices.List(ctx, w.Tenant, payments.InvoiceFilter{After: "garbage"}); !errors.Is(err, payments.ErrBadCursor) {
		t.Errorf("a garbage cursor: %v", err)
	}
}

// listed walks a list to its end.
func listed(t *testing.T, w *paymentstest.World, f payments.InvoiceFilter) (all []ledger.Invoice) {
	t.Helper()
	for {
		page, err := w.Invoices.List(context.Background(), w.Tenant, f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Invoices...)
		if f.After = page.Next; f.After == "" {
			return all
		}
	}
}
