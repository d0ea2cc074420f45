package access

import "context"

type actorKey struct{}

// WithActor returns a context that says who acts, for stores whose methods do not take an Actor and whose audit entries name one.
func WithActor(ctx context.Context, by Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, by)
}

// ActorFrom returns who acts; outside a request of a contact or key it is the system.
func ActorFrom(ctx context.Context) Actor {
	if by, ok := ctx.Value(actorKey{}).(Actor); ok {
		return by
	}
	return Actor{Kind: "system"}
}
