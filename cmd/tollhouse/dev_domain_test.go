package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Whoever tries the product out can bring a name of their own: claim it by API, set the record as at a DNS provider, and open it.
func TestDev_ANameOfOnesOwnOnboardsItself(t *testing.T) {
	dir, err := os.MkdirTemp("", "tollhouse-dev-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := startDev(t, dir)
	defer d.stop(t)
	var domain struct {
		ID, Status, Reason string
		Records            []struct{ Name, Type, Value string }
	}
	call := func(method, path, body string) {
		t.Helper()
		r := ask(t, d.client, method, d.said.APIURL+path, body, "Authorization: Bearer "+d.said.Tenants[0].APIKey, "Content-Type: application/json",
			"Idempotency-Key: "+t.Name()+path)
		if err := json.Unmarshal([]byte(r.body), &domain); r.StatusCode >= 300 || err != nil {
			t.Fatalf("%s %s: %s, %v\n%s", method, path, r.Status, err, r.body)
		}
	}
	call("POST", "/api/domains", `{"host": "pay.studio.test"}`)
	record := domain.Records[0]
	line := record.Name + " " + record.Type + " " + record.Value
	if r := ask(t, http.DefaultClient, "POST", d.said.DNSURL, line); r.StatusCode != 200 || !strings.Contains(r.body, record.Value) {
		t.Fatalf("setting %q: %s\n%s", line, r.Status, r.body)
	}
	if r := ask(t, http.DefaultClient, "POST", d.said.DNSURL, line, "Sec-Fetch-Site: cross-site"); r.StatusCode != 403 {
		t.Errorf("another site's page set a record: %s", r.Status)
	}
	asked := 0
	waitFor(t, "the domain to be active", func() bool {
		call("GET", "/api/domains/"+domain.ID, "")
		if domain.Status == "pending_ownership" {
			asked++ // too soon after the last check it is refused, which is as good as waiting
			_ = ask(t, d.client, "POST", d.said.APIURL+"/api/domains/"+domain.ID+"/check", "", "Authorization: Bearer "+d.said.Tenants[0].APIKey,
				fmt.Sprintf("Idempotency-Key: check-%d", asked))
		}
		return domain.Status == "active"
	})
	if r := ask(t, d.client, "GET", "https://pay.studio.test/portal/test", ""); r.StatusCode != 200 {
		t.Errorf("its page: %s", r.Status)
	}
}
