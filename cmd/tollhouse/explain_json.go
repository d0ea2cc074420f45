package main

import "time"

// explanationJSON is an explanation for programs. What does not apply is null or empty.
type explanationJSON struct {
	Host         string          `json:"host"`
	Answer       string          `json:"answer"` // portal, api, suspended, unserved, no_certificate, expired or no_node
	Says         string          `json:"says"`
	Kind         string          `json:"kind"` // api, default, custom, free or unclaimed
	Tenant       *string         `json:"tenant"`
	Claims       []domainLine    `json:"claims"`
	Certificate  *storedJSON     `json:"certificate"`
	Refusals     []refusalJSON   `json:"refusals"`
	Revocations  []revokedJSON   `json:"revocations"`
	DirectorySeq int64           `json:"directory_seq"`
	Nodes        []shownNode     `json:"nodes"`
	BrakeSince   *time.Time      `json:"brake_since"`
	CAs          []authorityJSON `json:"cas"`
	Ledger       []bucket        `json:"ledger"`
	Unknown      []string        `json:"unknown"`
}

type storedJSON struct {
	Serial    string    `json:"serial"`
	Version   int64     `json:"version"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	RenewAt   time.Time `json:"renew_at"`
	Live      int       `json:"nodes_live"`
	Serving   int       `json:"nodes_serving"`
}

type refusalJSON struct {
	CA       string    `json:"ca"`
	Code     string    `json:"code"`
	Reason   string    `json:"reason"`
	Failures int       `json:"failures"`
	FailedAt time.Time `json:"failed_at"`
	RetryAt  time.Time `json:"retry_at"`
}

type revokedJSON struct {
	Serial      string     `json:"serial"`
	CA          string     `json:"ca"`
	Reason      int        `json:"reason"`
	RequestedAt time.Time  `json:"requested_at"`
	RevokedAt   *time.Time `json:"revoked_at"`
	Error       string     `json:"error"`
}

type authorityJSON struct {
	CA           string     `json:"ca"`
	FailingSince *time.Time `json:"failing_since"`
	Code         string     `json:"code"`
	Error        string     `json:"error"`
	RetryAt      *time.Time `json:"retry_at"`
	AnsweredAt   *time.Time `json:"answered_at"`
}

func (x *explanation) json() explanationJSON {
	out := explanationJSON{Host: x.host.String(), Kind: string(x.kind), DirectorySeq: x.head, Nodes: showNodes(x.nodes), BrakeSince: timeOrNil(x.brake.TrippedAt),
		Unknown: x.unknown, Claims: []domainLine{}, Refusals: []refusalJSON{}, Revocations: []revokedJSON{}, CAs: []authorityJSON{}, Ledger: []bucket{}}
	out.Answer, out.Says = x.answer()
	if x.tenant != nil {
		out.Tenant = &x.tenant.Slug
	}
	for _, c := range x.claims {
		out.Claims = append(out.Claims, lineOf(c, x.fact))
	}
	if f := x.fact; f.Serial != "" {
		out.Certificate = &storedJSON{Serial: f.Serial, Version: f.Version, Issuer: f.Issuer, NotBefore: f.NotBefore, NotAfter: f.NotAfter, RenewAt: f.RenewAt, Live: f.Live, Serving: f.Serving}
	}
	for _, h := range x.held {
		out.Refusals = append(out.Refusals, refusalJSON{CA: h.Issuer, Code: h.Code, Reason: h.Reason, Failures: h.Failures, FailedAt: h.FailedAt, RetryAt: h.RetryAt})
	}
	for _, r := range x.revoked {
		out.Revocations = append(out.Revocations, revokedJSON{Serial: r.Serial, CA: r.Issuer, Reason: r.Reason, RequestedAt: r.RequestedAt, RevokedAt: timeOrNil(r.RevokedAt), Error: r.Error})
	}
	for _, c := range x.cas {
		out.CAs = append(out.CAs, authorityJSON{CA: c.Issuer, FailingSince: timeOrNil(c.FailingSince), Code: c.Code, Error: c.Error, RetryAt: timeOrNil(c.RetryAt), AnsweredAt: timeOrNil(c.AnsweredAt)})
	}
	for _, l := range x.ledger {
		out.Ledger = append(out.Ledger, bucketOf(x.config, l))
	}
	return out
}
