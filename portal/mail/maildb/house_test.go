package maildb_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/mail"
	"tollhouse/portal/mail/bounces"
	"tollhouse/portal/mail/maildb"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

const (
	sender  = "billing@mail.platform.test"
	patient = 30 * time.Second // how long a test waits for what must come
)

// house is a database with one tenant, client, contact and sent invoice, and an SMTP server.
type house struct {
	db      pgtest.DB
	sink    *mailsink.Sink
	queue   *maildb.Queue
	links   *links
	returns *bounces.Returns // nil: mails come back to nobody
	files   maildb.Documents // nil: no document travels
	counted atomic.Int32     // bounces
	tenant  tenant.ID
	company string
	contact string
	invoice string
}

func setup(t *testing.T) *house {
	t.Helper()
	queue, err := maildb.NewQueue()
	must(t, err)
	now := time.Now()
	h := &house{db: pgtest.Clone(t), sink: startSink(t, mailsink.Config{}), queue: queue, links: &links{},
		tenant: tenant.ID(tenant.NewID("ten", now)), company: tenant.NewID("com", now), contact: tenant.NewID("con", now), invoice: tenant.NewID("inv", now)}
	h.links.pool = h.db.App
	h.exec(t, `INSERT INTO tenants (id, slug, name, support_email) VALUES ($1, 'acme', 'Acme', 'help@acme.test')`, h.tenant)
	h.exec(t, `INSERT INTO companies (tenant_id, id, name, currency) VALUES ($1, $2, 'Harbour Café', 'USD')`, h.tenant, h.company)
	h.exec(t, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, $2, $3, 'Accounts payable', 'payables@client.test')`,
		h.tenant, h.contact, h.company)
	h.exec(t, `INSERT INTO invoices (tenant_id, id, company_id, number, status, currency, issue_date, due_date, subtotal, tax, total, sent_at)
		VALUES ($1, $2, $3, 'INV-12', 'sent', 'USD', '2026-04-03', '2026-05-03', 120450, 0, 120450, now())`, h.tenant, h.invoice, h.company)
	return h
}

func startSink(t *testing.T, c mailsink.Config) *mailsink.Sink {
	t.Helper()
	sink, err := mailsink.Listen(c)
	must(t, err)
	runUntilEnd(t, sink.Run)
	return sink
}

// runUntilEnd runs fn beside the test and returns a function that ends it early.
func runUntilEnd(t *testing.T, fn func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("running: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (h *house) exec(t *testing.T, q string, args ...any) {
	t.Helper()
	must(t, rls.Tx(context.Background(), h.db.App, h.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), q, args...)
		return err
	}))
}

// link stores a magic link and returns its id. A negative life is one that is over.
func (h *house) link(t *testing.T, purpose string, life time.Duration) string {
	t.Helper()
	id := tenant.NewID("lnk", time.Now())
	hash := sha256.Sum256([]byte(token(id)))
	var browser []byte // a login link belongs to the browser that asked for it
	if purpose == "login" {
		browser = hash[:]
	}
	h.exec(t, `INSERT INTO portal_links (tenant_id, id, company_id, contact_id, purpose, key_id, token_hash, expires_at, browser_hash)
		VALUES ($1, $2, $3, $4, $5, 'k1', $6, now() + $7, $8)`, h.tenant, id, h.company, h.contact, purpose, hash[:], life, browser)
	return id
}

// enqueue commits one mail.
func (h *house) enqueue(t *testing.T, m mail.Request) (id string) {
	t.Helper()
	m.CompanyID, m.ContactID = h.company, h.contact
	must(t, rls.Tx(context.Background(), h.db.App, h.tenant, func(tx pgx.Tx) (err error) {
		id, err = h.queue.Enqueue(context.Background(), tx, h.tenant, m)
		return err
	}))
	return id
}

// invoiceMail commits the mail of the house's invoice with a fresh link.
func (h *house) invoiceMail(t *testing.T) (id string) {
	t.Helper()
	return h.enqueue(t, mail.Request{Kind: mail.Invoice, LinkID: h.link(t, "document", 720*time.Hour), DocumentID: h.invoice})
}

// node starts a node that works the queue, with back-offs of some milliseconds.
func (h *house) node(t *testing.T) (stop func()) {
	t.Helper()
	client, err := newNode(maildb.WorkerConfig{Pool: h.db.App, Links: h.links, Sender: newSender(t, h.sink, 2*time.Second), Returns: h.returns, Documents: h.files},
		func(string) { h.counted.Add(1) })
	must(t, err)
	return runUntilEnd(t, func(ctx context.Context) error { return maildb.Run(ctx, client) })
}

func newSender(t *testing.T, sink *mailsink.Sink, timeout time.Duration) *mail.Sender {
	t.Helper()
	s, err := mail.NewSender(mail.Config{Host: "127.0.0.1", Port: sink.Port(), Roots: sink.Roots(), From: sender, Timeout: timeout})
	must(t, err)
	return s
}

func newNode(c maildb.WorkerConfig, count func(string)) (*river.Client[pgx.Tx], error) {
	soon := func(int) time.Duration { return 20 * time.Millisecond }
	c.Backoff = soon
	worker, err := maildb.NewWorker(c)
	if err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	if err := errors.Join(river.AddWorkerSafely(workers, worker), river.AddWorkerSafely(workers, maildb.NewBounceWorker(count))); err != nil {
		return nil, err
	}
	return maildb.NewClient(c.Pool, workers, maildb.ClientConfig{Logger: slog.New(slog.DiscardHandler), PollEvery: 100 * time.Millisecond, Backoff: soon,
		JobTimeout: 5 * time.Second, RescueAfter: 6 * time.Second})
}

// state is what a mail's row says.
type state struct {
	Status, DroppedWhy, LastError string
	Attempts, Unconfirmed         int
}

func (h *house) state(t *testing.T, id string) (s state) {
	t.Helper()
	const q = `SELECT status, dropped_why, last_error, attempts, unconfirmed FROM mails WHERE tenant_id = $1 AND id = $2`
	must(t, rls.Tx(context.Background(), h.db.App, h.tenant, func(tx pgx.Tx) (err error) {
		rows, err := tx.Query(context.Background(), q, h.tenant, id)
		if err != nil {
			return err
		}
		s, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[state])
		return err
	}))
	return s
}

// ended waits until a mail is neither queued nor still a job at work.
func (h *house) ended(t *testing.T, id string) (s state) {
	t.Helper()
	eventually(t, func() bool {
		s = h.state(t, id)
		return s.Status != "queued" && h.jobsLeft(t) == 0
	})
	return s
}

func (h *house) jobsLeft(t *testing.T) (n int) {
	t.Helper()
	const q = `SELECT count(*) FROM jobs.river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')`
	must(t, h.db.App.QueryRow(context.Background(), q).Scan(&n))
	return n
}

