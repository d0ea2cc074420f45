package accessdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

// PortalOff reports, in the caller's transaction, whether a company's portal is switched off: then no link is made for its documents.
func (s *Store) PortalOff(ctx context.Context, tx pgx.Tx, t tenant.ID, companyID string) (bool, error) {
	const q = `SELECT NOT portal_enabled FROM companies WHERE tenant_id = $1 AND id = $2`
	var off bool
	if err := tx.QueryRow(ctx, q, string(t), companyID).Scan(&off); err != nil {
		return false, fmt.Errorf("looking whether the portal of %s is on: %w", companyID, err)
	}
	return off, nil
}
