package payments

import (
	"context"
	"sync/atomic"
	"time"
)

type counter = atomic.Int64

// Stats is what the platform watches, across tenants.
type Stats struct {
	Live          map[string]int // payments that are open, by status
	Refunds       map[string]int // refunds that are open, by status
	OldestUnknown time.Duration  // 0: none is unknown
	EventLag      time.Duration  // how long the oldest message waits; 0: none does
	Parked        int            // messages that nobody could deal with: a person must look
	Forged        int64          // messages whose signature did not fit, on this node since it began
	Differences   int64          // that the nightly comparison found, on this node since it began
	Late          time.Duration  // how long after its time the latest look is still waiting
}

// Stats counts.
func (s *Service) Stats(ctx context.Context) (Stats, error) {
	st, err := s.cfg.Store.LookStats(ctx, s.now())
	st.Forged, st.Differences = s.forged.Load(), s.differences.Load()
	return st, err
}
