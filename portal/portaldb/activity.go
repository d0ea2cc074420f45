package portaldb

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
)

// shownKinds are the audit entries that a client is shown. What the tenant's own people and systems do to the client's record is not among them, but
// that they looked as one of its people, or made a link that lets in as one, is.
var shownKinds = map[portal.Deed][]string{
	portal.Viewed: {"invoice.viewed", "activity.downloaded"},
	portal.Paid: {"payment.processing", "payment.succeeded", "payment.failed",
		"method.added", "method.verified", "method.preferred", "method.removed", "method.refused"},
	portal.Sent: {"invoice.sent", "invoice.voided"},
	portal.Entered: {"link.used", "link.requested", "session.switched", "session.revoked", "link.minted", "preview.started",
		"step_up.sent", "step_up.passed", "step_up.refused", "contact.email_changed", "contact.changed"},
}

// kindsOf are the kinds of one deed, or of all.
func kindsOf(what portal.Deed) []string {
	if what != portal.AnyDeed {
		return shownKinds[what]
	}
	var all []string
	for _, kinds := range shownKinds {
		all = append(all, kinds...)
	}
	return all
}

// Trail returns one page of the company's slice of the audit log. A payment is named by the first invoice that it is for. The address is only
// given with the reader's own doing, and nothing is said about an invoice that was never sent. A cursor that is none is taken for the first page.
func (p *Pages) Trail(ctx context.Context, s access.Session, q portal.TrailQuery) (portal.TrailData, error) {
	return p.trail(ctx, s, q, pageLimit(q.Limit), nil)
}

// TrailFile is Trail with room for a file. With a taker it notes in the same batch that the file was taken.
func (p *Pages) TrailFile(ctx context.Context, s access.Session, q portal.TrailQuery, taker *access.Visitor) (portal.TrailData, error) {
	return p.trail(ctx, s, q, min(max(q.Limit, 1), portal.MostInFile), taker)
}

func (p *Pages) trail(ctx context.Context, s access.Session, q portal.TrailQuery, limit int, taker *access.Visitor) (portal.TrailData, error) {
	const people = `SELECT c.id, c.name FROM contacts c WHERE c.tenant_id = @tenant AND c.company_id = @company ORDER BY c.name, c.id LIMIT 200`
	var data portal.TrailData
	var found []placed
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	args["kinds"] = kindsOf(q.What)
	collect(b, &found, scanPlaced, trailQuery(q, limit+1, args), args)
	collect(b, &data.People, pgx.RowToStructByPos[portal.Person], people, args)
	if taker != nil {
		queueTaken(b, args, *taker)
	}
	if err := p.read(ctx, s, b, "the activity"); err != nil {
		return portal.TrailData{}, err
	}
	if data.Member.Contact.Role == access.Signer {
		return portal.TrailData{Member: data.Member}, nil
	}
	if len(found) > limit {
		found = found[:limit]
		data.Next = found[limit-1].event
	}
	for _, f := range found {
		data.Entries = append(data.Entries, f.TrailEntry)
	}
	return data, nil
}

// trailQuery cuts the page before it looks up names, and says only what is asked for: the plan of a statement that could be any of them fits none.
func trailQuery(q portal.TrailQuery, limit int, args pgx.NamedArgs) string {
	where := ""
	if q.Who != "" {
		where += `
			   AND (e.contact_id = @who OR e.document_id IN (SELECT p.id FROM payments p
			                                                  WHERE p.tenant_id = @tenant AND p.company_id = @company AND p.contact_id = @who))`
		args["who"] = q.Who
	}
	if !q.From.IsZero() {
		where += ` AND e.at >= @from`
		args["from"] = q.From
	}
	if !q.To.IsZero() {
		where += ` AND e.at < @to`
		args["to"] = q.To
	}
	if tenant.ValidID("evt", q.After) {
		where += ` AND e.id < @after`
		args["after"] = q.After
	}
	return `
	WITH page AS MATERIALIZED (
		SELECT e.* FROM audit_events e
		 WHERE e.tenant_id = @tenant AND e.company_id = @company AND e.kind = ANY(@kinds)` + where + `
		   AND (NOT starts_with(e.kind, 'invoice.') OR EXISTS (SELECT FROM invoices i WHERE i.tenant_id = @tenant AND i.company_id = @company
		                                                          AND i.id = e.document_id AND i.sent_at IS NOT NULL))
		 ORDER BY e.id DESC
		 LIMIT ` + strconv.Itoa(limit) + `
	)` + trail
}

const trail = `
	SELECT e.id, e.at, e.kind, COALESCE(e.details->>'why', ''), COALESCE(c.name, ''), own.doing, COALESCE(e.details->>'first' = 'true', false),
	       COALESCE(i.number, ''), COALESCE(i.id, ''), COALESCE(CASE WHEN own.doing THEN host(e.ip) END, '')
	  FROM page e
	 CROSS JOIN LATERAL (SELECT e.actor = 'contact' AND e.actor_id = @contact AS doing) own
	  LEFT JOIN payments p ON p.tenant_id = e.tenant_id AND p.company_id = e.company_id AND p.id = e.document_id
	  LEFT JOIN LATERAL (SELECT a.invoice_id FROM payment_allocations a
	                      WHERE a.tenant_id = p.tenant_id AND a.payment_id = p.id ORDER BY a.invoice_id LIMIT 1) f ON true
	  LEFT JOIN invoices i ON i.tenant_id = e.tenant_id AND i.company_id = e.company_id AND i.id = COALESCE(f.invoice_id, e.document_id)
	                      AND i.sent_at IS NOT NULL
	  LEFT JOIN contacts c ON c.tenant_id = e.tenant_id AND c.company_id = e.company_id AND c.id = COALESCE(e.contact_id, p.contact_id)
	 ORDER BY e.id DESC`

// queueTaken notes that somebody took the log along. It comes after the query of the log, so that no file tells of itself; and it asks for itself
// whether the session stands, because the queries of a batch run whatever the earlier ones answered.
func queueTaken(b *pgx.Batch, args pgx.NamedArgs, taker access.Visitor) {
	const q = `
		INSERT INTO audit_events (tenant_id, id, at, kind, actor, actor_id, company_id, contact_id, session_id, ip, user_agent, details)
		SELECT @tenant, @event, app_now(), 'activity.downloaded', 'contact', @contact, @company, @contact, @session,
		       CASE WHEN t.log_visitors THEN @ip::inet END, CASE WHEN t.log_visitors THEN @user_agent ELSE '' END, '{}'::jsonb
		  FROM tenants t
		 WHERE t.id = @tenant AND EXISTS (SELECT` + standing + ` AND c.role <> 'signer')`
	args["event"] = tenant.NewID("evt", time.Now())
	args["ip"], args["user_agent"] = auditdb.Address(taker.IP), auditdb.CutUserAgent(taker.UserAgent)
	b.Queue(q, args)
}

// placed is an entry with its place in the list.
type placed struct {
	event string
	portal.TrailEntry
}

func scanPlaced(row pgx.CollectableRow) (f placed, err error) {
	err = row.Scan(&f.event, &f.At, &f.Kind, &f.Why, &f.Who, &f.Own, &f.First, &f.Number, &f.ID, &f.IP)
	f.At = f.At.UTC()
	return f, err
}
