package domaindoctor

import (
	"fmt"
	"slices"
	"strings"
)

// The names of the checks, in the order of looking.
const (
	nameCheck      = "name"
	routeCheck     = "route"
	ownershipCheck = "ownership"
	caaCheck       = "caa"
	httpCheck      = "http"
	tlsCheck       = "tls"
)

func (c Check) named(name string) Check {
	c.Name = name
	return c
}

// skipped is a check that was not made, and why.
func skipped(name, expected, why string) Check {
	return Check{Name: name, Result: Skipped, Expected: expected, Seen: why}
}

// check makes a check of what is in the way.
func (f Finding) check(name string) Check {
	c := Check{Name: name, Result: Undecided, Code: f.Code, Expected: f.Expected, Seen: f.Seen}
	if f.Certain {
		c.Result = Failed
	}
	return c
}

// unlooked are the checks of a name that is refused for itself.
func unlooked(wrong Finding) []Check {
	checks := []Check{wrong.check(nameCheck)}
	for _, name := range []string{routeCheck, ownershipCheck, caaCheck, httpCheck, tlsCheck} {
		checks = append(checks, skipped(name, "a name that can be served", "not looked at, because the name has to be another one first"))
	}
	return checks
}

func (e exam) nameCheck() Check {
	return Check{Name: nameCheck, Result: Passed, Expected: "a name that can be served", Seen: e.host.Unicode()}
}

// checks tells all that was looked at. knocks is nil when no door was to be tried.
func (e exam) checks(route, proof, permit conclusion, knocks []knock) []Check {
	cause := causeOf(route, proof, permit)
	return []Check{
		e.nameCheck(),
		route.check(routeCheck, e.expectedRoute(), cause),
		e.ownershipCheck(proof, cause),
		permit.check(caaCheck, fmt.Sprintf("no CAA record, or CAA 0 issue %q", e.CAs[0]), cause),
		e.doorCheck(httpCheck, ProbeHTTP, route, knocks),
		e.doorCheck(tlsCheck, ProbeTLS, route, knocks),
	}
}

// causeOf is the broken record, if there is one, for which nothing else at the name can be looked up. onePerCause goes by the same.
func causeOf(all ...conclusion) Code {
	for _, c := range all {
		if i := slices.IndexFunc(c.findings, brokenRecord); i >= 0 {
			return c.findings[i].Code
		}
	}
	return ""
}

// check tells one question's answer.
func (c conclusion) check(name, expected string, cause Code) Check {
	switch {
	case len(c.findings) == 0:
		return Check{Name: name, Result: Passed, Expected: expected, Seen: c.seen}
	case c.findings[0].Code == DNSServfail && cause != "":
		return skipped(name, expected, fmt.Sprintf("cannot be looked up before %s is mended", cause))
	}
	return c.findings[0].check(name)
}

func (e exam) ownershipCheck(proof conclusion, cause Code) Check {
	if e.want.none() {
		return skipped(ownershipCheck, "the record that proves a claim", "no claim was given to look for")
	}
	return proof.check(ownershipCheck, e.proofRecord(), cause)
}

// doorCheck tells how the doors answered.
func (e exam) doorCheck(name string, code Code, route conclusion, knocks []knock) Check {
	expected := answerOf(code)
	switch {
	case !route.settled || len(route.findings) > 0:
		return skipped(name, expected, "not tried, because the name has to lead here first")
	case len(e.Targets.Addresses) == 0:
		return skipped(name, expected, "not tried, because the platform's operator has not named the addresses of this gateway")
	}
	var answers []string
	for _, k := range knocks {
		if k.code != code || k.untried {
			continue
		}
		if k.failure != nil {
			return k.failure.check(name)
		}
		answers = append(answers, fmt.Sprintf("%s at %s", k.seen, k.door))
	}
	if len(answers) == 0 {
		return skipped(name, expected, "not tried, because this node has no IPv6 and the name no IPv4 address")
	}
	return Check{Name: name, Result: Passed, Expected: expected, Seen: strings.Join(answers, ", ")}
}
