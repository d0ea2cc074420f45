package tenantdb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/tenant"
)

func (f fixture) key(t *testing.T, id tenant.ID, scopes ...tenant.Scope) (string, tenant.APIKey) {
	t.Helper()
	secret, key, err := f.store.CreateKey(t.Context(), id, "Ledger sync", scopes)
	if err != nil {
		t.Fatal(err)
	}
	return secret, key
}

func TestAuthenticate_KnowsTheKeysTenantAndScopes(t *testing.T) {
	f := setup(t)
	all, _ := f.key(t, f.acme.ID)
	narrow, key := f.key(t, f.globe.ID, tenant.ScopeInvoicesRead)
	if !strings.HasPrefix(all, "thk_live_") || !strings.HasPrefix(narrow, "thk_test_") {
		t.Error("a key does not show whether its tenant is a rehearsal")
	}
	got, err := f.store.Authenticate(t.Context(), all)
	if err != nil || got.Tenant != f.acme.ID || !cmp.Equal(got.Scopes, tenant.Scopes) {
		t.Errorf("Authenticate = %+v, %v", got, err)
	}
	got, err = f.store.Authenticate(t.Context(), narrow)
	if diff := cmp.Diff(key, got); diff != "" || err != nil {
		t.Errorf("Authenticate: %v (-want +got):\n%s", err, diff)
	}
}

func TestAuthenticate_RefusesAllOthersAlike(t *testing.T) {
	f := setup(t)
	good, _ := f.key(t, f.acme.ID)
	revoked, key := f.key(t, f.acme.ID)
	if err := f.store.RevokeKey(t.Context(), f.acme.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	unknown, _ := tenant.MintAPIKey(f.acme.ID, false)
	foreign, _ := tenant.MintAPIKey("ten_00000000000000000000000000", false)
	for name, presented := range map[string]string{"empty": "", "malformed": good[:80], "revoked": revoked, "unknown": unknown, "of no tenant": foreign} {
		got, err := f.store.Authenticate(t.Context(), presented)
		is(t, name, err, tenant.ErrNotFound)
		if got.ID != "" || presented != "" && strings.Contains(err.Error(), presented) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := f.store.Authenticate(t.Context(), good); err != nil {
		t.Errorf("the good key: %v", err)
	}
}

func TestAuthenticate_RefusesASuspendedTenantByName(t *testing.T) {
	f := setup(t)
	acme, _ := f.key(t, f.acme.ID)
	globe, _ := f.key(t, f.globe.ID)
	if _, err := f.store.Suspend(t.Context(), f.acme.ID); err != nil {
		t.Fatal(err)
	}
	_, err := f.store.Authenticate(t.Context(), acme)
	is(t, "a suspended tenant's key", err, tenant.ErrSuspended)
	if _, err := f.store.Authenticate(t.Context(), globe); err != nil {
		t.Errorf("another tenant's key: %v", err)
	}
	if _, err := f.store.Resume(t.Context(), f.acme.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.Authenticate(t.Context(), acme); err != nil {
		t.Errorf("after the suspension: %v", err)
	}
}

func TestAuthenticate_NotesItsUseOnceAMinute(t *testing.T) {
	f := setup(t)
	secret, key := f.key(t, f.acme.ID)
	other, _ := f.key(t, f.acme.ID)
	used := func() (at time.Time) {
		keys, err := f.store.Keys(t.Context(), f.acme.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if k.ID == key.ID {
				at = k.LastUsedAt
			} else if !k.LastUsedAt.IsZero() {
				t.Error("another key is noted as used")
			}
		}
		return at
	}
	use := func(secret string) {
		if _, err := f.store.Authenticate(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	_ = other
	if !used().IsZero() {
		t.Fatal("used before its first use")
	}
	use(secret)
	first := used()
	use(secret)
	if first.IsZero() || !used().Equal(first) {
		t.Errorf("used at %v, then %v; want one note", first, used())
	}
	f.owner(t, f.acme.ID, `UPDATE api_keys SET last_used_at = now() - interval '61 seconds' WHERE tenant_id = $1 AND id = $2`, f.acme.ID, key.ID)
	use(secret)
	if age := time.Since(used()); age > 30*time.Second {
		t.Errorf("a use a minute later left the note %v old", age)
	}
}

func TestKeys_BelongToTheirTenant(t *testing.T) {
	f := setup(t)
	_, mine := f.key(t, f.acme.ID)
	_, theirs := f.key(t, f.globe.ID)
	is(t, "revoking another tenant's key", f.store.RevokeKey(t.Context(), f.acme.ID, theirs.ID), tenant.ErrNotFound)
	is(t, "revoking no key", f.store.RevokeKey(t.Context(), f.acme.ID, "key_x"), tenant.ErrNotFound)
	for range 2 {
		if err := f.store.RevokeKey(t.Context(), f.acme.ID, mine.ID); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := f.store.Keys(t.Context(), f.acme.ID)
	if err != nil || len(keys) != 1 || keys[0].ID != mine.ID || keys[0].RevokedAt.IsZero() {
		t.Errorf("Keys = %+v, %v", keys, err)
	}
	keys, err = f.store.Keys(t.Context(), f.globe.ID)
	if err != nil || len(keys) != 1 || keys[0].ID != theirs.ID || !keys[0].RevokedAt.IsZero() {
		t.Errorf("the other tenant's Keys = %+v, %v", keys, err)
	}
}

func TestCreateKey_Refuses(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	for _, name := range []string{"", "  ", "a\x00b", strings.Repeat("x", 121)} {
		_, _, err := f.store.CreateKey(ctx, f.acme.ID, name, nil)
		wrongFields(t, err, "name")
	}
	_, _, err := f.store.CreateKey(ctx, f.acme.ID, "Sync", []tenant.Scope{"invoices:write", "everything"})
	wrongFields(t, err, "scopes")
	secret, key, err := f.store.CreateKey(ctx, "ten_00000000000000000000000000", "Sync", nil)
	is(t, "a key for nobody", err, tenant.ErrNotFound)
	if secret != "" || key.ID != "" {
		t.Error("a key came with the refusal")
	}
}
