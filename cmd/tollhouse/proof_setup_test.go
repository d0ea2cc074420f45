package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollhouse/certs/localca"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/deploy/services/redistest"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor/dnstest"
	"tollhouse/tenant/tenantdb"
)

// proof is a fleet of processes as it stands in the world: clients come through one line, the CAs' validation through another, either of which
// leads to any node; Postgres and Redis are behind lines of their own; and the DNS says what the test says.
type proof struct {
	*fleet
	https, plain    *line // where clients come
	caTLS, caHTTP   *line // where the CAs look
	postgres, cache *line
	second          *localca.CA
	dns             [2]*dnstest.Server
	tenants         *tenantdb.Store
	members         []*process
	ahead           time.Duration // of the nodes' clocks
	roots           *x509.CertPool
}

// newProof starts a fleet whose certificates live for so long (zero: 90 days). settings change the configuration of every node.
func newProof(t *testing.T, nodes int, validity time.Duration, settings map[string]string) *proof {
	t.Helper()
	p := &proof{fleet: &fleet{db: pgtest.Clone(t), redis: redistest.Start(t), logs: &logBuffer{}}}
	p.dns = [2]*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	p.https, p.plain = newLine(t, ""), newLine(t, "")
	p.caTLS, p.caHTTP = newLine(t, ""), newLine(t, "")
	p.ca, p.second = p.authority(t, validity), p.authority(t, validity)
	p.roots = p.ca.Roots()
	p.roots.AppendCertsFromPEM(p.second.RootPEM)
	var err error
	if p.sink, err = mailsink.Listen(mailsink.Config{}); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.sink.Run(t.Context()) }()
	p.tenants = tenantdb.New(p.db.App, tenant.MustParseHostname(fleetDomain), tenantdb.Hooks{})
	p.conf = p.settings(t, t.TempDir())
	maps.Copy(p.conf, p.surroundings(t))
	maps.Copy(p.conf, settings)
	p.startNodes(t, nodes)
	return p
}

// authority starts a CA that asks the test's DNS and validates through the CAs' lines.
func (p *proof) authority(t *testing.T, validity time.Duration) *localca.CA {
	t.Helper()
	ca, err := localca.Start(context.Background(), localca.Options{HTTPPort: p.caHTTP.port(), TLSPort: p.caTLS.port(), Validity: validity,
		Resolver: p.dns[0].Addr.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ca.Close() })
	return ca
}

