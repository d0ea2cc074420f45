package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tollhouse/portal/mail/mailsink"
)

// asProgram makes this test binary be the program, so that a test can send a whole process signals.
const asProgram = "TOLLHOUSE_TEST_BINARY_IS_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	if said := os.Getenv(asPayer); said != "" {
		if err := payAsProcess(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // it should not have come so far
	}
	os.Exit(m.Run())
}

// process is `tollhouse serve` in a process of its own.
type process struct {
	https, http, ops string
	control          string // socket of its clock
	logs             *logBuffer
	cmd              *exec.Cmd
	ended            chan error
}

// process starts one over the fleet's services and waits until it is ready.
func (f *fleet) process(t *testing.T, settings map[string]string) *process {
	t.Helper()
	p := f.launch(t, settings)
	p.await(t)
	return p
}

// launch starts one. It ends with the test, and with this process however that ends.
func (f *fleet) launch(t *testing.T, settings map[string]string) *process {
	t.Helper()
	p := &process{control: filepath.Join(shortDir(t), "control"), logs: &logBuffer{}, ended: make(chan error, 1)}
	values := maps.Clone(f.conf)
	maps.Copy(values, map[string]string{"HTTPS_ADDR": "127.0.0.1:0", "HTTP_ADDR": "127.0.0.1:0", "OPS_ADDR": "127.0.0.1:0", "CONTROL_SOCKET": p.control})
	maps.Copy(values, settings)
	p.cmd = exec.Command(os.Args[0], "serve", "--test-mode")
	p.cmd.Env = append(os.Environ(), asProgram+"=yes")
	for name, value := range values {
		p.cmd.Env = append(p.cmd.Env, prefix+name+"="+value)
	}
	p.cmd.Stderr = p.logs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the kernel sends the signal when the thread that started the process ends
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.ended <- p.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // does nothing to one that has ended
	return p
}

// shortDir is a temporary folder whose path leaves room for the name of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "th")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// await waits until a launched process is ready.
func (p *process) await(t *testing.T) {
	t.Helper()
	over := false
	err := until(context.Background(), func() bool {
		over = len(p.ended) > 0
		return over || p.hear() && p.ready()
	})
	if over || err != nil {
		t.Fatalf("waited for the process to serve in vain; it said:\n%s", tail(p.logs.String()))
	}
}

// hear learns from the log where the process listens.
func (p *process) hear() bool {
	for line := range bytes.Lines([]byte(p.logs.String())) {
		var said struct{ Msg, HTTPS, HTTP, Ops string }
		if json.Unmarshal(line, &said) == nil && said.Msg == "serving" {
			p.https, p.http, p.ops = said.HTTPS, said.HTTP, said.Ops
			return true
		}
	}
	return false
}

