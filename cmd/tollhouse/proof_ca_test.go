package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tollhouse/certs/localca"
)

// counts are what both CAs were asked for so far.
type counts struct{ first, second int }

func (p *proof) counts() counts { return counts{p.ca.Orders(), p.second.Orders()} }

// more checks how many orders each CA got since.
func (p *proof) more(t *testing.T, since counts, first, second int) {
	t.Helper()
	now := p.counts()
	if got, want := (counts{now.first - since.first, now.second - since.second}), (counts{first, second}); got != want {
		t.Errorf("orders at the first and the second CA: %+v, want %+v", got, want)
	}
}

// recovered forgets what the fleet remembers of the CAs' trouble, as time would make it.
func (p *proof) recovered(t *testing.T) {
	t.Helper()
	p.ca.SetFault(localca.Fault{})
	p.second.SetFault(localca.Fault{})
	for _, table := range []string{"ca_health", "ca_ledger", "certificate_failures"} {
		if _, err := p.db.Owner.Exec(context.Background(), "DELETE FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
}

// troubledCA: each way in which a CA can fail, met by a new host. Where the first CA cannot serve, the second does, once.
func (p *proof) troubledCA(t *testing.T) {
	owner, _ := p.add(t, "trouble")
	p.settled(t, "trouble."+fleetDomain)
	for i, tt := range []struct {
		name          string
		fault         localca.Fault
		first, second int // orders
	}{
		{"down", localca.Fault{Refuse: true}, 0, 1},
		{"out of order", localca.Fault{Status: 500}, 0, 1},
		{"slow", localca.Fault{Delay: 200 * time.Millisecond}, 1, 0},
		{"fussy about nonces", localca.Fault{BadNonces: 0.3}, 1, 0},
		{"rate limited", localca.Fault{Order: localca.RateLimited(time.Hour)}, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer p.recovered(t)
			host := fmt.Sprintf("n%d.trouble.test", i)
			since, asked := p.counts(), p.ca.Asked()
			p.ca.SetFault(tt.fault)
			p.vouch(t, owner, host)
			p.settled(t, host)
			p.more(t, since, tt.first, tt.second)
			if n := p.ca.Asked() - asked; n > 1 && tt.fault.BadNonces == 0 {
				t.Errorf("the first CA was asked %d times, want once at most", n)
			}
		})
	}
}

// pausedCA: a CA that says when to come back is left alone until then, for every host.
func (p *proof) pausedCA(t *testing.T) {
	owner, _ := p.add(t, "paused")
	p.settled(t, "paused."+fleetDomain)
	defer p.recovered(t)
	since, asked := p.counts(), p.ca.Asked()
	p.ca.SetFault(localca.Fault{Order: localca.RateLimited(time.Hour)})
	hosts := []string{"a.paused.test", "b.paused.test", "c.paused.test"}
	p.vouch(t, owner, hosts[0])
	p.settled(t, hosts[0])
	for _, host := range hosts[1:] {
		p.vouch(t, owner, host)
	}
	p.settled(t, hosts[1:]...)
	p.more(t, since, 0, len(hosts))
	if n := p.ca.Asked() - asked; n != 1 {
		t.Errorf("the first CA was asked %d times, want once", n)
	}
}

// renewals: a CA that will not have what an order says it replaces, and one that is dead when the time comes.
func (p *proof) renewals(t *testing.T) {
	owner, _ := p.add(t, "renewed")
	const host = "billing.renewed.test"
	p.vouch(t, owner, host)
	p.settled(t, "renewed."+fleetDomain, host)
	defer p.recovered(t)

	since, serial := p.counts(), p.served(t, host, p.members...)
	p.ca.SetFault(localca.Fault{Replaces: localca.Problem{Type: "alreadyReplaced", Status: 409, Detail: "it was replaced already"}})
	serial = p.renewed(t, host, serial, time.Hour)
	p.more(t, since, 1, 0)
	if last := p.lastOrder(p.ca); last.Replaces != "" {
		t.Errorf("the order that was taken replaces %q", last.Replaces)
	}
	p.recovered(t)

	since = p.counts()
	serial = p.renewed(t, host, serial, time.Hour)
	p.more(t, since, 1, 0)
	if p.lastOrder(p.ca).Replaces == "" {
		t.Error("control: an ordinary renewal does not say what it replaces")
	}

	since = p.counts()
	p.ca.SetFault(localca.Fault{Refuse: true})
	serial = p.renewed(t, host, serial, 200*24*time.Hour) // more than half of the time that there was is gone
	p.more(t, since, 0, 1)
	p.recovered(t)

	since = p.counts()
	p.renewed(t, host, serial, time.Hour)
	p.more(t, since, 1, 0)
	for _, order := range p.second.OrderLog() {
		if order.Replaces != "" {
			t.Errorf("the second CA was told that %v replaces %q, which is the first's", order.Names, order.Replaces)
		}
	}
	if last := p.lastOrder(p.ca); last.Replaces != "" {
		t.Errorf("the first CA was told that the order replaces %q, which is the second's", last.Replaces)
	}
}

func (p *proof) lastOrder(ca *localca.CA) localca.Order {
	orders := ca.OrderLog()
	return orders[len(orders)-1]
}

// renewed makes a certificate due since so long ago, and waits until every node serves another.
func (p *proof) renewed(t *testing.T, host, serial string, due time.Duration) (next string) {
	t.Helper()
	const q = `UPDATE certificates SET renew_at = clock_timestamp() - $2::interval + $3::interval WHERE host = $1`
	if _, err := p.db.Owner.Exec(context.Background(), q, host, due, p.ahead); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "another certificate", func() bool {
		next = p.served(t, host, p.members...)
		return next != serial
	})
	return next
}

// deadCA: with no CA left, what there is is served on, and nobody asks in a loop.
func (p *proof) deadCA(t *testing.T) {
	_, host := p.add(t, "dead")
	p.settled(t, host)
	defer p.recovered(t)
	serial := p.served(t, host, p.members...)
	since, asked := p.counts(), p.ca.Requests()+p.second.Requests()
	p.ca.SetFault(localca.Fault{Status: 503})
	p.second.SetFault(localca.Fault{Refuse: true})
	const q = `UPDATE certificates SET renew_at = clock_timestamp() - interval '200 days' WHERE host = $1`
	if _, err := p.db.Owner.Exec(context.Background(), q, host); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "both CAs to be asked", func() bool { return p.ca.Requests()+p.second.Requests() > asked+1 })
	p.under(t, func() {}, host)
	if now := p.served(t, host, p.members...); now != serial {
		t.Errorf("%s is served, want %s", now, serial)
	}
	p.more(t, since, 0, 0)
	p.recovered(t)
	waitFor(t, "the renewal at last", func() bool { return p.served(t, host, p.members...) != serial })
	if n := p.orders() - since.first - since.second; n != 1 {
		t.Errorf("%d orders once the CAs are back, want 1", n)
	}
}
