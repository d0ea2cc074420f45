package audit

import (
	"context"
	"net/netip"
)

// By is who acts in a context: the party, its id, and where it calls from as far as that may be kept.
type By struct {
	Actor     Actor
	ActorID   string
	IP        netip.Addr
	UserAgent string
}

type byKey struct{}

// With returns a context in which by acts. A server sets it once it knows who calls, so that stores far below can say it in the log.
func With(ctx context.Context, by By) context.Context { return context.WithValue(ctx, byKey{}, by) }

// From returns who acts in ctx; outside any request that is the system itself.
func From(ctx context.Context) By {
	if by, ok := ctx.Value(byKey{}).(By); ok {
		return by
	}
	return By{Actor: System}
}
