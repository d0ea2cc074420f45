package certs_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/certs/localca"
)

// newPair is a fleet with two CAs, which validate at the same nodes.
func newPair(t *testing.T, hosts ...string) *fleet {
	t.Helper()
	f := newFleet(t, localca.Options{}, hosts...)
	f.second = must(localca.Start(context.Background(), localca.Options{HTTPPort: port(f.front.http), TLSPort: port(f.front.tls)}))
	t.Cleanup(func() { _ = f.second.Close() })
	f.roots = x509.NewCertPool()
	f.roots.AppendCertsFromPEM(f.ca.RootPEM)
	f.roots.AppendCertsFromPEM(f.second.RootPEM)
	return f
}

// eager looks for work all the time and does not wait long for a CA in trouble.
func eager(c *certs.Config) {
	c.Check = 20 * time.Millisecond
	c.Pause = certs.Backoff{Base: 10 * time.Millisecond, Max: 50 * time.Millisecond}
}

// due makes the certificate due since some time before now, so that its life from then on is long or short of its half.
func (f *fleet) due(ago string) {
	f.t.Helper()
	if _, err := f.db.Owner.Exec(context.Background(), `UPDATE certificates SET renew_at = now() - $1::interval`, ago); err != nil {
		f.t.Fatal(err)
	}
}

// failing reads since when the n-th CA is in trouble, and for how long it is left alone.
func (f *fleet) failing(ca *localca.CA) (code string, left time.Duration) {
	f.t.Helper()
	const q = `SELECT code, COALESCE(EXTRACT(EPOCH FROM retry_at - now())::float8, 0) FROM ca_health
		WHERE failing_since IS NOT NULL AND strpos(issuer, $1) > 0`
	port := strings.Split(strings.TrimPrefix(ca.DirectoryURL, "https://127.0.0.1:"), "/")[0]
	var seconds float64
	rows, err := f.db.Owner.Query(context.Background(), q, port)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&code, &seconds); err != nil {
			f.t.Fatal(err)
		}
	}
	return code, time.Duration(seconds * float64(time.Second))
}

// noForeign checks that no CA was told of a certificate that it did not issue.
func (f *fleet) noForeign(at *localca.CA, own ...string) {
	f.t.Helper()
	for _, order := range at.OrderLog() {
		known := order.Replaces == ""
		for _, id := range own {
			known = known || order.Replaces == id
		}
		if !known {
			f.t.Errorf("an order replaces %s, which is not of this CA", order.Replaces)
		}
	}
}

// id is how a renewal names the certificate that the host has now.
func (f *fleet) id(n *node) string {
	f.t.Helper()
	state, err := n.shake(billing)
	if err != nil {
		f.t.Fatal(err)
	}
	return must(acme.ARIUniqueIdentifier(state.PeerCertificates[0]))
}

func TestFallback_TakesFirstCertificatesOverWhenItMay(t *testing.T) {
	unauthorized := localca.Problem{Type: "unauthorized", Detail: "account is not valid"}
	for name, tc := range map[string]struct {
		fault   localca.Fault
		second  int    // orders at the second CA
		asked   int    // orders asked for at the first
		trouble string // of the first CA, for all names
		code    string // of the host; "" when it got its certificate
	}{
		"unreachable":     {localca.Fault{Refuse: true}, 1, 0, certs.CodeUnavailable, ""},
		"broken":          {localca.Fault{Status: http.StatusInternalServerError}, 1, 0, certs.CodeUnavailable, ""},
		"slow":            {localca.Fault{Delay: time.Minute}, 1, 0, certs.CodeUnavailable, ""},
		"limited":         {localca.Fault{Order: localca.RateLimited(time.Hour)}, 1, 1, certs.CodeRateLimited, ""},
		"limited briefly": {localca.Fault{Order: localca.RateLimited(time.Minute)}, 0, 1, certs.CodeRateLimited, "none"},
		"paused":          {localca.Fault{Order: localca.Paused()}, 1, 1, "", ""},
		"no account":      {localca.Fault{Accounts: unauthorized}, 1, 0, certs.CodeUnavailable, ""},
		"account lost":    {localca.Fault{Order: localca.Problem{Type: "accountDoesNotExist", Status: 400}}, 1, 2, "", ""},
		"CAA":             {localca.Fault{Finalize: localca.Problem{Type: "caa", Detail: "forbidden"}}, 1, 1, "", ""},
		"rejected":        {localca.Fault{Order: localca.Problem{Type: "rejectedIdentifier", Detail: "policy"}}, 0, 1, "", certs.CodeRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newPair(t, billing)
			f.ca.SetFault(tc.fault)
			n := f.start(func(c *certs.Config) { quiet(c); c.OrderTimeout = 8 * time.Second })
			if _, err := n.shake(billing); (err == nil) != (tc.code == "") {
				t.Errorf("the handshake ended with %v", err)
			}
			if a, b := f.ca.Asked(), f.second.Orders(); a != tc.asked || b != tc.second {
				t.Errorf("%d asked for at the first CA and %d made at the second, want %d and %d", a, b, tc.asked, tc.second)
			}
			if got, _ := f.failing(f.ca); got != tc.trouble {
				t.Errorf("the first CA is in trouble for %q, want %q", got, tc.trouble)
			}
			if got := f.code(billing); got != tc.code && tc.code != "none" {
				t.Errorf("the host is refused for %q, want %q", got, tc.code)
			}
			f.noForeign(f.second)
		})
	}
}

