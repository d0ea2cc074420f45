package rls_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

var ctx = context.Background()

func TestAll_RefuseAnEmptyTenant(t *testing.T) {
	db := pgtest.Clone(t)
	if err := rls.Tx(ctx, db.App, "", func(pgx.Tx) error { return nil }); !errors.Is(err, rls.ErrNoTenant) {
		t.Errorf("Tx: %v", err)
	}
	if err := rls.Read(ctx, db.App, "", &pgx.Batch{}); !errors.Is(err, rls.ErrNoTenant) {
		t.Errorf("Read: %v", err)
	}
}

func TestRead_RunsAsTheTenantAndLeavesNothingBehind(t *testing.T) {
	db := pgtest.Clone(t)
	var during, after string
	b := &pgx.Batch{}
	b.Queue(`SELECT app_tenant()`).QueryRow(func(row pgx.Row) error { return row.Scan(&during) })
	if err := rls.Read(ctx, db.App, "ten_a", b); err != nil || during != "ten_a" {
		t.Errorf("inside: %q, %v", during, err)
	}
	if err := db.App.QueryRow(ctx, `SELECT COALESCE(app_tenant(), '')`).Scan(&after); err != nil || after != "" {
		t.Errorf("afterwards: %q, %v", after, err)
	}
}

func TestPlatform_ReadsOnly(t *testing.T) {
	db := pgtest.Clone(t)
	err := rls.Tx(ctx, db.App, "ten_a", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO tenants (id, slug, name) VALUES ('ten_a', 'aaa', 'A')`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var seen int
	count := func(tx pgx.Tx) error { return tx.QueryRow(ctx, `SELECT count(*) FROM tenants`).Scan(&seen) }
	if err := rls.Platform(ctx, db.App, count); err != nil || seen != 1 {
		t.Errorf("sees %d tenants, %v", seen, err)
	}
	err = rls.Platform(ctx, db.App, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, `UPDATE tenants SET name = 'B'`); return err })
	if err == nil {
		t.Error("writes across tenants")
	}
}

func TestErrors_TellAnOutageFromARefusal(t *testing.T) {
	db := pgtest.Clone(t)
	nowhere, err := pgxpool.New(ctx, "postgres://x:x@127.0.0.1:1/x?connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	nothing := func(pgx.Tx) error { return nil }
	if err := rls.Tx(ctx, nowhere, "ten_a", nothing); !errors.Is(err, tenant.ErrUnavailable) {
		t.Errorf("nobody listens: %v, want ErrUnavailable", err)
	}
	lost, err := pgx.Connect(ctx, db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	if err := lost.Close(ctx); err != nil { // as one that a pool lost while it lay idle
		t.Fatal(err)
	}
	if err := rls.Tx(ctx, lost, "ten_a", nothing); !errors.Is(err, tenant.ErrUnavailable) {
		t.Errorf("a connection that was lost: %v, want ErrUnavailable", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := rls.Tx(gone, db.App, "ten_a", nothing); !errors.Is(err, context.Canceled) || errors.Is(err, tenant.ErrUnavailable) {
		t.Errorf("a caller that has gone: %v, want its own error only", err)
	}
	readOnly := func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SET TRANSACTION READ ONLY; INSERT INTO tenants (id, slug, name) VALUES ('ten_a', 'aaa', 'A')`)
		return err
	}
	if err := rls.Tx(ctx, db.App, "ten_a", readOnly); !errors.Is(err, tenant.ErrUnavailable) {
		t.Errorf("a server that only reads: %v, want ErrUnavailable", err)
	}
	refused := func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO tenants (id, slug, name) VALUES ('ten_a', 'X', 'A')`)
		return err
	}
	if err := rls.Tx(ctx, db.App, "ten_a", refused); err == nil || errors.Is(err, tenant.ErrUnavailable) {
		t.Errorf("a broken rule: %v, want no outage", err)
	}
	late, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	<-late.Done()
	if err := rls.Tx(late, db.App, "ten_a", nothing); err == nil {
		t.Error("a caller that gave up gets an answer")
	}
}
