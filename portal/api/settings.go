package api

import (
	"time"

	"tollhouse/tenant"
)

// Settings is what a tenant decides about its portal, as the API shows it.
type Settings struct {
	SessionSeconds      int64  `json:"session_seconds"`
	DocumentLinkDays    int    `json:"document_link_days"`
	LinkMode            string `json:"link_mode"` // "standard", "strict" or "step_up"
	LogVisitors         bool   `json:"log_visitors"`
	PaymentInstructions string `json:"payment_instructions"`
	PartialPayments     bool   `json:"partial_payments"`
	PartialMinimum      int64  `json:"partial_minimum"`
}

const day = 24 * time.Hour

func showSettings(p tenant.Policy) Settings {
	return Settings{SessionSeconds: int64(p.SessionLifetime / time.Second), DocumentLinkDays: int(p.DocumentLinkLifetime / day),
		LinkMode: linkMode(p), LogVisitors: p.LogVisitors, PaymentInstructions: p.PaymentInstructions,
		PartialPayments: p.PartialPayments, PartialMinimum: p.PartialMinimum}
}

func linkMode(p tenant.Policy) string {
	if p.StepUpLinks {
		return "step_up"
	}
	if p.StrictLinks {
		return "strict"
	}
	return "standard"
}

type settingsInput struct {
	SessionSeconds      *int64  `json:"session_seconds"`
	DocumentLinkDays    *int64  `json:"document_link_days"`
	LinkMode            *string `json:"link_mode"`
	LogVisitors         *bool   `json:"log_visitors"`
	PaymentInstructions *string `json:"payment_instructions"`
	PartialPayments     *bool   `json:"partial_payments"`
	PartialMinimum      *int64  `json:"partial_minimum"`
}

func (in settingsInput) apply(check *checker, p *tenant.Policy) {
	seconds, days := int64(p.SessionLifetime/time.Second), int64(p.DocumentLinkLifetime/day)
	number(check, &seconds, "session_seconds", in.SessionSeconds, 3600, 30*24*3600)
	number(check, &days, "document_link_days", in.DocumentLinkDays, 1, 180)
	p.SessionLifetime, p.DocumentLinkLifetime = time.Duration(seconds)*time.Second, time.Duration(days)*day
	in.applyLinkMode(check, p)
	flag(&p.LogVisitors, in.LogVisitors)
	flag(&p.PartialPayments, in.PartialPayments)
	number(check, &p.PartialMinimum, "partial_minimum", in.PartialMinimum, 0, 99_999_999)
	check.text(&p.PaymentInstructions, "payment_instructions", in.PaymentInstructions, 4000)
}

func (in settingsInput) applyLinkMode(check *checker, p *tenant.Policy) {
	mode := linkMode(*p)
	oneOf(check, &mode, "link_mode", in.LinkMode, "standard", "strict", "step_up")
	p.StrictLinks, p.StepUpLinks = mode == "strict", mode == "step_up"
}

func (s *Server) showSettings(c *call) (reply, error) {
	t, err := s.Brands.Tenant(c.Context(), c.tenant.ID)
	if err != nil {
		return reply{}, err
	}
	return ok(showSettings(t.Policy))
}

func (s *Server) changeSettings(c *call) (reply, error) {
	var in settingsInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	in.apply(check, &tenant.Policy{})
	if err := check.err(); err != nil {
		return reply{}, err
	}
	t, err := s.Brands.UpdatePolicy(c.Context(), c.tenant.ID, func(p *tenant.Policy) error {
		in.apply(&checker{}, p)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(showSettings(t.Policy))
}
