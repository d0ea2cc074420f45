package domains_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/tenantdb"
)

// auditLog is what the audit log would have of one kind of event.
type auditLog struct {
	what string

	mu      sync.Mutex
	entries []domains.Ref
}

func (l *auditLog) note(_ context.Context, _ pgx.Tx, t tenant.ID, e tenantdb.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.What == l.what {
		l.entries = append(l.entries, domains.Ref{Tenant: t, ID: e.Subject})
	}
	return nil
}

func (l *auditLog) expect(t *testing.T, d domains.View, n int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) != n {
		t.Fatalf("%d entries of %s, want %d", len(l.entries), l.what, n)
	}
	for _, e := range l.entries {
		if e.Tenant != d.Tenant || e.ID != d.ID {
			t.Errorf("%s is told of %v", e.Tenant, e)
		}
	}
}

// The holder may not look at its domain for weeks; afterwards its log tells when it was warned. One who claims is told nothing by it.
func TestTakeOver_TheHoldersLogHasEachWarningOnce(t *testing.T) {
	w := newWorld(t)
	log := &auditLog{what: "domain.contested"}
	w.cfg.Store = tenantdb.New(w.db.App, tenant.MustParseHostname("pay.example"), tenantdb.Hooks{Note: log.note})
	w.service = w.node(t)
	holder, claimant := w.conflict(t, true)
	w.wait(t, claimant, 18*time.Hour)
	log.expect(t, holder, 1)

	proof := w.dns.names[contestedHost]
	w.dns.set(contestedHost, answers{cname: holder.Label + ".edge.pay.example"})
	expectStatus(t, w.wait(t, claimant, 3*day), "pending_ownership")
	log.expect(t, holder, 1)
	w.dns.set(contestedHost, proof)
	expectStatus(t, w.check(t, claimant), "claim_conflict")
	w.check(t, claimant)
	log.expect(t, holder, 2)
}
