package portaldb

import (
	"context"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal"
	"tollhouse/portal/access"
)

// Account returns the live sessions of the session's own contact: the one that asks first, then the last used. Nobody reads a colleague's.
func (p *Pages) Account(ctx context.Context, s access.Session) (portal.AccountData, error) {
	const q = `
		SELECT o.id, o.activated_at, COALESCE(o.last_seen_at, o.activated_at), o.ip, o.user_agent
		  FROM crm_client_portal_sessions o
		 WHERE o.tenant_id = @tenant AND o.company_id = @company AND o.contact_id = @contact
		   AND o.activated_at IS NOT NULL AND o.revoked_at IS NULL AND o.expires_at > app_now() AND o.successor_id IS NULL
		 ORDER BY o.id <> @session, COALESCE(o.last_seen_at, o.activated_at) DESC, o.id
		 LIMIT 50`
	var data portal.AccountData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	collect(b, &data.Sessions, scanOwnSession, q, args)
	if err := p.read(ctx, s, b, "the account"); err != nil {
		return portal.AccountData{}, err
	}
	for i := range data.Sessions {
		data.Sessions[i].This = data.Sessions[i].ID == s.ID
	}
	return data, nil
}

func scanOwnSession(row pgx.CollectableRow) (portal.OwnSession, error) {
	var o portal.OwnSession
	var ip *netip.Addr
	err := row.Scan(&o.ID, &o.SignedInAt, &o.LastSeenAt, &ip, &o.UserAgent)
	if ip != nil {
		o.IP = *ip
	}
	return o, err
}

// lastSeenEvery is how exactly the record knows when a session was last used. A write for each page would cost more than the page.
const lastSeenEvery = time.Minute

// queueLastSeen notes that the session is in use, in the page's own round trip. It asks for itself whether the session stands.
func queueLastSeen(b *pgx.Batch, args pgx.NamedArgs) {
	const q = `
		UPDATE crm_client_portal_sessions u SET last_seen_at = app_now()
		 WHERE u.tenant_id = @tenant AND u.id = @session AND COALESCE(u.last_seen_at, u.activated_at) <= app_now() - @every::bigint * interval '1 millisecond'
		   AND EXISTS (SELECT` + standing + `)`
	args["every"] = lastSeenEvery.Milliseconds()
	b.Queue(q, args)
}
