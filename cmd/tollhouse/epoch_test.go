package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

// holdings are what a visitor has of a host at one node from before something happens to the host.
type holdings struct {
	first   *tls.Conn // HTTP/1.1, kept alive
	answers *bufio.Reader
	second  *http.ClientConn // HTTP/2
	tickets *keptTicket
	session string
}

// keptTicket offers the ticket it was given first, again and again, and takes no other.
type keptTicket struct{ state *tls.ClientSessionState }

func (k *keptTicket) Get(string) (*tls.ClientSessionState, bool) { return k.state, k.state != nil }
func (k *keptTicket) Put(_ string, state *tls.ClientSessionState) {
	if k.state == nil {
		k.state = state
	}
}

// visitHost opens everything at one node and makes sure that it all works.
func (f *fleet) visitHost(t *testing.T, n *fleetNode, b *business) *holdings {
	t.Helper()
	v := &holdings{tickets: &keptTicket{}, session: f.signIn(t, f.client(n), b, b.clients[0])}
	v.first = f.dial(t, n, b.host, func(c *tls.Config) { c.ClientSessionCache = v.tickets })
	v.answers = bufio.NewReader(v.first)
	var err error
	if v.second, err = f.client(n).Transport.(*http.Transport).NewClientConn(t.Context(), "https", b.host+":443"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.second.Close() })
	for protocol, ask := range v.connections(b) {
		if status, body := ask(t); status != 200 || !strings.Contains(body, b.clients[0].canary) {
			t.Fatalf("control: %s: %d", protocol, status)
		}
	}
	if !f.resumes(n, b.host, v.tickets) {
		t.Fatal("control: the ticket resumes nothing")
	}
	return v
}

// connections asks for the client's own page on each open connection; status 0 says that the connection is gone.
func (v *holdings) connections(b *business) map[string]func(testing.TB) (status int, body string) {
	return map[string]func(testing.TB) (int, string){
		"HTTP/1.1": func(t testing.TB) (int, string) {
			if err := v.request(t, b).Write(v.first); err != nil {
				return 0, ""
			}
			return read(http.ReadResponse(v.answers, nil))
		},
		"HTTP/2": func(t testing.TB) (int, string) { return read(v.second.RoundTrip(v.request(t, b))) },
	}
}

func (v *holdings) request(t testing.TB, b *business) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+b.host+"/portal/", nil)
	if err != nil {
		t.Fatal(err)
	}
	name, value, _ := strings.Cut(v.session, ": ")
	r.Header.Set(name, value)
	return r
}

func read(res *http.Response, err error) (int, string) {
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, ""
	}
	return res.StatusCode, string(body)
}

// resumes reports whether a node takes the ticket. A handshake that fails takes nothing.
func (f *fleet) resumes(n *fleetNode, host string, ticket *keptTicket) bool {
	c, err := f.tryDial(n, host, func(c *tls.Config) { c.ClientSessionCache = ticket })
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().DidResume
}

// isRefused waits until nothing of before works at a node, and says how long after begun that was.
func (f *fleet) isRefused(t *testing.T, n *fleetNode, b *business, v *holdings, begun time.Time) {
	t.Helper()
	for protocol, ask := range v.connections(b) {
		waitFor(t, protocol+" to be refused", func() bool {
			status, body := ask(t)
			if status != 200 && strings.Contains(body, "canary") {
				t.Errorf("%s: the refusal tells something of a client", protocol)
			}
			return status != 200
		})
		t.Logf("%s is refused after %s", protocol, time.Since(begun))
		waitFor(t, protocol+" to be closed", func() bool { status, _ := ask(t); return status == 0 })
		t.Logf("%s is closed after %s", protocol, time.Since(begun))
	}
	waitFor(t, "the ticket to be refused", func() bool { return !f.resumes(n, b.host, v.tickets) })
	t.Logf("the ticket is refused after %s", time.Since(begun))
}

// sessionIsRefused asks with the session of before on a connection of now. A host that is gone answers no hello.
func (f *fleet) sessionIsRefused(t *testing.T, n *fleetNode, b *business, v *holdings, want int) {
	t.Helper()
	c := f.client(n)
	defer c.CloseIdleConnections()
	status, body := read(c.Do(v.request(t, b)))
	if status != want || strings.Contains(body, "canary") {
		t.Errorf("the session of before: %d, want %d", status, want)
	}
}

