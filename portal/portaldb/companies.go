package portaldb

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
)

// Companies returns the other seats of the session's mailbox: names and nothing else of theirs.
func (p *Pages) Companies(ctx context.Context, s access.Session) (portal.CompaniesData, error) {
	const q = `
		SELECT o.id, oc.name
		  FROM crm_client_portal_sessions s, contacts c, contacts o, companies oc
		 WHERE s.tenant_id = @tenant AND s.id = @session AND s.contact_id = @contact AND c.tenant_id = s.tenant_id AND c.id = s.contact_id
		   AND ` + accessdb.SameMailbox + `
		 ORDER BY lower(oc.name), o.id
		 LIMIT 100`
	var data portal.CompaniesData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	collect(b, &data.Others, func(row pgx.CollectableRow) (seat access.Seat, err error) {
		err = row.Scan(&seat.ContactID, &seat.Company)
		return seat, err
	}, q, args)
	if err := p.read(ctx, s, b, "the companies"); err != nil {
		return portal.CompaniesData{}, err
	}
	return data, nil
}
