package portaldb_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/portaldb"
	"tollhouse/tenant"
)

// connect gives the fixture's tenant a connection that takes some currencies; none is all.
func (f *fixture) connect(t *testing.T, status string, currencies ...string) string {
	t.Helper()
	id := tenant.NewID("pcn", time.Now())
	f.Exec(t, `INSERT INTO payment_connections (tenant_id, id, processor, live, status, account_id, public_key, credentials, webhook_hash, currencies, bank_debits, disconnected_at)
		VALUES ($1, $2::text, 'stripe', false, $3::text, 'acct_1', 'pk_test_1', 'x', sha256(convert_to($2::text, 'UTF8')), COALESCE($4::text[], '{}'), true,
		        CASE WHEN $3::text = 'disconnected' THEN now() END)`,
		f.Tenant.ID, id, status, currencies)
	return id
}

// save gives a company a method.
func (f *fixture) save(t *testing.T, company, connection, status string, first bool) string {
	t.Helper()
	id := tenant.NewID("pmt", time.Now())
	f.Exec(t, `INSERT INTO payment_methods (tenant_id, id, connection_id, company_id, processor_ref, kind, brand, last4, exp_month, exp_year, status, is_default)
		VALUES ($1, $2::text, $3, $4, $2::text, 'card', 'visa', '4242', 12, 2040, $5, $6)`, f.Tenant.ID, id, connection, company, status, first)
	return id
}

func TestSavedMethods_AreTheCompanysWithoutWhatTheProcessorKnowsThemBy(t *testing.T) {
	db := pgtest.Clone(t)
	f, other := setupOn(t, db), setupOn(t, db)
	connection := f.connect(t, "active", "USD", "EUR")
	beside := f.AddCompany(t)
	f.save(t, beside, connection, "active", true)
	other.save(t, other.Company, other.connect(t, "active"), "active", true)
	removed, second := f.save(t, f.Company, connection, "removed", false), f.save(t, f.Company, connection, "pending_verification", false)
	first := f.save(t, f.Company, connection, "active", true)
	d, err := f.pages.SavedMethods(t.Context(), f.session)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range d.Methods {
		ids = append(ids, m.ID)
		if m.Ref != "" || m.SetupRef != "" || m.Mandate != "" {
			t.Errorf("%+v says too much", m)
		}
	}
	if want := []string{first, second, removed}; !slices.Equal(ids, want) {
		t.Errorf("methods %v, want %v", ids, want)
	}
	if c := d.Connection; c.ID != connection || c.Processor != payments.Stripe || c.PublicKey != "pk_test_1" || !c.BankDebits || c.Sealed != nil || c.AccountID != "" {
		t.Errorf("connection %+v", c)
	}
	for role, want := range map[string]error{"viewer": nil, "signer": access.ErrNotFound} {
		s := f.sessionOf(t, f.Company, f.AddContact(t, f.Company, role))
		if _, err := f.pages.SavedMethods(t.Context(), s); !errors.Is(err, want) {
			t.Errorf("%s: %v", role, err)
		}
		if _, err := f.pages.History(t.Context(), s, portal.HistoryQuery{}); !errors.Is(err, want) {
			t.Errorf("%s, payments: %v", role, err)
		}
	}
}

func TestSavedMethods_KnowNoConnectionThatDoesNotWork(t *testing.T) {
	for name, connect := range map[string]func(f *fixture){"none": func(*fixture) {}, "broken": func(f *fixture) { f.connect(t, "broken") },
		"disconnected": func(f *fixture) { f.connect(t, "disconnected") }, "of another currency": func(f *fixture) { f.connect(t, "active", "JPY") }} {
		f := setup(t)
		connect(f)
		if d, err := f.pages.SavedMethods(t.Context(), f.session); err != nil || d.Connection.ID != "" {
			t.Errorf("%s: %+v, %v", name, d.Connection, err)
		}
	}
}

