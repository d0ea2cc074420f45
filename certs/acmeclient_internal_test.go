package certs

import (
	"log/slog"
	"testing"

	"github.com/caddyserver/certmagic"

	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

type noStore struct{ backing }

// Trap 4: with Let's Encrypt as its CA, certmagic retries at the staging CA first, whose challenges no other node would find. Traps 1, 10 and
// 11: no on-demand mode, no OCSP, no storage check.
func TestACMEClient_NeverTriesAnotherCA(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	m, err := New(Config{CA: Authority{Directory: certmagic.LetsEncryptProductionCA, Email: "ops@example.com"}, Log: log,
		Directory: tenant.NewDirectory(log), Store: noStore{}, Ring: seal.RandomRing()})
	if err != nil {
		t.Fatal(err)
	}
	all, err := m.newACMEClient()
	if err != nil {
		t.Fatal(err)
	}
	defer all.close()
	c := all.cas[0]
	if c.issuer.TestCA != "" {
		t.Errorf("TestCA is %q", c.issuer.TestCA)
	}
	if c.issuer.Email == "" || !c.issuer.Agreed {
		t.Error("without an address and an agreement certmagic asks on standard input")
	}
	if !c.plain.DisableARI || c.config.DisableARI {
		t.Error("the second configuration is there for orders that do not name what they replace")
	}
	if certmagic.RateLimitEvents != 0 || certmagic.RateLimitEventsWindow != 0 {
		t.Error("certmagic would begin ten orders in ten seconds at most, whatever the CA allows")
	}
	if len(all.cas) != 1 || len(c.config.Issuers) != 1 || len(c.plain.Issuers) != 1 {
		t.Error("each CA has a configuration of its own")
	}
	if c.config.OnDemand != nil || !c.config.OCSP.DisableStapling || c.config.MustStaple || !c.config.DisableStorageCheck {
		t.Error("certmagic would serve on demand, staple, or check the storage")
	}
}
