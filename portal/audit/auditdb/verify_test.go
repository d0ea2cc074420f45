package auditdb_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

const acme, globex = tenant.ID("ten_acme"), tenant.ID("ten_globex")

// log is a database with two tenants and a key ring.
type log struct {
	pgtest.DB
	ring *seal.Ring
}

func newLog(t testing.TB) log {
	t.Helper()
	l := log{pgtest.Clone(t), seal.RandomRing()}
	for _, id := range []tenant.ID{acme, globex} {
		l.as(t, id, `INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'T')`, id, strings.TrimPrefix(string(id), "ten_"))
	}
	return l
}

func (l log) as(t testing.TB, id tenant.ID, q string, args ...any) {
	t.Helper()
	err := rls.Tx(context.Background(), l.App, id, func(tx pgx.Tx) error { _, err := tx.Exec(context.Background(), q, args...); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func (l log) append(t testing.TB, id tenant.ID, events ...audit.Event) {
	t.Helper()
	err := rls.Tx(context.Background(), l.App, id, func(tx pgx.Tx) error {
		for _, e := range events {
			if err := auditdb.Insert(context.Background(), tx, id, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func event(i int) audit.Event {
	return audit.Event{ID: fmt.Sprintf("evt_%06d", i), Kind: "invoice.viewed", Actor: audit.Contact, ActorID: "con_1"}
}

// verify expects an unbroken chain of n entries.
func (l log) verify(t testing.TB, id tenant.ID, n int64) audit.Head {
	t.Helper()
	head, err := auditdb.Verify(context.Background(), l.App, l.ring, id)
	if err != nil || head.N != n {
		t.Fatalf("the chain of %s: %d entries, %v; want %d", id, head.N, err, n)
	}
	return head
}

// tamper runs a statement as somebody who may do anything, with every trigger off.
func (l log) tamper(t testing.TB, q string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), l.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), `SET session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	if tag, err := conn.Exec(context.Background(), q, args...); err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %v, %v", q, tag, err)
	}
}

// hard are entries whose every field tries to be mistaken for another's.
func hard() []audit.Event {
	return []audit.Event{
		{ID: "evt_a", Kind: "x.y", Actor: audit.System},
		{ID: "evt_b", Kind: "x.y", Actor: audit.Key, ActorID: "3:abc", CompanyID: "-", Details: map[string]string{}},
		{ID: "evt_c", Kind: "é日本", Actor: audit.Operator, ContactID: "con_1", DocumentID: "inv_1", SessionID: "ses_1", LinkID: "lnk_1",
			IP: netip.MustParseAddr("2001:db8::1"), UserAgent: "Mozilla/5.0 \"quoted\" \\ back", Details: map[string]string{"b": "1", "aa": "line\nbreak", "é": "ü\u2028"}},
		{ID: "evt_d", Kind: "x.y", Actor: audit.Operator, IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "0:-5:"},
	}
}

func TestVerify_TheDatabaseAndTheProgramHashAlike(t *testing.T) {
	l := newLog(t)
	l.append(t, acme, hard()...)
	l.verify(t, acme, 4)
	l.verify(t, globex, 0)
}

// Sixty-four writers make one line without a gap, whatever else they hold.
func TestChain_IsOneLineUnderManyWriters(t *testing.T) {
	l := newLog(t)
	var writers sync.WaitGroup
	for w := range 64 {
		writers.Go(func() {
			for i := range 5 {
				l.append(t, acme, event(w*100+i*2), event(w*100+i*2+1))
			}
		})
	}
	writers.Wait()
	l.verify(t, acme, 640)
}

func TestChain_ForgetsWhatWasRolledBack(t *testing.T) {
	l := newLog(t)
	undone := errors.New("undone")
	err := rls.Tx(context.Background(), l.App, acme, func(tx pgx.Tx) error {
		return errors.Join(auditdb.Insert(context.Background(), tx, acme, event(1)), undone)
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	l.append(t, acme, event(2))
	l.verify(t, acme, 1)
}

// Whoever may do anything to the tables is found out, and the first wrong entry is named.
func TestVerify_NamesWhatWasDone(t *testing.T) {
	tests := map[string]struct {
		do    []string
		wantN int64
		want  string
	}{
		"changed":             {[]string{`UPDATE audit_events SET actor_id = 'con_2' WHERE id = 'evt_000004'`}, 4, "evt_000004"},
		"absent became empty": {[]string{`UPDATE audit_events SET company_id = '' WHERE id = 'evt_000002'`}, 2, "evt_000002"},
		"its time changed":    {[]string{`UPDATE audit_events SET at = at - interval '1 microsecond' WHERE id = 'evt_000002'`}, 2, "evt_000002"},
		"the event removed":   {[]string{`DELETE FROM audit_events WHERE id = 'evt_000003'`}, 3, "removed"},
		"event and link removed": {[]string{`DELETE FROM audit_chain WHERE n = 3 AND tenant_id = 'ten_acme'`,
			`DELETE FROM audit_events WHERE id = 'evt_000003' AND tenant_id = 'ten_acme'`}, 3, "missing"},
		"put in between": {[]string{`INSERT INTO audit_events (tenant_id, id, kind, actor) VALUES ('ten_acme', 'evt_000000a', 'x.y', 'system')`}, 0, "evt_000000a"},
		"swapped": {[]string{`UPDATE audit_chain SET event_id = 'evt_tmp' WHERE n = 2 AND tenant_id = 'ten_acme'`,
			`UPDATE audit_chain SET event_id = 'evt_000002' WHERE n = 3 AND tenant_id = 'ten_acme'`,
			`UPDATE audit_chain SET event_id = 'evt_000003' WHERE n = 2 AND tenant_id = 'ten_acme'`}, 2, "evt_000003"},
		"the tail cut off": {[]string{`DELETE FROM audit_chain WHERE n = 6 AND tenant_id = 'ten_acme'`,
			`DELETE FROM audit_events WHERE id = 'evt_000006' AND tenant_id = 'ten_acme'`}, 6, "stored head"},
		"the last hash changed": {[]string{`UPDATE audit_chain SET hash = sha256('x') WHERE n = 6 AND tenant_id = 'ten_acme'`}, 6, "evt_000006"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLog(t)
			for i := range 6 {
				l.append(t, acme, event(i+1))
				l.append(t, globex, event(i+1))
			}
			for _, q := range test.do {
				l.tamper(t, q)
			}
			_, err := auditdb.Verify(context.Background(), l.App, l.ring, acme)
			var broken *audit.BrokenError
			if !errors.As(err, &broken) || broken.N != test.wantN || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Verify: %v, want entry %d and %q", err, test.wantN, test.want)
			}
		})
	}
}

// A chain that was written anew from its middle is right in itself; an anchor, or a head that was kept elsewhere, tells.
func TestVerify_FindsARewrittenChainByWhatWasKept(t *testing.T) {
	ctx := context.Background()
	l := newLog(t)
	l.append(t, acme, event(1), event(2), event(3), event(4))
	kept := l.verify(t, acme, 4)
	l.append(t, acme, event(5))
	l.tamper(t, `UPDATE audit_events SET kind = 'invoice.paid' WHERE id = 'evt_000002'`)
	l.tamper(t, `DELETE FROM audit_chain`)
	l.tamper(t, `DELETE FROM audit_heads`)
	l.tamper(t, `WITH RECURSIVE line AS (
			SELECT 1::bigint AS n, e.id, sha256(audit_genesis(e.tenant_id) || audit_bytes(1, e)) AS hash FROM audit_events e WHERE e.id = 'evt_000001'
			UNION ALL
			SELECT line.n + 1, e.id, sha256(line.hash || audit_bytes(line.n + 1, e)) FROM line
				JOIN audit_events e ON e.id = 'evt_' || lpad((line.n + 1)::text, 6, '0')
		) INSERT INTO audit_chain SELECT 'ten_acme', n, id, hash FROM line`)
	l.tamper(t, `INSERT INTO audit_heads SELECT tenant_id, n, hash FROM audit_chain ORDER BY n DESC LIMIT 1`)
	l.verify(t, acme, 5)
	_, err := auditdb.Verify(ctx, l.App, l.ring, acme, kept)
	if err == nil || !strings.Contains(err.Error(), "entry 4 evt_000004") {
		t.Errorf("with the kept head: %v", err)
	}
	if _, err := auditdb.Verify(ctx, l.App, l.ring, acme, audit.Head{N: 9}); err == nil || !strings.Contains(err.Error(), "entry 9") {
		t.Errorf("with a head beyond the end: %v", err)
	}
}

// The database refuses what verification would find, to the program's own role and to the owner.
func TestChain_OnlyGrows(t *testing.T) {
	l := newLog(t)
	l.append(t, acme, event(1), event(2))
	for _, q := range []string{
		`UPDATE audit_chain SET n = 9 WHERE tenant_id = 'ten_acme' AND n = 2`, `DELETE FROM audit_chain`, `TRUNCATE audit_chain`, `DELETE FROM audit_heads`,
		`UPDATE audit_heads SET n = n - 1`, `UPDATE audit_heads SET n = n + 2`, `UPDATE audit_anchors SET n = 2`, `TRUNCATE audit_anchors CASCADE`, `TRUNCATE audit_heads`,
	} {
		for who, pool := range map[string]rls.DB{"the program": l.App, "the owner": l.Owner} {
			err := rls.Tx(context.Background(), pool, acme, func(tx pgx.Tx) error {
				tag, err := tx.Exec(context.Background(), q)
				if err == nil && tag.RowsAffected() == 0 && !strings.HasPrefix(q, "TRUNCATE") {
					return errors.New("touched nothing")
				}
				return err
			})
			if err == nil {
				t.Errorf("%s may: %s", who, q)
			}
		}
	}
	l.verify(t, acme, 2)
}

// Whatever is appended, by whomever, the chain holds; whatever single column of it is then changed, it does not.
func TestVerify_Property(t *testing.T) {
	columns := []string{"kind", "actor_id", "company_id", "contact_id", "document_id", "session_id", "link_id", "user_agent"}
	l := newLog(t)
	made := 0
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(rt, "entries") {
			made++
			e := event(made)
			e.Kind, e.DocumentID = rapid.StringMatching(`[a-z]{1,9}\.[a-z]{1,9}`).Draw(rt, "kind"), rapid.StringMatching(`(inv_[0-9]{1,4})?`).Draw(rt, "document")
			e.Details = map[string]string{rapid.StringMatching(`[a-z]{1,6}`).Draw(rt, "name"): rapid.StringMatching(`[ -~]{0,20}`).Draw(rt, "value")}
			l.append(t, acme, e)
		}
		l.verify(t, acme, int64(made))
		column, n := rapid.SampledFrom(columns).Draw(rt, "column"), rapid.IntRange(1, made).Draw(rt, "changed")
		id := fmt.Sprintf("evt_%06d", n)
		l.tamper(t, `CREATE TABLE IF NOT EXISTS spare AS SELECT * FROM audit_events WHERE false; DELETE FROM spare; INSERT INTO spare SELECT * FROM audit_events WHERE id = '`+id+`'`)
		l.tamper(t, `UPDATE audit_events SET `+column+` = COALESCE(`+column+`, '') || 'x' WHERE id = $1`, id)
		_, err := auditdb.Verify(context.Background(), l.App, l.ring, acme)
		var broken *audit.BrokenError
		if !errors.As(err, &broken) || broken.N != int64(n) || broken.EventID != id {
			rt.Errorf("changed %s of entry %d: %v", column, n, err)
		}
		l.tamper(t, `DELETE FROM audit_events WHERE id = $1`, id)
		l.tamper(t, `INSERT INTO audit_events SELECT * FROM spare`)
	})
}