// ready asks as a load balancer does.
func (p *process) ready() bool {
	c := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get("http://" + p.ops + "/readyz")
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// balanced is a client whose new connections go to the process while it is ready, else to a node that stays.
func (f *fleet) balanced(p *process, stays *fleetNode, http1 bool) *http.Client {
	c := f.client(stays)
	transport := c.Transport.(*http.Transport)
	var protocols http.Protocols
	protocols.SetHTTP1(http1)
	protocols.SetHTTP2(!http1)
	transport.Protocols = &protocols
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		to := stays.listeners.HTTPS().String()
		if p.ready() {
			to = p.https
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}
	return c
}

// A rolling restart, as clients and their programs see it: pages and calls go on, and what was answered was done.
func TestStop_LosesNoRequestOnSIGTERM(t *testing.T) {
	f := newFleet(t, 1, map[string]string{"LIMIT_PAGES": "1000000", "LIMIT_API": "1000000"})
	b := f.addBusiness(t, "acme")
	session := f.signIn(t, f.client(f.nodes[0]), b, b.clients[0])
	p := f.process(t, map[string]string{"DRAIN_DELAY": "500ms"})
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	var wg sync.WaitGroup
	var pages, made atomic.Int64
	for i := range 6 {
		c := f.balanced(p, f.nodes[0], i%2 == 0)
		c.Transport.(*http.Transport).DisableKeepAlives = i >= 4
		wg.Go(func() {
			defer c.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				if r, err := try(c, "GET", "https://"+b.host+"/portal/invoices", "", session); err != nil || r != 200 {
					t.Errorf("a page: %d %v", r, err)
				}
				pages.Add(1)
				r, err := try(c, "POST", "https://api."+fleetDomain+"/api/crm/companies", fmt.Sprintf(`{"name":"Rolling %d-%d","currency":"EUR"}`, i, n),
					"Authorization: Bearer "+b.key, "Content-Type: application/json", fmt.Sprintf("Idempotency-Key: rolling-%d-%d", i, n))
				if err != nil || r != 201 {
					t.Errorf("a call: %d %v", r, err)
				}
				made.Add(1)
			}
		})
	}
	waitFor(t, "traffic", func() bool { return pages.Load() > 100 })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	if err := <-p.ended; err != nil {
		t.Errorf("the process ended with %v:\n%s", err, tail(p.logs.String()))
	}
	if took := time.Since(stopped); took > 10*time.Second {
		t.Errorf("the process took %s to end", took)
	}
	after := pages.Load()
	waitFor(t, "traffic on the node that stays", func() bool { return pages.Load() > after+50 })
	enough()
	wg.Wait()
	if !strings.Contains(p.logs.String(), `"route":"/portal/invoices"`) {
		t.Error("control: the process served no page")
	}
	if n := one[int64](t, f, `SELECT count(*) FROM companies WHERE name LIKE 'Rolling %'`); n != made.Load() {
		t.Errorf("%d companies were made, of %d calls", n, made.Load())
	}
}

// try sends one request and returns the status of its answer. A body is given in a way that lets net/http send it again where HTTP/2 says
// that it was not begun (RFC 9113, section 6.8), and the idempotency key lets it over HTTP/1.1.
func try(c *http.Client, method, url, body string, header ...string) (int, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	if body == "" {
		r.Body, r.GetBody = http.NoBody, nil
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	response, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := new(bytes.Buffer).ReadFrom(response.Body); err != nil {
		return 0, err
	}
	return response.StatusCode, nil
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

// The mail server is down when invoices are sent, and the process that tried to send their mails is killed without a warning.
func TestMail_IsNotLostWithItsServerDownAndItsNodeKilled(t *testing.T) {
	sink, err := mailsink.Listen(mailsink.Config{})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = sink.Run(t.Context()) }()
	line := newCut(t, sink.Addr())
	line.sever()
	root := filepath.Join(t.TempDir(), "mail.pem")
	if err := os.WriteFile(root, sink.RootPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFleet(t, 1, map[string]string{"SMTP_ADDR": line.Addr().String(), "SMTP_CA_FILE": root})
	p := f.process(t, nil)
	b := f.addBusiness(t, "acme") // sends an invoice to each of its two clients
	waitFor(t, "a try of each", func() bool { return one[int](t, f, `SELECT count(*) FROM mails WHERE attempts > 0`) == 2 })
	if n := one[int](t, f, `SELECT count(*) FROM mails WHERE status = 'queued'`); n != 2 || len(sink.Messages()) != 0 {
		t.Fatalf("control: %d mails wait, %d arrived; want 2 and none", n, len(sink.Messages()))
	}
	waitFor(t, "a moment between two tries", func() bool { return one[int](t, f, `SELECT count(*) FROM jobs.river_job WHERE state = 'running'`) == 0 })
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-p.ended; err == nil {
		t.Error("control: the process ended by itself")
	}
	line.open.Store(true)
	waitFor(t, "the mails", func() bool { return one[int](t, f, `SELECT count(*) FROM mails WHERE status = 'sent'`) == 2 })
	arrived := map[string]int{}
	for _, m := range sink.Messages() {
		arrived[m.To[0]]++
	}
	for _, c := range b.clients {
		if arrived[c.contact.Email] != 1 {
			t.Errorf("%s got %d mails, want 1", c.contact.Email, arrived[c.contact.Email])
		}
	}
	if n := one[int](t, f, `SELECT count(*) FROM audit_events WHERE kind = 'mail.sent'`); n != 2 {
		t.Errorf("%d audit entries of mails, want 2", n)
	}
}
