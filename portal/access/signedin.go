package access

import (
	"context"
	"fmt"
)

// SignedInAs is the masked address of the contact whose session it is, from the record. ErrNoSession: it has ended meanwhile. A preview is nobody's.
func (s *Service) SignedInAs(ctx context.Context, sess Session) (string, error) {
	if sess.Level == Previewing {
		return "", ErrNoSession
	}
	if err := s.Recheck(ctx, sess); err != nil {
		return "", err
	}
	email, err := s.store.ContactEmail(ctx, sess.Tenant, sess.ContactID)
	if err != nil {
		return "", fmt.Errorf("asking who %s is: %w", sess.ContactID, err)
	}
	return MaskEmail(email), nil
}
