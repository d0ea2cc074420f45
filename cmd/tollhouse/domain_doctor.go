package main

import (
	"fmt"
	"io"
	"net"
	"strconv"

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
	doctor, err := newDomainDoctor(conf, nil)
	if err != nil {
		return err
	}
	want, err := c.proof()
	if err != nil {
		return err
	}
	report := doctor.ExamineTyped(e.ctx, c.Name, want)
	if len(conf.PublicAddresses) == 0 { // a tenant, who reads the report too, knows of no settings
		fmt.Fprintf(e.stderr, "%sPUBLIC_ADDRESSES is not set: nobody knocked at the gateway's own doors\n", prefix)
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
// other one goes to ports 80 and 443. account returns our account at the first CA, "" while it is not known; it may be nil.
func newDomainDoctor(c Config, account func() string) (*domaindoctor.Doctor, error) {
	conf := domaindoctor.Config{
		Resolvers:  c.Resolvers,
		Targets:    domaindoctor.Targets{Edge: c.EdgeDomain, Addresses: c.PublicAddresses},
		Own:        []tenant.Hostname{c.PlatformDomain},
		CAs:        c.CAAIssuers,
		AccountURI: account,
	}
	if c.privateCA() {
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
