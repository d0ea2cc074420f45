package main

import (
	"fmt"
	"maps"
	"net"
	"net/url"
)

// processorURLs are where payment processors are asked. They are their own addresses but in test mode.
type processorURLs struct {
	StripeAPI, StripeScript             string
	AuthorizeNetAPI, AuthorizeNetHosted string
}

// named are those that are not their own, by setting.
func (p processorURLs) named() map[string]string {
	all := map[string]string{"STRIPE_API_URL": p.StripeAPI, "STRIPE_SCRIPT_URL": p.StripeScript, "AUTHORIZE_NET_API_URL": p.AuthorizeNetAPI,
		"AUTHORIZE_NET_FORM_URL": p.AuthorizeNetHosted}
	maps.DeleteFunc(all, func(_, at string) bool { return at == "" })
	return all
}

// contradictoryProcessors refuses other processors than the real ones that are not on loopback.
func (c Config) contradictoryProcessors() []error {
	var errs []error
	for name, at := range c.Processors.named() {
		u, err := url.Parse(at)
		host := ""
		if err == nil {
			if host, _, err = net.SplitHostPort(u.Host); err != nil {
				host = u.Host
			}
		}
		if host == "" || !isLoopback(host) {
			errs = append(errs, fmt.Errorf("%s%s: %q is not a URL on loopback", prefix, name, at))
		}
	}
	return errs
}

// realProcessors refuses to serve with other processors than the real ones, unless this is a test. Commands that read the settings of a test take them.
func (c Config) realProcessors() error {
	var errs []error
	for name := range c.Processors.named() {
		if !c.TestMode {
			errs = append(errs, fmt.Errorf("%s%s: needs --test-mode; without it payments go to the processor itself", prefix, name))
		}
	}
	return allWrong(errs)
}
