package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
)

// guide says what a development run offers, for people and, as JSON, for programs.
type guide struct {
	HTTPSAddr    string        `json:"https_addr"`
	HTTPAddr     string        `json:"http_addr"`
	OpsAddr      string        `json:"ops_addr"`
	APIURL       string        `json:"api_url"`
	CAFile       string        `json:"ca_file"`
	MailURL      string        `json:"mail_url"`
	DNSURL       string        `json:"dns_url"` // where records are set, as at a DNS provider
	DNSAddr      string        `json:"dns_addr"`
	EmulatorURL  string        `json:"emulator_url"`      // Stripe as it is here, with a page for people
	AuthorizeNet string        `json:"authorize_net_url"` // the same of Authorize.Net
	PostgresURL  string        `json:"postgres_url"`
	RedisURL     string        `json:"redis_url"`
	Control      string        `json:"control_socket"`
	PID          int           `json:"pid"`
	Tenants      []guideTenant `json:"tenants"`
}

type guideTenant struct {
	Slug     string            `json:"slug"`
	Name     string            `json:"name"`
	Hosts    []tenant.Hostname `json:"hosts"` // the first is the one that links point to
	APIKey   string            `json:"api_key"`
	Contacts []guideContact    `json:"contacts"`
}

type guideContact struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Company string `json:"company"`
	Email   string `json:"email"`
	Role    string `json:"role"`
	Link    string `json:"link"` // a fresh magic link, good for one use
}

// demo makes the demo tenants that are not there yet, and fresh links and a key for each.
func demo(ctx context.Context, h *house, w *world) (*guide, error) {
	abs := func(path string) string {
		if full, err := filepath.Abs(path); err == nil {
			return full
		}
		return path
	}
	apiHost, err := h.tenants.APIHost()
	if err != nil {
		return nil, err
	}
	g := &guide{HTTPSAddr: w.listeners.HTTPS().String(), HTTPAddr: w.listeners.HTTP().String(), OpsAddr: w.listeners.Ops().String(),
		APIURL: fmt.Sprintf("https://%s:%d", apiHost, w.listeners.HTTPS().Port()), CAFile: abs(w.caFile), MailURL: w.mailPage, DNSURL: w.dnsPage, DNSAddr: w.ca.DNSAddr,
		EmulatorURL: w.till.stripeURL, AuthorizeNet: w.till.authorizeURL,
		PostgresURL: string(w.config.PostgresURL), RedisURL: string(w.config.RedisURL), Control: abs(w.config.ControlSocket), PID: os.Getpid()}
	for _, d := range demoTenants {
		t, err := h.tenants.Show(ctx, d.draft.Slug)
		if errors.Is(err, tenant.ErrNotFound) {
			t, err = plant(ctx, h, d)
		}
		if err != nil {
			return nil, fmt.Errorf("the tenant %s: %w", d.draft.Slug, err)
		}
		if err := openCounter(ctx, h, w, t); err != nil {
			return nil, fmt.Errorf("payments of the tenant %s: %w", d.draft.Slug, err)
		}
		shown, err := describe(ctx, h, t)
		if err != nil {
			return nil, fmt.Errorf("the tenant %s: %w", d.draft.Slug, err)
		}
		g.Tenants = append(g.Tenants, shown)
	}
	return g, nil
}

// describe lists what can be opened at a tenant, with a fresh link for each contact and a fresh key; the key of the run before is revoked.
func describe(ctx context.Context, h *house, t *tenant.Tenant) (guideTenant, error) {
	out := guideTenant{Slug: t.Slug, Name: t.Name}
	domains, err := h.tenants.Domains(ctx, t.ID)
	if err != nil {
		return out, err
	}
	for _, d := range domains {
		out.Hosts = append(out.Hosts, d.Host)
	}
	host, err := h.tenants.DefaultHost(t.Slug)
	if err != nil {
		return out, err
	}
	out.Hosts = append(out.Hosts, host)
	if out.APIKey, err = freshKey(ctx, h, t.ID); err != nil {
		return out, err
	}
	contacts, err := h.clients.Contacts(ctx, t.ID, access.ContactQuery{Status: "active", Limit: 20})
	if err != nil {
		return out, err
	}
	for i := len(contacts) - 1; i >= 0; i-- { // oldest first
		c := contacts[i]
		company, err := h.clients.Company(ctx, t.ID, c.CompanyID)
		if err != nil {
			return out, err
		}
		minted, err := h.access.Mint(ctx, t, access.MintRequest{ContactID: c.ID, By: access.Actor{Kind: string(audit.Operator), ID: "dev"}})
		if err != nil {
			return out, err
		}
		out.Contacts = append(out.Contacts, guideContact{ID: c.ID, Name: c.Name, Company: company.Name, Email: c.Email, Role: string(c.Role), Link: minted.URL})
	}
	return out, nil
}

func freshKey(ctx context.Context, h *house, id tenant.ID) (string, error) {
	const name = "development"
	old, err := h.tenants.Keys(ctx, id)
	if err != nil {
		return "", err
	}
	for _, k := range old {
		if k.Name == name && k.RevokedAt.IsZero() {
			if err := h.tenants.RevokeKey(ctx, id, k.ID); err != nil {
				return "", err
			}
		}
	}
	secret, _, err := h.tenants.CreateKey(ctx, id, name, nil)
	return secret, err
}

// allHosts lists every host of the guide.
func (g *guide) allHosts() []tenant.Hostname {
	var hosts []tenant.Hostname
	for _, t := range g.Tenants {
		hosts = append(hosts, t.Hosts...)
	}
	return hosts
}

// print says what to open, in the order in which a newcomer wants to know it.
func (g *guide) print(out interface{ Write([]byte) (int, error) }, dir string, took time.Duration) {
	fmt.Fprintf(out, "\nTollhouse is up after %.1f s. Everything is on this machine; Ctrl-C ends it.\n", took.Seconds())
	for _, t := range g.Tenants {
		fmt.Fprintf(out, "\n  %s\n", t.Name)
		for _, host := range t.Hosts {
			fmt.Fprintf(out, "    https://%s:%s/portal/\n", host, port(g.HTTPSAddr))
		}
		for _, c := range t.Contacts {
			fmt.Fprintf(out, "    sign in as %s, %s:\n      %s\n", c.Name, c.Company, c.Link)
		}
	}
	fmt.Fprintf(out, "\n  Mails      %s\n  DNS        %s (records of a *.test name of your own are set here)\n  API        %s (keys are in %s)\n  Metrics    http://%s/metrics\n  Log        %s\n",
		g.MailURL, g.DNSURL, g.APIURL, filepath.Join(dir, "dev.json"), g.OpsAddr, filepath.Join(dir, "tollhouse.log"))
	fmt.Fprintf(out, "  Payments   %s/ and %s/authorizenet/ (what the processors do is decided here; pay with 4242 4242 4242 4242)\n", g.EmulatorURL, g.AuthorizeNet)
	fmt.Fprintf(out, "\n  Browsers warn about the certificates until they trust this run's CA: %s\n  With curl: curl --cacert %s https://%s:%s/portal/test\n\n",
		g.CAFile, filepath.Join(dir, "ca.pem"), g.Tenants[0].Hosts[0], port(g.HTTPSAddr))
}

// port is the part of an address behind its last colon.
func port(addr string) string { return addr[bytes.LastIndexByte([]byte(addr), ':')+1:] }
