package payments

import (
	"context"
	"errors"
	"fmt"

	"tollhouse/tenant"
)

// Orphans lists money at processors that belongs to no payment, or differs from it, and that nobody has dealt with: at most 200, the newest first.
func (s *Service) Orphans(ctx context.Context, t *tenant.Tenant) ([]Orphan, error) {
	return s.cfg.Store.Orphans(ctx, t.ID)
}

// CloseOrphan says that somebody dealt with it: by is who, up to 120 characters. ErrNotFound when it is not there, or closed.
func (s *Service) CloseOrphan(ctx context.Context, t *tenant.Tenant, o Orphan, by string) error {
	return s.cfg.Store.CloseOrphan(ctx, t.ID, o, cut(by, 120), s.now())
}

// Review asks the processor once more about a payment in quarantine, after somebody put it right there. When it still differs it stays in quarantine.
func (s *Service) Review(ctx context.Context, t *tenant.Tenant, paymentID string) (Payment, error) {
	f, err := s.file(ctx, t.ID, "", paymentID)
	if err != nil {
		return Payment{}, err
	}
	if f.Payment.Quarantine == "" || f.Attempt == nil {
		return s.read(ctx, t.ID, "", paymentID)
	}
	out, err := s.refetch(ctx, t.ID, &f)
	if err != nil {
		return Payment{}, fmt.Errorf("reviewing payment %s: %w", paymentID, err)
	}
	err = s.cfg.Store.Turn(ctx, t.ID, paymentID, func(f *File) (*Turn, error) {
		f.Payment.Quarantine = ""
		turn, err := s.judge(f, out, false)
		if err == nil && turn.Payment.Quarantine == "" {
			turn.Notes = append(turn.Notes, "payment.reviewed")
		}
		return turn, err
	})
	if err != nil && !errors.Is(err, ErrStale) {
		return Payment{}, fmt.Errorf("reviewing payment %s: %w", paymentID, err)
	}
	return s.read(ctx, t.ID, "", paymentID)
}
