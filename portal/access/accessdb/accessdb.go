// Package accessdb keeps companies, contacts, magic links and portal sessions in Postgres. Every statement runs as one tenant and names it. What
// happens to access is written to the audit log in the same transaction.
package accessdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"tollhouse/deploy/migrations"
	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// Mail is what accessdb asks to be mailed, by ids only.
type Mail struct {
	Kind       string // as in the table mails
	CompanyID  string
	ContactID  string
	LinkID     string
	DocumentID string
	Address    string // "": the contact's own
	UserAgent  string // of whoever asked for a login link; "" where it is not kept
	StepUpID   string // of the code that the mail carries, "" for none
	RequestID  string // of the access request that the mail is about, "" for none
}

// EnqueueMail notes a mail and its job in the caller's transaction.
type EnqueueMail func(ctx context.Context, tx pgx.Tx, t tenant.ID, m Mail) error

// Store implements access.Store. It is safe for concurrent use.
type Store struct {
	pool     *pgxpool.Pool
	jobs     *river.Client[pgx.Tx] // only inserts
	mail     EnqueueMail
	ring     *seal.Ring
	platform tenant.Hostname
}

var _ access.Store = (*Store)(nil)

// New returns a Store. ring derives the tokens of the links that jobs make; platform is the domain under which default hosts live.
func New(pool *pgxpool.Pool, ring *seal.Ring, platform tenant.Hostname, mail EnqueueMail) (*Store, error) {
	if pool == nil || ring == nil || platform.IsZero() || mail == nil {
		return nil, errors.New("accessdb: pool, ring, platform and mail are required")
	}
	jobs, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: migrations.JobSchema})
	if err != nil {
		return nil, fmt.Errorf("making the job inserter: %w", err)
	}
	return &Store{pool: pool, jobs: jobs, mail: mail, ring: ring, platform: platform}, nil
}

// record writes an audit entry for an actor.
func record(ctx context.Context, tx pgx.Tx, t tenant.ID, by access.Actor, e audit.Event) error {
	e.Actor, e.ActorID = audit.Actor(by.Kind), by.ID
	e.IP, e.UserAgent = by.Visitor.IP, by.Visitor.UserAgent
	return auditdb.Insert(ctx, tx, t, e)
}
