package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/tenantdb"
)

type certCmd struct {
	List   certListCmd   `cmd:"" help:"List certificates: who issued them, when they end and are renewed, and what stands in the way."`
	Renew  certRenewCmd  `cmd:"" help:"Have a certificate replaced now. It is served until the new one is there."`
	Revoke certRevokeCmd `cmd:"" help:"Have a certificate dropped by every node now and revoked by its CA. A host that is served gets a new one with a new key."`
}

type certListCmd struct {
	Due     bool `help:"Only those whose time to renew has come, and hosts that were refused a first one." xor:"which"`
	Failing bool `help:"Only those that the CA refused since the last success." xor:"which"`
	JSON    bool `name:"json" help:"Print for programs."`
}

// certLine is one certificate in a list.
type certLine struct {
	Host     string     `json:"host"`
	Issuer   string     `json:"issuer"`
	Serial   string     `json:"serial"`
	NotAfter *time.Time `json:"not_after"`
	RenewAt  *time.Time `json:"renew_at"`
	Serving  int        `json:"nodes_serving"`
	Live     int        `json:"nodes_live"`
	Trouble  string     `json:"trouble"`
	Reason   string     `json:"reason"` // what the CA said
	RetryAt  *time.Time `json:"retry_at"`

	unicode string
}

// Run lists certificates.
func (c certListCmd) Run(e *env) error {
	return withDesk(e, func(ctx context.Context, d *desk) error {
		lines, err := d.certLines(ctx, certsdb.Filter{Due: c.Due, Failing: c.Failing})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, lines)
		}
		if len(lines) == 0 {
			fmt.Fprintln(e.stderr, c.none())
			return nil
		}
		return printCertLines(e, lines)
	})
}

// none says what an empty list means.
func (c certListCmd) none() string {
	switch {
	case c.Due:
		return "No certificate is due."
	case c.Failing:
		return "The CA refused none since its last success."
	}
	return "There are no certificates. Each host that is served gets one by itself."
}

func (d *desk) certLines(ctx context.Context, want certsdb.Filter) ([]certLine, error) {
	lines := []certLine{}
	for after := (tenant.Hostname{}); ; {
		page, err := d.certs.Page(ctx, want, after, linesAtOnce)
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			lines = append(lines, certLine{Host: l.Host.String(), Issuer: l.Issuer, Serial: l.Serial, NotAfter: timeOrNil(l.NotAfter), RenewAt: timeOrNil(l.RenewAt),
				Serving: l.Serving, Live: l.Live, Trouble: l.Trouble, Reason: l.Reason, RetryAt: timeOrNil(l.RetryAt), unicode: l.Host.Unicode()})
			after = l.Host
		}
		if len(page) < linesAtOnce {
			return lines, nil
		}
	}
}

func printCertLines(e *env, lines []certLine) error {
	now := time.Now()
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tISSUER\tSERIAL\tENDS\tRENEWED\tNODES\tTROUBLE\tASKED AGAIN")
	for _, l := range lines {
		again := "–"
		if l.Trouble != "" {
			again = "now"
			if l.RetryAt != nil && l.RetryAt.After(now) {
				again = away(*l.RetryAt, now)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d/%d\t%s\t%s\n", l.unicode, orDash(l.Issuer), orDash(l.Serial), awayOrDash(l.NotAfter, now), dueOr(l.RenewAt, now),
			l.Serving, l.Live, orDash(l.Trouble), again)
	}
	return w.Flush()
}

func dueOr(t *time.Time, now time.Time) string {
	if t != nil && !t.After(now) {
		return "due for " + roughly(now.Sub(*t))
	}
	return awayOrDash(t, now)
}

type certRenewCmd struct {
	Host string `arg:"" optional:"" help:"Like billing.acme.com."`
	All  bool   `help:"Every certificate that is still valid. Those of names that the CA refused lately wait for their time."`
}

// Run makes certificates due.
func (c certRenewCmd) Run(e *env) error {
	if c.All == (c.Host != "") {
		return errors.New("name one host, or give --all")
	}
	return withDesk(e, func(ctx context.Context, d *desk) error {
		if c.All {
			n, err := d.certs.HurryAll(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s due now. The nodes renew what is served, as fast as the CA's limits allow: tollhouse cert list --due\n", areDue(n))
			return nil
		}
		return c.one(ctx, e, d)
	})
}

func areDue(n int) string {
	if n == 1 {
		return "1 certificate is"
	}
	return fmt.Sprintf("%d certificates are", n)
}

func (c certRenewCmd) one(ctx context.Context, e *env, d *desk) error {
	host, err := tenant.ParseHostname(c.Host)
	if err != nil {
		return err
	}
	place, err := d.place(ctx, host)
	if err != nil {
		return err
	}
	if !place.served() {
		return fmt.Errorf("%s is not served, so that nobody orders a certificate for it: %s", host, place.unserved())
	}
	known, err := d.certs.Hurry(ctx, host)
	if err != nil {
		return err
	}
	if known {
		fmt.Fprintf(e.stdout, "The certificate of %s is due now. A node renews it within %s, if one lives and the CA's limits allow: tollhouse explain %s\n", host, roughly(d.config.RenewalCheck), host)
		return nil
	}
	fmt.Fprintf(e.stdout, "%s has no certificate yet. Its back-off is over; a node asks the CA within seconds, if one lives: tollhouse explain %s\n", host, host)
	return nil
}

type certRevokeCmd struct {
	Host   string `arg:"" help:"Like billing.acme.com."`
	Reason string `help:"Why: ${enum}." enum:"unspecified,keyCompromise,superseded,cessationOfOperation" default:"unspecified"`
}

var revocationReasons = map[string]certs.Reason{"unspecified": certs.Unspecified, "keyCompromise": certs.KeyCompromise, "superseded": certs.Superseded,
	"cessationOfOperation": certs.CessationOfOperation}

// Run has a host's certificates revoked.
func (c certRevokeCmd) Run(e *env) error {
	return withDesk(e, func(ctx context.Context, d *desk) error {
		host, err := tenant.ParseHostname(c.Host)
		if err != nil {
			return err
		}
		place, err := d.place(ctx, host)
		if err != nil {
			return err
		}
		if err := d.revoke(ctx, place, c.Reason); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "Every node drops the certificate of %s within a second, and one of them tells the CA.\n", host)
		if place.served() {
			fmt.Fprintln(e.stdout, "The host is served, so it gets a new certificate with a new key at once; handshakes wait for it.")
		}
		fmt.Fprintf(e.stdout, "See: tollhouse explain %s\n", host)
		return nil
	})
}

// revoke has a host's certificates revoked, and notes it in the audit log of the tenant whose host it is, both or neither.
func (d *desk) revoke(ctx context.Context, p place, why string) error {
	fact, err := d.fact(ctx, p.host)
	if err != nil {
		return err
	}
	if fact.Serial == "" || p.owner() == "" {
		n, err := d.certs.Revoke(ctx, p.host, revocationReasons[why])
		if err == nil && n == 0 {
			err = fmt.Errorf("%s has no certificate; what was revoked before is in: tollhouse explain %s", p.host, p.host)
		}
		return err
	}
	return rls.Tx(ctx, d.pool, p.owner(), func(tx pgx.Tx) error {
		if err := certsdb.RequestRevocation(ctx, tx, p.host, revocationReasons[why]); err != nil {
			return err
		}
		return noteChange(ctx, tx, p.owner(), tenantdb.Event{What: "certificate.revoked", Subject: p.id(), Reason: why})
	})
}
