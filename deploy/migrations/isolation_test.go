package migrations_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/deploy/migrations"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// platformTables belong to no tenant: certificates are found by host, the head numbers all changes, goose counts migrations.
var platformTables = map[string]string{
	"certificates": "by host", "certificate_objects": "by host", "certificate_leases": "by host", "certificate_failures": "by host",
	"certificate_sightings": "by host", "certificate_revocations": "by host", "nodes": "the fleet's", "ca_ledger": "by CA", "ca_health": "by CA",
	"domain_checks": "ids only", "payment_looks": "ids only", "domain_brake": "one row", "domain_steps": "the life cycle",
	"directory_head": "one number", "goose_db_version": "the schema's own",
}

// seed writes one row into every table that belongs to a tenant. A table that is missing here fails TestIsolation_EveryTable.
const seed = `
	INSERT INTO tenants (id, slug, name) VALUES ('%[1]s', '%[2]s', 'T');
	INSERT INTO logos (tenant_id, hash, content_type, bytes) VALUES ('%[1]s', repeat('a', 64), 'image/png', 'x');
	INSERT INTO domains (tenant_id, id, host, status) VALUES ('%[1]s', 'dom_1', 'billing.%[2]s.example', 'active');
	INSERT INTO domain_history (tenant_id, domain_id, at, to_status) VALUES ('%[1]s', 'dom_1', now(), 'active');
	INSERT INTO api_keys (tenant_id, id, name, secret_hash, scopes) VALUES ('%[1]s', 'key_1', 'K', decode(repeat('ab', 32), 'hex'), '{}');
	INSERT INTO companies (tenant_id, id, name, currency) VALUES ('%[1]s', 'com_1', 'C', 'USD');
	INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ('%[1]s', 'con_1', 'com_1', 'N', 'n@x.example');
	INSERT INTO portal_links (tenant_id, id, company_id, contact_id, purpose, key_id, token_hash, expires_at)
		VALUES ('%[1]s', 'lnk_1', 'com_1', 'con_1', 'api', 'k', decode(repeat('cd', 32), 'hex'), now() + interval '1 day');
	INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, link_id, expires_at)
		VALUES ('%[1]s', 'ses_1', 'com_1', 'con_1', 'lnk_1', now() + interval '1 day');
	INSERT INTO audit_events (tenant_id, id, kind, actor) VALUES ('%[1]s', 'evt_1', 'x.y', 'system');
	INSERT INTO audit_anchors (tenant_id, day, n, hash, key_id, mac) VALUES ('%[1]s', '2026-01-01', 1, decode(repeat('ab', 32), 'hex'), 'k', decode(repeat('ab', 32), 'hex'));
	INSERT INTO invoice_counters (tenant_id, year, last) VALUES ('%[1]s', 2026, 1);
	INSERT INTO invoices (tenant_id, id, company_id, number, issue_date, due_date, currency, subtotal, tax, total)
		VALUES ('%[1]s', 'inv_1', 'com_1', 'INV-1', '2026-01-01', '2026-01-31', 'USD', 100, 0, 100);
	INSERT INTO invoice_lines (tenant_id, invoice_id, position, description, quantity, unit_amount, amount, tax) VALUES ('%[1]s', 'inv_1', 1, 'L', 10000, 100, 100, 0);
	INSERT INTO payments (tenant_id, id, company_id, status, kind, amount, currency, received_on) VALUES ('%[1]s', 'pay_1', 'com_1', 'succeeded', 'manual', 100, 'USD', '2026-01-02');
	INSERT INTO payment_allocations (tenant_id, company_id, payment_id, invoice_id, amount) VALUES ('%[1]s', 'com_1', 'pay_1', 'inv_1', 100);
	INSERT INTO ledger_entries (tenant_id, id, company_id, invoice_id, kind, amount, currency, effective_on) VALUES ('%[1]s', 'ent_1', 'com_1', 'inv_1', 'invoice', 100, 'USD', '2026-01-01');
	INSERT INTO mails (tenant_id, id, kind, company_id, contact_id) VALUES ('%[1]s', 'mai_1', 'invoice', 'com_1', 'con_1');
	INSERT INTO mail_bounces (tenant_id, address_hash, mail_id, code, bounced_at) VALUES ('%[1]s', mail_address_hash('n@x.example'), 'mai_1', '550', now());
	INSERT INTO sender_domains (tenant_id, address, state, selector, created_at, changed_at, next_check_at, minted_since)
		VALUES ('%[1]s', 'b@x.example', 'pending', 'th1', now(), now(), now(), now());
	INSERT INTO sender_keys (tenant_id, selector, domain, public_key, key_sealed, created_at) VALUES ('%[1]s', 'th1', 'x.example', 'p', 'k', now());
	INSERT INTO idempotency_keys (tenant_id, key, request_hash, expires_at) VALUES ('%[1]s', 'k', decode(repeat('ef', 32), 'hex'), now() + interval '1 day');
	INSERT INTO payment_connections (tenant_id, id, processor, live, account_id, credentials, webhook_hash)
		VALUES ('%[1]s', 'pcn_1', 'stripe', false, 'acct_1', 'x', decode(repeat('ab', 32), 'hex'));
	INSERT INTO processor_customers (tenant_id, connection_id, company_id, customer_id) VALUES ('%[1]s', 'pcn_1', 'com_1', 'cus_1');
	INSERT INTO payment_methods (tenant_id, id, connection_id, company_id, processor_ref, kind, status) VALUES ('%[1]s', 'pmt_1', 'pcn_1', 'com_1', 'pm_1', 'card', 'active');
	INSERT INTO payment_attempts (tenant_id, payment_id, connection_id, live, code, kind, params_hash)
		VALUES ('%[1]s', 'pay_1', 'pcn_1', false, 'A' || repeat('A', 16), 'card', decode(repeat('ab', 32), 'hex'));
	INSERT INTO processor_events (tenant_id, connection_id, event_id, kind) VALUES ('%[1]s', 'pcn_1', 'evt_1', 'k');
	INSERT INTO refunds (tenant_id, id, payment_id, amount, status) VALUES ('%[1]s', 'ref_1', 'pay_1', 1, 'pending');
	INSERT INTO disputes (tenant_id, id, payment_id, kind, object_id, amount, status, opened_at, changed_at)
		VALUES ('%[1]s', 'dsp_1', 'pay_1', 'dispute', 'dp_1', 1, 'open', now(), now());
	INSERT INTO receipt_counters (tenant_id, year, last) VALUES ('%[1]s', 2026, 1);
	INSERT INTO receipts (tenant_id, payment_id, number, issued_at) VALUES ('%[1]s', 'pay_1', 'R-1', now());
	INSERT INTO payment_orphans (tenant_id, connection_id, object_id, kind, amount, currency) VALUES ('%[1]s', 'pcn_1', 'ch_1', 'charge', 1, 'USD');
	INSERT INTO step_ups (tenant_id, id, company_id, contact_id, session_id, purpose, key_id, created_at, expires_at)
		VALUES ('%[1]s', 'stp_1', 'com_1', 'con_1', 'ses_1', 'session', 'k', now(), now() + interval '10 minutes');
	INSERT INTO form_drafts (tenant_id, browser_hash, company_id, contact_id, form, path, body_sealed, created_at, expires_at)
		VALUES ('%[1]s', decode(repeat('ab', 32), 'hex'), 'com_1', 'con_1', 'f', '/portal/', 'b', now(), now() + interval '1 hour');
	INSERT INTO portal_previews (tenant_id, id, company_id, contact_id, key_id, link_hash, link_expires_at)
		VALUES ('%[1]s', 'prv_1', 'com_1', 'con_1', 'key_1', decode(repeat('ab', 32), 'hex'), now());
	INSERT INTO access_requests (tenant_id, id, state, company_id, email) VALUES ('%[1]s', 'arq_1', 'pending', 'com_1', 'n@x.example');
	INSERT INTO link_requests (tenant_id, id, email) VALUES ('%[1]s', 'lrq_1', 'n@x.example');
	INSERT INTO link_codes (tenant_id, id, browser_hash, subject_hash) VALUES ('%[1]s', 'lrq_1', decode(repeat('ab', 32), 'hex'), decode(repeat('cd', 32), 'hex'))`

