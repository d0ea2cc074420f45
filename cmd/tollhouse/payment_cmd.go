package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

type paymentCmd struct {
	Show      paymentShowCmd      `cmd:"" help:"Show one payment with its history, and what a person should look at."`
	List      paymentListCmd      `cmd:"" help:"List a tenant's newest payments or, with --open, those of all tenants that are not at their end."`
	Reconcile paymentReconcileCmd `cmd:"" help:"Compare a day at the processor with the ledger; exits with 1 when they differ."`
}

type connectionCmd struct {
	List connectionListCmd `cmd:"" help:"List a tenant's connections to processors."`
}

// counter is what these commands work with.
type counter struct {
	*cashier
	store   *paymentsdb.Store
	tenants *tenantdb.Store
}

// withCounter runs an operator's command on payments, as the server's role.
func withCounter(e *env, do func(ctx context.Context, at counter) error) error {
	return withPool(e, func(ctx context.Context, pool *pgxpool.Pool, c Config) error {
		h := &house{config: c, pool: pool, tenants: tenantStore(pool, c), log: slog.New(slog.DiscardHandler)}
		store := paymentsdb.New(pool, paymentsdb.Hooks{OnChange: billingHooks(nil, nil).OnChange})
		cashier, err := h.newCashier(store)
		if err != nil {
			return err
		}
		return do(ctx, counter{cashier, store, h.tenants})
	}, "SEAL_KEYS")
}

// tenant finds one by slug or id.
func (at counter) tenant(ctx context.Context, name string) (*tenant.Tenant, error) {
	t, err := at.tenants.Show(ctx, name)
	return t, plain(err, fmt.Sprintf("tenant %q", name))
}

type paymentShowCmd struct {
	ID string `arg:"" help:"The payment's id, like pay_…"`
}

// Run looks for it at every tenant: a payment's id does not say whose it is.
func (c paymentShowCmd) Run(e *env) error {
	return withCounter(e, func(ctx context.Context, at counter) error {
		found := false
		err := eachTenant(ctx, at.tenants, "", func(t *tenant.Tenant) error {
			p, err := at.Payment(ctx, t, "", c.ID)
			if found || errors.Is(err, payments.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			found = true
			return printPayment(e.stdout, t, p)
		})
		if err == nil && !found {
			err = fmt.Errorf("there is no payment %q", c.ID)
		}
		return err
	})
}

func printPayment(out io.Writer, t *tenant.Tenant, p payments.Payment) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	money := func(n int64) string {
		if n == 0 {
			return ""
		}
		return ledger.Money{Amount: n, Currency: p.Currency}.String()
	}
	at := func(when time.Time) string {
		if when.IsZero() {
			return ""
		}
		return when.UTC().Format(time.RFC3339)
	}
	row("id", p.ID)
	row("tenant", t.Slug)
	row("client", p.CompanyID)
	row("status", p.Standing())
	row("amount", money(p.Amount))
	for i, a := range p.Allocations {
		row("invoice", fmt.Sprintf("%s %s %s", a.InvoiceID, p.InvoiceNumbers[i], money(a.Amount)))
	}
	row("kind", p.Kind)
	row("connection", p.ConnectionID)
	row("at processor", p.ObjectID)
	row("failure", p.Failure.Code)
	row("refunded", money(p.Refunded))
	row("refund open", money(p.Refunding))
	row("taken back", money(p.Reversed))
	row("to credit", money(p.Credited))
	row("receipt", p.Receipt)
	row("unknown since", at(p.UnknownSince))
	row("asked again", at(p.NextLook))
	row("LOOK", p.Quarantine)
	for _, m := range p.Timeline() {
		row(at(m.At), m.What+" "+money(m.Amount))
	}
	return w.Flush()
}

type paymentListCmd struct {
	Tenant string `arg:"" optional:"" help:"Slug or id."`
	Open   bool   `help:"Those of all tenants that are not at their end, the longest open first."`
}

// mostListed bounds a list for people.
const mostListed = 200

// Run lists.
func (c paymentListCmd) Run(e *env) error {
	if c.Open == (c.Tenant != "") {
		return errors.New("name a tenant, or give --open for all tenants")
	}
	return withCounter(e, func(ctx context.Context, at counter) error {
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		if c.Open {
			all, err := at.store.OpenPayments(ctx, mostListed)
			fmt.Fprintln(w, "PAYMENT\tTENANT\tSTATUS\tSINCE\tASKED AGAIN")
			for _, l := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Ref, l.Tenant, l.Status, l.Since.UTC().Format(time.RFC3339), l.Due.UTC().Format(time.RFC3339))
			}
			return errors.Join(err, w.Flush())
		}
		t, err := at.tenant(ctx, c.Tenant)
		if err != nil {
			return err
		}
		page, err := at.Payments(ctx, t, payments.PaymentFilter{Limit: mostListed})
		fmt.Fprintln(w, "PAYMENT\tSTATUS\tAMOUNT\tKIND\tCREATED")
		for _, p := range page.Payments {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.Standing(), ledger.Money{Amount: p.Amount, Currency: p.Currency}, p.Kind, p.CreatedAt.UTC().Format(time.RFC3339))
		}
		return errors.Join(err, w.Flush())
	})
}

