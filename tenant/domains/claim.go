package domains

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"tollhouse/tenant"
)

// ManyClaimsError says that a tenant has made as many claims in the last hour as it may; After is how long to wait.
type ManyClaimsError struct{ After time.Duration }

func (e *ManyClaimsError) Error() string { return fmt.Sprintf("claimed too often; wait %s", e.After) }

// Claim makes a tenant's claim to a host as somebody typed it, or returns the one that it has already, with created false. A name that can never
// be served is a *NameError, one claim too many ErrQuota, one too many in an hour a *ManyClaimsError. Whether somebody else holds the name is not told.
func (s *Service) Claim(ctx context.Context, t tenant.ID, typed string) (v View, created bool, err error) {
	host, findings := s.cfg.Doctor.ParseName(typed)
	if len(findings) > 0 {
		return View{}, false, &NameError{Findings: findings}
	}
	claim := NewClaim{Host: host, Limit: s.cfg.Limits.Domains, PerHour: s.cfg.Limits.ClaimsPerHour}
	if claim.Label, claim.Token, err = s.secrets(); err != nil {
		return View{}, false, err
	}
	d, created, err := s.cfg.Store.Claim(ctx, t, claim)
	if err != nil {
		return View{}, false, err
	}
	v, err = s.show(ctx, d)
	return v, created, err
}

// labelEncoding has no look-alikes, and DNS compares without case.
var labelEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// secrets draws 128 bits each for a claim's CNAME target and its TXT record, so that neither tells of the other.
func (s *Service) secrets() (label, token string, err error) {
	var raw [32]byte
	if _, err := io.ReadFull(s.cfg.Rand, raw[:]); err != nil {
		return "", "", fmt.Errorf("drawing the secrets of a claim: %w", err)
	}
	return labelEncoding.EncodeToString(raw[:16]), hex.EncodeToString(raw[16:]), nil
}
