package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/tenant/domaindoctor"
)

func (x *explanation) print(w io.Writer) {
	_, says := x.answer()
	fmt.Fprintf(w, "%s\n%s\n", x.host.Unicode(), says)
	x.printWhose(w)
	x.printCertificate(w)
	x.printNodes(w)
	x.printPlatform(w)
	fmt.Fprintln(w, "Not known from here")
	for _, u := range x.unknown {
		fmt.Fprintf(w, "  %s\n", u)
	}
}

func (x *explanation) printWhose(w io.Writer) {
	fmt.Fprintln(w, "Whose it is")
	switch x.kind {
	case apiHost:
		fmt.Fprintln(w, "  the platform's, for the API")
	case freeHost, unclaimed:
		fmt.Fprintf(w, "  nobody's: %s\n", x.unserved())
	case defaultHost:
		fmt.Fprintf(w, "  the default host of tenant %s (%s), which is %s\n", x.tenant.Slug, x.tenant.ID, x.tenant.Status)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range x.claims {
		fmt.Fprintf(t, "  %s\t%s since %s\tproven %s\t%s\t%s\n", c.Slug, c.Status, moment(c.StatusAt), provenBy(c.Domain, x.now), x.because(c.Reason, domaindoctor.Who(c.BlockingOn)), c.ID)
	}
	_ = t.Flush()
}

func (x *explanation) because(reason string, who domaindoctor.Who) string {
	if reason == "" {
		return ""
	}
	return reason + ", " + actors[who]
}

func (x *explanation) printCertificate(w io.Writer) {
	fmt.Fprintln(w, "Certificate")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if f := x.fact; f.Serial == "" {
		fmt.Fprintln(t, "  none is stored")
	} else {
		fmt.Fprintf(t, "  serial\t%s, version %d, by %s\n  valid\tfrom %s to %s\n  renewed\t%s\n  served\tby %d of %d nodes (one that joined later counts once it has loaded it)\n", f.Serial, f.Version, f.Issuer,
			moment(f.NotBefore), dated(f.NotAfter, x.now), x.renewal(), f.Serving, f.Live)
	}
	for _, h := range x.held {
		fmt.Fprintf(t, "  refused\t%s by %s, %d times, last %s; asked again %s\n\t%s\n", orDash(h.Code), h.Issuer, h.Failures, dated(h.FailedAt, x.now), retry(h.RetryAt, x.now), h.Reason)
	}
	for _, r := range x.revoked {
		fmt.Fprintf(t, "  revoked\t%s of %s, asked for %s: %s\n", r.Serial, r.Issuer, dated(r.RequestedAt, x.now), x.revocation(r))
	}
	_ = t.Flush()
}

func (x *explanation) renewal() string {
	if !x.fact.RenewAt.After(x.now) {
		return "due since " + dated(x.fact.RenewAt, x.now)
	}
	return dated(x.fact.RenewAt, x.now)
}

func (x *explanation) revocation(r certsdb.RevocationState) string {
	switch {
	case !r.RevokedAt.IsZero():
		return "the CA has taken it"
	case r.Error != "":
		return fmt.Sprintf("not yet, after %d attempts, the next %s: %s", r.Attempts, retry(r.DueAt, x.now), r.Error)
	}
	return "the CA is told next"
}

func (x *explanation) printNodes(w io.Writer) {
	printNodes(w, x.nodes, x.now)
	for _, n := range x.nodes {
		if n.Alive && n.DirectorySeq < x.head {
			fmt.Fprintf(w, "  ! %s has heard of changes up to %d of %d: what came after that it does not know yet\n", n.Name, n.DirectorySeq, x.head)
		}
		if n.Alive && n.Serial != "" && n.Serial != x.fact.Serial {
			fmt.Fprintf(w, "  ! %s was last seen serving %s, which is not the stored certificate\n", n.Name, n.Serial)
		}
	}
}

func (x *explanation) printPlatform(w io.Writer) {
	fmt.Fprintln(w, "Platform")
	brake := "not set"
	if !x.brake.TrippedAt.IsZero() {
		brake = fmt.Sprintf("set since %s: %d of %d hosts had turned bad; none is given up meanwhile (tollhouse domain brake)", dated(x.brake.TrippedAt, x.now), x.brake.Turned, x.brake.Of)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  brake\t%s\n", brake)
	for _, c := range x.cas {
		fmt.Fprintf(t, "  CA\t%s: %s\n", c.Issuer, x.health(c))
	}
	for _, l := range x.ledger {
		fmt.Fprintf(t, "  ledger\t%s: %s\n", l.Issuer, bucketOf(x.config, l).words())
	}
	_ = t.Flush()
}

func (x *explanation) health(c certsdb.CAState) string {
	switch {
	case !c.FailingSince.IsZero():
		return fmt.Sprintf("in trouble since %s: %s, %s; asked again %s", dated(c.FailingSince, x.now), orDash(c.Code), c.Error, retry(c.RetryAt, x.now))
	case c.AnsweredAt.IsZero():
		return "no certificate came from it yet"
	}
	return "issued last " + dated(c.AnsweredAt, x.now)
}

// bucket is one limit of a CA as an order for the host would find it.
type bucket struct {
	CA     string `json:"ca"`
	Bucket string `json:"bucket"`
	Used   int    `json:"used"`
	Of     int    `json:"of"` // 0: not limited any more
	Per    string `json:"per"`
	WaitS  int    `json:"wait_seconds"` // until one more is allowed
}

// bucketOf reads GCRA's state with the limits of the settings.
func bucketOf(c Config, l certsdb.LedgerState) bucket {
	limit := limitOf(c, l)
	b := bucket{CA: l.Issuer, Bucket: l.Bucket, Of: limit.Count, Per: span(limit.Per)}
	if limit.None() {
		return b
	}
	step := limit.Per / time.Duration(limit.Count)
	b.Used = min(limit.Count, int((l.Full+step-1)/step))
	b.WaitS = int(max(0, l.Full+step-limit.Per+time.Second-1) / time.Second)
	return b
}

// span writes a limit's time without what is zero, like "3h" or "168h".
func span(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

func limitOf(c Config, l certsdb.LedgerState) certs.Limit {
	limits := c.ACME.Limits
	if u, err := url.Parse(c.ACME.Directory); err == nil && u.Hostname() != l.Issuer {
		limits = c.Fallback.Limits
	}
	name, _, _ := strings.Cut(l.Bucket, ":")
	switch name {
	case "orders":
		return limits.Orders
	case "tenant":
		return limits.PerTenant()
	case "registered":
		return limits.Registered
	case "names":
		return limits.Names
	case "failed":
		return limits.Failed
	}
	return certs.Limit{}
}

func (b bucket) words() string {
	switch {
	case b.Of == 0:
		return b.Bucket + " is not limited"
	case b.WaitS > 0:
		return fmt.Sprintf("%s: %d of %d in %s are used; one more in %s", b.Bucket, b.Used, b.Of, b.Per, roughly(time.Duration(b.WaitS)*time.Second))
	}
	return fmt.Sprintf("%s: %d of %d in %s are used", b.Bucket, b.Used, b.Of, b.Per)
}
