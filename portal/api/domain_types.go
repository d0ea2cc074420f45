package api

import (
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domains"
)

// Domain is a custom domain, as the API shows it. Times that have not come, and what does not apply, are null.
type Domain struct {
	ID               string             `json:"id"`
	Host             string             `json:"host"`
	UnicodeHost      string             `json:"unicode_host"`
	Status           string             `json:"status"`
	Reason           *string            `json:"reason"`
	BlockingOn       string             `json:"blocking_on"`
	NextCheckAt      *time.Time         `json:"next_check_at"`
	CanCheckAt       *time.Time         `json:"can_check_at"`
	ProvenAt         *time.Time         `json:"proven_at"`
	ProvenBy         *string            `json:"proven_by"`
	CreatedAt        time.Time          `json:"created_at"`
	StatusAt         time.Time          `json:"status_at"`
	Records          []DomainRecord     `json:"records"`
	Checks           []DomainCheck      `json:"checks"`
	Problems         []DomainProblem    `json:"problems"`
	Certificate      *DomainCertificate `json:"certificate"`
	RateLimitedUntil *time.Time         `json:"rate_limited_until"` // while the CA's limits hold the certificate back
	History          []DomainStep       `json:"history,omitzero"`   // of a single domain only, newest first
}

// DomainRecord is one DNS record to create.
type DomainRecord struct {
	Purpose      string `json:"purpose"`
	Type         string `json:"type"`
	Name         string `json:"name"`
	RelativeName string `json:"relative_name"`
	Value        string `json:"value"`
	TTL          int    `json:"ttl"`
	When         string `json:"when"`
	Why          string `json:"why"`
}

// DomainCheck is one question of the last examination and what came out.
type DomainCheck struct {
	Name     string  `json:"name"`
	Result   string  `json:"result"`
	Code     *string `json:"code"`
	Expected string  `json:"expected"`
	Seen     string  `json:"seen"`
}

// DomainProblem is one thing that is in the way, and its mend.
type DomainProblem struct {
	Code              string `json:"code"`
	Who               string `json:"who"`
	Fix               string `json:"fix"`
	Expected          string `json:"expected"`
	Seen              string `json:"seen"`
	RetryAfterSeconds *int   `json:"retry_after_seconds"` // null: only after a change
}

// DomainCertificate is what the nodes serve for a domain.
type DomainCertificate struct {
	Issuer       string     `json:"issuer"`
	Serial       string     `json:"serial"`
	NotBefore    time.Time  `json:"not_before"`
	NotAfter     time.Time  `json:"not_after"`
	RenewAt      *time.Time `json:"renew_at"`
	NodesLive    int        `json:"nodes_live"`
	NodesServing int        `json:"nodes_serving"`
}

// DomainStep is one change of a domain's status.
type DomainStep struct {
	At     time.Time `json:"at"`
	From   *string   `json:"from"` // null: the claim was made
	To     string    `json:"to"`
	Reason *string   `json:"reason"`
}

func showDomain(v domains.View) Domain {
	return Domain{ID: v.ID, Host: v.Host.String(), UnicodeHost: v.Host.Unicode(), Status: string(v.Status), Reason: textOrNull(v.Reason),
		BlockingOn: blockingOn(v.BlockingOn), NextCheckAt: timeOrNull(v.NextCheckAt), CanCheckAt: timeOrNull(v.CanCheckAt),
		ProvenAt: timeOrNull(v.ProvenAt), ProvenBy: textOrNull(v.ProvenBy), CreatedAt: v.CreatedAt.UTC(), StatusAt: v.StatusAt.UTC(),
		Records: each(v.Records, showRecord), Checks: each(v.Checks, showCheck), Problems: each(v.Problems, showProblem),
		Certificate: showCertificate(v.Certificate), RateLimitedUntil: rateLimitedUntil(v.Certificate)}
}

// blockingOn never is "": nobody has to act about a domain that waits for nothing.
func blockingOn(b tenant.BlockingOn) string {
	if b == "" {
		b = tenant.BlockingOnNobody
	}
	return string(b)
}

func showRecord(r domains.Record) DomainRecord {
	return DomainRecord{Purpose: r.Purpose, Type: r.Type, Name: r.Name, RelativeName: r.Relative, Value: r.Value, TTL: r.TTL, When: r.When, Why: r.Why}
}

func showCheck(c domaindoctor.Check) DomainCheck {
	return DomainCheck{Name: c.Name, Result: string(c.Result), Code: textOrNull(string(c.Code)), Expected: c.Expected, Seen: c.Seen}
}

func showProblem(f domaindoctor.Finding) DomainProblem {
	out := DomainProblem{Code: string(f.Code), Who: string(f.Who), Fix: f.Fix, Expected: f.Expected, Seen: f.Seen}
	if f.RetryAfter > 0 {
		seconds := retryAfter(f.RetryAfter)
		out.RetryAfterSeconds = &seconds
	}
	return out
}

func showCertificate(c domains.Certificate) *DomainCertificate {
	if c.Serial == "" {
		return nil
	}
	return &DomainCertificate{Issuer: c.Issuer, Serial: c.Serial, NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), RenewAt: timeOrNull(c.RenewAt),
		NodesLive: c.Live, NodesServing: c.Serving}
}

func rateLimitedUntil(c domains.Certificate) *time.Time {
	if c.Trouble != "ca.rate_limited" {
		return nil
	}
	return timeOrNull(c.RetryAt)
}

func showSteps(steps []tenant.DomainStep) []DomainStep {
	return each(steps, func(s tenant.DomainStep) DomainStep {
		return DomainStep{At: s.At.UTC(), From: textOrNull(string(s.From)), To: string(s.To), Reason: textOrNull(s.Reason)}
	})
}

// each shows all of a list; an empty one is [], never null.
func each[From, To any](list []From, show func(From) To) []To {
	out := make([]To, len(list))
	for i, v := range list {
		out[i] = show(v)
	}
	return out
}
