package maildb

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"tollhouse/deploy/migrations"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/portal/mail/bounces"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

var (
	// ErrUnknownMail says that a notice's token is of no mail that was ever handed over, or is forged.
	ErrUnknownMail = errors.New("there is no such mail")
	// ErrUnderWay says that the mail is not noted as sent yet; the notice should be brought again later.
	ErrUnderWay = errors.New("the mail is still being sent")
	// ErrOtherAddress says that a report is about other addresses than the mail's.
	ErrOtherAddress = errors.New("the report is about another address than the mail went to")
)

// Bounces writes down what comes back. It is safe for concurrent use, by any number of processes.
type Bounces struct {
	pool    *pgxpool.Pool
	returns *bounces.Returns
	jobs    *river.Client[pgx.Tx] // only inserts
}

// NewBounces returns a Bounces that believes the tokens of returns.
func NewBounces(pool *pgxpool.Pool, returns *bounces.Returns) (*Bounces, error) {
	jobs, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: migrations.JobSchema})
	if err != nil {
		return nil, fmt.Errorf("making the job inserter: %w", err)
	}
	return &Bounces{pool: pool, returns: returns, jobs: jobs}, nil
}

// Taken is what a notice came to.
type Taken struct {
	Tenant tenant.ID
	MailID string
	Kind   bounces.Kind
	Again  bool // it was known already, and nothing was written
}

// Take writes down one notice: on the mail, on its address when that was refused, and in the audit log; a delay on the mail only. The same
// notice twice, or at once, is written once. Errors: ErrUnknownMail, ErrUnderWay, ErrOtherAddress, bounces.ErrNoToken.
func (b *Bounces) Take(ctx context.Context, r bounces.Report) (Taken, error) {
	t, err := b.owner(ctx, r.Token)
	if err != nil {
		return Taken{}, err
	}
	taken := Taken{Tenant: t, MailID: r.Token.MailID}
	err = rls.Tx(ctx, b.pool, t, func(tx pgx.Tx) error {
		m, err := lockSent(ctx, tx, t, r.Token.MailID)
		if err != nil {
			return err
		}
		o, ok := r.For(m.Address)
		if !ok {
			return ErrOtherAddress
		}
		taken.Kind = o.Kind
		taken.Again, err = b.write(ctx, tx, t, m, o)
		return err
	})
	if err != nil {
		return Taken{}, fmt.Errorf("taking a notice of the mail %s: %w", r.Token.MailID, err)
	}
	return taken, nil
}

// owner finds the tenant whose mail a genuine token is of.
func (b *Bounces) owner(ctx context.Context, token bounces.Token) (tenant.ID, error) {
	const q = `SELECT m.tenant_id FROM mails m WHERE m.id = $1`
	var found []tenant.ID
	err := rls.Platform(ctx, b.pool, func(tx pgx.Tx) (err error) {
		rows, _ := tx.Query(ctx, q, token.MailID) // its error is the rows' error
		found, err = pgx.CollectRows(rows, pgx.RowTo[tenant.ID])
		return err
	})
	if err != nil {
		return "", fmt.Errorf("looking for the mail %s: %w", token.MailID, err)
	}
	for _, t := range found {
		if b.returns.Genuine(t, token) {
			return t, nil
		}
	}
	return "", ErrUnknownMail
}

// sentMail is a mail that a server took.
type sentMail struct {
	ID, Kind, Status                         string
	CompanyID, ContactID, LinkID, DocumentID string
	Address                                  string // "" when it was never handed over
}

func lockSent(ctx context.Context, tx pgx.Tx, t tenant.ID, id string) (sentMail, error) {
	const q = `
		SELECT m.id, m.kind, m.status, m.company_id, m.contact_id, COALESCE(m.link_id, '') AS link_id, COALESCE(m.document_id, '') AS document_id,
			COALESCE(m.sent_to, '') AS address
		FROM mails m WHERE m.tenant_id = $1 AND m.id = $2 FOR NO KEY UPDATE`
	rows, _ := tx.Query(ctx, q, string(t), id) // its error is the rows' error
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[sentMail])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return m, ErrUnknownMail
	case err == nil && m.Status == "queued":
		return m, ErrUnderWay
	case err == nil && m.Address == "":
		return m, ErrUnknownMail
	}
	return m, err
}

// write notes an outcome and reports whether it was known already.
func (b *Bounces) write(ctx context.Context, tx pgx.Tx, t tenant.ID, m sentMail, o bounces.Outcome) (known bool, err error) {
	switch o.Kind {
	case bounces.Nothing:
		return false, nil
	case bounces.Delayed:
		const q = `UPDATE mails SET delayed_at = app_now(), delay_code = $3 WHERE tenant_id = $1 AND id = $2 AND delayed_at IS NULL AND bounced_at IS NULL`
		tag, err := tx.Exec(ctx, q, string(t), m.ID, o.Code)
		return tag.RowsAffected() == 0, err
	}
	const q = `UPDATE mails SET bounced_at = app_now(), bounce_kind = $3, bounce_code = $4 WHERE tenant_id = $1 AND id = $2 AND bounced_at IS NULL`
	tag, err := tx.Exec(ctx, q, string(t), m.ID, string(o.Kind), o.Code)
	if err != nil || tag.RowsAffected() == 0 {
		return true, err
	}
	if o.Kind != bounces.Refused {
		if err := giveUp(ctx, tx, t, m, o); err != nil {
			return false, err
		}
	}
	if _, err := b.jobs.InsertTx(ctx, tx, BounceJob{What: string(o.Kind)}, nil); err != nil {
		return false, err
	}
	return false, auditdb.Insert(ctx, tx, t, audit.Event{Kind: "mail.bounced", Actor: audit.System, CompanyID: m.CompanyID, ContactID: m.ContactID,
		DocumentID: m.DocumentID, LinkID: m.LinkID,
		Details: map[string]string{"mail_id": m.ID, "mail_kind": m.Kind, "bounce": bounceWord(o.Kind), "code": o.Code}})
}

// bounceWord is what the audit log calls a bounce. "hard" means, as where the server refuses at once, that the address gets no more mails.
func bounceWord(k bounces.Kind) string {
	if k == bounces.Gone {
		return "hard"
	}
	return string(k)
}

// giveUp has no more mails go to the address until the tenant changes or clears it.
func giveUp(ctx context.Context, tx pgx.Tx, t tenant.ID, m sentMail, o bounces.Outcome) error {
	const q = `INSERT INTO mail_bounces (tenant_id, address_hash, mail_id, code, bounced_at)
		VALUES ($1, mail_address_hash($2), $3, $4, app_now()) ON CONFLICT (tenant_id, address_hash) DO NOTHING`
	code := o.Code
	if o.Kind == bounces.Complaint || code == "" {
		code = string(o.Kind)
	}
	_, err := tx.Exec(ctx, q, string(t), m.Address, m.ID, code)
	return err
}
