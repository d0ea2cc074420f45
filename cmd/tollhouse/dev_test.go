package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// devRun is `tollhouse dev` in a process of its own, with what it wrote for programs.
type devRun struct {
	cmd    *exec.Cmd
	out    *logBuffer
	ended  chan error
	client *http.Client
	said   struct {
		HTTPSAddr   string `json:"https_addr"`
		HTTPAddr    string `json:"http_addr"`
		APIURL      string `json:"api_url"`
		CAFile      string `json:"ca_file"`
		MailURL     string `json:"mail_url"`
		DNSURL      string `json:"dns_url"`
		DNSAddr     string `json:"dns_addr"`
		PostgresURL string `json:"postgres_url"`
		RedisURL    string `json:"redis_url"`
		EmulatorURL string `json:"emulator_url"`
		Tenants     []struct {
			Slug     string
			Hosts    []string
			APIKey   string `json:"api_key"`
			Contacts []struct{ Link string }
		}
	}
}

func startDev(t *testing.T, dir string) *devRun {
	t.Helper()
	_ = os.Remove(filepath.Join(dir, "dev.json"))
	d := &devRun{out: &logBuffer{}, cmd: exec.Command(os.Args[0], "dev", "--dir", dir), ended: make(chan error, 1)}
	d.cmd.Env = append(os.Environ(), asProgram+"=yes")
	d.cmd.Stdout, d.cmd.Stderr = d.out, d.out
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.ended <- d.cmd.Wait() }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Signal(os.Interrupt) // fails for one that has ended
		if err := <-d.ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	waitFor(t, "dev.json", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "dev.json"))
		if len(d.ended) > 0 {
			t.Fatalf("it ended:\n%s", d.out)
		}
		return err == nil && json.Unmarshal(text, &d.said) == nil
	})
	root, err := os.ReadFile(d.said.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	d.client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, d.said.HTTPSAddr)
		}}}
	return d
}

// stop presses Ctrl-C and waits.
func (d *devRun) stop(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-d.ended; err != nil {
		t.Errorf("Ctrl-C: %v\n%s", err, d.out)
	}
	d.ended <- nil
}

// invoices are the ids of a tenant's newest invoices, as its API tells.
func (d *devRun) invoices(t *testing.T, tenant int) []string {
	t.Helper()
	r := ask(t, d.client, "GET", d.said.APIURL+"/api/crm/invoices?limit=100", "", "Authorization: Bearer "+d.said.Tenants[tenant].APIKey)
	found := invoiceID.FindAllString(r.body, -1)
	if r.StatusCode != 200 || len(found) == 0 {
		t.Fatalf("the API answers %s with %d invoices", r.Status, len(found))
	}
	return found
}

// takesPayments demands that the first two tenants are connected and the third is not, that events come in, and that the first has payments of these statuses.
func (d *devRun) takesPayments(t *testing.T, statuses ...string) {
	t.Helper()
	asked := func(tenant int, path string) string {
		r := ask(t, d.client, "GET", d.said.APIURL+path, "", "Authorization: Bearer "+d.said.Tenants[tenant].APIKey)
		if r.StatusCode != http.StatusOK {
			t.Fatalf("%s answers %s: %s", path, r.Status, r.body)
		}
		return r.body
	}
	for i, want := range []int{1, 1, 0} {
		if body := asked(i, "/api/payment-connections"); strings.Count(body, `"status":"active"`) != want {
			t.Errorf("tenant %d: %s", i, body)
		}
	}
	for _, status := range statuses {
		if body := asked(0, "/api/crm/payments?status="+status); !strings.Contains(body, `"kind":"card"`) && !strings.Contains(body, `"kind":"bank"`) {
			t.Errorf("no payment is %s: %s", status, body)
		}
	}
	if r := ask(t, http.DefaultClient, "GET", d.said.EmulatorURL+"/", ""); r.StatusCode != http.StatusOK {
		t.Errorf("the processor's page answers %s", r.Status)
	}
}

var invoiceID = regexp.MustCompile(`inv_[a-z0-9]{26}`)

// What a newcomer sees: addresses, links that work, an end to everything with Ctrl-C, and the same data the next time.
func TestDev_ShowsPagesEndsWholeAndFindsItsDataAgain(t *testing.T) {
	dir, err := os.MkdirTemp("", "tollhouse-dev-") // t.TempDir is closed to the user that Postgres runs as when this one is root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := startDev(t, dir)
	waitFor(t, "its greeting", func() bool { return strings.Contains(d.out.String(), d.said.Tenants[0].Contacts[0].Link) })
	var before [][]string
	for i, tenant := range d.said.Tenants {
		before = append(before, d.invoices(t, i))
		if !strings.Contains(d.out.String(), tenant.Hosts[0]) || !strings.HasPrefix(tenant.APIKey, "thk_") {
			t.Errorf("%s: no address or no key", tenant.Slug)
		}
		if r := redeem(t, d.client, tenant.Contacts[0].Link); r.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: its magic link answers %s", tenant.Slug, r.Status)
		} else if home := ask(t, d.client, "GET", "https://"+r.Request.URL.Host+r.Header.Get("Location"), "", sessionCookie(t, r)); home.StatusCode != 200 {
			t.Errorf("%s: its page answers %s", tenant.Slug, home.Status)
		}
	}
	for name, address := range map[string]string{"http_addr": d.said.HTTPAddr, "dns_addr": d.said.DNSAddr,
		"mail_url": strings.TrimPrefix(d.said.MailURL, "http://"), "redis_url": strings.TrimPrefix(d.said.RedisURL, "redis://")} {
		if c, err := net.Dial("tcp", address); err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			_ = c.Close()
		}
	}
	d.takesPayments(t, "succeeded", "failed", "requires_action", "requires_verification", "processing")
	for command, want := range map[string]string{"domain doctor " + d.said.Tenants[0].Hosts[0]: "✓", "tenant list": d.said.Tenants[0].Slug} {
		if out, _, err := cliRun(t, nil, append([]string{"--config", filepath.Join(dir, "settings.env")}, strings.Fields(command)...)...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s with the settings of this run: %v\n%s", command, err, out)
		}
	}
	postgres := postmaster(t, dir)
	d.stop(t)
	if err := syscall.Kill(postgres, 0); err == nil {
		t.Errorf("Postgres (%d) still runs", postgres)
	}
	if c, err := net.Dial("tcp", d.said.HTTPSAddr); err == nil {
		_ = c.Close()
		t.Errorf("somebody still listens at %s", d.said.HTTPSAddr)
	}
	first := d.said
	again := startDev(t, dir)
	for i := range before {
		if now := again.invoices(t, i); !slices.Equal(now, before[i]) {
			t.Errorf("tenant %d has other invoices the second time: %v, before %v", i, now, before[i])
		}
	}
	again.takesPayments(t, "succeeded")
	link := again.said.Tenants[0].Contacts[0].Link
	if link == first.Tenants[0].Contacts[0].Link {
		t.Error("the second run gives the first one's link")
	}
	if r := redeem(t, again.client, link); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the fresh link: %s", r.Status)
	}
	again.stop(t)
}

// postmaster is the id of the Postgres that keeps its data in dir.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "postgres", "*", "postmaster.pid"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	id, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
