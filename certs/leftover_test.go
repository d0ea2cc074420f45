package certs_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs"
	"tollhouse/certs/localca"
)

// A node died while the CA was to validate. What it left must not be given to the CA as the answer to the next order's question: that would be a
// failed validation and another order.
func TestChallenge_LeftByADeadNodeIsNotTheAnswerToTheNextOrder(t *testing.T) {
	for _, kind := range []string{"http-01", "tls-alpn-01"} {
		for _, left := range []string{"http-01", "tls-alpn-01"} {
			t.Run(left+" before "+kind, func(t *testing.T) {
				f := newFleet(t, localca.Options{}, billing)
				n := f.start(func(c *certs.Config) { quiet(c); c.Challenges = []string{kind} })
				f.leave(n, left)
				if _, err := n.shake(billing); err != nil {
					t.Fatal(err)
				}
				if got := f.ca.Orders(); got != 1 {
					t.Errorf("%d orders, want 1", got)
				}
			})
		}
	}
}

// leave puts a challenge into the store as a node does that dies before it takes it back, and waits until n has heard of it.
func (f *fleet) leave(n *node, kind string) {
	f.t.Helper()
	old := acme.Challenge{Type: kind, Token: "old", KeyAuthorization: "old.print", Identifier: acme.Identifier{Type: "dns", Value: billing}}
	text := must(json.Marshal(old))
	if err := n.store.Store(context.Background(), "acme/any/challenge_tokens/"+billing+".json", text); err != nil {
		f.t.Fatal(err)
	}
	handler := n.manager.HTTPChallengeHandler(http.NotFoundHandler())
	eventually(f.t, "the old challenge is known", func() bool {
		if kind == acme.ChallengeTypeTLSALPN01 {
			cert, err := n.manager.GetCertificate(hello(billing, "acme-tls/1"))
			return cert != nil && err == nil
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://"+billing+"/.well-known/acme-challenge/"+old.Token, nil))
		return w.Body.String() == old.KeyAuthorization
	})
}
