// Package maildb queues mails in the transaction that causes them and sends them from jobs, so that a mail is sent if and only if its cause was
// committed, whatever happens to the node or to the SMTP server. The queue holds ids; what a mail says is read when it is sent, and its magic
// link is derived again then: no secret is stored.
//
// A mail waits up to 24 hours for an SMTP server that is away. It is dropped, with the reason, when its cause has gone: the contact was disabled,
// the link was used, the invoice voided. A node that is killed between sending and noting it sends that mail once more, with the same Message-ID.
//
// What comes back after a server took it is written down by Bounces, and what became of each mail is read from Deliveries.
//
//	id, err := queue.Enqueue(ctx, tx, tenantID, mail.Request{Kind: mail.Invoice, …}) // in a transaction of tenantID
package maildb

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"tollhouse/deploy/migrations"
	"tollhouse/portal/mail"
	"tollhouse/tenant"
)

// Queue takes mails. It is safe for concurrent use.
type Queue struct {
	jobs *river.Client[pgx.Tx] // only inserts
}

// NewQueue returns a Queue. It needs no connection of its own: it works in its callers' transactions.
func NewQueue() (*Queue, error) {
	jobs, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: migrations.JobSchema})
	if err != nil {
		return nil, fmt.Errorf("making the mail queue: %w", err)
	}
	return &Queue{jobs: jobs}, nil
}

// Enqueue notes a mail and its job in tx, which must belong to tenant t, and returns the mail's id. Nothing is sent unless tx commits.
func (q *Queue) Enqueue(ctx context.Context, tx pgx.Tx, t tenant.ID, m mail.Request) (string, error) {
	const insert = `
		INSERT INTO mails (tenant_id, id, kind, company_id, contact_id, link_id, document_id, address, step_up_id, request_id, browser, system, created_at)
		VALUES (@tenant, @id, @kind, @company, @contact, NULLIF(@link, ''), NULLIF(@document, ''), NULLIF(@address, ''), NULLIF(@code, ''), NULLIF(@request, ''), @browser, @system, app_now())`
	id := tenant.NewID("mail", time.Now())
	_, err := tx.Exec(ctx, insert, pgx.NamedArgs{"tenant": string(t), "id": id, "kind": string(m.Kind), "company": m.CompanyID,
		"contact": m.ContactID, "link": m.LinkID, "document": m.DocumentID, "address": m.Address, "code": m.StepUpID, "request": m.RequestID, "browser": m.Device.Browser, "system": m.Device.System})
	if err != nil {
		return "", fmt.Errorf("noting a mail: %w", err)
	}
	if _, err := q.jobs.InsertTx(ctx, tx, Job{TenantID: string(t), MailID: id}, nil); err != nil {
		return "", fmt.Errorf("queueing the mail %s: %w", id, err)
	}
	return id, nil
}

// Job sends one mail. Its arguments are ids.
type Job struct {
	TenantID string `json:"tenant_id"`
	MailID   string `json:"mail_id"`
}

// Kind names the job in the queue.
func (Job) Kind() string { return "mail" }
