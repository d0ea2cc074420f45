package main

import (
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tollhouse/tenant/domaindoctor/dnstest"
)

// onboarding: the tenant claims a host and sets the record that it is told to; the rest comes by itself. It is active only when every node that
// lives was seen serving the certificate, so one that stands still holds it up.
func (p *proof) onboarding(t *testing.T) {
	acme := p.customer(t, "acme")
	const host = "billing.acme.test"
	orders := p.orders()
	claimed := p.claim(t, p.members[0], acme, host)
	if claimed.Status != "pending_ownership" || claimed.BlockingOn != "tenant" {
		t.Errorf("claimed: %s, blocking on %s", claimed.Status, claimed.BlockingOn)
	}
	if !p.refused(host) {
		t.Error("a host that is only claimed is served")
	}
	p.ordered(t, orders)

	still := p.members[2] // it can have nothing to do with the order
	p.validate(p.members[:2]...)
	defer p.validate(p.members...)
	still.signal(t, syscall.SIGSTOP)
	defer still.signal(t, syscall.SIGCONT)
	p.follow(t, claimed)
	p.call(t, p.members[0], acme, "POST", "/api/domains/"+claimed.ID+"/check", "{}", 200)
	p.becomes(t, acme, claimed.ID, "deploying")
	var held domainView
	waitFor(t, "two nodes to be seen serving it", func() bool {
		held = p.show(t, p.members[0], acme, claimed.ID)
		return held.Certificate.NodesServing == 2
	})
	if held.Status != "deploying" || held.Certificate.NodesLive != 3 {
		t.Errorf("with one node standing still: %s, %+v", held.Status, held.Certificate)
	}
	still.signal(t, syscall.SIGCONT)
	active := p.becomes(t, acme, claimed.ID, "active")
	if c := active.Certificate; c.NodesLive != 3 || c.NodesServing != 3 {
		t.Errorf("active with %d of %d nodes", c.NodesServing, c.NodesLive)
	}
	for i, n := range p.members {
		if serial, err := p.shake(n.https, host); err != nil || serial != active.Certificate.Serial {
			t.Errorf("node %d shows %s, %v, want %s", i, serial, err, active.Certificate.Serial)
		}
		if status, body, err := p.page(t, n, host); status != 200 || !strings.Contains(body, acme.Name) {
			t.Errorf("node %d, the check page: %d, %v", i, status, err)
		}
	}
	p.ordered(t, orders+1)
}

// race: both prove that the name is theirs, by different means, and ask different nodes at once. One gets it, and the other learns no more
// than that it is taken.
func (p *proof) race(t *testing.T) {
	first, second := p.customer(t, "racer-one"), p.customer(t, "racer-two")
	const host = "billing.contested.test"
	orders := p.orders()
	byAlias, byText := p.claim(t, p.members[0], first, host), p.claim(t, p.members[1], second, host)
	p.follow(t, byAlias)
	name, token := byText.record(t, "TXT")
	p.point(name, "TXT \""+token+"\"")
	var both sync.WaitGroup
	both.Go(func() { p.call(t, p.members[0], first, "POST", "/api/domains/"+byAlias.ID+"/check", "{}", 200, 429) })
	both.Go(func() { p.call(t, p.members[1], second, "POST", "/api/domains/"+byText.ID+"/check", "{}", 200, 429) })
	both.Wait()
	contest := map[string]string{}
	waitFor(t, "a winner and a loser", func() bool {
		contest[first.Slug] = p.show(t, p.members[2], first, byAlias.ID).Status
		contest[second.Slug] = p.show(t, p.members[2], second, byText.ID).Status
		held := []string{contest[first.Slug], contest[second.Slug]}
		return slices.Contains(held, "active") && slices.Contains(held, "claim_conflict")
	})
	winner, loser, lost := first, second, byText
	if contest[second.Slug] == "active" {
		winner, loser, lost = second, first, byAlias
	}
	for i, n := range p.members {
		if status, body, err := p.page(t, n, host); status != 200 || !strings.Contains(body, winner.Name) || strings.Contains(body, loser.Name) {
			t.Errorf("node %d: %d, %v, the winner's page: %v", i, status, err, strings.Contains(body, winner.Name))
		}
	}
	v := p.show(t, p.members[1], loser, lost.ID)
	if v.Reason != "conflict.in_use" {
		t.Errorf("the loser's reason is %s", v.Reason)
	}
	for _, word := range []string{winner.Slug, winner.Name, string(winner.ID)} {
		if strings.Contains(v.text, word) {
			t.Errorf("the loser is told %q", word)
		}
	}
	const q = `SELECT count(*) FROM domains WHERE host = $1 AND status NOT IN ('pending_ownership', 'claim_conflict', 'timed_out', 'deleted')`
	if n := one[int](t, p.fleet, q, host); n != 1 {
		t.Errorf("%d hold the name", n)
	}
	p.ordered(t, orders+1)
	// Else it would get the name after a day of proof, if it is the one that the CNAME belongs to.
	if gone := p.call(t, p.members[1], loser, "DELETE", "/api/domains/"+lost.ID, "", 200); gone.Status != "deleted" {
		t.Errorf("the loser's claim was given up and is %s", gone.Status)
	}
}

