package tenantdb_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

// fixture is a database with two tenants that must not learn of each other.
type fixture struct {
	db          pgtest.DB
	store       *tenantdb.Store
	acme, globe *tenant.Tenant
}

func setup(t *testing.T) fixture {
	t.Helper()
	t.Parallel()
	f := fixture{db: pgtest.Clone(t)}
	f.store = tenantdb.New(f.db.App, host("pay.test"), tenantdb.Hooks{})
	f.acme = f.create(t, tenant.Draft{Slug: "acme", Name: "Acme Ltd"})
	f.globe = f.create(t, tenant.Draft{Slug: "globe", Name: "גלוב בע״מ", TimeZone: "Asia/Jerusalem", Country: "IL", Locale: "he-IL", Currency: "ILS", Test: true})
	return f
}

func (f fixture) create(t *testing.T, d tenant.Draft) *tenant.Tenant {
	t.Helper()
	created, err := f.store.Create(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// owner runs a statement as the schema's owner and inside a tenant, to bring about what the store itself never does.
func (f fixture) owner(t *testing.T, id tenant.ID, q string, args ...any) {
	t.Helper()
	ctx := t.Context()
	tx, err := f.db.Owner.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // does nothing after the commit
	if _, err := tx.Exec(ctx, `SELECT set_config('app.tenant', $1, true)`, id); err != nil {
		t.Fatal(err)
	}
	if tag, err := tx.Exec(ctx, q, args...); err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %v rows, %v", q, tag.RowsAffected(), err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func host(s string) tenant.Hostname { return tenant.MustParseHostname(s) }

// same compares tenants: a time zone by its name, a host by its text.
var same = cmp.Options{
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b tenant.Hostname) bool { return a == b }),
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// wrongFields checks that err names exactly these fields.
func wrongFields(t *testing.T, err error, want ...string) {
	t.Helper()
	var got []string
	for _, f := range tenant.Fields(err) {
		got = append(got, f.Field)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v: wrong fields %v, want %v", err, got, want)
	}
}

func TestCreate_StoresTheDraftAndTheDefaults(t *testing.T) {
	f := setup(t)
	for _, want := range []*tenant.Tenant{f.acme, f.globe} {
		for _, ref := range []string{string(want.ID), want.Slug} {
			if got, err := f.store.Show(t.Context(), ref); err != nil || !cmp.Equal(want, got, same) {
				t.Errorf("Show(%s): %v\n%s", ref, err, cmp.Diff(want, got, same))
			}
		}
		if got, err := f.store.Tenant(t.Context(), want.ID); err != nil || !cmp.Equal(want, got, same) {
			t.Errorf("Tenant(%s): %v\n%s", want.ID, err, cmp.Diff(want, got, same))
		}
	}
	if f.globe.TimeZone.String() != "Asia/Jerusalem" || f.globe.Currency != "ILS" || !f.globe.Test || f.globe.Status != tenant.Active {
		t.Errorf("the draft is not what was stored: %+v", f.globe)
	}
	day := 24 * time.Hour
	wantPolicy := tenant.Policy{SessionLifetime: 7 * day, DocumentLinkLifetime: 30 * day, LogVisitors: true}
	if diff := cmp.Diff(wantPolicy, f.acme.Policy); diff != "" {
		t.Errorf("policy of a new tenant (-want +got):\n%s", diff)
	}
	if f.acme.TimeZone.String() != "UTC" || f.acme.Locale != "en-US" || f.acme.Brand.Primary.String() != "#1f5fbf" {
		t.Errorf("defaults of a new tenant: %+v", f.acme)
	}
}

func TestCreate_RefusesWhatCannotBe(t *testing.T) {
	f := setup(t)
	_, err := f.store.Create(t.Context(), tenant.Draft{Slug: "acme", Name: "Another"})
	is(t, "a slug in use", err, tenant.ErrTaken)
	for _, slug := range []string{"", "ab", "Acme", "a--b", "-abc", "abc-", "a_b", "a.b", "api", "www", "status", "acmé", "abc\n", string(make([]byte, 41))} {
		_, err := f.store.Create(t.Context(), tenant.Draft{Slug: slug, Name: "Another"})
		wrongFields(t, err, "slug")
	}
	_, err = f.store.Create(t.Context(), tenant.Draft{Slug: "ok-slug", Name: " \t", TimeZone: "Local", Country: "usa", Locale: "english!", Currency: "$"})
	wrongFields(t, err, "name", "time_zone", "country", "locale", "currency")
	for _, name := range []string{"a\x00b", "a\nb", "a\u202eb", "\xff", string(make([]rune, 121))} {
		_, err := f.store.Create(t.Context(), tenant.Draft{Slug: "ok-slug", Name: name})
		wrongFields(t, err, "name")
	}
	if _, err := f.store.Create(t.Context(), tenant.Draft{Slug: "ok-slug", Name: "Fine"}); err != nil {
		t.Errorf("a good draft: %v", err)
	}
}

func TestShow_UnknownIsNotFound(t *testing.T) {
	f := setup(t)
	for _, ref := range []string{"", "nobody", "ten_00000000000000000000000000"} {
		_, err := f.store.Show(t.Context(), ref)
		is(t, "Show "+ref, err, tenant.ErrNotFound)
	}
	_, err := f.store.Tenant(t.Context(), "ten_00000000000000000000000000")
	is(t, "Tenant", err, tenant.ErrNotFound)
}

func TestList_PagesThroughEveryTenant(t *testing.T) {
	f := setup(t)
	f.create(t, tenant.Draft{Slug: "third", Name: "Third"})
	var slugs []string
	after := tenant.ID("")
	for {
		page, err := f.store.List(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, found := range page {
			slugs = append(slugs, found.Slug)
		}
		after = page[len(page)-1].ID
	}
	slices.Sort(slugs) // made in the same millisecond, they may come in any order
	if diff := cmp.Diff([]string{"acme", "globe", "third"}, slugs); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
}

func TestUpdateBrand_ChangesThatTenantOnly(t *testing.T) {
	f := setup(t)
	yellow := tenant.Color{R: 255, G: 230}
	got, err := f.store.UpdateBrand(t.Context(), f.acme.ID, func(b *tenant.Brand) error {
		b.Primary, b.Footer, b.SupportEmail = yellow, "Acme Ltd\nhttps://acme.test", "pay@acme.test"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := f.acme.Brand
	want.Primary, want.Footer, want.SupportEmail = yellow, "Acme Ltd\nhttps://acme.test", "pay@acme.test"
	if diff := cmp.Diff(want, got.Brand); diff != "" {
		t.Errorf("brand (-want +got):\n%s", diff)
	}
	if got.Style.Hash() == f.acme.Style.Hash() {
		t.Error("the stylesheet did not change")
	}
	if other, _ := f.store.Show(t.Context(), "globe"); !cmp.Equal(f.globe, other, same) {
		t.Errorf("the other tenant changed:\n%s", cmp.Diff(f.globe, other, same))
	}
}

func TestUpdate_RefusesAndStoresNothing(t *testing.T) {
	f := setup(t)
	own := errors.New("own reason")
	_, err := f.store.UpdateBrand(t.Context(), f.acme.ID, func(b *tenant.Brand) error { b.Footer = "half"; return own })
	is(t, "a change that refuses", err, own)
	_, err = f.store.UpdateBrand(t.Context(), f.acme.ID, func(b *tenant.Brand) error {
		b.Footer, b.SupportEmail = string(make([]byte, 1001)), "Me <me@acme.test>"
		return nil
	})
	wrongFields(t, err, "footer_text", "support_email")
	_, err = f.store.UpdatePolicy(t.Context(), f.acme.ID, func(p *tenant.Policy) error {
		p.SessionLifetime, p.DocumentLinkLifetime = time.Minute, 181*24*time.Hour
		return nil
	})
	wrongFields(t, err, "session_seconds", "document_link_days")
	_, err = f.store.UpdateBrand(t.Context(), "ten_00000000000000000000000000", func(*tenant.Brand) error { return nil })
	is(t, "an unknown tenant", err, tenant.ErrNotFound)
	if got, _ := f.store.Show(t.Context(), "acme"); !cmp.Equal(f.acme, got, same) {
		t.Errorf("a refused change was stored:\n%s", cmp.Diff(f.acme, got, same))
	}
}

func TestUpdatePolicy_ChangesThatTenantOnly(t *testing.T) {
	f := setup(t)
	want := tenant.Policy{SessionLifetime: time.Hour, DocumentLinkLifetime: 24 * time.Hour, StrictLinks: true, PaymentInstructions: "IBAN …\nBIC …"}
	got, err := f.store.UpdatePolicy(t.Context(), f.acme.ID, func(p *tenant.Policy) error { *p = want; return nil })
	if err != nil || got.Policy != want {
		t.Errorf("policy %+v, %v; want %+v", got, err, want)
	}
	if other, _ := f.store.Show(t.Context(), "globe"); other.Policy != f.globe.Policy {
		t.Errorf("the other tenant's policy is %+v", other.Policy)
	}
}

func TestLogo_BelongsToItsTenant(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	logos := []*tenant.EncodedLogo{logo("1"), logo("2"), logo("3")}
	for _, l := range logos {
		got, err := f.store.PutLogo(ctx, f.acme.ID, l)
		if err != nil || got.Brand.Logo != (tenant.Logo{Hash: l.Hash, Width: 80, Height: 40}) {
			t.Fatalf("PutLogo: %+v, %v", got, err)
		}
	}
	for _, l := range logos[1:] {
		image, contentType, err := f.store.Logo(ctx, f.acme.ID, l.Hash)
		if err != nil || string(image) != string(l.Bytes) || contentType != "image/png" {
			t.Errorf("Logo = %q, %s, %v", image, contentType, err)
		}
	}
	_, _, err := f.store.Logo(ctx, f.acme.ID, logos[0].Hash)
	is(t, "the logo before the last", err, tenant.ErrNotFound)
	_, _, err = f.store.Logo(ctx, f.globe.ID, logos[2].Hash)
	is(t, "another tenant's logo", err, tenant.ErrNotFound)
	_, _, err = f.store.Logo(ctx, f.acme.ID, "../../etc/passwd")
	is(t, "no hash", err, tenant.ErrNotFound)

	if _, err := f.store.PutLogo(ctx, f.globe.ID, logos[2]); err != nil {
		t.Errorf("the same picture for another tenant: %v", err)
	}
	if _, err := f.store.PutLogo(ctx, f.acme.ID, logos[2]); err != nil {
		t.Errorf("the same picture again: %v", err)
	}
	got, err := f.store.RemoveLogo(ctx, f.acme.ID)
	if err != nil || got.Brand.Logo != (tenant.Logo{}) {
		t.Errorf("RemoveLogo: %+v, %v", got, err)
	}
	if other, _ := f.store.Show(ctx, "globe"); other.Brand.Logo.Hash != logos[2].Hash {
		t.Error("removing one tenant's logo took another's")
	}
	_, err = f.store.PutLogo(ctx, "ten_00000000000000000000000000", logos[0])
	is(t, "a logo for nobody", err, tenant.ErrNotFound)
}

func logo(digit string) *tenant.EncodedLogo {
	hash := ""
	for range 64 {
		hash += digit
	}
	return &tenant.EncodedLogo{Bytes: []byte("png " + digit), ContentType: "image/png", Width: 80, Height: 40, Hash: hash}
}

func TestStore_CannotReadWithoutATenant(t *testing.T) {
	f := setup(t)
	for _, q := range []string{`SELECT count(*) FROM tenants`, `SELECT count(*) FROM domains`, `SELECT count(*) FROM api_keys`, `SELECT count(*) FROM logos`} {
		var n int
		if err := f.db.App.QueryRow(context.Background(), q).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s without a tenant: %d, %v; want nothing", q, n, err)
		}
	}
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
