package certsdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

// Hurry asks every schedule to get the host a new certificate now: the present one, if there is one, is due and the back-off after refusals is
// over. What the CA's own limits forbid stays forbidden. The request lasts until a certificate is committed, whatever is down meanwhile. known
// tells whether there is a certificate to replace.
func (s *Store) Hurry(ctx context.Context, host tenant.Hostname) (known bool, err error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const forgive = `DELETE FROM certificate_failures WHERE host = $1`
	const ask = `UPDATE certificates SET ` + dueNow + ` WHERE host = @host`
	const announce = `SELECT pg_notify('certificates', 'retry ' || $1::text)`
	err = pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, forgive, host.String()); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, ask, pgx.NamedArgs{"host": host.String()})
		if err != nil {
			return err
		}
		known = tag.RowsAffected() > 0
		_, err = tx.Exec(ctx, announce, host.String())
		return err
	})
	if err != nil {
		return false, fmt.Errorf("hurrying the certificate of %s: %w", host, err)
	}
	return known, nil
}

// HurryAll makes all certificates that are still valid due now and returns how many those are. Names that the CA refused lately stay in their
// back-off: to ask for all of those at once would only earn more refusals.
func (s *Store) HurryAll(ctx context.Context) (int, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	const q = `UPDATE certificates SET ` + dueNow + ` WHERE not_after > @now`
	tag, err := s.cfg.Pool.Exec(ctx, q, pgx.NamedArgs{"now": s.cfg.Now()})
	if err != nil {
		return 0, fmt.Errorf("hurrying all certificates: %w", err)
	}
	return int(tag.RowsAffected()), nil
}

// dueNow also ends the asking after the CA's window, whose answer would put the certificate off again. The next commit begins it anew.
// A minute earlier than now is now for every node, wherever its clock stands.
const dueNow = `renew_at = LEAST(renew_at, now() - interval '1 minute'), refresh_at = NULL`
