package domains

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tollhouse/tenant/domaindoctor"
)

// reportVersion grows when a field changes its meaning. New fields need no new version: what a reader does not know it skips.
const reportVersion = 1

// report is what Domain.Report holds as JSON: the last examination, and what only this package needs to remember.
type report struct {
	Version  int                  `json:"version"`
	Verdict  domaindoctor.Verdict `json:"verdict,omitempty"`
	Checks   []keptCheck          `json:"checks,omitempty"`
	Findings []keptFinding        `json:"findings,omitempty"` // the doctor's
	Own      []keptFinding        `json:"own,omitempty"`      // of certificates and claims

	Asked     []time.Time `json:"asked,omitempty"`   // checks that somebody asked for in the last hour
	Hurried   bool        `json:"hurried,omitempty"` // the operator asked for a check, which the loop is to make
	Contested time.Time   `json:"contested,omitzero"`
	Live      time.Time   `json:"live,omitzero"` // when it first was active since it was proven
}

// keptCheck and keptFinding are the doctor's, with names that do not change with the code.
type keptCheck struct {
	Name     string              `json:"name"`
	Result   domaindoctor.Result `json:"result"`
	Code     domaindoctor.Code   `json:"code,omitempty"`
	Expected string              `json:"expected,omitempty"`
	Seen     string              `json:"seen,omitempty"`
}

type keptFinding struct {
	Code       domaindoctor.Code `json:"code"`
	Who        domaindoctor.Who  `json:"who"`
	Expected   string            `json:"expected"`
	Seen       string            `json:"seen"`
	Fix        string            `json:"fix"`
	Certain    bool              `json:"certain"`
	RetryAfter time.Duration     `json:"retry_after,omitempty"` // nanoseconds
}

// readReport takes what it understands. A report that cannot be read is as good as none: the next examination writes a new one.
func readReport(raw []byte) report {
	var r report
	if json.Unmarshal(raw, &r) != nil {
		return report{Version: reportVersion}
	}
	return r
}

func (r report) encode() ([]byte, error) {
	r.Version = reportVersion
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding the report of a domain: %w", err)
	}
	return raw, nil
}

// take replaces the last examination by a new one.
func (r *report) take(seen domaindoctor.Report) {
	r.Verdict, r.Checks, r.Findings, r.Hurried = seen.Verdict, nil, keep(seen.Findings), false
	for _, c := range seen.Checks {
		r.Checks = append(r.Checks, keptCheck(c))
	}
}

func keep(findings []domaindoctor.Finding) []keptFinding {
	var kept []keptFinding
	for _, f := range findings {
		kept = append(kept, keptFinding(f))
	}
	return kept
}

func restore(kept []keptFinding) []domaindoctor.Finding {
	var findings []domaindoctor.Finding
	for _, f := range kept {
		findings = append(findings, domaindoctor.Finding(f))
	}
	return findings
}

func (r report) checks() []domaindoctor.Check {
	var checks []domaindoctor.Check
	for _, c := range r.Checks {
		checks = append(checks, domaindoctor.Check(c))
	}
	return checks
}

// undecided reports whether looking again soon is all that can be done.
func (r report) undecided() bool {
	return r.Verdict == domaindoctor.Unknown || slices.ContainsFunc(r.Findings, func(f keptFinding) bool { return !f.Certain })
}
