package certs

import (
	"crypto/x509"
	"hash/fnv"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// shortLived separates certificates of days from certificates of months: the former are renewed at half their life.
const shortLived = 10 * 24 * time.Hour

// RenewAt decides when a certificate is renewed: with a third of its life left, or half for one of less than ten days, a little earlier for
// some names than for others, so that names issued together are not renewed together. What the CA suggests (RFC 9773) counts when it is
// earlier. At issuance, a window that opened with the certificate's life says nothing; learned later, it means "now".
func RenewAt(leaf *x509.Certificate, window *acme.RenewalInfo, atIssuance bool) time.Time {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	left := life / 3
	if life < shortLived {
		left = life / 2
	}
	at := leaf.NotAfter.Add(-left - spread(leaf, life/20))
	if window == nil || !window.HasWindow() {
		return at
	}
	if atIssuance && !window.SuggestedWindow.Start.After(leaf.NotBefore) {
		return at
	}
	if suggested := selected(window); suggested.Before(at) {
		return suggested
	}
	return at
}

func selected(window *acme.RenewalInfo) time.Time {
	if window.SelectedTime.IsZero() {
		return window.SuggestedWindow.Start
	}
	return window.SelectedTime
}

// spread returns a duration below width that is the same for the same certificate on every node.
func spread(leaf *x509.Certificate, width time.Duration) time.Duration {
	if width <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(leaf.SerialNumber.Bytes())
	return time.Duration(h.Sum64() % uint64(width))
}
