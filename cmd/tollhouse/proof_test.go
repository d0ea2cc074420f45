package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollhouse/certs/localca"
)

// The fleet as it stands in the world: processes behind a balancer that knows nothing, two CAs, a DNS that the test scripts. Each scenario
// counts what the CAs were asked for: success alone would not show an order too many.
func TestProof(t *testing.T) {
	quiet, clocks := newLapse(t, 2).begin(t), beginWrongClocks(t) // take minutes, in which the others go on
	frozen := beginFreeze(t)                                      // takes a minute
	p := newProof(t, 3, 0, nil)
	t.Run("a herd makes one order", p.herd)
	t.Run("challenges are answered by a node that did not order", p.otherAnswers)
	t.Run("Redis is emptied under handshakes", p.flush)
	t.Run("Postgres is away", p.withoutPostgres)
	t.Run("a domain onboards itself", p.onboarding)
	t.Run("two tenants race for a name", p.race)
	t.Run("the first CA is in trouble", p.troubledCA)
	t.Run("the first CA says when to come back", p.pausedCA)
	t.Run("renewals at a CA that fails", p.renewals)
	t.Run("both CAs are dead", p.deadCA)
	t.Run("DNS comes and goes", p.flaps)
	t.Run("a killed and a frozen holder", frozen.conclude)
	t.Run("short certificates are renewed with nobody there", quiet.conclude)
	t.Run("two clocks are an hour off", clocks.conclude)
}

// herd: 500 handshakes at once over three nodes, for a name whose certificate the CA has not signed yet.
func (p *proof) herd(t *testing.T) {
	owner, _ := p.add(t, "herd")
	p.settled(t, "herd."+fleetDomain)
	const host, crowd = "billing.herd.test", 500
	orders, before := p.orders(), p.holdValidation()
	defer p.releaseValidation()
	p.vouch(t, owner, host)
	p.everyoneKnows(t, host, p.members...)
	p.validating(t, before)
	came := p.https.taken()
	var group sync.WaitGroup
	serials, errs := make([]string, crowd), make([]error, crowd)
	for i := range crowd {
		group.Go(func() { serials[i], errs[i] = p.shake(p.https.Addr().String(), host) })
	}
	waitFor(t, "the herd", func() bool { return p.https.taken() >= came+crowd })
	p.releaseValidation()
	group.Wait()
	seen := map[string]int{}
	for i, serial := range serials {
		if errs[i] != nil {
			t.Errorf("a handshake of the herd: %v", errs[i])
		}
		seen[serial]++
	}
	if len(seen) != 1 {
		t.Errorf("the herd saw the certificates %v, want one", seen)
	}
	p.ordered(t, orders+1)
}

// settled waits until a host has its certificate everywhere, so that what is counted afterwards belongs to something else.
func (p *proof) settled(t *testing.T, hosts ...string) {
	t.Helper()
	for _, host := range hosts {
		p.everyoneKnows(t, host, p.members...)
		p.served(t, host, p.members...)
	}
}

// orders counts those at both CAs.
func (p *proof) orders() int { return p.ca.Orders() + p.second.Orders() }

// ordered checks that count.
func (p *proof) ordered(t *testing.T, want int) {
	t.Helper()
	if got := p.orders(); got != want {
		t.Errorf("%d orders at the CAs, want %d; the last ones:\n%s", got, want, p.latest())
	}
}

// latest lists the latest orders of each CA.
func (p *proof) latest() string {
	var b strings.Builder
	for i, ca := range []*localca.CA{p.ca, p.second} {
		log := ca.OrderLog()
		for _, order := range log[max(0, len(log)-8):] {
			fmt.Fprintf(&b, "CA %d at %s: %v, replaces %q\n", i+1, order.At.Format("15:04:05.000"), order.Names, order.Replaces)
		}
	}
	return b.String()
}

// otherAnswers: the CA asks a node that stood still while the order was placed, so that it can know the answer from the others only.
func (p *proof) otherAnswers(t *testing.T) {
	owner, _ := p.add(t, "other")
	p.settled(t, "other."+fleetDomain)
	const host = "billing.other.test"
	orders, before := p.orders(), p.holdValidation()
	defer p.releaseValidation()
	stranger := p.members[2]
	p.validate(stranger)
	defer p.validate(p.members...)
	stranger.signal(t, syscall.SIGSTOP)
	defer stranger.signal(t, syscall.SIGCONT)
	p.vouch(t, owner, host)
	p.validating(t, before)
	stranger.signal(t, syscall.SIGCONT)
	p.releaseValidation()
	p.everyoneKnows(t, host, p.members...)
	p.served(t, host, p.members...)
	p.ordered(t, orders+1)
}

// under makes handshakes for the hosts at every node while act goes on, and counts those that failed.
func (p *proof) under(t *testing.T, act func(), hosts ...string) {
	t.Helper()
	ctx, enough := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var mu sync.Mutex
	made := map[*process]int{}
	for _, n := range p.members {
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				host := hosts[i%len(hosts)]
				if _, err := p.shake(n.https, host); err != nil {
					t.Errorf("a handshake for %s: %v", host, err)
				}
				mu.Lock()
				made[n]++
				mu.Unlock()
			}
		})
	}
	more := func(count int) {
		waitFor(t, "handshakes at every node", func() bool {
			mu.Lock()
			defer mu.Unlock()
			for _, n := range p.members {
				if made[n] < count {
					return false
				}
			}
			return true
		})
		mu.Lock()
		defer mu.Unlock()
		clear(made)
	}
	more(20)
	act()
	more(100)
	enough()
	group.Wait()
}

// flush: Redis announces and remembers, and nothing of that is a certificate.
func (p *proof) flush(t *testing.T) {
	_, host := p.add(t, "flush")
	p.settled(t, host)
	options, err := redis.ParseURL(p.redis)
	if err != nil {
		t.Fatal(err)
	}
	server := redis.NewClient(options)
	defer func() { _ = server.Close() }()
	orders := p.orders()
	p.under(t, func() {
		if err := server.FlushAll(context.Background()).Err(); err != nil {
			t.Error(err)
		}
	}, host, "herd."+fleetDomain, "billing.herd.test")
	p.under(t, p.cache.sever, host, "billing.other.test")
	p.cache.mend()
	p.ordered(t, orders)
}

// withoutPostgres: cut, then there and silent, then slow. Known hosts are served from memory.
func (p *proof) withoutPostgres(t *testing.T) {
	_, host := p.add(t, "outage")
	p.settled(t, host)
	orders := p.orders()
	defer p.postgres.mend()
	p.under(t, p.postgres.sever, host, "billing.herd.test")
	p.postgres.mend()
	p.postgres.hold()
	defer p.postgres.release()
	p.under(t, func() {}, host, "billing.other.test")
	p.postgres.release()
	p.postgres.slow(100 * time.Millisecond)
	p.under(t, func() {}, host, "billing.herd.test")
	p.postgres.slow(0)
	if _, err := p.shake(p.https.Addr().String(), "billing.unknown.test"); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("an unknown name: %v, want unrecognized name", err)
	}
	_, fresh := p.add(t, "afterwards")
	p.settled(t, fresh)
	p.ordered(t, orders+1)
}

// state is the process's state as the kernel tells it, like "T (stopped)".
func (n *process) state() string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(content), "\nState:")
	said, _, _ := strings.Cut(strings.TrimSpace(after), "\n")
	return said
}
