package core_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"tollhouse/payments/emulator/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func frozen(change func(*core.Config)) *core.Core {
	c := core.Config{Seed: 1, Now: func() time.Time { return start }}
	if change != nil {
		change(&c)
	}
	return core.New(c)
}

func TestClock_RunsJobsAtTheirOwnTimeAndInOrder(t *testing.T) {
	c := frozen(nil)
	var got []string
	note := func(name string) { got = append(got, name+c.Clock.Now().Sub(start).String()) }
	c.Clock.At(start.Add(2*time.Hour), func() { note("b ") })
	c.Clock.At(start.Add(time.Hour), func() {
		note("a ")
		c.Clock.At(start.Add(90*time.Minute), func() { note("planned by a ") })
	})
	c.Clock.At(start.Add(2*time.Hour), func() { note("c ") })
	c.Clock.At(start.Add(5*time.Hour), func() { note("too late ") })
	c.Clock.Advance(3 * time.Hour)
	if diff := cmp.Diff([]string{"a 1h0m0s", "planned by a 1h30m0s", "b 2h0m0s", "c 2h0m0s"}, got); diff != "" {
		t.Error(diff)
	}
	if now := c.Clock.Now(); !now.Equal(start.Add(3 * time.Hour)) {
		t.Errorf("the clock shows %s", now)
	}
	c.Clock.Set(start)
	if now := c.Clock.Now(); !now.Equal(start) || c.Clock.Pending() != 1 {
		t.Errorf("set back: the clock shows %s, %d jobs wait", now, c.Clock.Pending())
	}
}

func TestClock_RunsByItselfUnderRun(t *testing.T) {
	c := core.New(core.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	rang := make(chan struct{})
	c.Clock.At(c.Clock.Now().Add(5*time.Millisecond), func() { close(rang) })
	<-rang
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestSource_RepeatsWithItsSeed(t *testing.T) {
	a, b, other := frozen(nil), frozen(nil), frozen(func(c *core.Config) { c.Seed = 2 })
	if x, y := a.Source.ID("pi_", 24), b.Source.ID("pi_", 24); x != y || len(x) != 27 {
		t.Errorf("got %q and %q", x, y)
	}
	if x, y := b.Source.Digits(6), other.Source.Digits(6); x == y || x[0] == '0' {
		t.Errorf("got %q and %q", x, y)
	}
	if c := core.New(core.Config{}); c.Source.ID("", 24) == core.New(core.Config{}).Source.ID("", 24) {
		t.Error("without a seed ids repeat")
	}
}

// inbox is an endpoint that answers as it is told and remembers what came.
type inbox struct {
	mu     sync.Mutex
	status int
	got    []string
	url    string
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{status: 200}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		if err == nil {
			in.got = append(in.got, string(body)+r.Header.Get("Sig"))
		}
		w.WriteHeader(in.status)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	in.url = server.URL
	return in
}

func (in *inbox) answer(status int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.status = status
}

// take is what came since the last call, blank separated.
func (in *inbox) take() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	got := strings.Join(in.got, " ")
	in.got = nil
	return got
}

func (in *inbox) message(name string) core.Message {
	return core.Message{
		Event: "evt_" + name, Kind: "thing." + name, Endpoint: "we_1", URL: in.url, Body: []byte(name),
		Sign: func(_ time.Time, _ []byte, forge bool) http.Header {
			if forge {
				return http.Header{"Sig": {"!"}}
			}
			return http.Header{}
		},
		Spoil: func(how core.Spoil, body []byte) []byte {
			if how == core.WrongVersion {
				return append([]byte("old-"), body...)
			}
			return body
		},
	}
}

func oneConnection(c *core.Config) { c.Client = http.DefaultClient }

func TestDeliveries_DoWhatRulesSay(t *testing.T) {
	cases := []struct {
		name               string
		rule               core.Rule
		atOnce, afterADay  string
		lastState, further core.State
	}{
		{"no rule", core.Rule{Kind: "other"}, "a b", "", core.Delivered, ""},
		{"lost", core.Rule{Lose: true, Times: 1}, "b", "", core.Lost, ""},
		{"late", core.Rule{Kind: "thing.a", Delay: time.Hour}, "b", "a", core.Delivered, ""},
		{"doubled", core.Rule{Kind: "thing.a", Copies: 2}, "a a a b", "", core.Delivered, ""},
		{"swapped", core.Rule{Kind: "thing.a", Swap: true}, "b a", "", core.Delivered, ""},
		{"forged", core.Rule{Kind: "thing.a", Spoil: core.WrongSignature}, "a! b", "", core.Delivered, ""},
		{"wrong version", core.Rule{Kind: "thing.a", Spoil: core.WrongVersion}, "old-a b", "", core.Delivered, ""},
		{"used up", core.Rule{Times: 2, Spoil: core.WrongSignature}, "a! b!", "", core.Delivered, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in, emu := newInbox(t), frozen(oneConnection)
			if _, err := emu.Deliveries.Script(c.rule); err != nil {
				t.Fatal(err)
			}
			emu.Deliveries.Send(in.message("a"))
			emu.Deliveries.Send(in.message("b"))
			emu.Clock.Advance(0)
			if got := in.take(); got != c.atOnce {
				t.Errorf("at once: got %q, want %q", got, c.atOnce)
			}
			emu.Clock.Advance(24 * time.Hour)
			if got := in.take(); got != c.afterADay {
				t.Errorf("after a day: got %q, want %q", got, c.afterADay)
			}
			if got := emu.Deliveries.Log()[0].State; got != c.lastState {
				t.Errorf("state %s, want %s", got, c.lastState)
			}
		})
	}
}

