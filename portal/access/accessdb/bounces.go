package accessdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// ClearBounce lets mails go to a contact's address again that was found not to exist, and returns the contact. Again it changes nothing.
func (s *Clients) ClearBounce(ctx context.Context, t tenant.ID, by access.Actor, id string) (access.Contact, error) {
	const lock = `SELECT ` + contactColumns + ` FROM contacts WHERE tenant_id = @tenant AND id = @id FOR NO KEY UPDATE`
	const forget = `DELETE FROM mail_bounces WHERE tenant_id = $1 AND address_hash = mail_address_hash($2)`
	var c access.Contact
	err := rls.Tx(ctx, s.db, t, func(tx pgx.Tx) (err error) {
		if c, err = oneContact(ctx, tx, lock, pgx.NamedArgs{"tenant": string(t), "id": id}); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, forget, string(t), c.Email)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		c.Bounce = access.Bounce{}
		return record(ctx, tx, t, by, audit.Event{Kind: "contact.bounce_cleared", CompanyID: c.CompanyID, ContactID: c.ID})
	})
	if err != nil {
		return access.Contact{}, fmt.Errorf("clearing the bounce of contact %q: %w", id, err)
	}
	return c, nil
}
