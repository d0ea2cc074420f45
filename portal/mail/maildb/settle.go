package maildb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/portal/mail"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// mostUnconfirmed is how often a mail is handed over without an answer. The second may be the reader's duplicate; there is no third.
const mostUnconfirmed = 2

// noteWithin bounds the writing down of an outcome, which goes on when the job's own time is over.
const noteWithin = 10 * time.Second

// ending is why a mail is over.
type ending struct {
	event string // of the audit log
	why   string
	code  int    // the SMTP server's answer, 0 for none
	err   string // kept with the mail
	gone  bool   // the address does not exist
	taken bool   // the whole mail was handed over, so it may still come back
}

// settle writes down what became of a sending.
func (w *Worker) settle(ctx context.Context, t tenant.ID, m row, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err == nil {
		return w.sent(ctx, t, m)
	}
	failed := &mail.SendError{Outcome: mail.Deferred, Err: err}
	errors.As(err, &failed)
	end := ending{event: "mail.dropped", code: failed.Code, err: excerpt(err)}
	switch failed.Outcome {
	case mail.Refused:
		end.event, end.why, end.gone = "mail.refused", "refused", failed.Gone
		return w.drop(ctx, t, m, end)
	case mail.Unconfirmed:
		m.Unconfirmed++
		if m.Unconfirmed >= mostUnconfirmed {
			end.why, end.taken = "unconfirmed", true
			return w.drop(ctx, t, m, end)
		}
	}
	m.Attempts++
	wait := w.wait(m.Attempts, failed.Outcome)
	if m.Now.Add(wait).Sub(m.CreatedAt) > GiveUpAfter {
		end.why = string(failed.Outcome)
		return w.drop(ctx, t, m, end)
	}
	if err := w.note(ctx, t, m, end.err); err != nil {
		return err
	}
	return river.JobSnooze(wait)
}

// wait is the back-off. A server that is away holds up every mail, so it is asked again each minute: its return is worth noticing.
func (w *Worker) wait(attempts int, o mail.Outcome) time.Duration {
	if o == mail.Unreachable {
		attempts = min(attempts, 3)
	}
	return w.backoff(attempts)
}

func (w *Worker) sent(ctx context.Context, t tenant.ID, m row) error {
	const q = `UPDATE mails SET status = 'sent', sent_at = app_now(), sent_to = $3, attempts = attempts + 1, last_error = ''
		WHERE tenant_id = $1 AND id = $2 AND status = 'queued'`
	return w.end(ctx, t, m, audit.Event{Kind: "mail.sent"}, q, string(t), m.ID, m.Email)
}

func (w *Worker) drop(ctx context.Context, t tenant.ID, m row, e ending) error {
	const q = `
		WITH bounced AS (
			INSERT INTO mail_bounces (tenant_id, address_hash, mail_id, code, bounced_at)
			SELECT @tenant, mail_address_hash(@email), @id, @code::text, app_now() WHERE @gone
			ON CONFLICT (tenant_id, address_hash) DO NOTHING)
		UPDATE mails SET status = 'dropped', dropped_why = @why, dropped_at = app_now(), sent_to = CASE WHEN @taken THEN @email::text END, last_error = @error, unconfirmed = @unconfirmed
		WHERE tenant_id = @tenant AND id = @id AND status = 'queued'`
	event := audit.Event{Kind: e.event, Details: map[string]string{"why": e.why}}
	if e.gone {
		event.Details["bounce"] = "hard"
	}
	if e.code != 0 {
		event.Details["code"] = strconv.Itoa(e.code)
	}
	return w.end(ctx, t, m, event, q, pgx.NamedArgs{"tenant": string(t), "id": m.ID, "why": e.why, "error": e.err, "unconfirmed": m.Unconfirmed,
		"gone": e.gone, "taken": e.taken, "email": m.Email, "code": strconv.Itoa(e.code)})
}

// end writes a mail's last state and the audit entry that tells of it, both or neither. A mail that another worker ended stays as it is.
func (w *Worker) end(ctx context.Context, t tenant.ID, m row, e audit.Event, q string, args ...any) error {
	e.Actor, e.CompanyID, e.ContactID, e.DocumentID, e.LinkID = audit.System, m.CompanyID, m.ContactID, m.DocumentID, m.LinkID
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	e.Details["mail_id"], e.Details["mail_kind"] = m.ID, m.Kind
	err := rls.Tx(ctx, w.pool, t, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, args...)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return auditdb.Insert(ctx, tx, t, e)
	})
	if err != nil {
		return fmt.Errorf("ending the mail %s: %w", m.ID, err)
	}
	return nil
}

// note keeps count of a failed sending.
func (w *Worker) note(ctx context.Context, t tenant.ID, m row, lastError string) error {
	const q = `UPDATE mails SET attempts = @attempts, unconfirmed = @unconfirmed, last_error = @error
		WHERE tenant_id = @tenant AND id = @id AND status = 'queued'`
	err := rls.Tx(ctx, w.pool, t, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(t), "id": m.ID, "attempts": m.Attempts, "unconfirmed": m.Unconfirmed,
			"error": lastError})
		return err
	})
	if err != nil {
		return fmt.Errorf("noting a failed sending of the mail %s: %w", m.ID, err)
	}
	return nil
}

// excerpt makes an error short and storable.
func excerpt(err error) string {
	runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "?"), "\x00", ""))
	return string(runes[:min(len(runes), 500)])
}
