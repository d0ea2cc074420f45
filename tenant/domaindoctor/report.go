package domaindoctor

import (
	"cmp"
	"slices"
	"time"

	"tollhouse/tenant"
)

// Verdict is the answer to "would issuance succeed?".
type Verdict string

// The verdicts. Unknown means that nothing may be concluded: ask again later.
const (
	Ready   Verdict = "ready"
	Blocked Verdict = "blocked"
	Unknown Verdict = "unknown"
)

// Who has to act.
type Who string

// Tenant changes a record, Platform is the operator of this gateway, CA the certificate authority. Nobody: time will tell.
const (
	Tenant   Who = "tenant"
	Platform Who = "platform"
	CA       Who = "ca"
	Nobody   Who = "nobody"
)

// Code names one kind of trouble. It is part of the API: programs branch on it.
type Code string

// The codes that a look at the name and at its DNS can end in.
const (
	NamePublicSuffix  Code = "name.public_suffix"
	NameReserved      Code = "name.reserved"
	NameTooLong       Code = "name.too_long"
	NameMixedScript   Code = "name.idn_mixed_script"
	DNSNotFound       Code = "dns.not_found"
	DNSWrongTarget    Code = "dns.wrong_target"
	DNSStaleAAAA      Code = "dns.stale_aaaa"
	DNSCDNInFront     Code = "dns.cdn_in_front"
	DNSBogus          Code = "dns.dnssec_bogus"
	DNSServfail       Code = "dns.servfail" // also: resolvers are silent, or do not agree
	OwnershipMissing  Code = "ownership.missing"
	OwnershipMismatch Code = "ownership.mismatch"
	CAAForbids        Code = "caa.forbids"
	ProbeHTTP         Code = "probe.http_unreachable"
	ProbeTLS          Code = "probe.tls_unreachable"
)

// gravity is the order in which findings are shown: what stands earlier has to be mended before what stands later means anything.
var gravity = []Code{NameReserved, NamePublicSuffix, NameTooLong, NameMixedScript, DNSBogus, DNSServfail, DNSNotFound, DNSWrongTarget,
	DNSCDNInFront, DNSStaleAAAA, OwnershipMismatch, OwnershipMissing, CAAForbids, ProbeHTTP, ProbeTLS}

// Method is how a claim was proven.
type Method string

// The methods. The zero value means not proven.
const (
	ByCNAME Method = "cname"
	ByTXT   Method = "txt"
)

// Finding is one thing that is in the way. Its texts are plain printable text, at most a few hundred bytes, written for the one who has to
// act; what strangers put into DNS appears in Seen only, escaped.
type Finding struct {
	Code     Code
	Who      Who
	Expected string
	Seen     string
	Fix      string // the record to change, in full

	// Certain is false where it could not be decided: then nothing follows for the tenant.
	Certain bool
	// RetryAfter is how soon looking again may show something else; zero: only after a change of the name itself.
	RetryAfter time.Duration
}

// Report is what one examination found. It is Ready exactly when Findings is empty.
type Report struct {
	Host      tenant.Hostname
	CheckedAt time.Time
	Verdict   Verdict

	Proven bool   // the resolvers agree that the claim's proof is there
	By     Method // how; empty unless Proven

	Findings []Finding // worst first
	Checks   []Check   // what was looked at, in the order of looking, whatever came out
}

// Check is one question that an examination answered.
type Check struct {
	Name     string // "name", "route", "ownership", "caa", "http" or "tls"
	Result   Result
	Code     Code   // of the finding when it did not pass
	Expected string // as in Finding
	Seen     string
}

// Result is what came out of one check.
type Result string

// The results. Skipped means that an earlier check has to pass first, or that there was nothing to look for.
const (
	Passed    Result = "passed"
	Failed    Result = "failed"
	Undecided Result = "undecided"
	Skipped   Result = "skipped"
)

// Disproven reports whether the resolvers agree that no proof of the claim is there. It is false where it could not be decided, and for a
// claim without proof to look for: not proven is no evidence by itself.
func (r Report) Disproven() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Certain && (f.Code == OwnershipMissing || f.Code == OwnershipMismatch)
	})
}

// conclude sorts the findings and draws the verdict from them.
func (r *Report) conclude() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if a.Certain != b.Certain {
			if a.Certain {
				return -1
			}
			return 1
		}
		return cmp.Compare(slices.Index(gravity, a.Code), slices.Index(gravity, b.Code))
	})
	switch {
	case len(r.Findings) == 0:
		r.Verdict = Ready
	case r.Findings[0].Certain:
		r.Verdict = Blocked
	default:
		r.Verdict = Unknown
	}
}
