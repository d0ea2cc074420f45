package rls_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

func withTenants(t *testing.T, ids ...tenant.ID) pgtest.DB {
	t.Helper()
	db := pgtest.Clone(t)
	for _, id := range ids {
		err := rls.Tx(ctx, db.App, id, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO tenants (id, slug, name) VALUES ($1, substr($1, 5), 'T')`, id)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func seen(tx pgx.Tx) string {
	var ids string
	if err := tx.QueryRow(ctx, `SELECT COALESCE(string_agg(id, ' ' ORDER BY id), '') FROM tenants`).Scan(&ids); err != nil {
		return err.Error()
	}
	return ids
}

func TestBoth_ShowsOneTenantAtATimeAndNoThird(t *testing.T) {
	db := withTenants(t, "ten_aaa", "ten_bbb", "ten_ccc")
	err := rls.Both(ctx, db.App, "ten_bbb", "ten_aaa", func(tx pgx.Tx, as func(tenant.ID) error) error {
		if got := seen(tx); got != "" {
			t.Errorf("before as: %q", got)
		}
		for _, id := range []tenant.ID{"ten_bbb", "ten_aaa", "ten_bbb"} {
			if err := as(id); err != nil || seen(tx) != string(id) {
				t.Errorf("as %s: %q, %v", id, seen(tx), err)
			}
		}
		for _, id := range []tenant.ID{"ten_ccc", ""} {
			if err := as(id); err == nil || seen(tx) != "ten_bbb" {
				t.Errorf("as %q: %q, %v", id, seen(tx), err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestBoth_RefusesWhoIsNotTwoTenants(t *testing.T) {
	db := withTenants(t, "ten_aaa")
	ran := false
	fn := func(pgx.Tx, func(tenant.ID) error) error { ran = true; return nil }
	for _, pair := range [][2]tenant.ID{{"", "ten_aaa"}, {"ten_aaa", ""}} {
		if err := rls.Both(ctx, db.App, pair[0], pair[1], fn); !errors.Is(err, rls.ErrNoTenant) {
			t.Errorf("%q: %v", pair, err)
		}
	}
	if err := rls.Both(ctx, db.App, "ten_aaa", "ten_aaa", fn); err == nil {
		t.Error("one tenant is taken for two")
	}
	if err := rls.Both(ctx, db.App, "ten_aaa", "ten_zzz", fn); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("a tenant that does not exist: %v", err)
	}
	if ran {
		t.Error("fn ran")
	}
}

func TestBoth_UndoesBothTenantsChanges(t *testing.T) {
	db := withTenants(t, "ten_aaa", "ten_bbb")
	stop := errors.New("stop")
	err := rls.Both(ctx, db.App, "ten_aaa", "ten_bbb", func(tx pgx.Tx, as func(tenant.ID) error) error {
		for _, id := range []tenant.ID{"ten_aaa", "ten_bbb"} {
			if err := as(id); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE tenants SET name = 'changed' WHERE id = $1`, id); err != nil {
				return err
			}
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	var changed int
	count := func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM tenants WHERE name = 'changed'`).Scan(&changed)
	}
	if err := rls.Platform(ctx, db.App, count); err != nil || changed != 0 {
		t.Errorf("%d stayed changed, %v", changed, err)
	}
}

// With the locks in the order of the arguments some of these deadlock.
func TestBoth_OppositeCallsDoNotDeadlock(t *testing.T) {
	db := withTenants(t, "ten_aaa", "ten_bbb")
	var wg sync.WaitGroup
	for i := range 40 {
		pair := [][2]tenant.ID{{"ten_aaa", "ten_bbb"}, {"ten_bbb", "ten_aaa"}}[i%2]
		wg.Go(func() {
			if err := rls.Both(ctx, db.App, pair[0], pair[1], func(pgx.Tx, func(tenant.ID) error) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestShared_SeesNoTenantsRows(t *testing.T) {
	db := withTenants(t, "ten_aaa")
	err := rls.Shared(ctx, db.App, func(tx pgx.Tx) error {
		if got := seen(tx); got != "" {
			t.Errorf("sees %q", got)
		}
		_, err := tx.Exec(ctx, `UPDATE domain_brake SET turned = 1`)
		return err
	})
	if err != nil {
		t.Errorf("what belongs to nobody: %v", err)
	}
}
