package accessdb

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/tenant/rls"
)

// SaveProfile implements access.Store.
func (s *Store) SaveProfile(ctx context.Context, sess access.Session, p access.Profile, v access.Visitor) error {
	const read = `SELECT ` + contactColumns + ` FROM contacts WHERE tenant_id = @tenant AND id = @contact`
	const write = `UPDATE contacts SET name = @name, locale = @locale, updated_at = app_now() WHERE tenant_id = @tenant AND id = @contact
		RETURNING ` + contactColumns
	return rls.Tx(ctx, s.pool, sess.Tenant, func(tx pgx.Tx) error {
		if _, err := hold(ctx, tx, sess); err != nil {
			return err
		}
		args := sessionArgs(sess)
		args["name"], args["locale"] = p.Name, p.Locale
		before, err := oneContact(ctx, tx, read, args)
		if err != nil || before.Name == p.Name && before.Locale == p.Locale {
			return err
		}
		after, err := oneContact(ctx, tx, write, args)
		if err != nil {
			return err
		}
		return recordBy(ctx, tx, sess, v, "contact.changed", map[string]string{"changed": strings.Join(contactChanges(before, after), " ")})
	})
}
