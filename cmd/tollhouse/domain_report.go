package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"tollhouse/tenant/domaindoctor"
)

// actors are the words for who has to act.
var actors = map[domaindoctor.Who]string{domaindoctor.Tenant: "the tenant has to act", domaindoctor.Platform: "the platform's operator has to act",
	domaindoctor.CA: "the certificate authority has to act", domaindoctor.Nobody: "nobody has to act"}

func printReport(w io.Writer, typed string, r domaindoctor.Report) {
	name := r.Host.String()
	if r.Host.IsZero() {
		name = strconv.QuoteToASCII(typed)
	}
	switch r.Verdict {
	case domaindoctor.Ready:
		fmt.Fprintf(w, "✓ %s: a certificate would be issued.\n", name)
	case domaindoctor.Blocked:
		fmt.Fprintf(w, "✗ %s: no certificate would be issued.\n", name)
	default:
		fmt.Fprintf(w, "? %s: it cannot be said now.\n", name)
	}
	if r.Proven {
		fmt.Fprintf(w, "✓ the claim is proven by %s\n", map[domaindoctor.Method]string{domaindoctor.ByCNAME: "its CNAME target", domaindoctor.ByTXT: "its TXT record"}[r.By])
	}
	printChecks(w, r.Checks)
	printFindings(w, r.Findings)
}

// marks say how a check ended.
var marks = map[domaindoctor.Result]string{domaindoctor.Passed: "✓", domaindoctor.Failed: "✗", domaindoctor.Undecided: "?", domaindoctor.Skipped: "–"}

func printChecks(w io.Writer, checks []domaindoctor.Check) {
	for _, c := range checks {
		seen := c.Seen
		if c.Code != "" {
			seen = string(c.Code) + ": " + seen
		}
		fmt.Fprintf(w, "  %s %-9s  %s\n", marks[c.Result], c.Name, seen)
	}
}

func printFindings(w io.Writer, findings []domaindoctor.Finding) {
	for _, f := range findings {
		mark := "✗"
		if !f.Certain {
			mark = "?"
		}
		fmt.Fprintf(w, "%s %s: %s\n    expected  %s\n    seen      %s\n    → %s\n", mark, f.Code, actors[f.Who], f.Expected, f.Seen, f.Fix)
	}
}

// reportJSON is the report for programs.
type reportJSON struct {
	Host      string        `json:"host"`
	Verdict   string        `json:"verdict"`
	Proven    bool          `json:"proven"`
	ProvenBy  string        `json:"proven_by,omitempty"`
	CheckedAt time.Time     `json:"checked_at"`
	Checks    []checkJSON   `json:"checks"`
	Findings  []findingJSON `json:"findings"`
}

type checkJSON struct {
	Name     string `json:"name"`
	Result   string `json:"result"`
	Code     string `json:"code,omitempty"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
}

type findingJSON struct {
	Code              string `json:"code"`
	Who               string `json:"who"`
	Certain           bool   `json:"certain"`
	Expected          string `json:"expected"`
	Seen              string `json:"seen"`
	Fix               string `json:"fix"`
	RetryAfterSeconds int    `json:"retry_after_seconds,omitempty"`
}

func printReportJSON(w io.Writer, typed string, r domaindoctor.Report) error {
	out := reportJSON{Host: r.Host.String(), Verdict: string(r.Verdict), Proven: r.Proven, ProvenBy: string(r.By), CheckedAt: r.CheckedAt.UTC(),
		Checks: checksJSON(r.Checks), Findings: findingsJSON(r.Findings)}
	if r.Host.IsZero() {
		out.Host = typed
	}
	return printJSON(w, out)
}

func checksJSON(checks []domaindoctor.Check) []checkJSON {
	out := make([]checkJSON, len(checks))
	for i, c := range checks {
		out[i] = checkJSON{Name: c.Name, Result: string(c.Result), Code: string(c.Code), Expected: c.Expected, Seen: c.Seen}
	}
	return out
}

func findingsJSON(findings []domaindoctor.Finding) []findingJSON {
	out := make([]findingJSON, len(findings))
	for i, f := range findings {
		out[i] = findingJSON{Code: string(f.Code), Who: string(f.Who), Certain: f.Certain, Expected: f.Expected, Seen: f.Seen, Fix: f.Fix,
			RetryAfterSeconds: int(f.RetryAfter / time.Second)}
	}
	return out
}

// printJSON writes a value for programs, and readable for people.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
