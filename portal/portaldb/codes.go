package portaldb

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal"
	"tollhouse/portal/access"
)

// Codes is how it stands with the codes of one session. A code that is worn out by wrong tries is not waited for.
func (p *Pages) Codes(ctx context.Context, s access.Session) (portal.CodesData, error) {
	const q = `
		SELECT COALESCE(bool_or(o.step_up_until > app_now()), false), COALESCE(max(o.step_up_target), ''),
		       COALESCE(bool_or(u.purpose = 'session'), false), COALESCE(max(u.email), '')
		  FROM crm_client_portal_sessions o
		  LEFT JOIN step_ups u ON u.tenant_id = o.tenant_id AND u.contact_id = o.contact_id AND u.session_id = o.id AND u.superseded_at IS NULL
		                      AND u.passed_at IS NULL AND u.expires_at > app_now() AND u.tries < @most
		 WHERE o.tenant_id = @tenant AND o.id = @session AND o.contact_id = @contact`
	var data portal.CodesData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	args["most"] = access.CodeTries
	b.Queue(q, args).QueryRow(func(row pgx.Row) error { return row.Scan(&data.SteppedUp, &data.Target, &data.Waiting, &data.NewEmail) })
	if err := p.read(ctx, s, b, "the mailed codes"); err != nil {
		return portal.CodesData{}, err
	}
	return data, nil
}
