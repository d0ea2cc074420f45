package tenantdb_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

// walk is what one random run did, beside what the store ought to have made of it.
type walk struct {
	fixture
	t       *testing.T
	rt      *rapid.T
	hosts   []tenant.Hostname
	tenants []tenant.ID
	domains []tenant.Domain           // as last returned, deleted ones too
	epochs  map[tenant.Hostname]int64 // the highest that a holder had
}

// Whatever is asked in whatever order, a name has one holder, the history tells every step, and epochs only grow.
func TestUpdate_RandomWalksKeepTheRecordWhole(t *testing.T) {
	f := setup(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		w := &walk{fixture: f, t: t, rt: rt, tenants: []tenant.ID{f.acme.ID, f.globe.ID}, epochs: map[tenant.Hostname]int64{},
			hosts: []tenant.Hostname{host(fmt.Sprintf("a%d.test.example", run)), host(fmt.Sprintf("b%d.test.example", run))}}
		actions := []func(){w.claim, w.update, w.update, w.stride, w.takeOver}
		for range rapid.IntRange(5, 60).Draw(rt, "actions") {
			actions[rapid.IntRange(0, len(actions)-1).Draw(rt, "action")]()
		}
		w.check()
	})
}

func (w *walk) find(match func(tenant.Domain) bool) int { return slices.IndexFunc(w.domains, match) }

func (w *walk) holder(h tenant.Hostname) int {
	return w.find(func(d tenant.Domain) bool { return d.Host == h && d.Status.Holds() })
}

func (w *walk) claim() {
	id, h := rapid.SampledFrom(w.tenants).Draw(w.rt, "tenant"), rapid.SampledFrom(w.hosts).Draw(w.rt, "host")
	d, created, err := w.store.Claim(w.t.Context(), id, domains.NewClaim{Host: h, Label: label, Token: token, Limit: 100000})
	if err != nil {
		w.rt.Fatal(err)
	}
	live := w.find(func(d tenant.Domain) bool {
		return d.Tenant == id && d.Host == h && d.Status != tenant.DomainQuarantined && d.Status != tenant.DomainDeleted
	})
	switch {
	case created != (live < 0):
		w.rt.Fatalf("created %v with the claims %v", created, w.domains)
	case created:
		w.domains = append(w.domains, d)
	case d.ID != w.domains[live].ID || d.Status != w.domains[live].Status:
		w.rt.Fatalf("claimed %+v, want %+v", d, w.domains[live])
	}
}

// update tries one to three steps, most of which there are.
func (w *walk) update() {
	if len(w.domains) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.domains)-1).Draw(w.rt, "domain")
	w.try(i, w.steps(w.domains[i].Status))
}

// stride leads a claim to where it holds the name, or a holder to where it is given up.
func (w *walk) stride() {
	if len(w.domains) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.domains)-1).Draw(w.rt, "domain")
	if w.domains[i].Status == tenant.DomainQuarantined || w.domains[i].Status == tenant.DomainDeleted {
		return
	}
	goal := tenant.DomainActive
	if w.domains[i].Status.Holds() {
		goal = tenant.DomainQuarantined
	}
	if steps := path(w.domains[i].Status, goal); len(steps) > 0 {
		w.try(i, steps)
	}
}

func (w *walk) try(i int, steps []tenant.DomainStatus) {
	ends, want := w.expect(i, steps)
	d, err := w.store.Update(w.t.Context(), w.domains[i].Tenant, w.domains[i].ID, to(steps...))
	switch {
	case want == nil && err != nil, want != nil && err == nil, errors.Is(want, tenant.ErrTaken) != errors.Is(err, tenant.ErrTaken),
		errors.Is(want, tenant.ErrNotFound) != errors.Is(err, tenant.ErrNotFound):
		w.rt.Fatalf("%s by %v: %v, want %v", w.domains[i].Status, steps, err, want)
	case err == nil:
		if ends >= 0 {
			w.domains[ends].Status = tenant.DomainDeleted
		}
		w.became(i, d, steps[len(steps)-1])
	}
}

func (w *walk) steps(from tenant.DomainStatus) []tenant.DomainStatus {
	var steps []tenant.DomainStatus
	for range rapid.IntRange(1, 3).Draw(w.rt, "steps") {
		may := slices.DeleteFunc(tenant.DomainStatuses(), func(next tenant.DomainStatus) bool { return !from.May(next) })
		if len(may) == 0 || rapid.IntRange(0, 9).Draw(w.rt, "wild") == 0 {
			may = tenant.DomainStatuses()
		}
		from = rapid.SampledFrom(may).Draw(w.rt, "next")
		steps = append(steps, from)
	}
	return steps
}

