package senders

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tollhouse/tenant/domaindoctor"
)

// quorum is how many resolvers must say the same before anything follows.
const quorum = 2

// judge compares what the resolvers show with what a record should be.
func judge(r Record, views []domaindoctor.TextView) Check {
	c := Check{Name: r.Name, Value: r.Value, Result: Undecided, Seen: "the resolvers do not answer", Fix: "Wait: it is looked at again."}
	var known []Check
	for _, v := range views {
		if v.Known {
			known = append(known, r.one(v.Values))
		}
	}
	if len(known) < quorum {
		return c
	}
	if slices.ContainsFunc(known, func(o Check) bool { return o.Result != known[0].Result }) {
		c.Seen, c.Fix = "the resolvers show different records", "Wait: a change is still spreading, until the old records' TTL has run out."
		return c
	}
	known[0].Name, known[0].Value = c.Name, c.Value
	return known[0]
}

// one is what a single resolver's records mean.
func (r Record) one(values []string) Check {
	switch r.Purpose {
	case "dkim":
		return r.dkim(values)
	case "spf":
		return r.spf(values)
	}
	return r.dmarc(values)
}

func (r Record) missing() Check {
	return Check{Result: Missing, Seen: "no such record", Fix: fmt.Sprintf("At your DNS provider, create %s TXT %q.", r.Name, r.Value)}
}

// dkim asks for the key itself. Another one at the name is refused even beside ours: a verifier may take either (RFC 6376 section 3.6.2.2).
func (r Record) dkim(values []string) Check {
	if len(values) == 0 {
		return r.missing()
	}
	want, _ := tag(r.Value, "p")
	for _, v := range values {
		if got, ok := tag(v, "p"); !ok || got != want || tagIsNot(v, "v", "DKIM1") || tagIsNot(v, "k", "rsa") || strict(v) {
			return Check{Result: Mismatch, Seen: shown(values), Fix: fmt.Sprintf("At your DNS provider, replace the TXT records of %s by the one %q.", r.Name, r.Value)}
		}
	}
	return Check{Result: OK, Seen: shown(values)}
}

// strict reports limits in a key's record that our signatures would not meet: another hash than SHA-256, another service than mail, or
// nothing but testing.
func strict(value string) bool {
	hashes, limited := tag(value, "h")
	service, narrow := tag(value, "s")
	flags, _ := tag(value, "t")
	return limited && !slices.Contains(strings.Split(hashes, ":"), "sha256") ||
		narrow && !slices.Contains(strings.Split(service, ":"), "*") && !slices.Contains(strings.Split(service, ":"), "email") ||
		slices.Contains(strings.Split(flags, ":"), "y")
}

// tag finds a tag's value in a tag list (RFC 6376 section 3.2), without any white space. A tag that is there twice is not found.
func tag(list, name string) (value string, ok bool) {
	for part := range strings.SplitSeq(bare(list), ";") {
		key, v, found := strings.Cut(part, "=")
		if !found || strings.TrimSpace(key) != name {
			continue
		}
		if ok {
			return "", false
		}
		value, ok = strings.Map(unspaced, v), true
	}
	return value, ok
}

func unspaced(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

// tagIsNot reports a tag that is there and holds something else; an absent one has its default.
func tagIsNot(list, name, want string) bool {
	got, ok := tag(list, name)
	return ok && got != want
}

// bare drops quotes that some providers keep from their form.
func bare(value string) string { return strings.Trim(value, "\"\\ \t") }

func (r Record) spf(values []string) Check {
	found := slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		v = strings.ToLower(bare(v))
		return v != "v=spf1" && !strings.HasPrefix(v, "v=spf1 ")
	})
	mechanism := strings.TrimSuffix(strings.TrimPrefix(r.Value, "v=spf1 "), " ~all")
	switch {
	case len(found) == 0:
		return r.missing()
	case len(found) > 1:
		return Check{Result: Mismatch, Seen: shown(found), Fix: "At your DNS provider, join the SPF records of " + r.Name + " to one: several count as none."}
	case !slices.Contains(strings.Fields(strings.ToLower(bare(found[0]))), strings.ToLower(mechanism)):
		return Check{Result: Mismatch, Seen: shown(found), Fix: fmt.Sprintf("At your DNS provider, add %s to the SPF record of %s, before its last part.", mechanism, r.Name)}
	}
	return Check{Result: OK, Seen: shown(found)}
}

// dmarc reads a policy as RFC 7489 section 6.6.3 has it: the version comes first, and a record without a policy is as good as none.
func (r Record) dmarc(values []string) Check {
	found := slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		first, _, _ := strings.Cut(bare(v), ";")
		got, _ := tag(first, "v")
		return got != "DMARC1"
	})
	switch {
	case len(found) == 0:
		return r.missing()
	case len(found) > 1:
		return Check{Result: Mismatch, Seen: shown(found), Fix: "At your DNS provider, delete all DMARC records of " + r.Name + " but one: several count as none."}
	}
	c := Check{Result: OK, Seen: shown(found), Policy: r.policy(found[0]), Alignment: "relaxed"}
	if c.Policy == "" {
		return Check{Result: Mismatch, Seen: shown(found), Fix: fmt.Sprintf("At your DNS provider, give the DMARC record of %s a policy: p=none, p=quarantine or p=reject.", r.Name)}
	}
	if how, _ := tag(found[0], "adkim"); strings.EqualFold(how, "s") {
		c.Alignment = "strict"
	}
	return c
}

// policy is what a record asks of mailboxes; "" when it says nothing that they know. What stands above a domain may have another for those below.
func (r Record) policy(value string) string {
	policy, _ := tag(value, "p")
	if below, ok := tag(value, "sp"); ok && r.Inherited {
		policy = below
	}
	if policy = strings.ToLower(policy); policy != "none" && policy != "quarantine" && policy != "reject" {
		return ""
	}
	return policy
}

// shown writes a few values, cut. Anybody may have written them.
func shown(values []string) string {
	const most, longest = 2, 120
	var out []string
	for _, v := range values[:min(len(values), most)] {
		v = strings.Map(func(r rune) rune {
			if r == utf8.RuneError || !unicode.IsPrint(r) {
				return '?'
			}
			return r
		}, v)
		if runes := []rune(v); len(runes) > longest {
			v = string(runes[:longest]) + "…"
		}
		out = append(out, `"`+v+`"`)
	}
	if len(values) > most {
		out = append(out, fmt.Sprintf("%d more", len(values)-most))
	}
	return "TXT " + strings.Join(out, ", ")
}
