package accessdb

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
)

// queueSighting notes in the audit log that somebody looked at a link, or was refused by it, and what it was worth then. Whoever opens it again
// with the same browser from the same address adds nothing, and no link has more than twenty of a kind: a scanner must not fill the log.
func queueSighting(b *pgx.Batch, t tenant.ID, tokenHash, browser [32]byte, s access.Sighting) {
	q := `
		WITH seen AS (
			SELECT l.id, l.company_id, l.contact_id, l.document_id, jsonb_build_object('state', ` + linkStateIn("@browser") + `) AS details,
			       CASE WHEN t.log_visitors THEN @ip::inet END AS ip, CASE WHEN t.log_visitors THEN @user_agent ELSE '' END AS user_agent` + linkJoins + `
			  JOIN tenants t ON t.id = l.tenant_id
			 WHERE l.tenant_id = @tenant AND l.token_hash = @hash
		), before AS (
			SELECT e.ip, e.user_agent, e.details FROM audit_events e JOIN seen ON e.link_id = seen.id WHERE e.tenant_id = @tenant AND e.kind = @kind
		)
		INSERT INTO audit_events (tenant_id, id, at, kind, actor, company_id, contact_id, document_id, link_id, ip, user_agent, details)
		SELECT @tenant, @id, app_now(), @kind, 'anonymous', seen.company_id, seen.contact_id, seen.document_id, seen.id, seen.ip, seen.user_agent, seen.details
		  FROM seen
		 WHERE (SELECT count(*) FROM before) < 20 AND NOT EXISTS (SELECT FROM before
		       WHERE before.ip IS NOT DISTINCT FROM seen.ip AND before.user_agent = seen.user_agent AND before.details = seen.details)`
	b.Queue(q, pgx.NamedArgs{"tenant": string(t), "hash": tokenHash[:], "browser": browser[:], "id": tenant.NewID("evt", time.Now()), "kind": s.Kind,
		"ip": auditdb.Address(s.Visitor.IP), "user_agent": auditdb.CutUserAgent(s.Visitor.UserAgent)})
}
