package domains_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

func TestClaim_SaysWhatToCreate(t *testing.T) {
	w := newWorld(t)
	d := w.claim(t, w.tenants[0], "Billing.Acme.com.")
	target := d.Label + ".edge.pay.example"
	expectRecords(t, d, "route CNAME billing.acme.com|billing "+target, "route A billing.acme.com|billing 192.0.2.7", "proof TXT _tollhouse.billing.acme.com|_tollhouse.billing "+d.Token)
	if d.Status != "pending_ownership" || d.Reason != "ownership.missing" || d.BlockingOn != "tenant" || len(d.History) != 1 {
		t.Errorf("%s %s %s %v", d.Status, d.Reason, d.BlockingOn, d.History)
	}
	d = w.claim(t, w.tenants[0], "acme.co.uk")
	target = d.Label + ".edge.pay.example"
	expectRecords(t, d, "route ALIAS acme.co.uk|@ "+target, "route A acme.co.uk|@ 192.0.2.7", "proof TXT _tollhouse.acme.co.uk|_tollhouse "+d.Token)
	if len(d.Label) != 26 || len(d.Token) != 32 || strings.Contains(d.Label, d.Token) {
		t.Errorf("label %q, token %q", d.Label, d.Token)
	}
}

func expectRecords(t *testing.T, d domains.View, want ...string) {
	t.Helper()
	var got []string
	for i, r := range d.Records {
		got = append(got, fmt.Sprintf("%s %s %s|%s %s", r.Purpose, r.Type, r.Name, r.Relative, r.Value))
		if r.TTL != 300 || r.Why == "" || (i == 0) != (r.When == "") && r.Purpose == "route" || len(r.Why) > 300 || len(r.When) > 300 {
			t.Errorf("%+v", r)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: records\n%s\nwant\n%s", d.Host, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestClaim_TwiceIsOneAndAnothersIsAnother(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	first, created, err := w.service.Claim(ctx, w.tenants[0], "billing.acme.com")
	if err != nil || !created {
		t.Fatal(created, err)
	}
	again, created, err := w.service.Claim(ctx, w.tenants[0], "BILLING.acme.com")
	if err != nil || created || again.ID != first.ID || again.Label != first.Label || again.Token != first.Token {
		t.Errorf("%v %v %+v", created, err, again)
	}
	other := w.claim(t, w.tenants[1], "billing.acme.com")
	if other.Label == first.Label || other.Token == first.Token || other.ID == first.ID {
		t.Errorf("%+v", other)
	}
}

func TestClaim_RefusesWhatCanNeverBe(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[string]string{
		"edge.pay.example": "name.reserved", "x.pay.example": "name.reserved", "pay.example": "name.reserved", "localhost": "name.reserved", "192.0.2.1": "name.reserved",
		"[2001:db8::1]": "name.reserved", "*.acme.com": "name.reserved", "acme.com:443": "name.reserved", "": "name.reserved", "acme..com": "name.reserved",
		"a.internal": "name.reserved", "co.uk": "name.public_suffix", "github.io": "name.public_suffix", "com": "name.reserved",
		strings.Repeat("a.", 126) + "co": "name.too_long", strings.Repeat("abcdefgh.", 28) + "com": "name.too_long", "аcme.com": "name.idn_mixed_script",
	} {
		_, _, err := w.service.Claim(context.Background(), w.tenants[0], name)
		var refused *domains.NameError
		if !errors.As(err, &refused) || err.Error() != want || refused.Findings[0].Fix == "" {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	if list, err := w.service.List(context.Background(), w.tenants[0], "", 100); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	if n := w.dns.count(); n != 0 {
		t.Errorf("%d examinations", n)
	}
}

func TestClaim_EndsAtTheTenantsLimit(t *testing.T) {
	w := newWorld(t)
	w.cfg.Limits.Domains = 2
	w.service = w.node(t)
	w.claim(t, w.tenants[0], "a.acme.com")
	w.claim(t, w.tenants[0], "b.acme.com")
	if _, _, err := w.service.Claim(context.Background(), w.tenants[0], "c.acme.com"); !errors.Is(err, domains.ErrQuota) {
		t.Errorf("%v", err)
	}
	w.claim(t, w.tenants[0], "a.acme.com")
	w.claim(t, w.tenants[1], "c.acme.com")
}

func TestClaim_BoundsTheClaimsOfAnHour(t *testing.T) {
	w := newWorld(t)
	w.cfg.Limits.Domains = 1 // and so three claims in an hour
	w.service = w.node(t)
	for i := range 4 {
		d, _, err := w.service.Claim(context.Background(), w.tenants[0], "billing.acme.com")
		var many *domains.ManyClaimsError
		if tooMany := errors.As(err, &many) && many.After > 0; tooMany != (i == 3) || !tooMany && err != nil {
			t.Fatalf("claim %d: %v", i, err)
		}
		if err == nil {
			if _, err := w.service.Remove(context.Background(), d.Tenant, d.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

type dry struct{}

func (dry) Read([]byte) (int, error) { return 0, errors.New("dry") }

func TestClaim_MakesNoneWithoutRandomness(t *testing.T) {
	w := newWorld(t)
	w.cfg.Rand = dry{}
	w.service = w.node(t)
	if _, created, err := w.service.Claim(context.Background(), w.tenants[0], "a.acme.com"); err == nil || created {
		t.Errorf("%v %v", created, err)
	}
}

func TestService_KnowsNothingOfAnotherTenantsDomain(t *testing.T) {
	w := newWorld(t)
	d, ctx := w.claim(t, w.tenants[0], "a.acme.com"), context.Background()
	for what, call := range map[string]func(id string) error{
		"show":    func(id string) error { _, err := w.service.Show(ctx, w.tenants[1], id); return err },
		"check":   func(id string) error { _, err := w.service.Check(ctx, w.tenants[1], id); return err },
		"remove":  func(id string) error { _, err := w.service.Remove(ctx, w.tenants[1], id); return err },
		"suspend": func(id string) error { _, err := w.service.Suspend(ctx, w.tenants[1], id); return err },
		"resume":  func(id string) error { _, err := w.service.Resume(ctx, w.tenants[1], id); return err },
		"retry":   func(id string) error { _, err := w.service.Retry(ctx, w.tenants[1], id); return err },
	} {
		for _, id := range []string{d.ID, "dom_unknown", ""} {
			if err := call(id); !errors.Is(err, tenant.ErrNotFound) {
				t.Errorf("%s %q: %v", what, id, err)
			}
		}
	}
	if list, err := w.service.List(ctx, w.tenants[1], "", 10); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	if w.dns.count() != 0 {
		t.Error("another tenant's check was made")
	}
}
