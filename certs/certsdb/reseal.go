package certsdb

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/certs"
	"tollhouse/tenant/seal"
)

// place is one sealed column of the certificates' tables.
type place struct {
	pool  *pgxpool.Pool
	ring  *seal.Ring
	table string
	value string   // the column
	key   []string // the primary key's columns
	aad   string   // SQL: what its values are bound to
	deep  bool     // every value is looked into: it holds sealed values itself
}

// where a certificate's members are bound to, in SQL; member.key says the same.
const memberSQL = `'certificates/' || issuer || '/' || host || '/' || host || `

// SealedPlaces are all places where this package keeps sealed values.
func SealedPlaces(pool *pgxpool.Pool, ring *seal.Ring) []seal.Place {
	at := func(table, value, aad string, deep bool, key ...string) seal.Place {
		return &place{pool: pool, ring: ring, table: table, value: value, key: key, aad: aad, deep: deep}
	}
	return []seal.Place{
		at("certificates", "key_sealed", memberSQL+`'.key'`, false, "host", "issuer"),
		at("certificates", "previous", memberSQL+`'.previous'`, true, "host", "issuer"),
		at("certificate_objects", "value", `key`, false, "key"),
		at("certificate_revocations", "key_sealed", memberSQL+`'.key'`, false, "issuer", "serial"),
		at("certificate_revocations", "previous", memberSQL+`'.previous'`, true, "issuer", "serial"),
	}
}

// Name is the table and the column.
func (p *place) Name() string { return p.table + "." + p.value }

// Tally reads the first bytes of every value. What is sealed within a value is not counted.
func (p *place) Tally(ctx context.Context) (map[string]int, error) {
	q := p.sql(`SELECT head, count(*) FROM (
			SELECT substring({value} FROM 1 FOR 2 + CASE WHEN length({value}) > 1 THEN get_byte({value}, 1) ELSE 0 END) AS head
			FROM {table} WHERE {value} IS NOT NULL) AS heads
		GROUP BY head`)
	rows, err := p.pool.Query(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("counting the keys of %s: %w", p.Name(), err)
	}
	tally := map[string]int{}
	var head []byte
	var n int
	_, err = pgx.ForEachRow(rows, []any{&head, &n}, func() error {
		id, _ := seal.KeyID(head)
		tally[id] += n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("counting the keys of %s: %w", p.Name(), err)
	}
	return tally, nil
}

// sql fills in names, all of them constants of SealedPlaces.
func (p *place) sql(q string) string {
	at := make([]string, len(p.key))
	for i := range at {
		at[i] = fmt.Sprintf("(@at::text[])[%d]", i+1)
	}
	return strings.NewReplacer("{table}", p.table, "{value}", p.value, "{key}", strings.Join(p.key, ", "), "{aad}", p.aad,
		"{at}", strings.Join(at, ", ")).Replace(q)
}

// sealed is one value and where it is.
type sealed struct {
	Key   []string
	AAD   string
	Value []byte
}

// position of a row in its table. The names that it is made of hold no zero byte.
func (v sealed) position() string { return strings.Join(v.Key, "\x00") }

// Reseal takes the values in the order of the primary key.
func (p *place) Reseal(ctx context.Context, after string, limit int) (seal.Step, error) {
	old, err := p.old(ctx, after, limit)
	if err != nil {
		return seal.Step{}, err
	}
	var step seal.Step
	for _, v := range old {
		fresh, changed, err := p.again(v)
		if err != nil {
			step.Unreadable = append(step.Unreadable, v.AAD)
			continue
		}
		if !changed {
			continue
		}
		done, err := p.replace(ctx, v, fresh)
		if err != nil {
			return step, err
		}
		step.Resealed += done
	}
	if len(old) == limit {
		step.After = old[limit-1].position()
	}
	return step, nil
}

// old lists values that the newest key may not have sealed.
func (p *place) old(ctx context.Context, after string, limit int) ([]sealed, error) {
	q := p.sql(`SELECT ARRAY[{key}], {aad}, {value} FROM {table}
		WHERE {value} IS NOT NULL AND ({key}) > ({at}) AND (@deep OR substring({value} FROM 1 FOR length(@mark::bytea)) <> @mark)
		ORDER BY {key} LIMIT @limit`)
	begin := make([]string, len(p.key)) // before all: no name is empty
	if after != "" {
		begin = strings.Split(after, "\x00")
	}
	rows, err := p.pool.Query(ctx, q, pgx.NamedArgs{"at": begin, "deep": p.deep, "mark": p.ring.Mark(), "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sealed])
}

// replace is a compare and swap: a value that was committed meanwhile stands.
func (p *place) replace(ctx context.Context, v sealed, fresh []byte) (int, error) {
	q := p.sql(`UPDATE {table} SET {value} = @fresh WHERE ({key}) = ({at}) AND {value} = @old`)
	tag, err := p.pool.Exec(ctx, q, pgx.NamedArgs{"fresh": fresh, "at": v.Key, "old": v.Value})
	return int(tag.RowsAffected()), err
}

// again seals a value with the newest key, and what is sealed within.
func (p *place) again(v sealed) (fresh []byte, changed bool, err error) {
	if !p.deep {
		return p.ring.Reseal(v.Value, []byte(v.AAD))
	}
	packed, err := p.ring.Open(v.Value, []byte(v.AAD))
	if err != nil {
		return nil, false, err
	}
	var r row
	if err := json.Unmarshal(packed, &r); err != nil {
		return nil, false, err
	}
	key := strings.TrimSuffix(v.AAD, extPrevious) + extKey
	within, inner, err := p.ring.Reseal(r.KeySealed, []byte(key))
	if err != nil {
		return nil, false, err
	}
	r.KeySealed = within
	if packed, err = json.Marshal(r); err != nil {
		return nil, false, err
	}
	id, _ := seal.KeyID(v.Value)
	return p.ring.Seal(packed, []byte(v.AAD)), inner || id != p.ring.Newest(), nil
}

// SealingKeys returns with which keys the living nodes seal, and how many nodes do so with each.
func SealingKeys(ctx context.Context, pool *pgxpool.Pool) (map[string]int, error) {
	const q = `SELECT seal_key, count(*) FROM nodes WHERE seen_at > now() - $1::interval GROUP BY seal_key`
	rows, err := pool.Query(ctx, q, certs.NodeLife)
	if err != nil {
		return nil, fmt.Errorf("asking with which keys the nodes seal: %w", err)
	}
	keys := map[string]int{}
	var id string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error { keys[id] = n; return nil }); err != nil {
		return nil, fmt.Errorf("asking with which keys the nodes seal: %w", err)
	}
	return keys, nil
}
