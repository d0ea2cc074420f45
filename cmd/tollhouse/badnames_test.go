package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestBadInput_NamesOfDomainsAreRefusedWithTheMend(t *testing.T) {
	b := besiege(t)
	orders := b.ca.Orders()
	for _, tt := range []struct{ name, host, code string }{
		{"nothing", "", "name.reserved"},
		{"ours", fleetDomain, "name.reserved"},
		{"the API's", "api." + fleetDomain, "name.reserved"},
		{"a default host", b.beta.other, "name.reserved"},
		{"a claim's target", "abc.edge." + fleetDomain, "name.reserved"},
		{"localhost", "localhost", "name.reserved"},
		{"an IPv4 address", "192.0.2.7", "name.reserved"},
		{"an IPv6 address", "2001:db8::7", "name.reserved"},
		{"a wildcard", "*.acme.test", "name.reserved"},
		{"a port", "billing.acme.test:443", "name.reserved"},
		{"a URL", "https://billing.acme.test/", "name.reserved"},
		{"one label", "billing", "name.reserved"},
		{"a public suffix", "co.uk", "name.public_suffix"},
		{"a private suffix", "github.io", "name.public_suffix"},
		{"254 characters", strings.Repeat("abcdefg.", 31) + "a.test", "name.too_long"},
		{"5,000 labels", strings.Repeat("a.", 5000) + "test", "name.too_long"},
		{"two scripts in a label", "\u0430cme.test", "name.idn_mixed_script"},
		{"the same in A-labels", "xn--cme-7cd.test", "name.idn_mixed_script"},
	} {
		clearProblem(t, tt.name, b.claim(t, b.alpha, tt.host), 422, tt.code)
	}
	b.unharmed(t)
	if n := b.ca.Orders(); n != orders {
		t.Errorf("%d orders were placed", n-orders)
	}
	if logs := b.logs.String(); strings.Contains(logs, "192.0.2.7") || strings.Contains(logs, "github.io") {
		t.Error("the log holds a name that was typed")
	}
}

func TestBadInput_NamesOfDomainsAreTakenInOneForm(t *testing.T) {
	b := besiege(t)
	for _, tt := range []struct {
		host, want, unicode string
		status              int
	}{
		{"pay.m\u00fcller.test", "pay.xn--mller-kva.test", "pay.m\u00fcller.test", 201},
		{"pay.xn--mller-kva.test", "pay.xn--mller-kva.test", "pay.m\u00fcller.test", 200},
		{"PAY.Mu\u0308ller.TEST.", "pay.xn--mller-kva.test", "pay.m\u00fcller.test", 200},
		{"pay.acme.test.", "pay.acme.test", "pay.acme.test", 201},
		{"pay.acme.test", "pay.acme.test", "pay.acme.test", 200},
	} {
		r := b.claim(t, b.alpha, tt.host)
		var d struct {
			Host        string `json:"host"`
			UnicodeHost string `json:"unicode_host"`
		}
		if err := json.Unmarshal([]byte(r.body), &d); err != nil || r.StatusCode != tt.status || d.Host != tt.want || d.UnicodeHost != tt.unicode {
			t.Errorf("%q: %s, want %d %s\n%s", tt.host, r.Status, tt.status, tt.want, r.body)
		}
	}
}

func TestBadInput_AnotherTenantsNameIsAClaimLikeAnyOther(t *testing.T) {
	b := besiege(t)
	orders := b.ca.Orders()
	r := b.claim(t, b.alpha, b.beta.host)
	var d struct{ ID, Status string }
	if err := json.Unmarshal([]byte(r.body), &d); err != nil || r.StatusCode != 201 || d.Status != "pending_ownership" {
		t.Fatalf("%s\n%s", r.Status, r.body)
	}
	free := b.claim(t, b.alpha, "free.acme.test")
	checked := b.api(t, b.alpha, "POST", "/api/domains/"+d.ID+"/check", "", 200)
	noCanary(t, r, b.beta)
	for name, body := range map[string]string{"the claim": r.body, "its check": fmt.Sprint(checked)} {
		if strings.Contains(body, string(b.beta.ID)) || strings.Contains(body, "conflict.") {
			t.Errorf("%s tells that somebody has the name: %s", name, body)
		}
	}
	if fields(t, r.body) != fields(t, free.body) {
		t.Errorf("a name that is held answers with other fields than a free one:\n%s\n%s", r.body, free.body)
	}
	if checked["status"] != "pending_ownership" || checked["certificate"] != nil {
		t.Errorf("after a check: %v", checked)
	}
	if n := b.ca.Orders(); n != orders {
		t.Errorf("%d orders were placed", n-orders)
	}
	if page := ask(t, b.c, "GET", "https://"+b.beta.host+"/portal/test", ""); page.StatusCode != 200 || !strings.Contains(page.body, "Business beta") {
		t.Errorf("the holder's page: %s", page.Status)
	}
}

// claim asks for a host by the API.
func (f *fleet) claim(t *testing.T, by *business, host string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"host": host})
	if err != nil {
		t.Fatal(err)
	}
	c := f.client(f.nodes[0])
	defer c.CloseIdleConnections()
	return ask(t, c, "POST", "https://api."+fleetDomain+"/api/domains", string(body), "Authorization: Bearer "+by.key, "Content-Type: application/json")
}

// fields are the members of an object that are not null.
func fields(t *testing.T, body string) string {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		t.Fatal(err)
	}
	for name, value := range d {
		d[name] = value != nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