type paymentReconcileCmd struct {
	Tenant string `arg:"" help:"Slug or id."`
	Day    string `arg:"" help:"A day in the tenant's time zone, like 2026-05-03."`
}

// Help is shown by `tollhouse payment reconcile --help`.
func (paymentReconcileCmd) Help() string {
	return "Asks the processor for all that moved on the day and looks for each in the ledger. What was missed is asked for again and booked. What belongs to no payment is kept for the tenant."
}

// Run compares.
func (c paymentReconcileCmd) Run(e *env) error {
	day, err := ledger.ParseDate(c.Day)
	if err != nil {
		return err
	}
	different := false
	err = withCounter(e, func(ctx context.Context, at counter) error {
		t, err := at.tenant(ctx, c.Tenant)
		if err != nil {
			return err
		}
		report, err := at.Compare(ctx, t, day)
		if err != nil {
			return fmt.Errorf("%w; look at `tollhouse connection list %s`", err, t.Slug)
		}
		different = len(report.Differences) > 0
		return printComparison(e.stdout, report)
	})
	if err == nil && different {
		return exitError(1)
	}
	return err
}

func printComparison(out io.Writer, r payments.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CURRENCY\tCAPTURED\tPOSTED\tREFUNDED\tTAKEN BACK")
	for _, s := range r.Sums {
		money := func(n int64) string { return ledger.Money{Amount: n, Currency: s.Currency}.String() }
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Currency, money(s.Captured), money(s.Posted), money(s.Refunded), money(s.Reversed))
	}
	if len(r.Differences) == 0 {
		fmt.Fprintf(w, "%s: the processor and the ledger agree\n", r.Day)
		return w.Flush()
	}
	fmt.Fprintln(w, "\nDIFFERENCE\tAT PROCESSOR\tPAYMENT\tPROCESSOR\tLEDGER")
	for _, d := range r.Differences {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", d.Kind, d.ObjectID, cmp.Or(d.PaymentID, "none"), d.Processor, d.Ledger)
	}
	return w.Flush()
}

type connectionListCmd struct {
	Tenant string `arg:"" help:"Slug or id."`
}

// Run lists.
func (c connectionListCmd) Run(e *env) error {
	return withCounter(e, func(ctx context.Context, at counter) error {
		t, err := at.tenant(ctx, c.Tenant)
		if err != nil {
			return err
		}
		all, err := at.Connections.List(ctx, t.ID)
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "CONNECTION\tPROCESSOR\tSTATUS\tMODE\tACCOUNT\tTROUBLE\tLAST EVENT")
		for _, one := range all {
			mode, last := "test", "none"
			if one.Live {
				mode = "live"
			}
			if !one.LastEventAt.IsZero() {
				last = one.LastEventAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.ID, one.Processor, one.Status, mode, one.AccountID, one.TroubleCode, last)
		}
		return errors.Join(err, w.Flush())
	})
}

// checkConnections finds tenants whose processors refuse their credentials.
func checkConnections(ctx context.Context, c Config, pool *pgxpool.Pool) finding {
	store, connected, broken, first := paymentsdb.New(pool, paymentsdb.Hooks{}), 0, 0, ""
	err := eachTenant(ctx, tenantStore(pool, c), "", func(t *tenant.Tenant) error {
		all, err := store.Connections(ctx, t.ID)
		for _, one := range all {
			switch one.Status {
			case payments.ConnectionActive:
				connected++
			case payments.ConnectionBroken:
				broken++
				first = cmp.Or(first, fmt.Sprintf("%s (%s)", t.Slug, one.TroubleCode))
			}
		}
		return err
	})
	switch {
	case err != nil:
		return finding{name: "payments", err: errors.New(reason(err)), mend: "look at Postgres first"}
	case broken > 0:
		return finding{name: "payments", err: fmt.Errorf("connections whose processor refuses the credentials: %d, like that of %s", broken, first),
			mend: "their Pay button is hidden: tell them to roll their keys and to PATCH /api/payment-connections/:id; `tollhouse connection list` shows each"}
	}
	return finding{name: "payments", says: fmt.Sprintf("connections to processors: %d, all of them work", connected)}
}
