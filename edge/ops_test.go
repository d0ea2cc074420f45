package edge_test

import (
	"context"
	"encoding/json"

	"log/slog"
	"net/http"
	"strings"
	"testing"

	"tollhouse/edge"
	"tollhouse/tenant"
)

// operator asks the operator's listener.
func (h *house) operator(t *testing.T, path string) (int, string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, body := get(t, c, newRequest(t, "GET", "http://"+h.addrs.Ops().String()+path, nil))
	return res.StatusCode, body
}

func TestOps_IsReadyOnceTheDirectoryIsLoadedWhateverElseIsAway(t *testing.T) {
	t.Parallel()
	empty := tenant.NewDirectory(slog.New(slog.DiscardHandler))
	checks := func(context.Context) []edge.Check {
		return []edge.Check{{Name: "postgres", OK: false, Detail: "connection refused"}, {Name: "redis", OK: true}}
	}
	for _, tt := range []struct {
		name   string
		loaded bool
		want   int
	}{{"loaded", true, 200}, {"not loaded", false, 503}} {
		h := start(t, func(c *edge.Config) {
			c.Ready = checks
			if !tt.loaded {
				c.Directory = empty
			}
		})
		status, body := h.operator(t, "/readyz")
		var answer struct {
			Ready  bool `json:"ready"`
			Checks []edge.Check
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		if status != tt.want || answer.Ready != tt.loaded || len(answer.Checks) != 2 || answer.Checks[0].OK {
			t.Errorf("%s: %d %s", tt.name, status, body)
		}
		if status, _ := h.operator(t, "/healthz"); status != 200 {
			t.Errorf("%s: /healthz %d", tt.name, status)
		}
	}
}

func TestOps_IsNotServedOnTenantsHosts(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *edge.Config) { c.Pprof = true })
	if status, body := h.operator(t, "/metrics"); status != 200 || !strings.Contains(body, "tollhouse_edge_connections") {
		t.Errorf("/metrics for the operator: %d", status)
	}
	if status, _ := h.operator(t, "/debug/pprof/"); status != 200 {
		t.Errorf("/debug/pprof/ for the operator: %d", status)
	}
	c := h.client(t, true)
	for _, path := range []string{"/metrics", "/debug/pprof/", "/healthz", "/readyz"} {
		if _, body := get(t, c, newRequest(t, "GET", "https://billing.acme.test"+path, nil)); body != "portal of billing.acme.test" {
			t.Errorf("%s on a tenant's host is answered with %q", path, body)
		}
	}
}

func TestOps_ServesNoProfilesUnlessAsked(t *testing.T) {
	t.Parallel()
	h := start(t)
	if status, _ := h.operator(t, "/debug/pprof/"); status != 404 {
		t.Errorf("/debug/pprof/: %d", status)
	}
}

func TestNew_NamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := edge.New(edge.Config{})
	if err == nil {
		t.Fatal("an empty configuration is taken")
	}
	for _, name := range []string{"Listeners", "TLS", "Directory", "Portal"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestListen_BindsAllOrNothing(t *testing.T) {
	t.Parallel()
	first, err := edge.Listen(t.Context(), edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	taken := first.Ops().String()
	second, err := edge.Listen(t.Context(), edge.Addresses{HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Ops: taken})
	if err == nil || !strings.Contains(err.Error(), "ops") {
		t.Errorf("listening twice on %s: %v %v", taken, second, err)
	}
}
