package tenant_test

import (
	"slices"
	"testing"
	"time"

	"tollhouse/tenant"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestLifecycle_EveryStatusIsReachedAndReachesTheEnd(t *testing.T) {
	for _, status := range tenant.DomainStatuses() {
		if status != tenant.DomainPendingOwnership && !leads(tenant.DomainPendingOwnership, status) {
			t.Errorf("nothing leads to %s", status)
		}
		if status != tenant.DomainDeleted && !leads(status, tenant.DomainDeleted) {
			t.Errorf("%s never ends", status)
		}
	}
}

// leads reports whether steps lead from one status to another.
func leads(from, to tenant.DomainStatus) bool {
	seen := []tenant.DomainStatus{from}
	for i := 0; i < len(seen); i++ {
		for _, next := range tenant.DomainStatuses() {
			if seen[i].May(next) && !slices.Contains(seen, next) {
				seen = append(seen, next)
			}
		}
	}
	return slices.Contains(seen[1:], to)
}

// A name that was held is in quarantine before anybody else gets it.
func TestLifecycle_NobodyLosesAServedNameWithoutQuarantine(t *testing.T) {
	for _, from := range tenant.DomainStatuses() {
		if from.Served() && !from.Holds() {
			t.Errorf("%s is served and holds nothing", from)
		}
		if from.Linkable() && !from.Served() {
			t.Errorf("links lead to %s, which is not served", from)
		}
		if from.Served() && !from.May(tenant.DomainQuarantined) {
			t.Errorf("%s cannot be given up", from)
		}
		for _, to := range tenant.DomainStatuses() {
			if from.Served() && from.May(to) && !to.Holds() {
				t.Errorf("%s leads to %s, which lets the name go at once", from, to)
			}
		}
	}
}

func TestGo_NotesStepsAndRefusesEveryOther(t *testing.T) {
	for _, from := range tenant.DomainStatuses() {
		for _, to := range tenant.DomainStatuses() {
			d := tenant.Domain{ID: "dom_1", Status: from}
			err := d.Go(to, "dns.not_found", noon)
			if from.May(to) != (err == nil) {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if err != nil && (d.Status != from || len(d.Steps()) != 0 || !d.StatusAt.IsZero() || d.Before != "") {
				t.Errorf("%s to %s was refused and left %+v", from, to, d)
			}
			want := tenant.DomainStep{At: noon, From: from, To: to, Reason: "dns.not_found"}
			if err == nil && (d.Status != to || !d.StatusAt.Equal(noon) || !slices.Equal(d.Steps(), []tenant.DomainStep{want})) {
				t.Errorf("%s to %s left %+v with %v", from, to, d, d.Steps())
			}
		}
	}
}

func TestGo_SuspendedRemembersWhereItWas(t *testing.T) {
	d := tenant.Domain{Status: tenant.DomainMoving}
	for _, next := range []tenant.DomainStatus{tenant.DomainSuspended, tenant.DomainMoving} {
		if err := d.Go(next, "", noon); err != nil {
			t.Fatal(err)
		}
		if d.Before != tenant.DomainMoving {
			t.Errorf("at %s it was %q before", d.Status, d.Before)
		}
	}
}

func TestSteps_CannotBeChangedFromOutside(t *testing.T) {
	d := tenant.Domain{Status: tenant.DomainActive}
	if err := d.Go(tenant.DomainMoving, "", noon); err != nil {
		t.Fatal(err)
	}
	d.Steps()[0].To = tenant.DomainDeleted
	if got := d.Steps()[0].To; got != tenant.DomainMoving {
		t.Errorf("the step now leads to %s", got)
	}
}
