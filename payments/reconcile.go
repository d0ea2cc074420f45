package payments

import "context"

// Run follows what is open of all tenants until ctx ends: payments, refunds and processors' messages. Any number of nodes may run at once.
func (s *Service) Run(ctx context.Context) error { return errUnbuilt }

// Work deals with what is due now, and returns how much that was.
func (s *Service) Work(ctx context.Context) (int, error) { return 0, errUnbuilt }
