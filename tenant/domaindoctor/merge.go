package domaindoctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// opinion is what one resolver's view says about one question: that something is in the way, that nothing is, or that it cannot say.
type opinion struct {
	resolver string
	alive    bool
	status   status // other than answered: it cannot say
	about    string // the name at which it failed
	findings []Finding
	doubtful bool   // the findings may be wrong even if all resolvers say so
	by       Method // how a claim is proven
	seen     string // what was there, where nothing is in the way
}

func (v view) opinion() opinion { return opinion{resolver: v.resolver.String(), alive: v.alive} }

// failed is the opinion of a view in which a name could not be looked up.
func (v view) failed(s status, about string) opinion {
	o := v.opinion()
	o.status, o.about = s, about
	return o
}

// fine is the opinion of a view in which nothing is in the way of what was asked, with what is there.
func (v view) fine(seen string) opinion {
	o := v.opinion()
	o.seen = seen
	return o
}

func (v view) troubled(f Finding) opinion {
	o := v.opinion()
	o.findings = []Finding{f}
	return o
}

// conclusion is what the resolvers say together.
type conclusion struct {
	settled  bool // at least two that can say do agree, and none that can say disagrees
	findings []Finding
	by       Method
	seen     string // what the resolvers showed, where nothing is in the way
}

const (
	soon  = time.Minute     // until a resolver has recovered, or caught up with another
	later = 5 * time.Minute // until a changed record is usually seen
)

// merge compares opinions. Not the records are compared but what follows from them: names that answer each resolver differently, by place or
// by turns, are common and mean no harm.
func (e exam) merge(all []opinion) conclusion {
	var heard, mute []opinion
	for _, o := range all {
		if o.status == answered {
			heard = append(heard, o)
		} else {
			mute = append(mute, o)
		}
	}
	switch {
	case slices.ContainsFunc(mute, isBogus):
		return conclusion{findings: []Finding{e.unverified(heard, mute)}}
	case len(heard) < quorum:
		return conclusion{findings: []Finding{e.undecided(heard, mute)}}
	case !agree(heard):
		return conclusion{findings: []Finding{disagreement(heard)}}
	}
	c := conclusion{settled: true, by: heard[0].by, seen: together(heard)}
	doubtful := slices.ContainsFunc(heard, func(o opinion) bool { return o.doubtful })
	for _, f := range heard[0].findings {
		f.Certain = !doubtful
		c.findings = append(c.findings, f)
	}
	return c
}

// together says once what all resolvers showed, and of different things who showed which; names that answer by place or by turns do that.
func together(heard []opinion) string {
	const most = 3
	if !slices.ContainsFunc(heard, func(o opinion) bool { return o.seen != heard[0].seen }) {
		return heard[0].seen
	}
	var shown []string
	for _, o := range heard[:min(len(heard), most)] {
		shown = append(shown, fmt.Sprintf("%s shows %s", o.resolver, o.seen))
	}
	return strings.Join(shown, "; ")
}

func isBogus(o opinion) bool { return o.status == bogus }

// unverified is DNSSEC that fails somewhere. What the others say then counts for nothing: one that checks signatures outweighs any that
// do not, for their answers may be forged.
func (e exam) unverified(heard, mute []opinion) Finding {
	failing := mute[slices.IndexFunc(mute, isBogus)]
	all := len(heard) == 0 && !slices.ContainsFunc(mute, func(o opinion) bool { return !isBogus(o) })
	return e.bogus(failing.about, all && len(mute) >= quorum)
}

func agree(heard []opinion) bool {
	return !slices.ContainsFunc(heard[1:], func(o opinion) bool {
		return !slices.EqualFunc(o.findings, heard[0].findings, func(a, b Finding) bool { return a.Code == b.Code && a.Who == b.Who })
	})
}

// disagreement happens to every change on its way through the caches. It is shown as what is still seen somewhere.
func disagreement(heard []opinion) Finding {
	var worst Finding
	var seen []string
	for _, o := range heard {
		if len(o.findings) == 0 {
			seen = append(seen, o.resolver+" sees it right")
			continue
		}
		f := o.findings[0]
		if worst.Code == "" || slices.Index(gravity, f.Code) < slices.Index(gravity, worst.Code) {
			worst = f
		}
		seen = append(seen, fmt.Sprintf("%s sees %s", o.resolver, f.Seen))
	}
	worst.Who, worst.Certain, worst.RetryAfter = Nobody, false, soon
	worst.Seen = strings.Join(seen, "; ")
	worst.Fix = "Wait: a change is still spreading, because resolvers keep old records until their TTL has run out. If it stays like this for a day, all name servers of the domain must have the same records. " + worst.Fix
	return worst
}

// undecided says why too few resolvers could answer, and who can do something about it.
func (e exam) undecided(heard, mute []opinion) Finding {
	f := Finding{Code: DNSServfail, Who: Nobody, Expected: fmt.Sprintf("the same answer from %d resolvers", quorum), Seen: describeMute(mute), RetryAfter: soon,
		Fix: "Wait: one resolver could not answer. It is asked again."}
	about := strings.TrimSuffix(mute[0].about, ".")
	switch {
	case len(heard) > 0 && mute[0].status != refused:
	case e.ours(mute[0].about):
		f.Who, f.Fix = Platform, fmt.Sprintf("The platform's operator must repair the name servers of %s.", e.Targets.Edge)
	case !mute[0].alive || mute[0].status == refused:
		f.Who, f.Fix = Platform, "The platform's operator must look at TOLLHOUSE_DNS_RESOLVERS: they do not answer. Nothing about the domain follows from it."
	default:
		f.Who, f.RetryAfter = Tenant, later
		f.Fix = fmt.Sprintf("The name servers that are responsible for %s do not answer. At your registrar, see that its NS records name the servers of your DNS provider, and that the zone exists there.", about)
	}
	return f
}

func describeMute(mute []opinion) string {
	said := make([]string, len(mute))
	for i, o := range mute {
		words := map[status]string{servfail: "SERVFAIL", bogus: "broken DNSSEC", silent: "no answer in time", refused: "an answer that answers nothing"}
		said[i] = fmt.Sprintf("%s from %s for %s", words[o.status], o.resolver, strings.TrimSuffix(o.about, "."))
	}
	return strings.Join(said, "; ")
}

// bogus is DNSSEC that resolvers refuse.
func (e exam) bogus(about string, certain bool) Finding {
	name := strings.TrimSuffix(about, ".")
	f := Finding{Code: DNSBogus, Who: Tenant, Certain: certain, RetryAfter: later,
		Expected: "signatures of " + name + " that fit the DS record at its registry, or no DS record",
		Seen:     "SERVFAIL for " + name + " with DNSSEC checked, an answer with it unchecked",
		Fix:      "At your registrar, delete the DS record of the domain of " + name + " or replace it by the one that your DNS provider shows; after a change of provider it is usually the old one that is left."}
	if e.ours(about) {
		f.Who, f.Fix = Platform, fmt.Sprintf("The platform's operator must repair DNSSEC of %s: its DS record does not fit its keys.", e.Targets.Edge)
	}
	return f
}

// ours reports whether a name is in the edge domain.
func (e exam) ours(name string) bool { return within(name, absolute(e.Targets.Edge)) }
