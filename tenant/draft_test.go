package tenant_test

import (
	"strings"
	"testing"

	"tollhouse/tenant"
)

func TestBrandCheck_TakesPlainMailAddressesOnly(t *testing.T) {
	for _, good := range []string{"", "pay@acme.test", "pay+bills@mail.acme.test", "o'brien@acme.test"} {
		if err := (tenant.Brand{SupportEmail: good}).Check(); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"pay", "@acme.test", "pay@", "pay@localhost", "pay@127.0.0.1", "Pay <pay@acme.test>", "pay@acme.test, b@acme.test",
		"pay@acme.test\r\nBcc: all@acme.test", " pay@acme.test", "pay@acme.test\x00", `"a@b"@acme.test`, strings.Repeat("a", 250) + "@acme.test"} {
		fields := tenant.Fields((tenant.Brand{SupportEmail: bad}).Check())
		if len(fields) != 1 || fields[0].Field != "support_email" {
			t.Errorf("%q: %v", bad, fields)
		}
	}
}

func TestBrandCheck_TakesParagraphsForAFooter(t *testing.T) {
	if err := (tenant.Brand{Footer: "Acme Ltd\nOslo · Org. nr. 123 · שלום"}).Check(); err != nil {
		t.Errorf("a footer of two lines: %v", err)
	}
	for name, bad := range map[string]string{"NUL": "a\x00", "tab": "a\tb", "escape": "\x1b[31m", "override": "\u202ea", "isolate": "\u2066a",
		"long": strings.Repeat("é", 1001), "broken": "\xc3"} {
		if err := (tenant.Brand{Footer: bad}).Check(); len(tenant.Fields(err)) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadZone_RefusesTheMachinesOwn(t *testing.T) {
	for _, bad := range []string{"", "Local", "Mars/Olympus", "../../etc/passwd"} {
		if zone, err := tenant.LoadZone(bad); err == nil {
			t.Errorf("LoadZone(%q) = %v", bad, zone)
		}
	}
	if zone, err := tenant.LoadZone("Europe/Berlin"); err != nil || zone.String() != "Europe/Berlin" {
		t.Errorf("LoadZone = %v, %v", zone, err)
	}
}
