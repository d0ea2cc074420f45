package access

import (
	"context"

	"tollhouse/tenant"
)

// Service grants and checks access to the portal.
type Service struct{}

// Authenticate returns the live session behind a cookie.
func (s *Service) Authenticate(ctx context.Context, site *tenant.Site, token string) (Session, error) {
	return Session{}, ErrNoSession
}

// Landing looks at a link and changes nothing.
func (s *Service) Landing(ctx context.Context, site *tenant.Site, token string) (Landing, error) {
	return Landing{State: LinkUnknown}, nil
}

// Redeem exchanges a link for a session, once.
func (s *Service) Redeem(ctx context.Context, site *tenant.Site, token string, v Visitor) (Grant, error) {
	return Grant{}, &DeadLinkError{Landing{State: LinkUnknown}}
}

// RequestLink mails a login link if the address is a contact's.
func (s *Service) RequestLink(ctx context.Context, site *tenant.Site, email string, v Visitor) error {
	return nil
}

// Resend mails a fresh link to the contact of a dead one.
func (s *Service) Resend(ctx context.Context, site *tenant.Site, token string, v Visitor) error {
	return nil
}

// SignOut ends a session everywhere at once.
func (s *Service) SignOut(ctx context.Context, sess Session, v Visitor) error { return nil }
