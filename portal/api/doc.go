// Package api is the REST surface for tenants' own systems, served on the platform's API host. It reads a request strictly, asks a service,
// and writes an answer; rules of billing, access and brand live in those services, not here.
//
// It refuses what a careless client sends by accident: fields and parameters it does not know, duplicated members, keys in the URL, card
// numbers in text. Every refusal is a problem document (RFC 9457) that says in plain words what to mend. It reads no cookie, so there is
// nothing for another site to ride on.
//
//	server, err := api.New(api.Config{Keys: keys, Tenants: tenants, …})
//	http.ListenAndServe(addr, server)
package api
