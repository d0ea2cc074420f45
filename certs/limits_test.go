package certs_test

import (
	"testing"
	"time"

	"tollhouse/certs"
)

func TestParseLimits_ReadsPresetsAndLists(t *testing.T) {
	for text, want := range map[string]certs.Limits{
		"none":        {},
		"letsencrypt": certs.LetsEncrypt(),
		"orders=300/3h registered=50/168h names=5/168h failed=5/1h": certs.LetsEncrypt(),
		"orders=7/90s": {Orders: certs.Limit{Count: 7, Per: 90 * time.Second}},
	} {
		if got, err := certs.ParseLimits(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"buypass", "orders", "orders=", "orders=3", "orders=0/3h", "orders=-1/3h", "orders=3/0s", "orders=3/3", "orders=1/1h orders=2/1h", "tenants=1/1h"} {
		if got, err := certs.ParseLimits(text); err == nil {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}
