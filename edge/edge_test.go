package edge_test

import (
	"strings"
	"testing"
)

func TestServer_AnswersEachHostWithItsOwnSite(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, http2 := range []bool{false, true} {
		c := h.client(t, http2)
		for url, want := range map[string]string{
			"https://billing.acme.test/":   "portal of billing.acme.test",
			"https://BILLING.Acme.test./x": "portal of billing.acme.test",
			"https://pay.globex.test/":     "portal of pay.globex.test",
			"https://api.tollhouse.test/":  "api of api.tollhouse.test",
		} {
			res, body := get(t, c, newRequest(t, "GET", url, nil))
			if res.StatusCode != 200 || body != want {
				t.Errorf("http2=%v %s: %d %q, want 200 %q", http2, url, res.StatusCode, body, want)
			}
			if (res.ProtoMajor == 2) != http2 {
				t.Errorf("%s: spoke %s", url, res.Proto)
			}
			if len(res.Header.Get("X-Request-Id")) < 26 || res.Header.Get("Server") != "" {
				t.Errorf("%s: header %v", url, res.Header)
			}
			if hsts := res.Header.Get("Strict-Transport-Security"); hsts != "max-age=300" {
				t.Errorf("%s: HSTS %q", url, hsts)
			}
		}
	}
}

func TestServer_RefusesUnknownAndMissingNamesInTheHandshake(t *testing.T) {
	t.Parallel()
	h := start(t)
	_, err := h.client(t, false).Do(newRequest(t, "GET", "https://unknown.test/", nil))
	if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("unknown name: %v", err)
	}
}