func TestEpoch_OfASuspendedTenantEndsOnEveryNode(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	visits := [2]*holdings{f.visitHost(t, f.nodes[0], b), f.visitHost(t, f.nodes[1], b)}
	begun := time.Now()
	if _, err := f.nodes[0].tenants.Suspend(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	for i, v := range visits {
		f.isRefused(t, f.nodes[i], b, v, begun)
		f.sessionIsRefused(t, f.nodes[i], b, v, http.StatusForbidden)
	}
	if _, err := f.nodes[0].tenants.Resume(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	for i, v := range visits {
		waitFor(t, "the portal to be back", func() bool {
			return ask(t, f.client(f.nodes[i]), "GET", "https://"+b.host+"/portal/test", "").StatusCode == 200
		})
		if f.resumes(f.nodes[i], b.host, v.tickets) {
			t.Error("a ticket of before the suspension resumes after it")
		}
		f.sessionIsRefused(t, f.nodes[i], b, v, http.StatusUnauthorized)
	}
}

func TestEpoch_OfAHostThatChangesHandsEndsOnEveryNode(t *testing.T) {
	f := newFleet(t, 2, nil)
	from, to := f.addBusiness(t, "acme"), f.addBusiness(t, "globex")
	visits := [2]*holdings{f.visitHost(t, f.nodes[0], from), f.visitHost(t, f.nodes[1], from)}
	begun := time.Now()
	f.transfer(t, from, to)
	for i, v := range visits {
		f.isRefused(t, f.nodes[i], from, v, begun)
		waitFor(t, "the new holder's page", func() bool {
			r, err := f.client(f.nodes[i]).Get("https://" + from.host + "/portal/test")
			status, body := read(r, err)
			return status == 200 && strings.Contains(body, to.Name)
		})
		f.sessionIsRefused(t, f.nodes[i], from, v, http.StatusUnauthorized)
	}
}

func TestEpoch_OfAHostInQuarantineEndsOnEveryNode(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	visits := [2]*holdings{f.visitHost(t, f.nodes[0], b), f.visitHost(t, f.nodes[1], b)}
	begun := time.Now()
	held, err := f.nodes[0].tenants.Domains(t.Context(), b.ID)
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	if given, err := f.nodes[0].domains.Remove(t.Context(), b.ID, held[0].ID); err != nil || given.Status != tenant.DomainQuarantined {
		t.Fatalf("giving the domain up: %s, %v", given.Status, err)
	}
	for i, v := range visits {
		f.isRefused(t, f.nodes[i], b, v, begun)
		f.sessionIsRefused(t, f.nodes[i], b, v, 0)
		if _, err := f.handshake(f.nodes[i], b.host); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			t.Errorf("a new handshake: %v, want unrecognized name", err)
		}
	}
}

// Whoever keeps a connection and asks nothing is cut off as well.
func TestEpoch_EndsAConnectionThatAsksNothing(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	c := f.dial(t, f.nodes[0], b.host, nil)
	if _, err := io.WriteString(c, "GET /portal/test HTTP/1.1\r\nHost: "+b.host+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if status, _ := read(http.ReadResponse(bufio.NewReader(c), nil)); status != 200 {
		t.Fatalf("control: %d", status)
	}
	if _, err := f.nodes[0].tenants.Suspend(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil && isTimeout(err) {
		t.Error("the connection stays open")
	}
}

func isTimeout(err error) bool {
	n, ok := err.(net.Error)
	return ok && n.Timeout()
}

// transfer gives a host to another tenant in one moment, as nobody but the record itself can.
func (f *fleet) transfer(t *testing.T, from, to *business) {
	t.Helper()
	f.asSuperuser(t, func(tx pgx.Tx) error {
		const give = `UPDATE domains SET status = $2, epoch = epoch + 1 WHERE host = $1 AND status <> 'deleted'`
		const take = `INSERT INTO domains (tenant_id, id, host, status, epoch, proven_at)
			VALUES ($1, $2, $3, 'active', (SELECT h.seq + 1 FROM directory_head h), now())`
		for _, status := range []tenant.DomainStatus{tenant.DomainQuarantined, tenant.DomainDeleted} {
			if _, err := tx.Exec(t.Context(), give, from.host, status); err != nil {
				return err
			}
		}
		_, err := tx.Exec(t.Context(), take, to.ID, tenant.NewID("dom", time.Now()), from.host)
		return err
	})
}

// asSuperuser does what row-level security keeps everybody else from.
func (f *fleet) asSuperuser(t *testing.T, do func(pgx.Tx) error) {
	t.Helper()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, f.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(ctx) }()
	if err := pgx.BeginFunc(ctx, admin, do); err != nil {
		t.Fatal(err)
	}
}
