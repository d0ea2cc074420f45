package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
)

// customer is a tenant that does everything by the API.
type customer struct {
	*tenant.Tenant
	host string // its default one
	key  string
}

// customer makes a tenant with a key, and waits until its default host is served.
func (p *proof) customer(t *testing.T, slug string) *customer {
	t.Helper()
	made, host := p.add(t, slug)
	key, _, err := p.tenants.CreateKey(context.Background(), made.ID, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	p.settled(t, host)
	return &customer{Tenant: made, host: host, key: key}
}

// domainView is what these tests read of a domain.
type domainView struct {
	ID         string
	Host       string
	Status     string
	Reason     string
	BlockingOn string `json:"blocking_on"`
	Records    []struct{ Purpose, Type, Name, Value string }
	Problems   []struct{ Code, Who string }

	Certificate struct {
		Serial       string
		NodesLive    int `json:"nodes_live"`
		NodesServing int `json:"nodes_serving"`
	}
	History []struct {
		At               time.Time
		From, To, Reason string
	}
	text string // all of it
}

// client sends everything to one node.
func (p *proof) client(n *process) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: p.roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, n.https)
		}}}
}

// call calls the API at a node as a customer, and wants one of these answers.
func (p *proof) call(t *testing.T, n *process, c *customer, method, path, body string, want ...int) (v domainView) {
	t.Helper()
	r, err := http.NewRequest(method, "https://api."+fleetDomain+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := p.client(n).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	met := false
	for _, status := range want {
		met = met || answer.StatusCode == status
	}
	if !met {
		t.Fatalf("%s %s: %s, want %v\n%s", method, path, answer.Status, want, content)
	}
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatalf("%s %s: %v\n%s", method, path, err, content)
	}
	v.text = string(content)
	return v
}

// claim claims a host at a node.
func (p *proof) claim(t *testing.T, n *process, c *customer, host string) domainView {
	t.Helper()
	return p.call(t, n, c, "POST", "/api/domains", `{"host":"`+host+`"}`, http.StatusCreated)
}

// show reads a domain at a node.
func (p *proof) show(t *testing.T, n *process, c *customer, id string) domainView {
	t.Helper()
	return p.call(t, n, c, "GET", "/api/domains/"+id, "", http.StatusOK)
}

// record finds the record of a type that the answer asks for.
func (v domainView) record(t *testing.T, kind string) (name, value string) {
	t.Helper()
	for _, r := range v.Records {
		if r.Type == kind {
			return r.Name, r.Value
		}
	}
	t.Fatalf("no %s record in %v", kind, v.Records)
	return "", ""
}

// follow does at the DNS what the answer says.
func (p *proof) follow(t *testing.T, v domainView) {
	t.Helper()
	name, target := v.record(t, "CNAME")
	p.point(name, "CNAME "+target+".")
}

// advance moves the clocks of all nodes on.
func (p *proof) advance(t *testing.T, by time.Duration) {
	t.Helper()
	p.ahead += by
	for _, n := range p.members {
		n.clock(t, `{"advance":"`+by.String()+`"}`)
	}
}

// becomes waits until a domain has the status.
func (p *proof) becomes(t *testing.T, c *customer, id, status string) (v domainView) {
	t.Helper()
	err := until(context.Background(), func() bool {
		v = p.show(t, p.members[0], c, id)
		return v.Status == status
	})
	if err != nil {
		t.Fatalf("waited in vain for %s to be %s:\n%s", v.Host, status, v.text)
	}
	return v
}

// page asks a node for a host's check page.
func (p *proof) page(t *testing.T, n *process, host string) (status int, body string, err error) {
	t.Helper()
	r, err := p.client(n).Get("https://" + host + "/portal/test")
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = r.Body.Close() }()
	content, err := io.ReadAll(r.Body)
	return r.StatusCode, string(content), err
}

// refused reports whether every node refuses the host as not its own.
func (p *proof) refused(host string) bool {
	for _, n := range p.members {
		if _, err := p.shake(n.https, host); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			return false
		}
	}
	return true
}
