package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"tollhouse/tenant/domaindoctor"
)

// checkTargets asks whether tenants' CNAMEs would lead to us, and whether CAA at their end helps or hinders. account may be nil.
func checkTargets(ctx context.Context, c Config, account func() string) []finding {
	doctor, err := newDomainDoctor(c, account)
	if err != nil {
		return []finding{{name: "targets", err: err, mend: "correct TOLLHOUSE_DNS_RESOLVERS, TOLLHOUSE_EDGE_DOMAIN and TOLLHOUSE_CAA_ISSUERS"}}
	}
	r := doctor.ExamineTargets(ctx)
	route := finding{name: "targets", says: fmt.Sprintf("*.%s leads to %s", c.EdgeDomain, r.Route.Seen)}
	if len(c.PublicAddresses) == 0 {
		route.advice = "set TOLLHOUSE_PUBLIC_ADDRESSES: without it nothing says whether these addresses are the nodes', and nobody knocks at them before an order"
	}
	return []finding{amiss(route, r.Route, r.Findings), checkTargetCAA(c, r)}
}

// amiss makes a failure of a check that did not pass.
func amiss(f finding, check domaindoctor.Check, findings []domaindoctor.Finding) finding {
	if check.Result == domaindoctor.Passed {
		return f
	}
	f.err = errors.New(strings.TrimPrefix(fmt.Sprintf("%s: expected %s; seen %s", check.Code, check.Expected, check.Seen), ": "))
	f.mend = "mend what stands above first"
	for _, found := range findings {
		if found.Code == check.Code {
			f.mend = found.Fix
		}
	}
	return f
}

// checkTargetCAA does not ask for records that no CA will read: one on this machine knows none.
func checkTargetCAA(c Config, r domaindoctor.TargetReport) finding {
	f := finding{name: "caa", says: "at the targets: " + r.CAA.Seen}
	switch {
	case c.privateCA():
		f.says = "of no concern to a CA on this machine"
		return f
	case r.CAA.Result == domaindoctor.Undecided && r.CAA.Code == domaindoctor.CAAForbids:
		f.says += "; which account is ours is not known yet, so that it cannot be compared"
		f.advice = "run serve once, which registers the account, and then this again"
		return f
	case r.Bound:
		f.says = "lets our account issue for hosts that lead to the targets, and no other"
	default:
		f.advice = "publish " + strings.Join(r.Publish, " and ") + ": it counts for every custom host that leads here, whatever CAA its own domain has, and no other account gets a certificate for it"
		if !strings.Contains(r.Publish[0], "accounturi=") {
			f.advice += "; once serve has registered our account, run this again for the record that names it"
		}
	}
	return amiss(f, r.CAA, r.Findings)
}

// privateCA reports whether the first CA is on this machine.
func (c Config) privateCA() bool {
	directory, err := url.Parse(c.ACME.Directory)
	return err == nil && isLoopback(directory.Hostname())
}