func TestDeliveries_TryAgainWithLongerAndLongerWaits(t *testing.T) {
	in := newInbox(t)
	emu := frozen(func(c *core.Config) { oneConnection(c); c.Backoff = []time.Duration{time.Minute, time.Hour} })
	in.answer(500)
	emu.Deliveries.Send(in.message("a"))
	for i, step := range []struct {
		wait time.Duration
		want string
	}{{0, "a"}, {59 * time.Second, ""}, {time.Second, "a"}, {59 * time.Minute, ""}, {time.Minute, "a"}, {72 * time.Hour, ""}} {
		emu.Clock.Advance(step.wait)
		if got := in.take(); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
	log := emu.Deliveries.Log()
	if len(log) != 1 || log[0].State != core.Failed || log[0].Tries != 3 || log[0].Status != 500 {
		t.Errorf("log %+v", log)
	}
	in.answer(200)
	if err := emu.Deliveries.Resend(log[0].ID); err != nil {
		t.Fatal(err)
	}
	emu.Clock.Advance(0)
	if log = emu.Deliveries.Log(); in.take() != "a" || log[0].State != core.Delivered {
		t.Errorf("sent again by hand: %+v", log)
	}
}

func TestDeliveries_DroppedByHandIsNotSent(t *testing.T) {
	in, emu := newInbox(t), frozen(oneConnection)
	emu.Deliveries.Send(in.message("a"))
	if err := emu.Deliveries.Drop(emu.Deliveries.Log()[0].ID); err != nil {
		t.Fatal(err)
	}
	emu.Clock.Advance(time.Hour)
	if got := in.take(); got != "" || emu.Deliveries.Log()[0].State != core.Lost {
		t.Errorf("got %q", got)
	}
	if emu.Deliveries.Drop("dlv_none") == nil || emu.Deliveries.Resend("dlv_none") == nil {
		t.Error("an unknown delivery is no error")
	}
}

func TestDeliveries_ForgetTheOldest(t *testing.T) {
	in := newInbox(t)
	emu := frozen(func(c *core.Config) { oneConnection(c); c.Keep = 2 })
	emu.Deliveries.Send(in.message("a"))
	first := emu.Deliveries.Log()[0].ID
	emu.Deliveries.Send(in.message("b"))
	emu.Deliveries.Send(in.message("c"))
	if emu.Deliveries.Resend(first) == nil || len(emu.Deliveries.Log()) != 2 {
		t.Errorf("remembers %+v", emu.Deliveries.Log())
	}
	emu.Clock.Advance(0)
	if got := in.take(); got != "a b c" {
		t.Errorf("what was forgotten before its time was not sent: %s", got)
	}
}

func TestDeliveries_GoOutInTheBackgroundUnderRun(t *testing.T) {
	in := newInbox(t)
	emu := core.New(core.Config{Client: http.DefaultClient, Keep: 10})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- emu.Run(ctx) }()
	for range 50 {
		emu.Deliveries.Send(in.message("a"))
	}
	emu.Clock.Advance(0)
	emu.Clock.Advance(0)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := strings.Count(in.take(), "a"); got != 50 {
		t.Errorf("%d arrived", got)
	}
	if n := len(emu.Deliveries.Log()); n != 10 {
		t.Errorf("the log keeps %d rows", n)
	}
}

