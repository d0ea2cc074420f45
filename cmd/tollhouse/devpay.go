package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"tollhouse/payments/emulator"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/emulator/core"
)

// till is both payment processors as they are in development: one world in memory, which begins anew with each run.
type till struct {
	stripe       *emulator.Emulator
	authorizeNet *authorizenetemu.Emulator
	stripeURL    string
	authorizeURL string
}

// startTill opens the processors. Their events go to this run's API, whose certificate is of this run's CA.
func (w *world) startTill(ctx context.Context, _ string, log *slog.Logger) (err error) {
	to := w.listeners.HTTPS().String()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.ca.Roots()}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, to)
		}}
	one := core.New(core.Config{Client: &http.Client{Transport: transport, Timeout: 10 * time.Second}, Log: log})
	w.till = &till{stripe: emulator.New(emulator.Config{Core: one, Log: log}), authorizeNet: authorizenetemu.New(authorizenetemu.Config{Core: one})}
	if w.till.stripeURL, err = w.page("127.0.0.1:4010", w.till.stripe.Handler()); err != nil {
		return err
	}
	if w.till.authorizeURL, err = w.page("127.0.0.1:4020", w.till.authorizeNet.Handler()); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = one.Run(ctx) // ends with ctx, and says nothing else
	}()
	w.closers = append(w.closers, func() { cancel(); <-done; transport.CloseIdleConnections() })
	return nil
}

// settings point the gateway at the till.
func (t *till) settings() map[string]string {
	return map[string]string{"STRIPE_API_URL": t.stripeURL, "STRIPE_SCRIPT_URL": t.stripeURL + "/v3/",
		"AUTHORIZE_NET_API_URL": t.authorizeURL + "/xml/v1/request.api", "AUTHORIZE_NET_FORM_URL": t.authorizeURL}
}
