package main

import (
	"context"
	"crypto/tls"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

// handshake makes a full handshake with one node and returns the serial number of the certificate.
func (f *fleet) handshake(n *fleetNode, host string) (serial string, err error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", n.listeners.HTTPS().String(),
		&tls.Config{ServerName: host, RootCAs: f.ca.Roots()})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// proxied puts a line that can be cut before each of Postgres and Redis.
func (f *fleet) proxied(t *testing.T) (postgres, redis *cut, settings map[string]string) {
	t.Helper()
	dsn, err := url.Parse(f.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := url.Parse(f.redis)
	if err != nil {
		t.Fatal(err)
	}
	postgres, redis = newCut(t, dsn.Host), newCut(t, cache.Host)
	dsn.Host = postgres.Addr().String()
	return postgres, redis, map[string]string{"POSTGRES_URL": dsn.String(), "REDIS_URL": "redis://" + redis.Addr().String()}
}

// copied waits until a node has a local copy of everything that it serves to these hosts.
func (n *fleetNode) copied(t *testing.T, hosts ...string) {
	t.Helper()
	folder := n.certificateCopies()
	for _, host := range hosts {
		waitFor(t, "the copy of the certificate of "+host, func() bool { _, err := folder.Read(host); return err == nil })
	}
	since := n.directory.Stats()
	waitFor(t, "the copy of the directory", func() bool {
		return !n.copy.Written().Before(since.Fresh.Truncate(time.Second)) && n.directory.Stats().Seq == since.Seq
	})
}

// noClearText looks for words in every file below a folder, and in the files' names.
func noClearText(t *testing.T, dir string, words ...string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600 (%v)", path, info.Mode(), err)
		}
		for _, word := range words {
			if strings.Contains(path, word) || strings.Contains(string(content), word) {
				t.Errorf("%s tells %q", path, word)
			}
		}
		return nil
	})
	if err != nil || files < 3 {
		t.Errorf("%d files were looked at: %v", files, err)
	}
}

// A node that restarts while Postgres, Redis and the CA are all away serves every host that it knew, and nothing else.
func TestRestart_WithEverythingDownServesWhatItServed(t *testing.T) {
	f := newFleet(t, 1, nil)
	acme, globex := f.addBusiness(t, "acme"), f.addBusiness(t, "globex")
	hosts := []string{acme.host, acme.other, globex.host, globex.other, "api." + fleetDomain}
	waitFor(t, "all certificates", func() bool {
		return certified(f.nodes[0].directory, hostsOf(t, hosts...)) && f.ca.Orders() == len(hosts)
	})
	postgres, redis, settings := f.proxied(t)
	settings["LOCAL_DIR"] = t.TempDir()
	before := f.extraNode(t, settings)
	session := f.signIn(t, f.client(before), acme, acme.clients[0])
	serials := map[string]string{}
	for _, host := range hosts[:3] { // nobody asks this node for the others
		var err error
		if serials[host], err = f.handshake(before, host); err != nil {
			t.Fatal(err)
		}
	}
	before.copied(t, hosts...)
	noClearText(t, settings["LOCAL_DIR"], "PRIVATE KEY", "acme", "globex", "Business", fleetDomain)
	before.end(t)

	postgres.sever()
	redis.sever()
	f.ca.SetOffline(true)
	if _, err := f.nodes[0].tenants.Suspend(context.Background(), globex.ID); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	after := f.extraNode(t, settings)
	for _, host := range hosts {
		serial, err := f.handshake(after, host)
		if want := serials[host]; err != nil || want != "" && serial != want {
			t.Errorf("%s with everything down: serial %s, %v; want %s", host, serial, err, want)
		}
	}
	t.Logf("%d hosts served %s after the start", len(hosts), time.Since(begun).Round(time.Millisecond))
	f.servesWithoutRecord(t, after, acme, session)
	if r := ask(t, f.client(after), "GET", "https://"+globex.host+"/portal/test", ""); r.StatusCode != 200 {
		t.Errorf("what is not known cannot be refused: %s", r.Status)
	}

	f.ca.SetOffline(false)
	redis.open.Store(true)
	postgres.open.Store(true)
	begun = time.Now()
	waitFor(t, "the record", after.directory.Current)
	if spent := time.Since(begun); spent > 6*time.Second {
		t.Errorf("the record was taken over %s after it was back", spent)
	}
	if r := ask(t, f.client(after), "GET", "https://"+globex.host+"/portal/test", ""); r.StatusCode != http.StatusForbidden {
		t.Errorf("a tenant that was suspended meanwhile: %s, want 403", r.Status)
	}
	waitFor(t, "pages", func() bool {
		return ask(t, f.client(after), "GET", "https://"+acme.host+"/portal/", "", session).StatusCode == 200
	})
	waitFor(t, "the certificates to be the store's again", func() bool { return metric(t, after, "tollhouse_certs_borrowed") == 0 })
	if n := f.ca.Orders(); n != len(hosts) {
		t.Errorf("%d orders, want %d: none since the first", n, len(hosts))
	}
}

