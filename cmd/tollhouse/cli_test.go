package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollhouse/deploy/services/pgtest"
)

// cliRun runs the program as main does and returns what it printed.
func cliRun(t *testing.T, settings map[string]string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(context.Background(), args, func(name string) string { return settings[strings.TrimPrefix(name, prefix)] }, &out, &errs)
	return out.String(), errs.String(), err
}

func TestCLI_FromAnEmptyDatabaseToAKey(t *testing.T) {
	db := pgtest.Empty(t, "")
	settings := map[string]string{"PLATFORM_DOMAIN": "portal.test", "POSTGRES_URL": db.AppURL, "POSTGRES_MIGRATE_URL": db.OwnerURL}
	if _, _, err := cliRun(t, settings, "tenant", "list"); err == nil || !strings.Contains(err.Error(), "tollhouse migrate") {
		t.Errorf("before the migration: %v, want advice to migrate", err)
	}
	for _, step := range []struct {
		args []string
		want string // in what is printed, or in the error behind "error: "
	}{
		{[]string{"migrate"}, "up to date"},
		{[]string{"migrate"}, "up to date"},
		{[]string{"tenant", "create", "acme", "Acme Ltd", "--time-zone", "Europe/Berlin", "--currency", "EUR"}, "https://acme.portal.test/portal/"},
		{[]string{"tenant", "create", "acme", "Another"}, `error: the slug "acme" is already in use`},
		{[]string{"tenant", "create", "api", "Reserved"}, "error: "},
		{[]string{"tenant", "create", "Bad_Slug", "X"}, "error: "},
		{[]string{"tenant", "create", "beta", "Beta", "--time-zone", "Mars/Base"}, "error: "},
		{[]string{"tenant", "create", "beta", "Beta Inc"}, "ten_"},
		{[]string{"tenant", "list"}, "Beta Inc"},
		{[]string{"domain", "add", "acme", "Billing.ACME.test."}, "billing.acme.test is active"},
		{[]string{"domain", "add", "beta", "billing.acme.test"}, "error: billing.acme.test is already in use"},
		{[]string{"domain", "add", "acme", "pay.portal.test"}, "error: "},
		{[]string{"domain", "add", "acme", "192.0.2.1"}, "error: "},
		{[]string{"domain", "list", "acme"}, "billing.acme.test"},
		{[]string{"tenant", "show", "acme"}, "Europe/Berlin"},
		{[]string{"tenant", "show", "nobody"}, `error: there is no tenant "nobody"`},
		{[]string{"key", "create", "acme", "invoicing", "--scope", "invoices:read"}, "thk_live_"},
		{[]string{"key", "create", "acme", "invoicing", "--scope", "invoices:all"}, "error: "},
		{[]string{"key", "revoke", "acme", "key_00000000000000000000000000"}, "error: there is no key"},
		{[]string{"tenant", "suspend", "acme"}, "acme is suspended"},
		{[]string{"tenant", "resume", "acme"}, "acme is active"},
	} {
		out, _, err := cliRun(t, settings, step.args...)
		if text, fails := strings.CutPrefix(step.want, "error: "); fails {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%v: %v, want an error with %q", step.args, err, text)
			}
		} else if err != nil || !strings.Contains(out, step.want) {
			t.Errorf("%v printed %q, %v; want %q", step.args, out, err, step.want)
		}
	}
}

func TestCLI_SaysWhatItCanDoAndWhatIsWrong(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"serve", "--help"}, {"key", "create", "--help"}, {"config"}} {
		out, _, err := cliRun(t, nil, args...)
		if err != nil || len(out) < 200 {
			t.Errorf("%v: %v, printed %d bytes", args, err, len(out))
		}
	}
	if _, _, err := cliRun(t, nil, "sevre"); err == nil || !strings.Contains(err.Error(), "sevre") {
		t.Errorf("a typo: %v", err)
	}
	_, _, err := cliRun(t, nil, "serve")
	for _, name := range []string{"PLATFORM_DOMAIN", "POSTGRES_URL", "REDIS_URL", "SEAL_KEYS", "ACME_EMAIL", "SMTP_ADDR", "MAIL_FROM"} {
		if err == nil || !strings.Contains(err.Error(), prefix+name+": is required") {
			t.Errorf("serve without settings does not name %s: %v", name, err)
		}
	}
}

func TestServe_RefusesARoleThatCouldSeeAllTenants(t *testing.T) {
	f := newFleet(t, 1, nil)
	for who, dsn := range map[string]string{"the owner": f.db.OwnerURL, "a superuser": f.db.AdminURL} {
		settings := map[string]string{"HTTPS_ADDR": "127.0.0.1:0", "HTTP_ADDR": "127.0.0.1:0", "OPS_ADDR": "127.0.0.1:0"}
		for k, v := range f.conf {
			settings[k] = v
		}
		settings["POSTGRES_URL"] = dsn
		if _, _, err := cliRun(t, settings, "serve", "--test-mode"); !errors.Is(err, errRole) {
			t.Errorf("as %s: %v, want a refusal", who, err)
		}
	}
}

