package maildb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/mail"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Deliveries tells what became of mails. Each method is one round trip; it is safe for concurrent use.
type Deliveries struct{ db rls.DB }

// NewDeliveries returns the reading side of the mails.
func NewDeliveries(db rls.DB) *Deliveries { return &Deliveries{db: db} }

// delivery is one row as it is read.
type delivery struct {
	ID, Kind, CompanyID, ContactID, DocumentID, To, Status, DroppedWhy, BounceKind, BounceCode, DelayCode string

	Attempts                                int
	CreatedAt                               time.Time
	SentAt, DroppedAt, BouncedAt, DelayedAt *time.Time
}

const deliveryColumns = `SELECT m.id, m.kind, m.company_id, m.contact_id, COALESCE(m.document_id, '') AS document_id,
		COALESCE(m.sent_to, m.address, c.email) AS "to", CASE WHEN m.bounced_at IS NOT NULL THEN 'bounced' ELSE m.status END AS status,
		m.dropped_why, COALESCE(m.bounce_kind, '') AS bounce_kind, m.bounce_code, m.delay_code, m.attempts,
		m.created_at, m.sent_at, m.dropped_at, m.bounced_at, m.delayed_at
	FROM mails m JOIN contacts c ON c.tenant_id = m.tenant_id AND c.company_id = m.company_id AND c.id = m.contact_id
	WHERE m.tenant_id = @tenant`

// Mails lists mails, newest first. Ids grow with time, so the id is the order and the cursor.
func (d *Deliveries) Mails(ctx context.Context, t tenant.ID, q mail.DeliveryQuery) ([]mail.Delivery, error) {
	args := pgx.NamedArgs{"tenant": string(t)}
	sql := deliveryColumns
	add := func(value, name, condition string) {
		if value != "" {
			sql += " AND " + condition
			args[name] = value
		}
	}
	add(q.ContactID, "contact", "m.contact_id = @contact")
	add(q.DocumentID, "document", "m.document_id = @document")
	add(q.After, "after", "m.id < @after")
	switch q.Status {
	case mail.Bounced:
		sql += " AND m.bounced_at IS NOT NULL"
	case "":
	default:
		add(string(q.Status), "status", "m.status = @status AND m.bounced_at IS NULL")
	}
	return d.read(ctx, t, sql+" ORDER BY m.id DESC LIMIT "+strconv.Itoa(q.Limit), args)
}

// Mail returns one mail, or access.ErrNotFound.
func (d *Deliveries) Mail(ctx context.Context, t tenant.ID, id string) (mail.Delivery, error) {
	found, err := d.read(ctx, t, deliveryColumns+" AND m.id = @id", pgx.NamedArgs{"tenant": string(t), "id": id})
	if err == nil && len(found) == 0 {
		err = access.ErrNotFound
	}
	if err != nil {
		return mail.Delivery{}, err
	}
	return found[0], nil
}

func (d *Deliveries) read(ctx context.Context, t tenant.ID, sql string, args pgx.NamedArgs) ([]mail.Delivery, error) {
	var rows []delivery
	b := &pgx.Batch{}
	b.Queue(sql, args).Query(func(r pgx.Rows) (err error) {
		rows, err = pgx.CollectRows(r, pgx.RowToStructByName[delivery])
		return err
	})
	if err := rls.Read(ctx, d.db, t, b); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("reading mails: %w", err)
	}
	out := make([]mail.Delivery, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

func (r delivery) domain() mail.Delivery {
	return mail.Delivery{ID: r.ID, Kind: r.Kind, CompanyID: r.CompanyID, ContactID: r.ContactID, DocumentID: r.DocumentID, To: r.To,
		Status: mail.DeliveryStatus(r.Status), Attempts: r.Attempts, DroppedWhy: r.DroppedWhy, BounceKind: r.BounceKind, BounceCode: r.BounceCode,
		DelayCode: r.DelayCode, CreatedAt: r.CreatedAt, SentAt: orZero(r.SentAt), DroppedAt: orZero(r.DroppedAt), BouncedAt: orZero(r.BouncedAt),
		DelayedAt: orZero(r.DelayedAt)}
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
