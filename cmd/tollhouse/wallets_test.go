package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"tollhouse/tenant"
)

// Wallets are shown on the hosts that the processor was told of: all there are when a tenant connects, and each that comes later.
func TestWallets_TheProcessorKnowsTheHosts(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	h := f.nodes[0]
	active := func(host string) func() bool {
		return func() bool {
			all, err := h.tenants.Domains(context.Background(), b.ID)
			for _, d := range all {
				if d.Host.String() == host && d.Status.Linkable() {
					return true
				}
			}
			return err != nil
		}
	}
	waitFor(t, "the host", active(b.host))
	_, account := f.connected(t, b)
	known := func() string {
		return ask(t, http.DefaultClient, "GET", f.stripeURL+"/v1/payment_method_domains", "", "Authorization: Bearer "+account.SecretKey).body
	}
	waitFor(t, "the hosts to be told", func() bool { return strings.Contains(known(), b.host) && strings.Contains(known(), b.other) })
	if _, err := h.cashier.Pay(context.Background(), b.Tenant, f.wishes(t, b, account, "pm_card_visa", "").request()); err != nil {
		t.Fatal(err)
	}
	const later = "later.acme.test"
	if _, err := h.tenants.AddDomain(context.Background(), b.ID, tenant.MustParseHostname(later)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the later host", active(later))
	if strings.Contains(known(), later) {
		t.Error("control: it is known already")
	}
	h.cashier.wallets.tellAll(context.Background())
	if !strings.Contains(known(), later) {
		t.Errorf("the later host is not told: %s", known())
	}
}
