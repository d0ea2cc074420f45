package tenant_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"tollhouse/tenant"
)

// Every change of a record's tenant begins a new epoch of each of its hosts.
func TestDirectory_TellsOfEveryHostWhoseEpochEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		r.set("ten_a", "a.pay.test", "billing.acme.test")
		r.set("ten_b", "b.pay.test")
		d := running(t, r)
		var heard []string // only touched under the Directory's lock, and between waits
		cancel := d.SubscribeTurns(func(hosts []*tenant.Entry) {
			for _, e := range hosts {
				heard = append(heard, e.Host.String())
				if now, served := d.Lookup(e.Host); served && now.Site().Epoch <= 2 {
					t.Errorf("%s: a look-up still finds epoch %d", e.Host, now.Site().Epoch)
				}
			}
		})
		for _, step := range []struct {
			what  string
			do    func()
			turns []string
		}{
			{"both hosts of a tenant turn", func() { r.set("ten_a", "a.pay.test", "billing.acme.test") }, []string{"a.pay.test", "billing.acme.test"}},
			{"one goes, one appears", func() { r.set("ten_a", "billing.acme.test", "new.acme.test") }, []string{"a.pay.test", "billing.acme.test"}},
			{"one appears", func() { r.set("ten_c", "c.pay.test") }, nil},
			{"nobody listens", func() { cancel(); r.set("ten_b") }, nil},
		} {
			heard = nil
			step.do()
			synctest.Wait()
			slices.Sort(heard)
			if diff := cmp.Diff(step.turns, heard); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.what, diff)
			}
		}
	})
}
