package domaindoctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"tollhouse/tenant"
)

// specialUse are names that no public CA certifies, because they are nobody's or everybody's: RFC 2606, 6761, 6762, 7686, 8375, 9476, ICANN
// board resolution 2024.07.29.06 (.internal), and the tree of addresses.
var specialUse = []string{"test", "localhost", "example", "invalid", "local", "onion", "internal", "alt", "arpa", "example.com", "example.net", "example.org"}

// ParseName makes a host of what somebody typed, or says what is wrong with it. With findings the host may be zero; a name that is
// well-formed and not for a tenant comes back beside them.
func (d *Doctor) ParseName(typed string) (tenant.Hostname, []Finding) {
	host, err := tenant.ParseHostname(typed)
	switch {
	case err == nil:
		return host, d.judgeName(host)
	case errors.Is(err, tenant.ErrHostnameLong):
		return host, []Finding{misnamed(NameTooLong, "at most 253 characters in at most 10 parts of at most 63", fmt.Sprintf("%d characters", len(typed)), "Use a shorter name: "+reason(err)+".")}
	}
	return host, []Finding{misnamed(NameReserved, "a host name like billing.example.com", clip(fmt.Sprintf("%+q", clip(typed))), "Use another name: "+reason(err)+".")}
}

// reason is ParseHostname's advice, which never repeats its input.
func reason(err error) string {
	_, advice, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		return err.Error()
	}
	return advice
}

func misnamed(code Code, expected, seen, fix string) Finding {
	return Finding{Code: code, Who: Tenant, Expected: expected, Seen: seen, Fix: fix, Certain: true}
}

// judgeName finds the reasons for which a name can never be served, whatever its DNS says.
func (d *Doctor) judgeName(host tenant.Hostname) []Finding {
	name := host.String()
	if host.IsZero() {
		return []Finding{misnamed(NameReserved, "a host name like billing.example.com", "nothing", "Give a name.")}
	}
	if d.own(host) {
		return []Finding{misnamed(NameReserved, "a name of your own", name+", which is the platform's", "Use a name below a domain that you have registered.")}
	}
	if i := slices.IndexFunc(specialUse, func(s string) bool { return within(name, s) }); i >= 0 && !d.cfg.PrivateCA {
		return []Finding{misnamed(NameReserved, "a name that a certificate authority can certify", "a name in ."+specialUse[i]+", which is set aside and belongs to nobody",
			"Use a name below a domain that you have registered.")}
	}
	if suffix, _ := publicsuffix.PublicSuffix(name); suffix == name {
		return []Finding{misnamed(NamePublicSuffix, "a name below ."+name, name+", under which the public registers names", "Use a name below a domain that you have registered.")}
	}
	return judgeScripts(host)
}

func (d *Doctor) own(host tenant.Hostname) bool {
	return slices.ContainsFunc(append([]tenant.Hostname{d.cfg.Targets.Edge}, d.cfg.Own...), func(o tenant.Hostname) bool { return host == o || host.Under(o) })
}

// scriptSets are the scripts that one language is written in (UTS #39 section 5.1). Latin may stand beside these, as it does in practice and
// in browsers, because none of them has letters that look like it.
var scriptSets = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"},
	{"Latin", "Han", "Bopomofo"},
	{"Latin", "Han", "Hangul"},
}

// judgeScripts refuses labels that mix scripts, like Latin with one Cyrillic letter: they look like another name.
func judgeScripts(host tenant.Hostname) []Finding {
	for label := range strings.SplitSeq(host.Unicode(), ".") {
		scripts := scriptsOf(label)
		if len(scripts) < 2 || slices.ContainsFunc(scriptSets, func(set []string) bool { return subset(scripts, set) }) {
			continue
		}
		return []Finding{misnamed(NameMixedScript, "letters of one script between two dots", fmt.Sprintf("%s in %s (%s)", strings.Join(scripts, " and "), label, host),
			"Use a name whose parts are each written in one script; a letter that only looks right may be from another one.")}
	}
	return nil
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// scriptsOf lists the scripts of a label in order of their names. Digits, hyphens and marks belong to every script.
func scriptsOf(label string) []string {
	var scripts []string
	for name, table := range unicode.Scripts {
		if name == "Common" || name == "Inherited" {
			continue
		}
		if strings.ContainsFunc(label, func(r rune) bool { return unicode.Is(table, r) }) {
			scripts = append(scripts, name)
		}
	}
	slices.Sort(scripts)
	return scripts
}
