package main

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/portal/access"
	"tollhouse/portal/mail"
	"tollhouse/tenant"
)

// countedSender counts mails by what became of them. Only *mail.Sender knows the recipient; the label is one of a few words.
type countedSender struct {
	*mail.Sender
	mails *prometheus.CounterVec
}

func countSender(sender *mail.Sender, metrics prometheus.Registerer) (countedSender, error) {
	c := countedSender{sender, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_mails_total",
		Help: "Tries to send a mail, by what became of them. Unreachable and deferred ones are tried again."}, []string{"result"})}
	return c, metrics.Register(c.mails)
}

// Send sends and counts.
func (c countedSender) Send(ctx context.Context, m mail.Message) error {
	err := c.Sender.Send(ctx, m)
	result, failed := "sent", (*mail.SendError)(nil)
	if errors.As(err, &failed) {
		result = string(failed.Outcome)
	} else if err != nil {
		result = "error"
	}
	c.mails.WithLabelValues(result).Inc()
	return err
}

// countedAccess counts how often links are pressed, by what they were worth. Many unknown ones are somebody who guesses; many used ones are
// readers who open old mails.
type countedAccess struct {
	*access.Service
	links    *prometheus.CounterVec
	codes    *prometheus.CounterVec
	acts     *prometheus.CounterVec
	requests *prometheus.CounterVec
	previews *prometheus.CounterVec
}

func countAccess(service *access.Service, metrics prometheus.Registerer) (countedAccess, error) {
	c := countedAccess{service, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_links_pressed_total",
		Help: "Magic links whose button was pressed, by what they were worth: granted ones gave a session."}, []string{"result"}),
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_link_codes_total",
			Help: "Codes of sign-in mails that were typed, by what they were worth. Many wrong and dead ones are somebody who guesses."}, []string{"result"}),
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_step_up_codes_total",
			Help: "Codes that people who are signed in typed before a sensitive act, by what they were worth."}, []string{"result"}),
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_access_requests_total",
			Help: "Wishes for access and what tenants made of them. Many by a link (ask) are somebody who floods; what they came to is not told here."}, []string{"act", "result"}),
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_previews_total",
			Help: "Previews of a client's portal by the tenant's own people: links made, opened and ended."}, []string{"act", "result"})}
	turnedAway := func(by string, count func() int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tollhouse_link_requests_turned_away_total",
			Help:        "Requests for a sign-in link beyond a limit. Any by tenant is worth an alarm: that tenant's own clients go without.",
			ConstLabels: prometheus.Labels{"limit": by}}, func() float64 { return float64(count()) })
	}
	return c, errors.Join(metrics.Register(c.links), metrics.Register(c.codes), metrics.Register(c.acts), metrics.Register(c.requests), metrics.Register(c.previews),
		metrics.Register(turnedAway("network", func() int64 { n, _ := service.TurnedAway(); return n })),
		metrics.Register(turnedAway("tenant", func() int64 { _, n := service.TurnedAway(); return n })))
}

// RedeemCode exchanges a link by its code and counts.
func (c countedAccess) RedeemCode(ctx context.Context, site *tenant.Site, code, browser string, v access.Visitor) (access.Grant, error) {
	grant, err := c.Service.RedeemCode(ctx, site, code, browser, v)
	c.codes.WithLabelValues(codeResult(err)).Inc()
	return grant, err
}

// PassStepUp takes a code for a sensitive act and counts.
func (c countedAccess) PassStepUp(ctx context.Context, site *tenant.Site, s access.Session, code string, v access.Visitor) (access.Grant, error) {
	grant, err := c.Service.PassStepUp(ctx, site, s, code, v)
	c.acts.WithLabelValues(codeResult(err)).Inc()
	return grant, err
}

// codeResult is what a typed code was worth, in one of a few words.
func codeResult(err error) string {
	result, dead, wrong := "granted", (*access.DeadLinkError)(nil), (*access.WrongCodeError)(nil)
	switch {
	case errors.As(err, &wrong) && wrong.Left > 0:
		result = "wrong"
	case errors.As(err, &wrong), errors.As(err, &dead):
		result = "dead"
	case errors.Is(err, access.ErrCodeForm):
		result = "no_code"
	case errors.Is(err, access.ErrLimited):
		result = "limited"
	case err != nil:
		result = "error"
	}
	return result
}

// Redeem exchanges a link and counts.
func (c countedAccess) Redeem(ctx context.Context, site *tenant.Site, token, browser string, v access.Visitor) (access.Grant, error) {
	grant, err := c.Service.Redeem(ctx, site, token, browser, v)
	result, dead := "granted", (*access.DeadLinkError)(nil)
	switch {
	case errors.As(err, &dead):
		result = string(dead.Landing.State)
	case errors.Is(err, access.ErrLimited):
		result = "limited"
	case err != nil:
		result = "error"
	}
	c.links.WithLabelValues(result).Inc()
	return grant, err
}
