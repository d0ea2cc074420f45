package domaindoctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// permission is what one CAA set says to us.
type permission int

const (
	forbidden permission = iota
	perhaps              // it is bound to an account, and we do not know ours
	permitted
)

// critical is the flag of RFC 8659 section 4.1, and the bit at the other end, which so many zones hold for it that Let's Encrypt does too.
const critical = 128 | 1

// known are the tags that Let's Encrypt understands. An unknown one matters only if it is critical.
var known = []string{"issue", "issuewild", "iodef", "issuemail"}

// judgeCAA asks whether the domain lets our CA issue for it.
func (e exam) judgeCAA(v view) opinion {
	set := v.permits
	if set.status != answered {
		return v.failed(set.status, set.about)
	}
	verdict, why := e.permission(set.records)
	if verdict == permitted && !set.more {
		return v.fine(set.shown())
	}
	o := v.troubled(e.unpermitted(set, verdict, why))
	o.doubtful = verdict == perhaps || verdict == permitted // permitted by those that were read, of too many
	return o
}

// permission is RFC 8659 section 4.2 for a name without a wildcard: issuewild says nothing about it, and without any issue there is no
// restriction. why is the record that stands in the way.
func (e exam) permission(set []*dns.CAA) (permission, *dns.CAA) {
	best, restricted := permitted, (*dns.CAA)(nil)
	for _, rr := range set {
		tag := strings.ToLower(rr.Tag)
		if rr.Flag&critical != 0 && !slices.Contains(known, tag) {
			return forbidden, rr
		}
		if tag != "issue" {
			continue
		}
		if restricted == nil {
			best, restricted = forbidden, rr
		}
		best = max(best, e.permits(rr.Value))
	}
	return best, restricted
}

// permits reads one issue value: `ca.example; accounturi=…; validationmethods=…` (RFC 8659 section 4.2, RFC 8657).
func (e exam) permits(value string) permission {
	parts := strings.Split(value, ";")
	if !slices.Contains(e.CAs, strings.ToLower(strings.Trim(parts[0], " \t"))) {
		return forbidden
	}
	allowed, seen := permitted, map[string]bool{}
	for _, part := range parts[1:] {
		if part = strings.Trim(part, " \t"); part == "" {
			continue
		}
		key, v, ok := strings.Cut(part, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok || seen[key] {
			return forbidden // malformed, or said twice: such a record permits nobody
		}
		seen[key] = true
		allowed = min(allowed, e.parameter(key, strings.TrimSpace(v)))
	}
	return allowed
}

func (e exam) parameter(key, value string) permission {
	switch {
	case key == "accounturi" && e.account == "":
		return perhaps
	case key == "accounturi" && value != e.account:
		return forbidden
	case key == "validationmethods" && !slices.ContainsFunc(strings.Split(value, ","), ourMethod):
		return forbidden
	}
	return permitted // what a CA does not know it ignores
}

func ourMethod(method string) bool {
	return slices.Contains([]string{"http-01", "tls-alpn-01"}, strings.ToLower(strings.TrimSpace(method)))
}

func (e exam) unpermitted(set permits, verdict permission, why *dns.CAA) Finding {
	record := fmt.Sprintf("CAA 0 issue %q", e.CAs[0])
	f := Finding{Code: CAAForbids, Who: Tenant, Expected: record, Seen: set.shown(), RetryAfter: later}
	at := strings.TrimSuffix(set.at, ".")
	switch {
	case e.ours(set.at):
		f.Who, f.RetryAfter = Platform, soon
		f.Fix = fmt.Sprintf("The platform's operator must create %s %s.", at, record)
	case set.more:
		f.Fix = fmt.Sprintf("At your DNS provider, delete CAA records of %s that are not needed: there are more than %d. Keep %s %s.", at, maxRecords, at, record)
	case verdict == perhaps:
		f.Fix = fmt.Sprintf("The record is bound to one account of the certificate authority. Unless that is ours, create at your DNS provider %s %s.", at, record)
	case why != nil && strings.ToLower(why.Tag) != "issue":
		f.Fix = fmt.Sprintf("At your DNS provider, delete %s %s: it is marked critical and certificate authorities do not know it, so none may issue.", at, shownCAA([]*dns.CAA{why}))
	default:
		f.Fix = fmt.Sprintf("At your DNS provider, create %s %s beside the others.", at, record)
	}
	return f
}

// shown says which CAA set counts, and where it stands.
func (p permits) shown() string {
	if len(p.records) == 0 {
		return "no CAA record"
	}
	return fmt.Sprintf("%s at %s", shownCAA(p.records), strings.TrimSuffix(p.at, "."))
}

// shownCAA shows a few records as they are written in a zone.
func shownCAA(set []*dns.CAA) string {
	const most = 4
	var shown []string
	for _, rr := range set[:min(len(set), most)] {
		shown = append(shown, clip(fmt.Sprintf("CAA %d %s %+q", rr.Flag, rr.Tag, rr.Value)))
	}
	if len(set) > most {
		shown = append(shown, fmt.Sprintf("%d more", len(set)-most))
	}
	return strings.Join(shown, ", ")
}
