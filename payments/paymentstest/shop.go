package paymentstest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// Shop is a World whose tenant has a connection to a Fake, and a Service.
type Shop struct {
	*World
	Fake       *Fake
	Service    *payments.Service
	Connection string
	Ring       *seal.Ring
	Notices    chan payments.Notice // what payers hear of; nothing is told while it is full
}

// NewShop adds one to a database.
func NewShop(t testing.TB, db pgtest.DB) *Shop {
	t.Helper()
	s := &Shop{World: New(t, db), Ring: seal.RandomRing(), Notices: make(chan payments.Notice, 1000)}
	s.Fake = NewFake(s.Time)
	s.Connection = tenant.NewID("pcn", time.Now())
	s.Exec(t, `INSERT INTO payment_connections (tenant_id, id, processor, live, account_id, credentials, webhook_hash)
		VALUES ($1, $2, 'stripe', false, $3, 'x', sha256(convert_to($4, 'UTF8')))`, s.Tenant.ID, s.Connection, AccountID, s.Connection)
	s.Service = s.Node(t, nil)
	return s
}

// Node returns one more Service on the same rows, as another process has it. crash is its ServiceConfig.Crash.
func (s *Shop) Node(t testing.TB, crash func(string)) *payments.Service {
	t.Helper()
	return s.NodeOn(t, s.Store(), crash)
}

// Store returns a store on the database.
func (s *Shop) Store() *paymentsdb.Store {
	return paymentsdb.New(s.DB.App, paymentsdb.Hooks{
		OnChange: func(ctx context.Context, tx pgx.Tx, t tenant.ID, e paymentsdb.Event) error {
			if s.Hooks.OnChange == nil {
				return nil
			}
			return s.Hooks.OnChange(ctx, tx, t, e)
		},
		OnNotice: func(_ context.Context, _ pgx.Tx, _ tenant.ID, n payments.Notice) error {
			select {
			case s.Notices <- n:
			default:
			}
			return nil
		},
	})
}

// NodeOn is Node on a store of its own.
func (s *Shop) NodeOn(t testing.TB, store payments.PayStore, crash func(string)) *payments.Service {
	t.Helper()
	node, err := payments.New(payments.ServiceConfig{Store: store, Ring: s.Ring, Now: s.Time, Crash: crash,
		Open: func(context.Context, tenant.ID, payments.Connection) (payments.Processor, error) { return s.Fake, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// Request is a payer's wish to pay all of some invoices with a new card, whose name says what becomes of it: see Fake.Submit.
func (s *Shop) Request(source string, invoices ...ledger.Invoice) payments.PayRequest {
	in := payments.PayRequest{Nonce: rand.Text(), CompanyID: s.Company, ContactID: s.Contact, Session: payments.Session{ID: "ses_1", Confirmed: true},
		Source: source, Kind: payments.Card, ReturnURL: func(id string) string { return "https://billing.example.com/portal/payments/" + id }}
	for _, inv := range invoices {
		in.Items = append(in.Items, payments.PayItem{InvoiceID: inv.ID, Version: inv.Version})
	}
	return in
}

// Deliver gives all of the Fake's messages to a node.
func (s *Shop) Deliver(t testing.TB, node *payments.Service) {
	t.Helper()
	for _, e := range s.Fake.Messages() {
		s.DeliverOne(t, node, e)
	}
}

// DeliverOne gives one message to a node.
func (s *Shop) DeliverOne(t testing.TB, node *payments.Service, e payments.Event) {
	t.Helper()
	ctx := context.Background()
	c, err := s.Store().Connection(ctx, s.Tenant.ID, s.Connection)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.TakeEvent(ctx, s.Tenant.ID, c, Signed(), Body(e)); err != nil {
		t.Fatalf("taking event %s: %v", e.ID, err)
	}
}

// Work has a node deal with everything that is due, until nothing is.
func (s *Shop) Work(t testing.TB, node *payments.Service) {
	t.Helper()
	for range 1000 {
		n, err := node.Work(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatal("there is always something due")
}

// Balance is an invoice's row: settled, in flight.
func (s *Shop) Balance(t testing.TB, invoiceID string) (settled, inFlight int64) {
	t.Helper()
	return s.Int(t, `SELECT settled FROM invoices WHERE tenant_id = $1 AND id = $2`, s.Tenant.ID, invoiceID),
		s.Int(t, `SELECT in_flight FROM invoices WHERE tenant_id = $1 AND id = $2`, s.Tenant.ID, invoiceID)
}