// audit lists the kinds of entries about mails, with their reasons.
func (h *house) audit(t *testing.T) (kinds []string) {
	t.Helper()
	const q = `SELECT kind || COALESCE(' ' || (details->>'why'), '') FROM audit_events WHERE tenant_id = $1 AND kind LIKE 'mail.%' ORDER BY id`
	must(t, rls.Tx(context.Background(), h.db.App, h.tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(context.Background(), q, h.tenant)
		if err != nil {
			return err
		}
		kinds, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	return kinds
}

func (h *house) wantAudit(t *testing.T, want ...string) {
	t.Helper()
	if got := h.audit(t); !slices.Equal(got, want) {
		t.Errorf("audit log says %q, want %q", got, want)
	}
}

// links derives a token from a link's id, as the portal does, and freshens in the database.
type links struct {
	pool      *pgxpool.Pool
	mu        sync.Mutex
	freshened int
}

func token(linkID string) string {
	sum := sha256.Sum256([]byte("a key that no table holds " + linkID))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func code(linkID string) string { return "ABCD-" + linkID[len(linkID)-4:] }

func (l *links) URL(_ context.Context, _ tenant.ID, linkID string) (string, error) {
	return "https://acme.platform.test/portal/l/" + token(linkID), nil
}

func (l *links) Code(_ context.Context, _ tenant.ID, linkID string) (string, error) {
	return code(linkID), nil
}

func (l *links) MailedCode(_ context.Context, _ tenant.ID, id string) (string, error) {
	return code(id), nil
}

func (l *links) Freshen(ctx context.Context, t tenant.ID, linkID string) error {
	l.mu.Lock()
	l.freshened++
	l.mu.Unlock()
	return rls.Tx(ctx, l.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE portal_links SET expires_at = now() + interval '8 minutes' WHERE tenant_id = $1 AND id = $2`, t, linkID)
		return err
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually asks again and again until ok holds.
func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	deadline := time.After(patient)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen in time")
		}
	}
}