func TestHistory_PutsWhatIsUnderWayFirstAndPagesOn(t *testing.T) {
	f := setup(t)
	inv := f.Sent(t, 100000)
	var paid []string
	for range 5 {
		f.Advance(time.Second)
		paid = append(paid, f.Pay(t, inv.ID, 100).ID)
	}
	f.Exec(t, `UPDATE payments SET refunded = 100 WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, paid[1])
	f.Exec(t, `UPDATE payments SET created_at = created_at - interval '40 days' WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, paid[0])
	live, rejected := tenant.NewID("pay", time.Unix(1, 0)), tenant.NewID("pay", time.Unix(2, 0)) // older than any
	for id, status := range map[string]string{live: "processing", rejected: "rejected"} {
		f.Exec(t, `INSERT INTO payments (tenant_id, id, company_id, status, kind, amount, currency, received_on) VALUES ($1, $2, $3, $4, 'card', 5, 'USD', '2026-05-01')`,
			f.Tenant.ID, id, f.Company, status)
	}
	neighbour := f.AddCompany(t)
	f.Exec(t, `INSERT INTO payments (tenant_id, id, company_id, status, kind, amount, currency, received_on) VALUES ($1, $2, $3, 'succeeded', 'card', 5, 'USD', '2026-05-01')`,
		f.Tenant.ID, tenant.NewID("pay", time.Now()), neighbour)
	list := func(q portal.HistoryQuery) (ids []string) {
		t.Helper()
		for {
			d, err := f.pages.History(t.Context(), f.session, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range d.Payments {
				ids = append(ids, p.ID)
			}
			if q.After = d.Next; q.After == "" {
				return ids
			}
		}
	}
	newest := slices.Clone(paid)
	slices.Reverse(newest)
	begun := f.Time()
	for name, c := range map[string]struct {
		q    portal.HistoryQuery
		want []string
	}{
		"all": {portal.HistoryQuery{Limit: 2}, append([]string{live}, newest...)}, "one at a time": {portal.HistoryQuery{Limit: 1}, append([]string{live}, newest...)},
		"under way": {portal.HistoryQuery{What: portal.UnderWay}, []string{live}}, "received": {portal.HistoryQuery{What: portal.Received, Limit: 3}, newest},
		"given back": {portal.HistoryQuery{What: portal.GivenBack}, []string{paid[1]}}, "not paid": {portal.HistoryQuery{What: portal.NotPaid}, nil},
		"before": {portal.HistoryQuery{What: portal.Received, To: begun.AddDate(0, 0, -30)}, []string{paid[0]}},
		"since":  {portal.HistoryQuery{What: portal.Received, From: begun.AddDate(0, 0, -30)}, newest[:4]},
	} {
		if got := list(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, after := range []string{"x", "bGl2ZSBwYXlfMQ", "ZW5kZWQgJyBPUiAx"} {
		if d, err := f.pages.History(t.Context(), f.session, portal.HistoryQuery{After: after}); err != nil || len(d.Payments) != 6 {
			t.Errorf("%s: %d payments, %v", after, len(d.Payments), err)
		}
	}
	d, err := f.pages.History(t.Context(), f.session, portal.HistoryQuery{What: portal.Received})
	if err != nil || !slices.Equal(d.Payments[0].InvoiceNumbers, []string{inv.Number}) || d.Payments[0].Amount != 100 || d.Payments[0].ReceivedOn.IsZero() {
		t.Errorf("%+v, %v", d.Payments[0], err)
	}
}

func TestPayingPages_TakeOneRoundTripAndASession(t *testing.T) {
	f := setup(t)
	pool := countingPool(t, f.DB.AppURL)
	pages := portaldb.New(pool.Pool)
	gone := f.session
	gone.ID = tenant.NewID("ses", time.Now())
	for name, open := range map[string]func(s access.Session) error{
		"methods": func(s access.Session) error { _, err := pages.SavedMethods(t.Context(), s); return err },
		"payments": func(s access.Session) error {
			_, err := pages.History(t.Context(), s, portal.HistoryQuery{})
			return err
		},
	} {
		for range 2 {
			pool.trips = 0
			if err := open(f.session); err != nil {
				t.Fatal(err)
			}
		}
		if pool.trips != 1 {
			t.Errorf("%s: %d round trips, want 1", name, pool.trips)
		}
		if err := open(gone); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("%s without a session: %v", name, err)
		}
	}
}