// servesWithoutRecord is what a node does for a host that it knows from its copy alone.
func (f *fleet) servesWithoutRecord(t *testing.T, n *fleetNode, b *business, session string) {
	t.Helper()
	c := f.client(n)
	if r := ask(t, c, "GET", "https://"+b.host+"/portal/test", ""); r.StatusCode != 200 || !strings.Contains(r.body, b.Name) {
		t.Errorf("the check page: %s, branded %v", r.Status, strings.Contains(r.body, b.Name))
	}
	r := ask(t, c, "GET", "https://"+b.host+"/portal/", "", session)
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || !strings.Contains(r.body, b.Name) {
		t.Errorf("a page: %s, Retry-After %q, want a branded 503", r.Status, r.Header.Get("Retry-After"))
	}
	if _, err := f.handshake(n, "billing.unknown.test"); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("an unknown host: %v, want unrecognized name", err)
	}
	for name, want := range map[string]float64{"tollhouse_directory_from_copy": 1, "tollhouse_certs_borrowed": 5} {
		if got := metric(t, n, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if metric(t, n, "tollhouse_directory_age_seconds") == 0 || metric(t, n, "tollhouse_certs_borrowed_age_seconds") == 0 {
		t.Error("the age of what is served is not told")
	}
}

// A Postgres that takes connections and says nothing is worse than one that refuses them: every question costs its time-out.
func TestRestart_WithPostgresHangingServesWithinSeconds(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	hosts := []string{b.host, b.other, "api." + fleetDomain}
	dir := t.TempDir()
	before := f.extraNode(t, map[string]string{"LOCAL_DIR": dir})
	before.copied(t, hosts...)
	before.end(t)

	silent, err := net.Listen("tcp4", "127.0.0.1:0") // the kernel completes connections that nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	dsn, err := url.Parse(f.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	dsn.Host = silent.Addr().String()
	begun := time.Now()
	after := f.extraNode(t, map[string]string{"LOCAL_DIR": dir, "POSTGRES_URL": dsn.String()})
	for i, host := range hosts {
		if _, err := f.handshake(after, host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		spent := time.Since(begun)
		if limit := []time.Duration{6 * time.Second, 2 * time.Second, 2 * time.Second}[i]; spent > limit {
			t.Errorf("%s was served after %s, want %s at most", host, spent, limit)
		}
		begun = time.Now()
	}
}

// What ceased to be served while a node was down is not kept on its disk for ever.
func TestRestart_ForgetsTheCopiesOfHostsThatAreGone(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	dir := t.TempDir()
	before := f.extraNode(t, map[string]string{"LOCAL_DIR": dir})
	before.copied(t, b.host, b.other)
	before.end(t)
	f.deleteDomain(t, b.host)
	after := f.extraNode(t, map[string]string{"LOCAL_DIR": dir})
	waitFor(t, "the host to be gone", func() bool { _, ok := after.directory.Lookup(tenant.MustParseHostname(b.host)); return !ok })
	folder := after.certificateCopies()
	waitFor(t, "its copy to be gone", func() bool { _, err := folder.Read(b.host); return err != nil })
	if _, err := folder.Read(b.other); err != nil {
		t.Errorf("control: the copy of a host that is served: %v", err)
	}
}

// deleteDomain does what only a superuser can: row-level security binds the owner too.
func (f *fleet) deleteDomain(t *testing.T, host string) {
	t.Helper()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, f.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(ctx) }()
	const q = `DELETE FROM domains WHERE host = $1`
	if deleted, err := admin.Exec(ctx, q, host); err != nil || deleted.RowsAffected() != 1 {
		t.Fatalf("deleting the domain: %v, %v", deleted, err)
	}
}

// metric reads one number without labels from a node's metrics.
func metric(t *testing.T, n *fleetNode, name string) float64 {
	t.Helper()
	_, metrics := n.ops(t, "/metrics")
	_, after, found := strings.Cut(metrics, "\n"+name+" ")
	line, _, _ := strings.Cut(after, "\n")
	value, err := strconv.ParseFloat(line, 64)
	if !found || err != nil {
		t.Fatalf("the metric %s: %q, %v", name, line, err)
	}
	return value
}
