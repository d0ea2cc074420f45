package main

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor/dnstest"
	"tollhouse/tenant/domains"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
	"tollhouse/tenant/tenantdb"
)

// office is a record with hosts in every situation that an operator is asked about, and no node, CA or resolver that could be reached.
type office struct {
	db       pgtest.DB
	settings map[string]string
	store    *tenantdb.Store
	fleet    *certsdb.Store
	tenants  map[string]tenant.ID
	ids      map[string]string // domains by "host tenant"
	now      time.Time
}

// newOffice makes the record: acme with a host that is well, globe with one of each trouble, and a name that both claim.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := emptyOffice(t)
	o.claim(t, "acme", "billing.acme.com", tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainIssuing, tenant.DomainDeploying, tenant.DomainActive)
	o.claim(t, "acme", "new.acme.com")
	o.claim(t, "globe", "billing.acme.com", tenant.DomainClaimConflict)
	o.claim(t, "globe", "blocked.globe.com", tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainBlocked)
	o.claim(t, "globe", "waiting.globe.com", tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainIssuing)
	o.claim(t, "globe", "held.globe.com", tenant.DomainPendingDNS, tenant.DomainPreflight, tenant.DomainIssuing, tenant.DomainSuspended)
	o.claim(t, "globe", "gone.globe.com", tenant.DomainPendingDNS, tenant.DomainQuarantined)
	o.certificate(t, "billing.acme.com", "04ab", 60*24*time.Hour)
	o.refusal(t, "waiting.globe.com", certs.CodeRateLimited, "too many certificates already issued", 2*time.Hour)
	o.node(t, "node-1", "edge-1", "billing.acme.com", "04ab")
	o.node(t, "node-2", "edge-2", "", "")
	return o
}

func emptyOffice(t *testing.T) *office {
	t.Helper()
	resolver := dnstest.Start(t).Addr.String()
	o := &office{db: pgtest.Clone(t), tenants: map[string]tenant.ID{}, ids: map[string]string{}, now: time.Now().UTC()}
	o.settings = map[string]string{"PLATFORM_DOMAIN": "pay.example", "POSTGRES_URL": o.db.AppURL, "DNS_RESOLVERS": resolver + "," + resolver}
	o.store = tenantdb.New(o.db.App, tenant.MustParseHostname("pay.example"), tenantdb.Hooks{Lost: revokeLost})
	var err error
	o.fleet, err = certsdb.New(certsdb.Config{Pool: o.db.App, Ring: seal.RandomRing(), CA: "https://acme-v02.api.letsencrypt.org/directory", Log: newLog(t.Output(), 0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"acme", "globe"} {
		made, err := o.store.Create(t.Context(), tenant.Draft{Slug: slug, Name: slug})
		if err != nil {
			t.Fatal(err)
		}
		o.tenants[slug] = made.ID
	}
	return o
}

// claim makes a claim and takes it through its life.
func (o *office) claim(t *testing.T, slug, host string, steps ...tenant.DomainStatus) {
	t.Helper()
	label := strings.ReplaceAll(host, ".", "") + "0123456789abcdef"
	d, _, err := o.store.Claim(t.Context(), o.tenants[slug], domains.NewClaim{Host: tenant.MustParseHostname(host), Label: label[:20], Token: "token-of-" + slug, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	o.ids[host+" "+slug] = d.ID
	for _, step := range steps {
		_, err := o.store.Update(t.Context(), o.tenants[slug], d.ID, func(d *tenant.Domain) error {
			d.Reason, d.BlockingOn, d.NextCheckAt = "", tenant.BlockingOnNobody, o.now.Add(3*time.Hour)
			if step.Holds() && d.ProvenAt.IsZero() {
				d.ProvenAt, d.ProvenBy = o.now, tenant.ProvenByCNAME
			}
			switch step {
			case tenant.DomainBlocked:
				d.Reason, d.BlockingOn = "caa.forbids", tenant.BlockingOnTenant
			case tenant.DomainClaimConflict:
				d.Reason, d.BlockingOn = "conflict.in_use", tenant.BlockingOnTenant
			}
			return d.Go(step, d.Reason, o.now)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (o *office) exec(t *testing.T, q string, args ...any) {
	t.Helper()
	if _, err := o.db.App.Exec(t.Context(), q, args...); err != nil {
		t.Fatal(err)
	}
}

// as runs a statement as the schema's owner and inside a tenant, to bring about what would take long by itself.
func (o *office) as(t *testing.T, id tenant.ID, q string, args ...any) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), o.db.Owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT set_config('app.tenant', $1, true)`, id); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const testIssuer = "acme-v02.api.letsencrypt.org-directory"

// certificate stores one that was committed an hour ago, before the nodes joined.
func (o *office) certificate(t *testing.T, host, serial string, left time.Duration) {
	t.Helper()
	o.exec(t, `INSERT INTO certificates (host, issuer, fence, serial, not_before, not_after, renew_at, refresh_at, chain_pem, key_sealed, metadata, committed_at)
		VALUES ($1, $2, 1, $3, $4, $5, $6, $6, '', '', '{}', $4)`, host, testIssuer, serial, o.now.Add(-time.Hour), o.now.Add(left), o.now.Add(left*2/3))
}

func (o *office) refusal(t *testing.T, host, code, reason string, retry time.Duration) {
	t.Helper()
	o.exec(t, `INSERT INTO certificate_failures (host, issuer, failures, code, reason, retry_at) VALUES ($1, $2, 3, $3, $4, $5)`, host, testIssuer, code, reason, o.now.Add(retry))
}

func (o *office) node(t *testing.T, id, name, host, serial string) {
	t.Helper()
	if _, err := o.fleet.Beat(t.Context(), certs.Node{ID: id, Name: name, DirectorySeq: 1 << 40}); err != nil {
		t.Fatal(err)
	}
	if host == "" {
		return
	}
	if err := o.fleet.Saw(t.Context(), id, []certs.Sighting{{Host: tenant.MustParseHostname(host), Serial: serial, Version: 1}}); err != nil {
		t.Fatal(err)
	}
}

// audited counts the entries in a tenant's audit log that an operator caused.
func (o *office) audited(t *testing.T, slug, kind string) (n int) {
	t.Helper()
	err := rls.Tx(t.Context(), o.db.App, o.tenants[slug], func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND kind = $2 AND actor = 'operator'`, o.tenants[slug], kind).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (o *office) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return cliRun(t, o.settings, args...)
}

// says runs a command that must succeed and print all of these.
func (o *office) says(t *testing.T, command string, want ...string) string {
	t.Helper()
	out, errs, err := o.run(t, strings.Fields(command)...)
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	for _, w := range want {
		if !strings.Contains(out+errs, w) {
			t.Errorf("%s does not say %q:\n%s%s", command, w, out, errs)
		}
	}
	return out
}

// refuses runs a command that must fail with these words.
func (o *office) refuses(t *testing.T, command string, want string) {
	t.Helper()
	if out, _, err := o.run(t, strings.Fields(command)...); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q\n%s", command, err, want, out)
	}
}

// row returns the line of a list that begins with a word, with single spaces.
func row(out, first string) string {
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == first {
			return strings.Join(fields, " ")
		}
	}
	return ""
}
