// Package portal is what a tenant's client meets: the pages behind a magic link, in the tenant's brand and in nobody else's. It
// authenticates a browser by its cookie, reads one page's data in one round trip, and writes one HTML document that is complete without a
// script, without a third party and without colour.
//
// It refuses to decide: who may see what is decided in access, what an invoice owes in payments/ledger, which colours can be read in
// tenant. GET and HEAD never act and never set a session: they note that something was seen, and hand back, once, a form that was kept; a POST from another site, or from another tenant's portal, is
// refused before its body is read. It names no product: every word on a page is the tenant's or plain English from words.go.
//
//	server, err := portal.New(portal.Config{Access: access, Pages: pages, Logos: logos, Methods: methods, Payments: service, Now: time.Now, Log: log})
//	edge.Config{Portal: server, ErrorPage: server.Error}
package portal
