package accessdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// codeWindow is how long a browser may type codes after it asked: as long as its cookie lives. A link's own end comes sooner.
const codeWindow = `interval '30 minutes'`

// RedeemCode implements access.Store. The same statements run whether or not the browser's requests led to any link. The count is committed
// with whatever comes of it, and so is the note of a wrong code; who types at the same time waits for it.
func (s *Store) RedeemCode(ctx context.Context, t tenant.ID, browser [32]byte, right func(access.Link) bool, n access.NewSession) (
	sess access.Session, link access.Link, err error) {
	var outcome error
	err = rls.Tx(ctx, s.pool, t, func(tx pgx.Tx) error {
		left, counted, candidates, err := countTry(ctx, tx, t, browser)
		if err != nil {
			return err
		}
		outcome = &access.WrongCodeError{Left: left}
		for _, l := range candidates {
			if right(l) {
				link = l
				sess, link, outcome = redeem(ctx, tx, t, l.TokenHash, browser, n, "code")
				link.TokenHash = l.TokenHash
				break
			}
		}
		if counted && errors.As(outcome, new(*access.WrongCodeError)) {
			return noteWrongCode(ctx, tx, t, left, candidates, n.Visitor)
		}
		if errors.Is(outcome, access.ErrNotFound) || errors.As(outcome, new(*access.WrongCodeError)) {
			return nil
		}
		return outcome
	})
	if err == nil {
		err = outcome
	}
	return sess, link, err
}

// noteWrongCode writes one entry for a try that was counted, of the newest link that it could have been for. For an address that nobody has there is
// none, and an entry all the same: a try costs as much whoever it was for. Tries that are no longer counted leave no more entries.
func noteWrongCode(ctx context.Context, tx pgx.Tx, t tenant.ID, left int, candidates []access.Link, v access.Visitor) error {
	e := audit.Event{Kind: "code.refused", Details: map[string]string{"left": strconv.Itoa(left)}}
	if len(candidates) > 0 {
		l := candidates[0]
		e.CompanyID, e.ContactID, e.LinkID = l.CompanyID, l.ContactID, l.ID
	}
	return record(ctx, tx, t, access.Actor{Kind: string(audit.Anonymous), Visitor: v}, e)
}

// countTry takes one try from each request of the browser that has one left, says whether there was any, and returns the links that these requests
// led to, the newest first. The first statement holds back everybody else who types for the same addresses until this try is over.
func countTry(ctx context.Context, tx pgx.Tx, t tenant.ID, browser [32]byte) (left int, counted bool, candidates []access.Link, err error) {
	const lock = `SELECT id FROM link_codes WHERE tenant_id = $1 AND subject_hash IN (
			SELECT subject_hash FROM link_codes WHERE tenant_id = $1 AND browser_hash = $2 AND created_at > app_now() - ` + codeWindow + `)
		ORDER BY id FOR UPDATE`
	const count = `UPDATE link_codes c SET tries = tries + 1
		WHERE tenant_id = $1 AND browser_hash = $2 AND created_at > app_now() - ` + codeWindow + ` AND tries < $3
		AND (SELECT sum(d.tries) FROM link_codes d WHERE d.tenant_id = $1 AND d.subject_hash = c.subject_hash AND d.created_at > app_now() - interval '1 day') < $4
		RETURNING id, $3 - tries`
	var requests []string
	b := &pgx.Batch{}
	b.Queue(lock, string(t), browser[:])
	b.Queue(count, string(t), browser[:], access.CodeTries, access.CodeTriesDay).Query(func(rows pgx.Rows) error {
		var id string
		var n int
		_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error {
			requests, left = append(requests, id), max(left, n)
			return nil
		})
		return err
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return 0, false, nil, fmt.Errorf("counting a code: %w", err)
	}
	const q = `SELECT id, company_id, contact_id, key_id, token_hash FROM portal_links WHERE tenant_id = $1 AND browser_hash = $2 AND request_id = ANY($3) ORDER BY id DESC`
	rows, err := tx.Query(ctx, q, string(t), browser[:], requests)
	if err != nil {
		return 0, false, nil, fmt.Errorf("finding the links of a browser: %w", err)
	}
	candidates, err = pgx.CollectRows(rows, scanCandidate)
	return left, len(requests) > 0, candidates, err
}

func scanCandidate(row pgx.CollectableRow) (access.Link, error) {
	var l access.Link
	var hash []byte
	err := row.Scan(&l.ID, &l.CompanyID, &l.ContactID, &l.KeyID, &hash)
	copy(l.TokenHash[:], hash)
	return l, err
}

// forgetCodes removes counts that no limit looks at any more.
func forgetCodes(ctx context.Context, tx pgx.Tx, t tenant.ID) error {
	const q = `DELETE FROM link_codes WHERE tenant_id = $1 AND created_at < app_now() - interval '1 day'`
	if _, err := tx.Exec(ctx, q, string(t)); err != nil {
		return fmt.Errorf("forgetting old codes: %w", err)
	}
	return nil
}
