// Package auditdb keeps the audit log in Postgres: insert and read, nothing else.
package auditdb

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/audit"
	"tollhouse/tenant"
)

type witnessKey struct{}

// WithWitness returns a context under which witness is called in the transaction of each change, for every change has its entry here. Its error
// undoes the change. It must not wait for anything but the database.
func WithWitness(ctx context.Context, witness func(ctx context.Context, tx pgx.Tx) error) context.Context {
	return context.WithValue(ctx, witnessKey{}, witness)
}

// Insert writes one event in the caller's transaction, which must belong to tenant t.
func Insert(ctx context.Context, tx pgx.Tx, t tenant.ID, e audit.Event) error {
	if witness, ok := ctx.Value(witnessKey{}).(func(context.Context, pgx.Tx) error); ok {
		if err := witness(ctx, tx); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, insert, arguments(t, e)); err != nil {
		return fmt.Errorf("writing the audit entry %s: %w", e.Kind, err)
	}
	return nil
}

// Queue adds one event to a batch that runs as tenant t, so that it costs no round trip of its own.
func Queue(b *pgx.Batch, t tenant.ID, e audit.Event) { b.Queue(insert, arguments(t, e)) }

// insert leaves out where a visitor comes from when the tenant does not want it kept; this is the last place that could keep it.
const insert = `
	WITH visitor AS (SELECT @actor NOT IN ('contact', 'anonymous') OR t.log_visitors AS kept FROM tenants t WHERE t.id = @tenant)
	INSERT INTO audit_events (tenant_id, id, at, kind, actor, actor_id, company_id, contact_id, document_id, session_id, link_id, ip, user_agent, details)
	SELECT @tenant, @id, app_now(), @kind, @actor, @actor_id, NULLIF(@company, ''), NULLIF(@contact, ''), NULLIF(@document, ''), NULLIF(@session, ''),
	       NULLIF(@link, ''), CASE WHEN kept THEN @ip::inet END, CASE WHEN kept THEN @user_agent ELSE '' END, @details::jsonb
	FROM visitor`

func arguments(t tenant.ID, e audit.Event) pgx.NamedArgs {
	if e.ID == "" {
		e.ID = tenant.NewID("evt", time.Now())
	}
	details := e.Details
	if details == nil {
		details = map[string]string{}
	}
	return pgx.NamedArgs{"tenant": string(t), "id": e.ID, "kind": e.Kind, "actor": string(e.Actor), "actor_id": e.ActorID, "company": e.CompanyID,
		"contact": e.ContactID, "document": e.DocumentID, "session": e.SessionID, "link": e.LinkID, "ip": Address(e.IP),
		"user_agent": CutUserAgent(e.UserAgent), "details": details}
}

// Address turns a client's address into what an inet column takes: NULL for none.
func Address(ip netip.Addr) *netip.Addr {
	if !ip.IsValid() {
		return nil
	}
	ip = ip.Unmap().WithZone("")
	return &ip
}

// CutUserAgent bounds and cleans what a browser says of itself: at most 400 bytes of valid text without control characters.
func CutUserAgent(s string) string {
	if len(s) > 400 {
		s = s[:400]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
