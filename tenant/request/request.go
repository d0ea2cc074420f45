// Package request carries what one HTTP request has been found to be, from the edge that finds it out to the handlers and stores that
// use it: whose host was called, who calls, which route answers, and what it cost. It holds facts and counters only; it decides
// nothing.
//
//	info := request.From(ctx)
//	slog.Info("request", "id", info.ID, "route", info.Route())
package request

import (
	"context"
	"net/netip"
	"sync/atomic"

	"tollhouse/tenant"
)

// Info describes one request. The edge makes it, everybody reads it; the fields are set before the first handler runs and not
// changed afterwards.
type Info struct {
	ID     string       // the request id, shown on error pages and in logs; never empty
	Site   *tenant.Site // the host that was called; nil on the ops listener
	Client netip.Addr   // the peer's address, taken from the PROXY header when the peer is trusted to send one

	route atomic.Pointer[string]

	// Trips count round trips to storage; the pgx tracer and the go-redis hook add to them.
	Trips struct{ Postgres, Redis atomic.Int32 }
}

// Route returns the pattern that matched, like "/portal/invoices/:id", or "" before routing and for unknown paths.
func (i *Info) Route() string {
	if p := i.route.Load(); p != nil {
		return *p
	}
	return ""
}

// SetRoute records the pattern that matched. The router calls it.
func (i *Info) SetRoute(pattern string) { i.route.Store(&pattern) }

type key struct{}

// With returns a context that carries info.
func With(ctx context.Context, info *Info) context.Context {
	return context.WithValue(ctx, key{}, info)
}

// From returns the request's Info, or an empty one outside a request (jobs, tools), so that callers need no check.
func From(ctx context.Context) *Info {
	if info, ok := ctx.Value(key{}).(*Info); ok {
		return info
	}
	return &Info{}
}