func refuse(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "refused")
}

func TestFaults_StrikeBeforeOrAfterTheEffect(t *testing.T) {
	cases := map[core.Kind]struct {
		effects int
		want    string // status and body, or what was wrong
	}{
		core.TimeoutBefore: {0, "timeout"}, core.TimeoutAfter: {1, "timeout"}, core.CutBefore: {0, "cut"}, core.CutAfter: {1, "cut"},
		core.ErrorBefore: {0, "500 refused"}, core.ErrorAfter: {1, "500 refused"}, core.Locked: {0, "409 refused"}, core.Limited: {0, "429 refused"},
		core.Garbage: {1, "200 <html><body>Bad gateway</body></html>"}, core.HalfBody: {1, "cut"}, core.Slow: {1, "200 true answer"},
	}
	if len(cases) != len(core.Kinds) {
		t.Fatalf("%d of %d kinds are tried", len(cases), len(core.Kinds))
	}
	for kind, c := range cases {
		t.Run(string(kind), func(t *testing.T) {
			effects := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				core.Fault{Kind: kind, Delay: time.Millisecond}.Around(w, r, func(w http.ResponseWriter) {
					effects++
					_, _ = io.WriteString(w, "true answer")
				}, refuse)
			}))
			got := ask(t, server)
			server.Close() // waits for the handler
			if got != c.want || effects != c.effects {
				t.Errorf("got %q with %d effects, want %q with %d", got, effects, c.want, c.effects)
			}
		})
	}
}

func ask(t *testing.T, server *httptest.Server) string {
	t.Helper()
	client := *server.Client()
	client.Timeout = 100 * time.Millisecond
	response, err := client.Get(server.URL)
	var slow interface{ Timeout() bool }
	if errors.As(err, &slow) && slow.Timeout() {
		return "timeout"
	}
	if err != nil {
		return "cut"
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "cut"
	}
	return response.Status[:4] + string(body)
}

func TestFaults_WaitForTheirRequests(t *testing.T) {
	pay := core.Request{Route: "POST /v1/pay/{id}", Account: "acct_1", Objects: []string{"pi_1"}}
	for name, c := range map[string]struct {
		fault core.Fault
		want  string // one letter per request: y struck, n not
	}{
		"any":            {core.Fault{}, "yyyy"},
		"route":          {core.Fault{Route: "POST /v1/pay/{id}"}, "yyyy"},
		"route's head":   {core.Fault{Route: "POST /v1/*"}, "yyyy"},
		"other route":    {core.Fault{Route: "POST /v1/pay"}, "nnnn"},
		"other account":  {core.Fault{Account: "acct_2"}, "nnnn"},
		"object":         {core.Fault{Object: "pi_1"}, "yyyy"},
		"other object":   {core.Fault{Object: "pi_2"}, "nnnn"},
		"twice":          {core.Fault{Times: 2}, "yynn"},
		"third only":     {core.Fault{Skip: 2, Times: 1}, "nnyn"},
		"always by luck": {core.Fault{PerMille: 1000}, "yyyy"},
	} {
		t.Run(name, func(t *testing.T) {
			emu := frozen(nil)
			c.fault.Kind = core.CutAfter
			if _, err := emu.Faults.Arm(c.fault); err != nil {
				t.Fatal(err)
			}
			got := ""
			for range 4 {
				if _, struck := emu.Faults.Take(pay); struck {
					got += "y"
				} else {
					got += "n"
				}
			}
			if got != c.want || len(emu.Faults.Strikes()) != strings.Count(c.want, "y") {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFaults_ByChanceRepeatWithTheSeed(t *testing.T) {
	run := func() (got string) {
		emu := frozen(nil)
		if _, err := emu.Faults.Arm(core.Fault{Kind: core.CutAfter, PerMille: 300}); err != nil {
			t.Fatal(err)
		}
		for range 200 {
			_, struck := emu.Faults.Take(core.Request{})
			got += map[bool]string{true: "y", false: "n"}[struck]
		}
		return got
	}
	first := run()
	if n := strings.Count(first, "y"); first != run() || n < 30 || n > 90 {
		t.Errorf("%d of 200 struck, or another time others", n)
	}
}
