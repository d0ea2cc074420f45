package domains

import (
	"context"
	"fmt"
)

// The brake trips when at least fewestTurned names, and more than one in brakeShare of all, have turned bad: then it is our resolvers that are
// wrong. It goes off when half of that is left.
const (
	fewestTurned = 3
	brakeShare   = 50 // 2 %
)

func tooMany(turned, of int) bool { return turned >= fewestTurned && turned*brakeShare > of }

func fewEnough(turned, of int) bool { return !tooMany(2*turned, of) }

// braked reports whether our resolvers are distrusted, and begins to distrust them when there is reason. On an error nothing is known, and so
// nothing may be lost.
func (s *Service) braked(ctx context.Context) (bool, error) {
	brake, err := s.cfg.Store.Brake(ctx)
	if err != nil {
		return true, fmt.Errorf("reading the brake: %w", err)
	}
	if !brake.TrippedAt.IsZero() {
		s.metrics.brake.Set(1)
		return true, nil
	}
	s.metrics.brake.Set(0)
	turned, of, err := s.cfg.Store.Turned(ctx)
	if err != nil {
		return true, fmt.Errorf("counting the names that turned bad: %w", err)
	}
	if !tooMany(turned, of) {
		return false, nil
	}
	return true, s.trip(ctx, turned, of)
}

func (s *Service) trip(ctx context.Context, turned, of int) error {
	tripped, err := s.cfg.Store.Trip(ctx, turned, of)
	if err != nil {
		return fmt.Errorf("setting the brake: %w", err)
	}
	s.metrics.brake.Set(1)
	if tripped {
		s.cfg.Log.Error("many custom domains lost their proof at once: the resolvers are distrusted, and no domain is lost until the brake is off",
			"turned", turned, "of", of)
	}
	return nil
}

// easeBrake takes the brake off by itself once most names are well again.
func (s *Service) easeBrake(ctx context.Context) error {
	brake, err := s.cfg.Store.Brake(ctx)
	if err != nil {
		return fmt.Errorf("reading the brake: %w", err)
	}
	if brake.TrippedAt.IsZero() {
		s.metrics.brake.Set(0)
		return nil
	}
	s.metrics.brake.Set(1)
	turned, of, err := s.cfg.Store.Turned(ctx)
	if err != nil {
		return fmt.Errorf("counting the names that turned bad: %w", err)
	}
	if !fewEnough(turned, of) {
		return nil
	}
	if err := s.cfg.Store.Release(ctx, false); err != nil {
		return fmt.Errorf("taking the brake off: %w", err)
	}
	s.metrics.brake.Set(0)
	s.cfg.Log.Info("custom domains are well again: the brake is off", "turned", turned, "of", of)
	return nil
}
