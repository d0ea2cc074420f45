package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

type domainDoctorCmd struct {
	Name   string `arg:"" help:"Like billing.acme.com."`
	Target string `help:"CNAME target of the claim, whose proof is looked for." placeholder:"HOST"`
	Token  string `help:"Token of the claim, looked for in TXT records at _tollhouse.NAME." placeholder:"TOKEN"`
	JSON   bool   `name:"json" help:"Print the report for programs."`
}

// Help is shown by `tollhouse domain doctor --help`.
func (domainDoctorCmd) Help() string {
	return "Asks DNS through every resolver of TOLLHOUSE_DNS_RESOLVERS and knocks at TOLLHOUSE_PUBLIC_ADDRESSES; needs no database, orders nothing and changes nothing. Exits with 0 when a certificate would be issued, 1 when something is in the way, 2 when it cannot be said."
}

// Run examines one name and prints what a doctor would say.
func (c domainDoctorCmd) Run(e *env) error {
	conf, err := loadConfig(e.getenv, e.file, false, "PLATFORM_DOMAIN")
	if err != nil {
		return err
	}
	doctor, err := newDomainDoctor(conf)
	if err != nil {
		return err
	}
	want, err := c.proof()
	if err != nil {
		return err
	}
	host, findings := doctor.ParseName(c.Name)
	report := domaindoctor.Report{Host: host, CheckedAt: time.Now(), Verdict: domaindoctor.Blocked, Findings: findings}
	if len(findings) == 0 {
		report = doctor.Examine(e.ctx, host, want)
	}
	return c.print(e.stdout, report)
}

func (c domainDoctorCmd) proof() (want domaindoctor.Proof, err error) {
	want.TXTToken = c.Token
	if c.Target == "" {
		return want, nil
	}
	if want.CNAMETarget, err = tenant.ParseHostname(c.Target); err != nil {
		return want, fmt.Errorf("--target: %w", err)
	}
	return want, nil
}

// newDomainDoctor points a doctor at what the settings name. A CA on this machine looks for challenges where this machine listens; every
// other one goes to ports 80 and 443.
func newDomainDoctor(c Config) (*domaindoctor.Doctor, error) {
	conf := domaindoctor.Config{
		Resolvers: c.Resolvers,
		Targets:   domaindoctor.Targets{Edge: c.EdgeDomain, Addresses: c.PublicAddresses},
		Own:       []tenant.Hostname{c.PlatformDomain},
		CAs:       c.CAAIssuers,
	}
	if directory, err := url.Parse(c.ACMEDirectory); err == nil && isLoopback(directory.Hostname()) {
		conf.PrivateCA = true
		conf.Probe = domaindoctor.Probe{HTTPPort: portOf(c.HTTPAddr), TLSPort: portOf(c.HTTPSAddr)}
	}
	return domaindoctor.New(conf)
}

// portOf is the port of an address, or zero where it has a name.
func portOf(address string) uint16 {
	_, port, _ := net.SplitHostPort(address)
	n, _ := strconv.ParseUint(port, 10, 16)
	return uint16(n)
}

func (c domainDoctorCmd) print(w io.Writer, r domaindoctor.Report) error {
	if c.JSON {
		if err := printReportJSON(w, c.Name, r); err != nil {
			return err
		}
	} else {
		printReport(w, c.Name, r)
	}
	switch r.Verdict {
	case domaindoctor.Ready:
		return nil
	case domaindoctor.Blocked:
		return exitError(1)
	}
	return exitError(2)
}

// actors are the words for who has to act.
var actors = map[domaindoctor.Who]string{domaindoctor.Tenant: "the tenant has to act", domaindoctor.Platform: "the platform's operator has to act",
	domaindoctor.CA: "the certificate authority has to act", domaindoctor.Nobody: "nobody has to act"}

func printReport(w io.Writer, typed string, r domaindoctor.Report) {
	name := r.Host.String()
	if r.Host.IsZero() {
		name = strconv.QuoteToASCII(typed)
	}
	switch r.Verdict {
	case domaindoctor.Ready:
		fmt.Fprintf(w, "✓ %s: a certificate would be issued.\n", name)
	case domaindoctor.Blocked:
		fmt.Fprintf(w, "✗ %s: no certificate would be issued.\n", name)
	default:
		fmt.Fprintf(w, "? %s: it cannot be said now.\n", name)
	}
	if r.Proven {
		fmt.Fprintf(w, "✓ the claim is proven by %s\n", map[domaindoctor.Method]string{domaindoctor.ByCNAME: "its CNAME target", domaindoctor.ByTXT: "its TXT record"}[r.By])
	}
	for _, f := range r.Findings {
		mark := "✗"
		if !f.Certain {
			mark = "?"
		}
		fmt.Fprintf(w, "%s %s: %s\n    expected  %s\n    seen      %s\n    → %s\n", mark, f.Code, actors[f.Who], f.Expected, f.Seen, f.Fix)
	}
}

// reportJSON is the report for programs.
type reportJSON struct {
	Host      string        `json:"host"`
	Verdict   string        `json:"verdict"`
	Proven    bool          `json:"proven"`
	ProvenBy  string        `json:"proven_by,omitempty"`
	CheckedAt time.Time     `json:"checked_at"`
	Findings  []findingJSON `json:"findings"`
}

type findingJSON struct {
	Code              string `json:"code"`
	Who               string `json:"who"`
	Certain           bool   `json:"certain"`
	Expected          string `json:"expected"`
	Seen              string `json:"seen"`
	Fix               string `json:"fix"`
	RetryAfterSeconds int    `json:"retry_after_seconds,omitempty"`
}

func printReportJSON(w io.Writer, typed string, r domaindoctor.Report) error {
	out := reportJSON{Host: r.Host.String(), Verdict: string(r.Verdict), Proven: r.Proven, ProvenBy: string(r.By), CheckedAt: r.CheckedAt.UTC(), Findings: []findingJSON{}}
	if r.Host.IsZero() {
		out.Host = typed
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, findingJSON{Code: string(f.Code), Who: string(f.Who), Certain: f.Certain, Expected: f.Expected, Seen: f.Seen, Fix: f.Fix,
			RetryAfterSeconds: int(f.RetryAfter / time.Second)})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
