package portaldb

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal"
	"tollhouse/portal/access"
)

// People returns the company's active contacts and the addresses that access was asked for. Only who pays is told; a preview of theirs sees it too.
func (p *Pages) People(ctx context.Context, s access.Session) (portal.PeopleData, error) {
	const people = `
		SELECT c.id, c.name, c.email, c.role, (SELECT max(COALESCE(o.last_seen_at, o.activated_at)) FROM crm_client_portal_sessions o
		                                        WHERE o.tenant_id = c.tenant_id AND o.contact_id = c.id AND o.activated_at IS NOT NULL)
		  FROM contacts c
		 WHERE c.tenant_id = @tenant AND c.company_id = @company AND c.status = 'active'
		 ORDER BY c.name, c.id
		 LIMIT 200`
	const pending = `
		SELECT r.email FROM access_requests r
		 WHERE r.tenant_id = @tenant AND r.company_id = @company AND r.state = 'pending'
		 ORDER BY r.id
		 LIMIT 20`
	var data portal.PeopleData
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	collect(b, &data.People, scanColleague, people, args)
	collect(b, &data.Pending, pgx.RowTo[string], pending, args)
	if err := p.read(ctx, s, b, "the people"); err != nil {
		return portal.PeopleData{}, err
	}
	if data.Member.Contact.Role != access.Payer {
		return portal.PeopleData{}, access.ErrNotFound
	}
	for i := range data.People {
		data.People[i].Self = data.People[i].ID == data.Member.Contact.ID
	}
	return data, nil
}

func scanColleague(row pgx.CollectableRow) (c portal.Colleague, err error) {
	var seen *time.Time
	err = row.Scan(&c.ID, &c.Name, &c.Email, &c.Role, &seen)
	if seen != nil {
		c.SeenAt = *seen
	}
	return c, err
}
