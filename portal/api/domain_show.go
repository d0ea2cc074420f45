package api

import "tollhouse/tenant/domains"

// ShowDomain is a domain as the API answers a question for it alone, with its history.
func ShowDomain(v domains.View) Domain {
	out := showDomain(v)
	out.History = showSteps(v.History)
	return out
}
