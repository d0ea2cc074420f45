package portal

import "tollhouse/payments"

// byScript reports whether the processor's fields can stand in a page of ours, so that something is saved without a payment. What another processor
// saves is saved while it is paid with.
func (p *methodsPage) byScript() bool {
	return p.takes() && p.data.Connection.Processor == payments.Stripe
}