// flaps: what a tenant's DNS may do without losing the host, and what not.
func (p *proof) flaps(t *testing.T) {
	flap := p.customer(t, "flap")
	const host = "billing.flap.test"
	claimed := p.claim(t, p.members[0], flap, host)
	p.follow(t, claimed)
	p.advance(t, 3*time.Minute)
	p.becomes(t, flap, claimed.ID, "active")
	orders := p.orders()

	for _, server := range p.dns { // trouble of ours, for as long as it likes
		server.Break(host, dnstest.ServFail)
	}
	p.pass(t, host, 30*time.Hour, 5*time.Hour, "active")
	for _, server := range p.dns {
		server.Break(host, 0)
	}
	p.pass(t, host, time.Hour, time.Hour, "active")

	p.point(host) // gone, but not for long enough
	p.pass(t, host, 23*time.Hour, 3*time.Hour, "active")
	p.follow(t, claimed)
	p.pass(t, host, 7*time.Hour, 7*time.Hour, "active")

	p.point(host)
	p.pass(t, host, 23*time.Hour, 3*time.Hour, "active")
	p.pass(t, host, 10*time.Hour, 5*time.Hour, "moving")
	p.served(t, host, p.members...)
	p.pass(t, host, 60*time.Hour, 6*time.Hour, "moving")
	p.served(t, host, p.members...)
	p.pass(t, host, 18*time.Hour, 6*time.Hour, "moved")
	waitFor(t, "the host to be refused", func() bool { return p.refused(host) })

	p.follow(t, claimed)
	p.pass(t, host, 7*time.Hour, 7*time.Hour, "")
	p.becomes(t, flap, claimed.ID, "active")
	p.served(t, host, p.members...)
	p.ordered(t, orders) // the certificate is good yet
}

// pass moves the clocks on by span in steps, and at each waits until the check of the host that is due by then was made. After the last the
// host has the status, unless that is "".
func (p *proof) pass(t *testing.T, host string, span, step time.Duration, status string) {
	t.Helper()
	const q = `SELECT next_check_at > now() + $2::interval FROM domains WHERE host = $1 AND status <> 'deleted'`
	for ; span > 0; span -= step {
		p.advance(t, min(step, span))
		waitFor(t, "the check that is due", func() bool { return one[bool](t, p.fleet, q, host, p.ahead.String()) })
	}
	const is = `SELECT status FROM domains WHERE host = $1 AND status <> 'deleted'`
	if got := one[string](t, p.fleet, is, host); status != "" && got != status {
		t.Fatalf("%s is %s, want %s", host, got, status)
	}
}
