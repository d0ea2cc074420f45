package localca_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs/localca"
)

// named is a certificate as far as the question for its window names it.
func named(t *testing.T) (*x509.Certificate, string) {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 60))
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: serial, AuthorityKeyId: []byte("key")}
	id, err := acme.ARIUniqueIdentifier(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return leaf, id
}

func TestWindow_IsAnsweredAsItWasSet(t *testing.T) {
	ca := start(t, nil)
	c := newClient(t, ca)
	ours, id := named(t)
	other, _ := named(t)
	now := time.Now().UTC().Truncate(time.Second)
	past := localca.Window{Start: now.Add(-2 * time.Hour), End: now.Add(-time.Hour), RetryAfter: time.Minute}
	later := localca.Window{Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)}
	ca.SetWindow(later)
	ca.SetWindows(map[string]localca.Window{id: past})
	for name, tc := range map[string]struct {
		leaf *x509.Certificate
		want localca.Window
	}{"its own": {ours, past}, "all others'": {other, later}} {
		got, err := c.GetRenewalInfo(t.Context(), tc.leaf)
		if err != nil {
			t.Fatal(err)
		}
		if !got.SuggestedWindow.Start.Equal(tc.want.Start) || !got.SuggestedWindow.End.Equal(tc.want.End) || (got.RetryAfter != nil) != (tc.want.RetryAfter > 0) {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
		if at := got.RetryAfter; at != nil && (at.Before(now.Add(tc.want.RetryAfter)) || at.After(time.Now().Add(tc.want.RetryAfter+time.Second))) {
			t.Errorf("%s: ask again at %s", name, at)
		}
	}
}

func TestWindow_OfAnUnknownCertificateIsNotKnownUnlessSet(t *testing.T) {
	ca := start(t, nil)
	c := newClient(t, ca)
	leaf, _ := named(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // the client would ask three times
	defer cancel()
	if got, err := c.GetRenewalInfo(ctx, leaf); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestProfiles_AreOfferedBesideTheDefault(t *testing.T) {
	ca := start(t, func(o *localca.Options) { o.Profiles = map[string]time.Duration{"shortlived": 6 * 24 * time.Hour} })
	c := newClient(t, ca)
	for profile, want := range map[string]bool{"default": true, "shortlived": true, "tlsserver": false} {
		order := acme.Order{Profile: profile, Identifiers: []acme.Identifier{{Type: "dns", Value: "pay.acme.test"}}}
		if _, err := c.NewOrder(t.Context(), c.account, order); (err == nil) != want {
			t.Errorf("%s: %v", profile, err)
		}
	}
	if other, err := localca.Start(context.Background(), localca.Options{HTTPPort: 1, TLSPort: 2, Profiles: map[string]time.Duration{"short": time.Second}}); err == nil {
		t.Error("it started with certificates of a second")
		_ = other.Close()
	}
}
