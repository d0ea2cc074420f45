package domains

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
)

var anyReport = rapid.SampledFrom([]func() *domaindoctor.Report{good, gone, unknown, func() *domaindoctor.Report { return nil },
	func() *domaindoctor.Report { return found("dns.not_found") }, func() *domaindoctor.Report { return found("ownership.mismatch") },
	func() *domaindoctor.Report { return found("dns.cdn_in_front") }, func() *domaindoctor.Report { return found("caa.forbids") },
	func() *domaindoctor.Report { return found("caa.forbids?") }, func() *domaindoctor.Report { return found("dns.wrong_target?") },
	func() *domaindoctor.Report { return found("dns.stale_aaaa", "probe.http_unreachable") }})

func anyEvidence(t *rapid.T, now time.Time) evidence {
	e := evidence{now: now, seen: anyReport.Draw(t, "seen")(), braked: rapid.IntRange(0, 3).Draw(t, "braked") == 0,
		asked: rapid.Bool().Draw(t, "asked"), taken: rapid.Bool().Draw(t, "taken"), won: rapid.Bool().Draw(t, "won")}
	if rapid.Bool().Draw(t, "a certificate") {
		born := now.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "age")) * day)
		e.cert = Certificate{Serial: "1", NotBefore: born, NotAfter: born.Add(90 * day), RenewAt: born.Add(60 * day), Live: 3, Serving: rapid.IntRange(0, 3).Draw(t, "serving")}
	}
	e.cert.Trouble = rapid.SampledFrom([]string{"", CARejected, CAUnavailable, "caa.forbids"}).Draw(t, "trouble")
	if e.seen != nil {
		e.seen.CheckedAt = now
	}
	return e
}

// history is what a claim's life allows to conclude, kept by the test itself.
type history struct {
	badSince time.Time // since when no report saw the proof and some denied it
	bad      int
	wasLive  bool
}

func (h *history) note(e evidence) {
	switch {
	case e.seen == nil:
	case e.seen.Proven:
		h.badSince, h.bad = time.Time{}, 0
	case e.seen.Disproven():
		if h.badSince.IsZero() {
			h.badSince = e.now
		}
		h.bad++
	}
}

// Whatever comes in whatever order: only steps of the life cycle (or judge fails), a name that was live is never given up but for proof that was
// missing at four checks over a day, nothing is lost while the brake is set, and every report fits the database.
func TestJudge_WhateverComesNothingIsLostWithoutEvidence(t *testing.T) {
	r := testRules()
	rapid.Check(t, func(t *rapid.T) {
		d := since(tenant.DomainPendingOwnership, 0)
		if rapid.Bool().Draw(t, "vouched") {
			d = changed(since(tenant.DomainActive, 0), func(d *tenant.Domain) { d.ProvenBy = tenant.ProvenByOperator })
		}
		var h history
		now := noon
		for range rapid.IntRange(1, 60).Draw(t, "checks") {
			now = now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour, 7 * time.Hour, day, 4 * day}).Draw(t, "later"))
			e := anyEvidence(t, now)
			before := d
			d = freshly(d)
			if err := r.judge(&d, e); err != nil {
				t.Fatal(err)
			}
			h.note(e)
			expectEvidence(t, before, d, e, h)
			h.wasLive = d.Status.Holds() && (h.wasLive || d.Status == tenant.DomainActive)
			if d.Status == tenant.DomainDeleted {
				return
			}
		}
	})
}

// freshly forgets the steps, as reading from the database does.
func freshly(d tenant.Domain) tenant.Domain {
	return tenant.Domain{ID: d.ID, Tenant: d.Tenant, Host: d.Host, Status: d.Status, Epoch: d.Epoch, Label: d.Label, Token: d.Token, ProvenAt: d.ProvenAt,
		ProvenBy: d.ProvenBy, Reason: d.Reason, BlockingOn: d.BlockingOn, Before: d.Before, StatusAt: d.StatusAt, ArmedAt: d.ArmedAt, Checks: d.Checks,
		CheckedAt: d.CheckedAt, NextCheckAt: d.NextCheckAt, BadSince: d.BadSince, BadChecks: d.BadChecks, GoodSince: d.GoodSince, Report: d.Report}
}

func expectEvidence(t *rapid.T, before, after tenant.Domain, e evidence, h history) {
	for _, step := range after.Steps() {
		worse := slices.Contains([]tenant.DomainStatus{tenant.DomainMoving, tenant.DomainMoved, tenant.DomainQuarantined, tenant.DomainTimedOut}, step.To)
		gaveUp := h.wasLive && step.From.Holds() && (worse || !step.To.Holds()) && step.To != tenant.DomainDeleted
		switch {
		case gaveUp && before.ProvenBy == tenant.ProvenByOperator:
			t.Fatalf("%s to %s: the operator vouches for it", step.From, step.To)
		case gaveUp && (e.braked || e.seen == nil || !e.seen.Disproven()):
			t.Fatalf("%s to %s by %+v", step.From, step.To, e)
		case gaveUp && step.To != tenant.DomainMoved && step.To != tenant.DomainQuarantined && (h.bad < 4 || e.now.Sub(h.badSince) < day):
			t.Fatalf("%s to %s after %d bad checks over %s", step.From, step.To, h.bad, e.now.Sub(h.badSince))
		case !step.From.Holds() && step.To.Holds() && !e.proven():
			t.Fatalf("%s to %s without a proof", step.From, step.To)
		}
	}
	if !after.Status.Holds() && !after.ProvenAt.IsZero() && after.Status != tenant.DomainDeleted || len(after.Reason) > 60 || len(after.Report) > 64<<10 || after.BlockingOn == "" {
		t.Fatalf("%+v", after)
	}
}