func TestServe_StartedDuringAnOutageStillRefusesSuchARole(t *testing.T) {
	f := newFleet(t, 1, nil)
	for who, tc := range map[string]struct {
		dsn  string
		want error
	}{"the owner": {f.db.OwnerURL, errRole}, "the server's role": {f.db.AppURL, nil}} {
		dsn, err := url.Parse(tc.dsn)
		if err != nil {
			t.Fatal(err)
		}
		proxy := newCut(t, dsn.Host)
		proxy.sever()
		dsn.Host = proxy.Addr().String()
		settings := maps.Clone(f.conf)
		maps.Copy(settings, map[string]string{"POSTGRES_URL": dsn.String(), "HTTPS_ADDR": "127.0.0.1:0", "HTTP_ADDR": "127.0.0.1:0", "OPS_ADDR": "127.0.0.1:0",
			"DRAIN_TIME": "1s", "LOCAL_DIR": ""})
		ctx, stop := context.WithCancel(context.Background())
		var log logBuffer
		done := make(chan error, 1)
		go func() {
			done <- run(ctx, []string{"serve", "--test-mode"}, func(name string) string { return settings[strings.TrimPrefix(name, prefix)] }, io.Discard, &log)
		}()
		// The Directory says that it is current again only after it said that it is not: cut off until then.
		waitFor(t, "the node to serve without Postgres", func() bool {
			return strings.Contains(log.String(), `"msg":"serving"`) && strings.Contains(log.String(), `directory: serving the last known state`)
		})
		proxy.open.Store(true)
		if tc.want == nil {
			waitFor(t, "Postgres to be asked", func() bool { return strings.Contains(log.String(), `directory: current again`) || len(done) > 0 })
			stop()
		} else {
			waitFor(t, "the node to refuse", func() bool { return len(done) > 0 })
		}
		if err := <-done; !errors.Is(err, tc.want) {
			t.Errorf("as %s: %v, want %v", who, err, tc.want)
		}
		stop()
	}
}

func TestDoctor_FindsEachFaultAndSaysTheMend(t *testing.T) {
	f := newFleet(t, 1, nil)
	out, _, err := cliRun(t, f.conf, "doctor")
	if err != nil || strings.Contains(out, "FAIL") || strings.Count(out, "ok ") < 9 {
		t.Fatalf("all is well: %v\n%s", err, out)
	}
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := closed.Addr().String()
	closed.Close()
	for _, tc := range []struct{ setting, value, fails, mend string }{
		{"POSTGRES_URL", "postgres://x:hunter2@" + nowhere + "/x", "postgres", "start Postgres"},
		{"POSTGRES_URL", f.db.OwnerURL, "role", "owns tables"},
		{"REDIS_URL", "redis://:hunter2@" + nowhere, "redis", "start Redis"},
		{"ACME_DIRECTORY", "https://" + nowhere + "/dir", "ca", "TOLLHOUSE_ACME_DIRECTORY"},
		{"SMTP_ADDR", nowhere, "smtp", "TOLLHOUSE_SMTP_"},
	} {
		settings := map[string]string{}
		for k, v := range f.conf {
			settings[k] = v
		}
		settings[tc.setting] = tc.value
		out, _, err := cliRun(t, settings, "doctor")
		if exitCode(err) != 1 || !strings.Contains(out, "FAIL  "+tc.fails) || !strings.Contains(out, tc.mend) || strings.Contains(out, "hunter2") {
			t.Errorf("%s: exit %d\n%s", tc.setting, exitCode(err), out)
		}
	}
}

func TestTestMode_TheClockEndsASession(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "control")
	f := newFleet(t, 1, map[string]string{"CONTROL_SOCKET": socket})
	b := f.addBusiness(t, "acme")
	c := f.client(f.nodes[0])
	session := f.signIn(t, c, b, b.clients[0])
	home := "https://" + b.host + "/portal/"
	control := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	waitFor(t, "the control socket", func() bool { _, err := os.Stat(socket); return err == nil })
	if r := ask(t, control, "POST", "http://control/clock", `{"advance":"160h"}`); r.StatusCode != 200 {
		t.Fatalf("moving the clock: %s %s", r.Status, r.body)
	}
	if r := ask(t, c, "GET", home, "", session); r.StatusCode != 200 {
		t.Errorf("after 160 hours: %s, want 200: a session lasts seven days", r.Status)
	}
	r := ask(t, control, "POST", "http://control/clock", `{"advance":"9h"}`)
	var now struct{ Now time.Time }
	if err := json.Unmarshal([]byte(r.body), &now); err != nil || time.Until(now.Now) < 168*time.Hour {
		t.Errorf("the clock says %s, %v", r.body, err)
	}
	if r := ask(t, c, "GET", home, "", session); r.StatusCode != 401 {
		t.Errorf("after 169 hours: %s, want 401", r.Status)
	}
	if r := ask(t, control, "POST", "http://control/clock", `{"advance":"soon"}`); r.StatusCode != 400 {
		t.Errorf("nonsense: %s, want 400", r.Status)
	}
}