// surroundings are the settings that put a node behind its lines.
func (p *proof) surroundings(t *testing.T) map[string]string {
	t.Helper()
	database, err := url.Parse(p.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := url.Parse(p.redis)
	if err != nil {
		t.Fatal(err)
	}
	p.postgres, p.cache = newLine(t, "", database.Host), newLine(t, "", cache.Host)
	database.Host, cache.Host = p.postgres.Addr().String(), p.cache.Addr().String()
	dir := t.TempDir()
	p.point(fleetDomain, "A 127.0.0.1")
	p.point("*."+fleetDomain, "A 127.0.0.1")
	p.point("*.edge."+fleetDomain, "A 127.0.0.1")
	return map[string]string{"POSTGRES_URL": database.String(), "REDIS_URL": cache.String(), "PUBLIC_ADDRESSES": "127.0.0.1",
		"DNS_RESOLVERS": p.dns[0].Addr.String() + "," + p.dns[1].Addr.String(), "CAA_ISSUERS": "ca.test", "LIMIT_CLIENT_CONNECTIONS": "100000",
		"ACME_FALLBACK_DIRECTORY": p.second.DirectoryURL, "ACME_FALLBACK_CA_FILE": written(t, dir, "endpoint.pem", p.second.EndpointPEM),
		"ACME_FALLBACK_ROOT_FILE": written(t, dir, "root.pem", p.second.RootPEM), "RENEWAL_CHECK": "1s", "HANDSHAKE_WAIT": "14s", "LOG_LEVEL": "debug"}
}

// written puts content into a file and returns its path.
func written(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// point sets the records of a name, at both resolvers. Without records the name is gone.
func (p *proof) point(name string, records ...string) {
	for _, server := range p.dns {
		server.Set(name, records...)
	}
}

// startNodes starts nodes that share the ports of the lines, each on a loopback address of its own: so every node believes that what it
// probes, the public address with its own ports, are its own doors, and is led to any node.
func (p *proof) startNodes(t *testing.T, count int) {
	t.Helper()
	p.holdValidation() // until there is somebody to be asked
	var https, plain []string
	for i := range count {
		https = append(https, fmt.Sprintf("127.0.0.%d:%d", i+2, p.https.port()))
		plain = append(plain, fmt.Sprintf("127.0.0.%d:%d", i+2, p.plain.port()))
		p.members = append(p.members, p.launch(t, map[string]string{"HTTPS_ADDR": https[i], "HTTP_ADDR": plain[i]}))
	}
	t.Cleanup(func() { p.tell(t) })
	for _, n := range p.members {
		n.await(t)
	}
	p.https.lead(https...)
	p.caTLS.lead(https...)
	p.plain.lead(plain...)
	p.caHTTP.lead(plain...)
	p.releaseValidation()
	p.settled(t, "api."+fleetDomain)
}

// tell fails the test if a node ended by itself or met a data race, and shows what the nodes said about trouble if it failed.
func (p *proof) tell(t *testing.T) {
	for i, n := range p.members {
		if len(n.ended) > 0 || n.said("WARNING: DATA RACE") {
			t.Errorf("node %d ended by itself, or met a data race; it said:\n%s", i, tail(n.logs.String()))
		}
	}
	if !t.Failed() {
		return
	}
	for i, n := range p.members {
		var trouble []string
		for said := range strings.Lines(n.logs.String()) {
			if !strings.Contains(said, `"level":"DEBUG"`) && !strings.Contains(said, `"level":"INFO"`) {
				trouble = append(trouble, said)
			}
		}
		t.Logf("node %d:\n%s", i, strings.Join(trouble[max(0, len(trouble)-30):], ""))
	}
}

// validate leads the CAs to these nodes only.
func (p *proof) validate(nodes ...*process) {
	var https, plain []string
	for _, n := range nodes {
		https, plain = append(https, n.https), append(plain, n.http)
	}
	p.caTLS.lead(https...)
	p.caHTTP.lead(plain...)
}

// validating waits until a CA has connected to one of its lines more often than before.
func (p *proof) validating(t *testing.T, before int) {
	t.Helper()
	waitFor(t, "the CA to validate", func() bool { return p.caTLS.taken()+p.caHTTP.taken() > before })
}

// holdValidation keeps the CAs waiting, and says how many connections they had made by then.
func (p *proof) holdValidation() (before int) {
	p.caTLS.hold()
	p.caHTTP.hold()
	return p.caTLS.taken() + p.caHTTP.taken()
}

func (p *proof) releaseValidation() {
	p.caTLS.release()
	p.caHTTP.release()
}

// add makes a tenant and says which of its hosts are there at once: its default host, and one that the operator vouches for.
func (p *proof) add(t *testing.T, slug string) (made *tenant.Tenant, host string) {
	t.Helper()
	made, err := p.tenants.Create(context.Background(), tenant.Draft{Slug: slug, Name: "Business " + slug})
	if err != nil {
		t.Fatal(err)
	}
	return made, slug + "." + fleetDomain
}

// vouch adds a host on the operator's word, and leads it here.
func (p *proof) vouch(t *testing.T, by *tenant.Tenant, host string) {
	t.Helper()
	p.point(host, "A 127.0.0.1")
	if _, err := p.tenants.AddDomain(context.Background(), by.ID, tenant.MustParseHostname(host)); err != nil {
		t.Fatal(err)
	}
}

// shake makes a full handshake at an address, and returns the serial of the certificate.
func (p *proof) shake(address, host string) (serial string, err error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", address, &tls.Config{ServerName: host, RootCAs: p.roots})
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Text(16), nil
}

// knows reports whether a node serves a host, without a handshake for it: the plain listener sends its visitors to the other.
func (n *process) knows(host string) bool {
	r, err := http.NewRequest("GET", "http://"+n.http+"/", nil)
	if err != nil {
		return false
	}
	r.Host = host
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusPermanentRedirect
}

// everyoneKnows waits until all nodes serve a host.
func (p *proof) everyoneKnows(t *testing.T, host string, nodes ...*process) {
	t.Helper()
	for i, n := range nodes {
		waitFor(t, fmt.Sprintf("node %d to serve %s", i, host), func() bool { return n.knows(host) })
	}
}

// served waits until every node shows the same certificate for a host, and returns its serial.
func (p *proof) served(t *testing.T, host string, nodes ...*process) (serial string) {
	t.Helper()
	var err error
	waitFor(t, host+" at every node alike", func() bool {
		serials := map[string]bool{}
		for _, n := range nodes {
			if serial, err = p.shake(n.https, host); err != nil {
				return false
			}
			serials[serial] = true
		}
		return len(serials) == 1
	})
	return serial
}

// signal stops, continues or kills a node.
func (n *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	if s == syscall.SIGSTOP {
		stopped := func() bool { return strings.HasPrefix(n.state(), "T") }
		waitFor(t, "the node to stand still", stopped)
	}
}

// said reports whether the node logged a line with all of these texts.
func (n *process) said(texts ...string) bool {
	for line := range strings.Lines(n.logs.String()) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			return true
		}
	}
	return false
}

// metric sums a metric of a node over all its labels, or over those that hold the text with.
func (n *process) metric(t *testing.T, name, with string) (sum float64) {
	t.Helper()
	r, err := http.Get("http://" + n.ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	for said := range bytes.Lines(content) {
		series, value, _ := strings.Cut(strings.TrimSpace(string(said)), " ")
		bare, labels, _ := strings.Cut(series, "{")
		if number, err := strconv.ParseFloat(value, 64); bare == name && strings.Contains(labels, with) && err == nil {
			sum += number
		}
	}
	return sum
}

// clock moves a node's clock, like {"advance":"25h"}.
func (n *process) clock(t *testing.T, move string) {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", n.control)
	}}}
	defer c.CloseIdleConnections()
	r, err := c.Post("http://control/clock", "application/json", strings.NewReader(move))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("moving the clock: %s", r.Status)
	}
}
