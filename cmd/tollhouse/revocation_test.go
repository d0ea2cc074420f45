package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollhouse/portal/mail/mailsink"
)

// redisOf is the Redis of the fleet, seen from outside.
func (f *fleet) redisOf(t *testing.T) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(f.redis)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// pageOn asks one node for the client's own page.
func (f *fleet) pageOn(t *testing.T, n *fleetNode, b *business, session string) answer {
	t.Helper()
	return ask(t, f.client(n), "GET", "https://"+b.host+"/portal/", "", session)
}

// isTold waits for the mail to an address that is no contact's any more.
func (f *fleet) isTold(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	m, err := f.sink.Wait(ctx, func(m mailsink.Message) bool { return m.To[0] == address && strings.Contains(m.Subject, "was changed") })
	if err != nil || linkInMail.MatchString(m.Text+m.HTML) {
		t.Errorf("the old address: %v, text %q", err, m.Text)
	}
}

// A session ends with what it stands on, on the next request to any node, although every copy of it is still there.
func TestRevocation_IsThereOnTheNextRequestOfEveryNode(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	for name, change := range map[string]struct{ path, body string }{
		"contact disabled":       {"contacts/%p", `{"status":"disabled"}`},
		"contact removed":        {"contacts/%p", `{"status":"removed"}`},
		"contact's address":      {"contacts/%p", `{"email":"elsewhere@client.test"}`},
		"client's portal is off": {"companies/%c", `{"portal_enabled":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			who := f.addClient(t, b, len(b.clients))
			session := f.signIn(t, f.client(f.nodes[0]), b, who)
			for i, n := range f.nodes {
				if r := f.pageOn(t, n, b, session); r.StatusCode != http.StatusOK || !strings.Contains(r.body, who.canary) {
					t.Fatalf("control: node %d: %s", i, r.Status)
				}
			}
			copies := f.redisOf(t).Keys(t.Context(), "session:*").Val()
			path := strings.NewReplacer("%p", who.contact.ID, "%c", who.company.ID).Replace(change.path)
			r := ask(t, f.client(f.nodes[0]), "PATCH", "https://api."+fleetDomain+"/api/crm/"+path, change.body, "Authorization: Bearer "+b.key,
				"Content-Type: application/json")
			if r.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", r.Status, r.body)
			}
			if left := f.redisOf(t).Exists(t.Context(), copies...).Val(); int(left) != len(copies) || left == 0 {
				t.Fatalf("%d of %d copies are left: this proves nothing", left, len(copies))
			}
			if strings.Contains(change.body, "email") {
				f.isTold(t, who.contact.Email)
			}
			for i, n := range []*fleetNode{f.nodes[1], f.nodes[0]} {
				if r := f.pageOn(t, n, b, session); r.StatusCode != http.StatusUnauthorized || strings.Contains(r.body, who.canary) {
					t.Errorf("node %d: %s, want 401", 1-i, r.Status)
				}
				act := ask(t, f.client(n), "POST", "https://"+b.host+"/portal/account/sign-out-everywhere", "", session, "Sec-Fetch-Site: same-origin")
				if act.StatusCode != http.StatusUnauthorized {
					t.Errorf("node %d lets it act: %s, want 401", 1-i, act.Status)
				}
			}
		})
	}
}

// What Redis loses is found again in the record; while Redis is away, every page is, and a metric says so.
func TestSessions_OutliveRedis(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	who := b.clients[0]
	session := f.signIn(t, f.client(f.nodes[0]), b, who)
	onEveryNode := func(when string) {
		t.Helper()
		for i, n := range f.nodes {
			if r := f.pageOn(t, n, b, session); r.StatusCode != http.StatusOK || !strings.Contains(r.body, who.canary) {
				t.Errorf("%s: node %d: %s", when, i, r.Status)
			}
		}
	}
	onEveryNode("before")
	if err := f.redisOf(t).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	onEveryNode("after FLUSHALL")
	if err := f.redisOf(t).ShutdownNoSave(context.Background()).Err(); err != nil {
		t.Logf("shutting Redis down: %v", err)
	}
	onEveryNode("without Redis")
	for i, n := range f.nodes {
		if _, body := n.ops(t, "/metrics"); !strings.Contains(body, "tollhouse_redis_failures_total ") || strings.Contains(body, "tollhouse_redis_failures_total 0\n") {
			t.Errorf("the metrics of node %d do not tell that Redis is away", i)
		}
	}
	r := ask(t, f.client(f.nodes[0]), "POST", "https://"+b.host+"/portal/sign-out", "", session, "Sec-Fetch-Site: same-origin")
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("signing out without Redis: %s", r.Status)
	}
	if r := f.pageOn(t, f.nodes[1], b, session); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("after signing out without Redis: %s, want 401", r.Status)
	}
}
