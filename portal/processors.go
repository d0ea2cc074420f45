package portal

import (
	"net/http"
	"net/url"
)

// Processors says where the scripts of payment processors come from. The zero value is their own addresses.
type Processors struct {
	StripeScript string // another address of Stripe's script, in tests
}

// stripeScript is the script that Stripe wants to be loaded from its own host.
const stripeScript = "https://js.stripe.com/v3/"

// scriptOfStripe is where the script of Stripe's fields is loaded from.
func (p Processors) scriptOfStripe() string {
	if p.StripeScript != "" {
		return p.StripeScript
	}
	return stripeScript
}

// allowStripe lets one page load Stripe's fields, and talk to Stripe; pages without them keep the policy that knows nobody else.
func (p Processors) allowStripe(h http.Header) {
	script, frame, connect := "https://js.stripe.com https://*.js.stripe.com", "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com", "https://api.stripe.com"
	if u, err := url.Parse(p.StripeScript); p.StripeScript != "" && err == nil {
		origin := u.Scheme + "://" + u.Host
		script, frame, connect = origin, origin, origin
	}
	h.Set("Content-Security-Policy", contentPolicy+"; script-src 'self' "+script+"; frame-src "+frame+"; connect-src 'self' "+connect)
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // a bank's page may open in a window of its own
	h.Set("Permissions-Policy", `camera=(), geolocation=(), microphone=(), payment=(self "https://js.stripe.com"), usb=(), browsing-topics=()`)
}
