package main

import (
	"syscall"
	"testing"
	"time"
)

// term is how long a lease outlives its holder.
const term = 30 * time.Second

const (
	killedHost = "killed.doomed.test" // its holder was killed while the CA validated
	frozenHost = "frozen.doomed.test" // its holder stands still meanwhile
)

// freeze is a fleet of which one node was killed and another stands still, each while it held the lease for a host that the CA was about to
// validate. The third has to do both over, and what the second does when it wakes must come to nothing.
type freeze struct {
	*proof
	sleeper, heir *process
	since         time.Time // when the sleeper was stopped
	orders        int       // before all that
}

// beginFreeze starts it. Who holds a lease is certain because the others stand still when the host appears.
func beginFreeze(t *testing.T) *freeze {
	t.Helper()
	p := newProof(t, 3, 0, nil)
	victim, sleeper, heir := p.members[0], p.members[1], p.members[2]
	owner, host := p.add(t, "doomed")
	p.settled(t, host)
	f := &freeze{proof: p, sleeper: sleeper, heir: heir, orders: p.ca.Orders()}
	p.validate(heir)
	sleeper.signal(t, syscall.SIGSTOP)
	heir.signal(t, syscall.SIGSTOP)

	before := p.holdValidation()
	p.vouch(t, owner, killedHost)
	p.validating(t, before)
	victim.signal(t, syscall.SIGKILL)
	t.Logf("the killed node ended with: %v", <-victim.ended)

	sleeper.signal(t, syscall.SIGCONT)
	p.vouch(t, owner, frozenHost)
	waitFor(t, "the second order", func() bool { return p.ca.Orders() == f.orders+2 })
	waitFor(t, "the answer to its challenge", func() bool {
		return one[int](t, p.fleet, `SELECT count(*) FROM certificate_objects WHERE key = 'challenge/' || $1::text`, frozenHost) == 1
	})
	sleeper.signal(t, syscall.SIGSTOP)
	f.since = time.Now()
	heir.signal(t, syscall.SIGCONT)
	p.releaseValidation()
	return f
}

func (f *freeze) conclude(t *testing.T) {
	f.served(t, killedHost, f.heir)
	serial := f.served(t, frozenHost, f.heir)
	version := one[int](t, f.fleet, `SELECT version FROM certificates WHERE host = $1`, frozenHost)
	if n := f.ca.Orders() - f.orders; n != 4 {
		t.Errorf("%d orders for two hosts whose first holders are gone, want 4: each two; the last ones:\n%s", n, f.latest())
	}
	waitFor(t, "twice the lease's term", func() bool { return time.Since(f.since) > 2*term })
	f.sleeper.signal(t, syscall.SIGCONT)
	waitFor(t, "the sleeper to find its lease lost", func() bool { // by its heartbeat, or when it gives it back
		return f.sleeper.said("a lease was lost", frozenHost) || f.sleeper.said("a lease was no longer ours to release", "issue_cert_"+frozenHost)
	})
	waitFor(t, "the sleeper to give its order up", func() bool { return f.sleeper.said("obtaining a certificate met trouble", frozenHost) })
	if now := f.served(t, frozenHost, f.heir, f.sleeper); now != serial {
		t.Errorf("after the sleeper woke, %s is served with %s, want %s", frozenHost, now, serial)
	}
	f.served(t, killedHost, f.heir, f.sleeper)
	if now := one[int](t, f.fleet, `SELECT version FROM certificates WHERE host = $1`, frozenHost); now != version {
		t.Errorf("the sleeper committed version %d over %d", now, version)
	}
	if n := f.ca.Orders() - f.orders; n != 4 {
		t.Errorf("%d orders, want none since the 4 of before", n)
	}
}
