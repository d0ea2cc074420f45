package domaindoctor

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
)

// judgeProof asks whether the claim is proven: by the CNAME to its own target, or by the TXT record.
func (e exam) judgeProof(v view) opinion {
	switch {
	case e.want.none():
		return v.fine("")
	case !e.want.CNAMETarget.IsZero() && v.chain.passes(absolute(e.want.CNAMETarget)):
		return v.proven(ByCNAME, "CNAME "+e.want.CNAMETarget.String())
	case e.asksTXT() && v.txt.status == answered && e.tokenIn(v.txt.records):
		return v.proven(ByTXT, fmt.Sprintf("TXT %q at %s%s", e.want.TXTToken, proofLabel, e.host))
	case !e.want.CNAMETarget.IsZero() && v.chain.status != answered:
		return v.failed(v.chain.status, v.chain.about)
	case e.asksTXT() && v.txt.status != answered:
		return v.failed(v.txt.status, v.txt.about)
	}
	return v.troubled(e.unproven(v))
}

func (v view) proven(by Method, seen string) opinion {
	o := v.fine(seen)
	o.by = by
	return o
}

// tokenIn looks at every value, in constant time: how long it takes tells nothing of the token. Some providers keep the quotes that were
// typed into their form, so those do not count.
func (e exam) tokenIn(values []string) bool {
	held := 0
	for _, value := range values {
		held |= subtle.ConstantTimeCompare([]byte(bare(value)), []byte(e.want.TXTToken))
	}
	return held == 1 && e.want.TXTToken != ""
}

func bare(value string) string { return strings.Trim(value, "\"\\ \t") }

func (e exam) unproven(v view) Finding {
	f := Finding{Code: OwnershipMissing, Who: Tenant, Expected: e.proofRecord(), Seen: "no such record", RetryAfter: later,
		Fix: "At your DNS provider, create " + e.proofRecord() + "."}
	if foreign := e.otherTarget(v.chain); foreign != "" {
		f.Code, f.Seen = OwnershipMismatch, "CNAME "+foreign+", the target of another claim"
		f.Fix = e.replaceAlias(v.chain)
		if e.asksTXT() {
			f.Fix = "At your DNS provider, create " + e.proofRecord() + ". A CNAME to the target of another claim proves nothing for this one."
		}
	} else if len(v.txt.records) > 0 {
		f.Code, f.Seen = OwnershipMismatch, "TXT "+quoted(v.txt.records)
		f.Fix = fmt.Sprintf("At your DNS provider, add %s%s TXT %q; the other values may stay.", proofLabel, e.host, e.want.TXTToken)
	} else if !e.asksTXT() && e.want.TXTToken != "" {
		f.Code, f.Expected, f.Seen, f.RetryAfter = NameTooLong, fmt.Sprintf("at most %d characters for a proof by TXT", longestProvable), fmt.Sprintf("%d characters", len(e.host.String())), 0
		f.Fix = "Use a shorter name"
		if !e.want.CNAMETarget.IsZero() {
			f.Fix = "At your DNS provider, create " + e.proofRecord() + "; the name is too long for a TXT proof"
		}
		f.Fix += "."
	}
	return f
}

// otherTarget is a name of the edge domain that the chain goes through and that belongs to some other claim. The edge domain itself is
// nobody's.
func (e exam) otherTarget(c chain) string {
	i := slices.IndexFunc(c.hops, func(hop string) bool { return hop != absolute(e.Targets.Edge) && e.ours(hop) })
	if i < 0 {
		return ""
	}
	return clip(strings.TrimSuffix(c.hops[i], "."))
}

// quoted shows a few TXT values. The DNS library has escaped what is not printable.
func quoted(values []string) string {
	const most = 3
	var shown []string
	for _, value := range values[:min(len(values), most)] {
		shown = append(shown, `"`+clip(value)+`"`)
	}
	if len(values) > most {
		shown = append(shown, fmt.Sprintf("%d more", len(values)-most))
	}
	return strings.Join(shown, ", ")
}