const mine, theirs = tenant.ID("ten_mine"), tenant.ID("ten_theirs")

func seeded(t *testing.T) pgtest.DB {
	t.Helper()
	db := pgtest.Clone(t)
	for _, id := range []tenant.ID{mine, theirs} {
		for _, q := range strings.Split(fmt.Sprintf(seed, id, strings.TrimPrefix(string(id), "ten_")), ";") {
			if err := rls.Tx(context.Background(), db.App, id, func(tx pgx.Tx) error { _, err := tx.Exec(context.Background(), q); return err }); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
	}
	return db
}

// table is one table and its column that names the tenant.
type table struct{ name, key string }

func tenantTables(t *testing.T, pool *pgxpool.Pool) []table {
	t.Helper()
	const q = `SELECT c.relname, CASE WHEN c.relname = 'tenants' THEN 'id' ELSE COALESCE(
			(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'), '') END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1`
	rows, err := pool.Query(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (table, error) {
		var tb table
		return tb, row.Scan(&tb.name, &tb.key)
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []table
	for _, tb := range all {
		if _, platform := platformTables[tb.name]; !platform {
			list = append(list, tb)
		}
	}
	if len(list) < 15 {
		t.Fatalf("only %d tables found", len(list))
	}
	return list
}

func TestIsolation_EveryTable(t *testing.T) {
	db := seeded(t)
	for _, tb := range tenantTables(t, db.Owner) {
		t.Run(tb.name, func(t *testing.T) {
			if tb.key == "" {
				t.Fatal("has no tenant_id")
			}
			rows := func(id tenant.ID, q string) (n int64, err error) {
				err = rls.Tx(context.Background(), db.App, id, func(tx pgx.Tx) error {
					tag, err := tx.Exec(context.Background(), q)
					n = tag.RowsAffected()
					return err
				})
				return n, err
			}
			if n, err := rows(mine, "SELECT FROM "+tb.name); n != 1 || err != nil {
				t.Errorf("control: its own tenant sees %d rows, %v, want 1", n, err)
			}
			foreign := fmt.Sprintf(" WHERE %s = '%s'", tb.key, theirs)
			for _, q := range []string{"SELECT FROM " + tb.name + foreign, "UPDATE " + tb.name + " SET " + tb.key + " = " + tb.key + foreign, "DELETE FROM " + tb.name + foreign} {
				if n, err := rows(mine, q); err == nil && n != 0 {
					t.Errorf("%s touches %d rows of another tenant", q, n)
				}
			}
			// A row cannot be made for, or given to, another tenant.
			steal := fmt.Sprintf("UPDATE %s SET %s = '%s' WHERE %s = '%s'", tb.name, tb.key, theirs, tb.key, mine)
			if n, err := rows(mine, steal); err == nil && n != 0 {
				t.Errorf("a row was given to another tenant")
			}
			if n, err := db.App.Exec(context.Background(), "SELECT FROM "+tb.name); err == nil && n.RowsAffected() != 0 {
				t.Errorf("%d rows are seen without naming a tenant", n.RowsAffected())
			}
			if _, err := db.App.Exec(context.Background(), "TRUNCATE "+tb.name+" CASCADE"); err == nil {
				t.Error("the server's role may TRUNCATE")
			}
		})
	}
}

func TestIsolation_SettingNeverOutlivesItsTransaction(t *testing.T) {
	db := seeded(t)
	config, err := pgxpool.ParseConfig(db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	aborted, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range 300 {
		switch i % 4 {
		case 0: // committed
			_ = rls.Tx(context.Background(), pool, mine, func(tx pgx.Tx) error { return nil })
		case 1: // aborted by an error
			_ = rls.Tx(context.Background(), pool, mine, func(tx pgx.Tx) error { _, err := tx.Exec(context.Background(), "SELECT 1/0"); return err })
		case 2: // given up by its caller
			_ = rls.Tx(aborted, pool, mine, func(tx pgx.Tx) error { return nil })
		case 3: // panicked
			func() {
				defer func() { _ = recover() }()
				_ = rls.Tx(context.Background(), pool, mine, func(tx pgx.Tx) error { panic("x") })
			}()
		}
		var seen int
		if err := pool.QueryRow(context.Background(), "SELECT count(*) FROM invoices").Scan(&seen); err != nil || seen != 0 {
			t.Fatalf("round %d: the next borrower sees %d rows, %v", i, seen, err)
		}
	}
}

// The catalogue is asked for what the policies do not show.
func TestIsolation_Catalogue(t *testing.T) {
	db := pgtest.Clone(t)
	platform := make([]string, 0, len(platformTables))
	for name := range platformTables {
		platform = append(platform, name)
	}
	for name, q := range map[string]string{
		"tables whose row security is off or not forced": `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
			AND NOT relname = ANY($1) AND NOT (relrowsecurity AND relforcerowsecurity)`,
		"policies without USING, or that write without WITH CHECK": `SELECT tablename || '.' || policyname FROM pg_policies
			WHERE schemaname = 'public' AND (qual IS NULL OR cmd <> 'SELECT' AND with_check IS NULL)`,
		"foreign keys between tenants' tables that do not carry the tenant": `SELECT conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid
			WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND NOT r.relname = ANY($1)
			AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey) AND a.attname = 'tenant_id')`,
		"unique indexes that tell of other tenants": `SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
			WHERE t.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT t.relname = ANY($1) AND t.relname <> 'tenants'
			AND i.indexrelid::regclass::text <> 'domains_one_holder'
			AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY(i.indkey) AND a.attname = 'tenant_id')`,
		"views that run as their owner": `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
			AND NOT COALESCE('security_invoker=true' = ANY(reloptions), false) AND cardinality($1::text[]) > 0`,
		"functions that run as their owner": `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef AND cardinality($1::text[]) > 0`,
	} {
		args := []any{platform}
		if !strings.Contains(q, "$1") {
			args = nil
		}
		rows, err := db.Owner.Query(context.Background(), q, args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if bad, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(bad) != 0 {
			t.Errorf("%s: %v %v", name, bad, err)
		}
	}
}

func TestApply_TwiceAtOnceAndAgain(t *testing.T) {
	db := pgtest.Empty(t, "")
	pool, err := pgxpool.New(context.Background(), db.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	done := make(chan error)
	for range 2 {
		go func() { done <- migrations.Apply(context.Background(), pool) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := migrations.Apply(context.Background(), pool); err != nil {
		t.Errorf("on a current database: %v", err)
	}
}