// code is why the host was refused; "" when it was not.
func (f *fleet) code(host string) (code string) {
	f.t.Helper()
	const q = `SELECT COALESCE(max(code), '') FROM certificate_failures WHERE host = $1`
	if err := f.db.Owner.QueryRow(context.Background(), q, host).Scan(&code); err != nil {
		f.t.Fatal(err)
	}
	return code
}

func TestFallback_DoesNotRepeatAFailedValidation(t *testing.T) {
	t.Parallel()
	f := newPair(t, billing)
	n := f.start(quiet)
	f.front.leave(n) // nobody answers challenges
	if _, err := n.shake(billing); err == nil {
		t.Fatal("a certificate came without validation")
	}
	if got := f.code(billing); got != certs.CodeValidation || f.second.Asked() != 0 {
		t.Errorf("refused for %q; the second CA was asked %d times", got, f.second.Asked())
	}
	f.front.put(n)
	calls := f.ca.Asked()
	if _, err := n.shake(billing); err == nil || f.ca.Asked() != calls || f.second.Asked() != 0 {
		t.Errorf("during the back-off: %v, %d and %d asked for", err, f.ca.Asked(), f.second.Asked())
	}
	if err := n.store.Retry(context.Background(), n.fleet.entry(billing).Host); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is tried again by hand", func() bool { _, err := n.shake(billing); return err == nil })
}

// A limit of the CA is heeded by every node, for as long as the CA says, and asked after once.
func TestLimit_OfTheCAIsHeededByAllNodes(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing, "pay.acme.test")
	f.ca.SetFault(localca.Fault{Order: localca.RateLimited(time.Hour)})
	first, second := f.start(eager), f.start(eager)
	eventually(t, "the CA has refused", func() bool { code, _ := f.failing(f.ca); return code == certs.CodeRateLimited })
	if _, left := f.failing(f.ca); left < 59*time.Minute || left > time.Hour {
		t.Errorf("it is left alone for %s, want an hour", left)
	}
	rounds := first.store.calls.Load() + second.store.calls.Load() + 100
	eventually(t, "a hundred looks at the store", func() bool { return first.store.calls.Load()+second.store.calls.Load() > rounds })
	for _, n := range []*node{first, second} {
		for _, host := range []string{billing, "pay.acme.test"} {
			if _, err := n.shake(host); err == nil {
				t.Errorf("%s got a certificate", host)
			}
		}
	}
	if got := f.ca.Asked(); got > 2 { // two hosts may ask in the same moment
		t.Errorf("it was asked %d times", got)
	}
}

func TestFallback_RenewsOnlyLateAndTheFirstTakesOverAgain(t *testing.T) {
	t.Parallel()
	f := newPair(t, billing)
	n := f.start(func(c *certs.Config) { eager(c); quiet(c) })
	first := f.id(n)
	f.ca.SetFault(localca.Fault{Refuse: true})
	f.due("1 minute")
	eventually(t, "the first CA's trouble is noted", func() bool { code, _ := f.failing(f.ca); return code != "" })
	before := f.ca.Requests()
	eventually(t, "it is asked again", func() bool { return f.ca.Requests() > before+3 })
	if got := f.second.Requests(); got != 0 {
		t.Errorf("with most of the time left the second CA was asked %d times", got)
	}
	f.due("100 days")
	eventually(t, "the second CA renews", func() bool { return f.version(billing) == 2 })
	second := f.reloaded(n, first)
	f.due("100 days")
	eventually(t, "the second CA renews its own", func() bool { return f.version(billing) == 3 })
	if log := f.second.OrderLog(); len(log) != 2 || log[0].Replaces != "" || log[1].Replaces != replaceable(second) {
		t.Errorf("orders at the second CA: %+v", log)
	}
	third := f.reloaded(n, second)
	f.ca.SetFault(localca.Fault{})
	f.due("1 minute")
	eventually(t, "the first CA renews", func() bool { return f.version(billing) == 4 })
	fourth := f.reloaded(n, third)
	f.due("1 minute")
	eventually(t, "the first CA renews its own", func() bool { return f.version(billing) == 5 })
	if log := f.ca.OrderLog(); len(log) != 3 || log[1].Replaces != "" || log[2].Replaces != replaceable(fourth) {
		t.Errorf("orders at the first CA: %+v", log)
	}
	f.noForeign(f.second, second, third)
	f.noForeign(f.ca, first, fourth)
	if code, _ := f.failing(f.ca); code != "" {
		t.Errorf("a success did not end the trouble: %s", code)
	}
}

