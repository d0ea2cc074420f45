package main

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"

	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

const (
	firstKey  = "k1:" + "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	secondKey = "k2:" + "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b"
)

// issued waits until every host has its certificate.
func (f *fleet) issued(t *testing.T, hosts int) {
	t.Helper()
	waitFor(t, "the certificates", func() bool {
		var n int
		err := f.db.Owner.QueryRow(context.Background(), `SELECT count(*) FROM certificates`).Scan(&n)
		return err == nil && n == hosts
	})
}

// sealedWith waits until every value of the certificates' tables is sealed with one key.
func (f *fleet) sealedWith(t *testing.T, id string) {
	t.Helper()
	ring, err := seal.ParseRing(firstKey)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "everything to be sealed with "+id, func() bool {
		for _, p := range certsdb.SealedPlaces(f.db.App, ring) {
			tally, err := p.Tally(context.Background())
			if err != nil || total(tally) != tally[id] {
				return false
			}
		}
		return true
	})
}

// keptForm stores what somebody typed, sealed with one key.
func (f *fleet) keptForm(t *testing.T, id tenant.ID, key string) {
	t.Helper()
	ring, err := seal.ParseRing(key)
	if err != nil {
		t.Fatal(err)
	}
	b := &business{Tenant: &tenant.Tenant{ID: id}}
	f.exec(t, b, `INSERT INTO companies (tenant_id, id, name, currency) VALUES ($1, 'com_1', 'Client', 'USD')`, id)
	f.exec(t, b, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_1', 'com_1', 'Payables', 'payables@client.test')`, id)
	f.exec(t, b, `
		INSERT INTO form_drafts (tenant_id, browser_hash, company_id, contact_id, form, path, body_sealed, created_at, expires_at)
		VALUES ($1, decode(repeat('01', 32), 'hex'), 'com_1', 'con_1', 'details', '/portal/account', $2, now(), now() + interval '1 hour')`,
		id, ring.Seal([]byte("{}"), nil))
}

// The way of an operator: a new key as the second everywhere, then first everywhere, then alone.
func TestSeal_RotatesUnderHandshakesWithoutAnOrder(t *testing.T) {
	f := newFleet(t, 1, map[string]string{"SEAL_KEYS": firstKey})
	first := f.nodes[0]
	made, err := first.tenants.Create(context.Background(), tenant.Draft{Slug: "acme", Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.tenants.AddDomain(context.Background(), made.ID, tenant.MustParseHostname("billing.acme.test")); err != nil {
		t.Fatal(err)
	}
	f.issued(t, 3)
	orders := f.ca.Orders()
	served := func(n *fleetNode) {
		t.Helper()
		if r := ask(t, f.client(n), "GET", "https://billing.acme.test/portal/test", ""); r.StatusCode != http.StatusOK {
			t.Errorf("answered %s", r.Status)
		}
	}
	operate := func(keys string, args ...string) (string, error) {
		settings := maps.Clone(f.conf)
		settings["SEAL_KEYS"] = keys
		delete(settings, "STRIPE_API_URL") // for servers in test mode only
		out, _, err := cliRun(t, settings, args...)
		return out, err
	}

	behind := f.extraNode(t, map[string]string{"SEAL_KEYS": firstKey + "," + secondKey})
	first.end(t)
	served(behind)
	waitFor(t, "the node to tell with which key it seals", func() bool {
		keys, err := certsdb.SealingKeys(context.Background(), f.db.App)
		return err == nil && keys["k1"] == 1
	})
	if _, err := operate(secondKey+","+firstKey, "seal", "rotate"); err == nil || !strings.Contains(err.Error(), `1 with "k1"`) {
		t.Errorf("rotating while a node seals with the other key: %v", err)
	}
	if out, err := operate(secondKey+","+firstKey, "seal", "status"); err != nil || !strings.Contains(out, "k1: needed by") {
		t.Errorf("before: %v\n%s", err, out)
	}

	behind.end(t)
	ahead := f.extraNode(t, map[string]string{"SEAL_KEYS": secondKey + "," + firstKey})
	for range 20 {
		served(ahead)
	}
	f.sealedWith(t, "k2")
	if out, err := operate(secondKey+","+firstKey, "seal", "status"); err != nil || !strings.Contains(out, "k1: needed by nothing") {
		t.Errorf("afterwards: %v\n%s", err, out)
	}
	if out, err := operate(secondKey+","+firstKey, "seal", "rotate"); err != nil || !strings.Contains(out, "certificates.key_sealed: 0 sealed anew") {
		t.Errorf("rotating once more: %v\n%s", err, out)
	}
	f.keptForm(t, made.ID, firstKey)
	if out, err := operate(secondKey+","+firstKey, "seal", "status"); err != nil || !strings.Contains(out, "k1: needed by 1, keep it") {
		t.Errorf("while a form waits: %v\n%s", err, out)
	}
	served(f.extraNode(t, map[string]string{"SEAL_KEYS": secondKey}))
	if got := f.ca.Orders(); got != orders {
		t.Errorf("%d orders, want %d", got, orders)
	}
}
