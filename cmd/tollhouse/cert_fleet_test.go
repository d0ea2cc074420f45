package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// leaf is the certificate that a node serves for a host; nil while it serves none.
func (f *fleet) leaf(n *fleetNode, host string) *x509.Certificate {
	c, err := f.tryDial(n, host, nil)
	if err != nil {
		return nil
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0]
}

// replaced waits until every node serves the same certificate, and not the old one.
func (f *fleet) replaced(t *testing.T, host string, old *x509.Certificate) (leaf *x509.Certificate) {
	t.Helper()
	waitFor(t, "another certificate of "+host+" on every node", func() bool {
		leaf = f.leaf(f.nodes[0], host)
		for _, n := range f.nodes {
			if got := f.leaf(n, host); leaf == nil || got == nil || old != nil && got.Equal(old) || !got.Equal(leaf) {
				return false
			}
		}
		return true
	})
	return leaf
}

// What the commands write into the record is what the nodes do, with as many orders as were asked for.
func TestCert_RenewAndRevokeReachTheNodes(t *testing.T) {
	f := newFleet(t, 2, map[string]string{"RENEWAL_CHECK": "1s"})
	b := f.addBusiness(t, "acme")
	first := f.replaced(t, b.host, nil)
	ordered := func() (n int) {
		for _, order := range f.ca.OrderLog() {
			if len(order.Names) == 1 && order.Names[0] == b.host {
				n++
			}
		}
		return n
	}
	if _, _, err := cliRun(t, f.conf, "cert", "renew", b.host); err != nil {
		t.Fatal(err)
	}
	second := f.replaced(t, b.host, first)
	out, _, err := cliRun(t, f.conf, "cert", "revoke", b.host, "--reason", "keyCompromise")
	if err != nil || !strings.Contains(out, "a new certificate with a new key") {
		t.Fatalf("%v\n%s", err, out)
	}
	third := f.replaced(t, b.host, second)
	if third.PublicKey.(*ecdsa.PublicKey).Equal(second.PublicKey) {
		t.Error("the key that is said to be lost is served on")
	}
	waitFor(t, "the CA to be told", func() bool { return len(f.ca.Revocations()) > 0 })
	if n := ordered(); n != 3 {
		t.Errorf("%d orders for three certificates", n)
	}
	f.explained(t, b, third)
	f.accountIsKnown(t)
}

// explained waits until the fleet was seen serving a certificate, and compares what explain says of it with what a visitor gets.
func (f *fleet) explained(t *testing.T, b *business, leaf *x509.Certificate) {
	t.Helper()
	var x explanationJSON
	waitFor(t, "both nodes to be seen", func() bool {
		out, _, err := cliRun(t, f.conf, "explain", b.host, "--json")
		return err == nil && json.Unmarshal([]byte(out), &x) == nil && x.Certificate != nil && x.Certificate.Serving == 2
	})
	if x.Answer != "portal" || x.Certificate.Serial != leaf.SerialNumber.Text(16) || x.Certificate.Live != 2 || *x.Tenant != b.Slug || len(x.Revocations) == 0 {
		t.Errorf("%+v", x)
	}
	if r := ask(t, f.client(f.nodes[1]), http.MethodGet, "https://"+b.host+"/portal/test", ""); r.StatusCode != http.StatusOK {
		t.Errorf("said to be served, and answers %s", r.Status)
	}
	if _, _, err := cliRun(t, f.conf, "domain", "suspend", b.host); err != nil {
		t.Fatal(err)
	}
	for _, n := range f.nodes {
		waitFor(t, "the host to be gone", func() bool { return f.leaf(n, b.host) == nil })
	}
	if out, _, err := cliRun(t, f.conf, "explain", b.host); err != nil || !strings.Contains(out, "alert unrecognized_name") || !strings.Contains(out, "suspended") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, _, err := cliRun(t, f.conf, "domain", "resume", b.host); err != nil {
		t.Fatal(err)
	}
	f.replaced(t, b.host, nil)
}

func (f *fleet) accountIsKnown(t *testing.T) {
	t.Helper()
	account, err := storedAccount(f.nodes[0].config, f.db.App)
	if err != nil {
		t.Fatal(err)
	}
	if stored, told := account(), accountOf(f.nodes[1].certs)(); !strings.HasPrefix(stored, "https://") || stored != told {
		t.Errorf("our account is %q by the record and %q by a node", stored, told)
	}
}
