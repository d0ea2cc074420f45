package payments

import (
	"context"

	"tollhouse/tenant"
)

// ConnectionByHook returns the connection whose webhook address holds the token with this SHA-256, or ErrNotFound. A disconnected one is
// still found: what was begun before goes on.
func (s *Service) ConnectionByHook(ctx context.Context, t tenant.ID, tokenHash [32]byte) (Connection, error) {
	return Connection{}, errUnbuilt
}

// TakeEvent checks a processor's message and keeps it; Run deals with it. ErrForged is counted. A message that is known already is no error.
// After nil answer 200: the message will not be lost.
func (s *Service) TakeEvent(ctx context.Context, t tenant.ID, c Connection, header map[string][]string, body []byte) error {
	return errUnbuilt
}
