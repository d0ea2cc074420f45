package main

import (
	"fmt"
	"net"
	"net/url"
)

// processorURLs are where payment processors are asked. They are their own addresses but in test mode.
type processorURLs struct {
	StripeAPI, StripeScript             string
	AuthorizeNetAPI, AuthorizeNetHosted string
}

// contradictoryProcessors refuses other processors than the real ones, unless this is a test; and then those that are not on loopback.
func (c Config) contradictoryProcessors() []error {
	var errs []error
	p := c.Processors
	for name, at := range map[string]string{"STRIPE_API_URL": p.StripeAPI, "STRIPE_SCRIPT_URL": p.StripeScript, "AUTHORIZE_NET_API_URL": p.AuthorizeNetAPI,
		"AUTHORIZE_NET_FORM_URL": p.AuthorizeNetHosted} {
		if at == "" {
			continue
		}
		u, err := url.Parse(at)
		host := ""
		if err == nil {
			if host, _, err = net.SplitHostPort(u.Host); err != nil {
				host = u.Host
			}
		}
		switch {
		case !c.TestMode:
			errs = append(errs, fmt.Errorf("%s%s: needs --test-mode; without it payments go to the processor itself", prefix, name))
		case host == "" || !isLoopback(host):
			errs = append(errs, fmt.Errorf("%s%s: %q is not a URL on loopback", prefix, name, at))
		}
	}
	return errs
}