// reloaded waits until the node serves another certificate and returns its name.
func (f *fleet) reloaded(n *node, old string) (id string) {
	f.t.Helper()
	eventually(f.t, "the new certificate is served", func() bool { id = f.id(n); return id != old })
	return id
}

func TestFallback_BothCAsDeadLeaveWhatThereIs(t *testing.T) {
	t.Parallel()
	f := newPair(t, billing)
	n := f.start(func(c *certs.Config) {
		quiet(c)
		c.Check = 20 * time.Millisecond
		c.Pause = certs.Backoff{Base: time.Hour, Max: time.Hour}
	})
	had := f.id(n)
	f.ca.SetFault(localca.Fault{Refuse: true})
	f.second.SetFault(localca.Fault{Status: http.StatusBadGateway})
	f.due("100 days")
	eventually(t, "both are known to be in trouble", func() bool {
		a, _ := f.failing(f.ca)
		b, _ := f.failing(f.second)
		return a != "" && b != ""
	})
	requests := f.ca.Requests() + f.second.Requests()
	rounds := n.store.calls.Load() + 100
	eventually(t, "a hundred looks at the store", func() bool { return n.store.calls.Load() > rounds })
	if got := f.ca.Requests() + f.second.Requests(); got != requests {
		t.Errorf("they were asked %d times more", got-requests)
	}
	if got := f.id(n); got != had {
		t.Error("another certificate is served")
	}
}

func TestRenewal_IsMadePlainWhenTheCAWillNotReplace(t *testing.T) {
	for _, problem := range []string{"alreadyReplaced", "malformed", "unauthorized"} {
		t.Run(problem, func(t *testing.T) {
			t.Parallel()
			f := newPair(t, billing)
			n := f.start(func(c *certs.Config) { eager(c); quiet(c) })
			if _, err := n.shake(billing); err != nil {
				t.Fatal(err)
			}
			f.ca.SetFault(localca.Fault{Replaces: localca.Problem{Type: problem, Status: http.StatusConflict}})
			f.due("100 days")
			eventually(t, "it is renewed", func() bool { return f.version(billing) == 2 })
			if log := f.ca.OrderLog(); len(log) != 2 || log[1].Replaces != "" || f.second.Asked() != 0 {
				t.Errorf("orders: %+v, and %d at the second CA", log, f.second.Asked())
			}
		})
	}
}

func TestAccountURI_IsKnownOnceThereIsAnAccount(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	n := f.start(quiet)
	if got, err := n.manager.AccountURI(t.Context()); err != nil || got != "" {
		t.Errorf("before the first order: %q, %v", got, err)
	}
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	got, err := f.start(quiet).manager.AccountURI(t.Context())
	if want := f.ca.OrderLog()[0].Account; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestFallback_IsAskedOnceByManyHandshakesOnTwoNodes(t *testing.T) {
	for name, tc := range map[string]struct {
		fault localca.Fault
		first int
	}{
		"unreachable": {localca.Fault{Refuse: true}, 0},
		"CAA":         {localca.Fault{Finalize: localca.Problem{Type: "caa", Detail: "forbidden"}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newPair(t, billing)
			f.ca.SetFault(tc.fault)
			nodes := []*node{f.start(quiet), f.start(quiet), f.start(quiet)}
			var group sync.WaitGroup
			for i := range 60 {
				group.Go(func() {
					if _, err := nodes[i%3].shake(billing); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if a, b := f.ca.Orders(), f.second.Orders(); a != tc.first || b != 1 {
				t.Errorf("%d orders at the first CA and %d at the second, want %d and 1: %+v", a, b, tc.first, f.second.OrderLog())
			}
		})
	}
}