// expect returns which own quarantined domain these steps end, −1 for none, or the error that they ought to meet.
func (w *walk) expect(i int, steps []tenant.DomainStatus) (ends int, err error) {
	d := w.domains[i]
	if d.Status == tenant.DomainDeleted {
		return -1, tenant.ErrNotFound
	}
	from, ends, taken := d.Status, -1, false
	for _, next := range steps {
		if !from.May(next) {
			return -1, errStop
		}
		if holder := w.holder(d.Host); next.Holds() && !from.Holds() && holder >= 0 && holder != i {
			own := w.domains[holder].Tenant == d.Tenant && w.domains[holder].Status == tenant.DomainQuarantined
			taken, ends = taken || !own, holder
		}
		from = next
	}
	if taken {
		return -1, tenant.ErrTaken
	}
	return ends, nil
}

// became notes what the store made of a domain.
func (w *walk) became(i int, d tenant.Domain, want tenant.DomainStatus) {
	before := w.domains[i]
	if d.Status != want || d.ID != before.ID || d.Epoch < before.Epoch {
		w.rt.Fatalf("%+v became %+v, want %s", before, d, want)
	}
	if d.Status.Holds() && !before.Status.Holds() && d.Epoch <= w.epochs[d.Host] {
		w.rt.Fatalf("%s begins at epoch %d after %d", d.Host, d.Epoch, w.epochs[d.Host])
	}
	w.domains[i] = d
	if d.Status.Holds() || before.Status.Holds() {
		w.epochs[d.Host] = max(w.epochs[d.Host], d.Epoch)
	}
}

// takeOver tries it, mostly from the holder of the claimed name.
func (w *walk) takeOver() {
	if len(w.domains) < 2 {
		return
	}
	c := rapid.IntRange(0, len(w.domains)-1).Draw(w.rt, "claimant")
	h := w.holder(w.domains[c].Host)
	if h < 0 || rapid.IntRange(0, 9).Draw(w.rt, "wild") == 0 {
		h = rapid.IntRange(0, len(w.domains)-1).Draw(w.rt, "holder")
	}
	held, claimed := w.domains[h], w.domains[c]
	may := held.Tenant != claimed.Tenant && held.Host == claimed.Host && held.Status.Holds() && claimed.Status.May(tenant.DomainPendingDNS) &&
		!claimed.Status.Holds() // two cannot hold one host; this says that the model knows it
	err := w.store.TakeOver(w.t.Context(), ref(held), ref(claimed), agree, to(tenant.DomainPendingDNS))
	if may != (err == nil) {
		w.rt.Fatalf("from %+v to %+v: %v", held, claimed, err)
	}
	if err == nil {
		won, err := w.store.Domain(w.t.Context(), claimed.Tenant, claimed.ID)
		if err != nil {
			w.rt.Fatal(err)
		}
		w.domains[h].Status = tenant.DomainDeleted
		w.became(c, won, tenant.DomainPendingDNS)
	}
}

// check compares the whole record with what was done.
func (w *walk) check() {
	for _, h := range w.hosts {
		if holders := w.holders(w.t, h); len(holders) > 1 || (len(holders) == 1) != (w.holder(h) >= 0) {
			w.rt.Fatalf("%s is held by %v", h, holders)
		}
	}
	for _, d := range w.domains {
		status := ask[string](w.t, w.fixture, d.Tenant, `SELECT status FROM domains WHERE tenant_id = $1 AND id = $2`, d.Tenant, d.ID)
		checks := ask[int](w.t, w.fixture, d.Tenant, `SELECT count(*) FROM domain_checks WHERE tenant_id = $1 AND domain_id = $2`, d.Tenant, d.ID)
		if tenant.DomainStatus(status) != d.Status || (checks == 1) != (d.Status != tenant.DomainDeleted) {
			w.rt.Fatalf("%s is %s with %d checks to come, want %s", d.ID, status, checks, d.Status)
		}
		history, err := w.store.History(w.t.Context(), d.Tenant, d.ID, 1000)
		if err != nil {
			w.rt.Fatal(err)
		}
		slices.Reverse(history)
		var last tenant.DomainStatus
		for _, step := range history {
			if step.From != last || last != "" && !last.May(step.To) {
				w.rt.Fatalf("the history of %s has a gap: %v", d.ID, history)
			}
			last = step.To
		}
		if last != d.Status {
			w.rt.Fatalf("the history of %s ends at %s: %s", d.ID, last, strings.TrimSpace(status))
		}
	}
}
