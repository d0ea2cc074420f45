package certs_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/certs/localca"
	"tollhouse/tenant"
)

// names are so many hosts.
func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("h%d.acme.test", i)
	}
	return list
}

// apartAhead is a node with a Directory of its own that issues ahead, with room to work on all hosts at once.
func (f *fleet) apartAhead(hosts ...string) *node {
	f.t.Helper()
	directory, _ := newDirectory(f.t, f.log, hosts...)
	return f.start(func(c *certs.Config) { eager(c); c.Directory, c.OrdersAhead = directory, len(hosts) })
}

// stored is the host's certificate in the table.
func (f *fleet) stored(host string) *certs.Bundle {
	f.t.Helper()
	found, err := f.record().Find(f.t.Context(), tenant.MustParseHostname(host))
	if err != nil {
		f.t.Fatal(err)
	}
	return found.Bundle
}

// awaitOthers waits until every host has a certificate, and another one than in old, and returns how renewals name them.
func (f *fleet) awaitOthers(old map[string]string, hosts ...string) map[string]string {
	f.t.Helper()
	ids := map[string]string{}
	eventually(f.t, "all have a certificate, which is not the old one", func() bool {
		for _, host := range hosts {
			b := f.stored(host)
			if b == nil {
				return false
			}
			if ids[host] = must(acme.ARIUniqueIdentifier(leafOf(b))); ids[host] == old[host] {
				return false
			}
		}
		return true
	})
	return ids
}

// visit shakes hands with the nodes in turn, for the host, until the returned stop, which tells how often, or the test's end.
func visit(t *testing.T, host string, nodes ...*node) (stop func() int) {
	t.Helper()
	end, count := make(chan struct{}), 0
	var loop sync.WaitGroup
	loop.Go(func() {
		pace := time.NewTicker(5 * time.Millisecond)
		defer pace.Stop()
		for ; ; count++ {
			select {
			case <-end:
				return
			case <-pace.C:
			}
			if _, err := nodes[count%len(nodes)].shake(host); err != nil {
				t.Errorf("handshake %d: %v", count, err)
			}
		}
	})
	stop = sync.OnceValue(func() int { close(end); loop.Wait(); return count })
	t.Cleanup(func() { stop() })
	return stop
}

// A CA that has to revoke many certificates calls them back by moving their windows. One of the hosts has visitors, the others have none.
func TestWindow_ThatMovesIntoThePastReplacesManyCertificatesOnceEach(t *testing.T) {
	t.Parallel()
	const called, all = 20, 25
	hosts := names(all)
	f := newFleet(t, localca.Options{})
	far := time.Now().AddDate(0, 0, 80)
	f.ca.SetWindow(localca.Window{Start: far, End: far.Add(time.Hour), RetryAfter: time.Second})
	nodes := []*node{f.apartAhead(hosts...), f.apartAhead(hosts...)}
	old := f.awaitOthers(nil, hosts...)
	if got := f.ca.Orders(); got != all {
		t.Fatalf("%d orders before the windows moved, want %d", got, all)
	}
	stop := visit(t, hosts[0], nodes...)
	f.ca.SetWindows(callBack(old, hosts[:called]))
	fresh := f.awaitOthers(old, hosts[:called]...)
	f.awaitWindowsAskedAgain(all)
	if got := stop(); got == 0 {
		t.Error("nobody shook hands meanwhile")
	}
	checkReplaced(t, f.ca.OrderLog()[all:], old, hosts[:called])
	for _, host := range hosts {
		want := old[host]
		if id, replaced := fresh[host]; replaced {
			want = id
		}
		for i, n := range nodes {
			eventually(t, fmt.Sprintf("node %d serves the present certificate of %s", i, host), func() bool { return f.idOf(n, host) == want })
		}
	}
}

// callBack puts the hosts' windows an hour into the past.
func callBack(ids map[string]string, hosts []string) map[string]localca.Window {
	windows := map[string]localca.Window{}
	for _, host := range hosts {
		ago := time.Now().Add(-time.Hour)
		windows[ids[host]] = localca.Window{Start: ago, End: ago.Add(time.Minute), RetryAfter: time.Second}
	}
	return windows
}

// awaitWindowsAskedAgain waits until the schedule has asked for all windows once more, after which it would have found more to renew.
func (f *fleet) awaitWindowsAskedAgain(hosts int) {
	f.t.Helper()
	before := f.ca.Requests()
	eventually(f.t, "all windows were asked for again", func() bool { return f.ca.Requests() >= before+2*hosts })
}

// checkReplaced checks that the orders replace exactly the old certificates of the hosts, each once and for its own host.
func checkReplaced(t *testing.T, orders []localca.Order, old map[string]string, hosts []string) {
	t.Helper()
	want := map[string]string{}
	for _, host := range hosts {
		want[host] = replaceable(old[host])
	}
	got := map[string]string{}
	for _, order := range orders {
		got[order.Names[0]] = order.Replaces
	}
	if len(orders) != len(hosts) {
		t.Errorf("%d orders, want %d: one for each that was called back", len(orders), len(hosts))
	}
	if !maps.Equal(got, want) {
		t.Errorf("replaced %v, want %v", got, want)
	}
}

func TestNonces_HalfOfThemRefusedMakeNoSecondOrder(t *testing.T) {
	t.Parallel()
	hosts := names(20)
	f := newFleet(t, localca.Options{})
	f.ca.SetFault(localca.Fault{BadNonces: 0.5})
	f.apartAhead(hosts...)
	f.apartAhead(hosts...)
	f.awaitOthers(nil, hosts...)
	var ordered []string
	for _, order := range f.ca.OrderLog() {
		ordered = append(ordered, order.Names...)
	}
	slices.Sort(ordered)
	if want := slices.Sorted(slices.Values(hosts)); !slices.Equal(ordered, want) {
		t.Errorf("%d orders: %v, want one for each of %d hosts", len(ordered), ordered, len(hosts))
	}
	if got, least := f.ca.RefusedNonces(), 5*len(hosts); got < least { // order, authorization, challenge, finalization, certificate
		t.Errorf("%d nonces were refused, want %d at least", got, least)
	}
	if code, _ := f.failing(f.ca); code != "" || f.count(`SELECT count(*) FROM certificate_failures`) != 0 {
		t.Errorf("a refused nonce was taken for the CA's trouble (%q) or for a host's", code)
	}
}
