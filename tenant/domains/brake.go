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

// widespread reports whether too many names turned bad, at that weight, and not of one tenant alone: what our resolvers do wrong they do to all,
// while one who lets its own names turn bad would keep every other from losing a name, and from taking one over.
func (s *Service) widespread(ctx context.Context, turned, of, weight int) (bool, error) {
	if !tooMany(weight*turned, of) {
		return false, nil
	}
	others, ofOthers, err := s.cfg.Store.TurnedOfOthers(ctx)
	if err != nil {
		return true, fmt.Errorf("counting the names of others that turned bad: %w", err)
	}
	return weight*others*brakeShare >= ofOthers, nil // also when there are no others
}

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
	wide, err := s.widespread(ctx, turned, of, 1)
	if err != nil || !wide {
		return wide, err
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
	if wide, err := s.widespread(ctx, turned, of, 2); err != nil || wide {
		return err
	}
	if err := s.cfg.Store.Release(ctx, false); err != nil {
		return fmt.Errorf("taking the brake off: %w", err)
	}
	s.metrics.brake.Set(0)
	s.cfg.Log.Info("custom domains are well again: the brake is off", "turned", turned, "of", of)
	return nil
}
