package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/portal/mail/senders"
	"tollhouse/portal/mail/senders/sendersdb"
	"tollhouse/tenant"
)

// buildSenders makes the service that looks after the addresses that tenants' mails come from.
func (h *house) buildSenders(_ context.Context, metrics *prometheus.Registry) error {
	doctor, err := newDomainDoctor(h.config, nil)
	if err != nil {
		return err
	}
	h.senders, err = senders.New(senders.Config{Store: sendersdb.New(h.pool), Resolver: doctor, Ring: h.config.SealKeys, From: h.config.MailFrom,
		Own: []tenant.Hostname{h.config.PlatformDomain, h.config.EdgeDomain}, SPF: h.config.MailSPF, Log: h.log, Registerer: metrics, Now: h.now})
	return err
}
