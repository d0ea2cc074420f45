package domains_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

// weeks lets Run look after names in a bubble where time costs nothing. Its clock is the bubble's.
type weeks struct {
	*world
	memory *memory
	done   chan error
	cancel context.CancelFunc
}

type bubbleTime struct{}

func (bubbleTime) Now() time.Time { return time.Now() }

func inWeeks(t *testing.T, test func(t *testing.T, w *weeks)) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		w := &weeks{world: worldOf(t, m), memory: m, done: make(chan error, 1)}
		w.dns.clock, w.fleet.clock, w.cfg.Now, w.cfg.Tick = bubbleTime{}, bubbleTime{}, time.Now, 10*time.Second
		w.service = w.node(t)
		w.tenants = []tenant.ID{"ten_1"}
		w.start(t)
		test(t, w)
		w.cancel()
		if err := <-w.done; err != nil {
			t.Error(err)
		}
	})
}

func (w *weeks) start(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() { w.done <- w.service.Run(ctx) }()
}

// pass lets time go by, and all that is due be done.
func (w *weeks) pass(long time.Duration) {
	time.Sleep(long)
	synctest.Wait()
}

// claimed makes names whose CNAME and certificate are there, and lets them become active.
func (w *weeks) claimed(t *testing.T, n int) []domains.View {
	t.Helper()
	var made []domains.View
	for i := range n {
		d := w.claim(t, "ten_1", fmt.Sprintf("n%d.acme.com", i))
		w.dns.set(d.Host.String(), answers{cname: d.Label + ".edge.pay.example"})
		w.fleet.certify(d.Host)
		made = append(made, d)
	}
	w.pass(10 * time.Minute)
	for i, d := range made {
		made[i] = expectStatus(t, w.show(t, d), "active")
	}
	return made
}

func TestRun_LeadsANewNameToActiveByItself(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		d := w.claim(t, "ten_1", "billing.acme.com")
		w.pass(20 * time.Minute)
		expectStatus(t, w.show(t, d), "pending_ownership")
		if n := w.dns.count(); n < 8 || n > 14 {
			t.Errorf("%d checks in the first 20 minutes", n)
		}
		w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example"})
		w.pass(4 * time.Minute)
		expectStatus(t, w.show(t, d), "issuing")
		asked := w.dns.count()
		w.fleet.certify(d.Host)
		w.pass(11 * time.Second)
		expectStatus(t, w.show(t, d), "active")
		if w.dns.count() != asked {
			t.Error("DNS was examined to see a certificate")
		}
	})
}

func TestRun_GivesUpAfterSevenDays(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		d := w.claim(t, "ten_1", "billing.acme.com")
		w.pass(6*day + 12*time.Hour)
		expectStatus(t, w.show(t, d), "pending_ownership")
		w.pass(day)
		expectStatus(t, w.show(t, d), "timed_out")
		n := w.dns.count()
		if n < 40 || n > 75 {
			t.Errorf("%d checks in 7 days", n)
		}
		w.pass(30 * day)
		if w.dns.count() != n {
			t.Error("checked again after the time ran out")
		}
	})
}

func TestRun_LooksAtActiveNamesOnceADaySpreadOut(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		w.claimed(t, 48)
		w.pass(2 * day)
		var most int
		before := w.dns.count()
		for range 24 {
			hour := w.dns.count()
			w.pass(time.Hour)
			most = max(most, w.dns.count()-hour)
		}
		if n := w.dns.count() - before; n != 48 || most > 10 {
			t.Errorf("%d examinations of 48 names in a day, %d in one hour", n, most)
		}
	})
}

func TestRun_NamesThatFlapOrFailLoseNothing(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		d := w.claimed(t, 1)[0]
		right := answers{cname: d.Label + ".edge.pay.example"}
		for range 20 {
			w.dns.set(d.Host.String(), answers{cname: "parking.example", elsewhere: true})
			w.pass(17 * time.Hour) // and noticed for 6 hours more at most
			w.dns.set(d.Host.String(), right)
			w.pass(13 * time.Hour)
		}
		turned := false
		for _, step := range w.memory.history[d.ID] {
			turned = turned || step.To == tenant.DomainMoving
		}
		if v := w.show(t, d); turned || v.Status != "active" || !v.BadSince.IsZero() {
			t.Errorf("%s, moving once: %v", v.Status, turned)
		}
	})
}

func TestRun_TwentyThreeHoursLoseNothingAndTwentyFiveDo(t *testing.T) {
	for hours, want := range map[int]tenant.DomainStatus{23: "active", 25: "moving"} {
		inWeeks(t, func(t *testing.T, w *weeks) {
			d := w.claimed(t, 1)[0]
			w.dns.set(d.Host.String(), answers{cname: "parking.example", elsewhere: true})
			if _, err := w.service.Check(t.Context(), d.Tenant, d.ID); err != nil {
				t.Fatal(err)
			}
			w.pass(time.Duration(hours) * time.Hour)
			if v := expectStatus(t, w.show(t, d), want); v.Reason != "dns.wrong_target" || v.BlockingOn != "tenant" {
				t.Errorf("%s %s", v.Reason, v.BlockingOn)
			}
			w.dns.set(d.Host.String(), answers{cname: d.Label + ".edge.pay.example"})
			w.pass(7 * time.Hour)
			expectStatus(t, w.show(t, d), "active")
		})
	}
}

func TestRun_SilentDNSForAYearLosesNothing(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		w.cfg.Tick = time.Minute
		d := w.claimed(t, 1)[0]
		w.dns.set(d.Host.String(), answers{servfail: true})
		w.pass(50 * day)
		expectStatus(t, w.show(t, d), "active")
	})
}

func TestRun_ALostNameGoesItsWay(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		d := w.claimed(t, 1)[0]
		w.dns.set(d.Host.String(), answers{})
		w.pass(50 * day)
		w.pass(2 * day)
		var path string
		at := map[tenant.DomainStatus]time.Time{}
		for _, step := range w.memory.history[d.ID] {
			path += " " + string(step.To)
			at[step.To] = step.At
		}
		if path != " pending_dns preflight issuing deploying active moving moved quarantined deleted" {
			t.Errorf("its life:%s", path)
		}
		for _, leg := range []struct {
			from, to tenant.DomainStatus
			want     time.Duration
		}{{"moving", "moved", 3 * day}, {"moved", "quarantined", 7 * day}, {"quarantined", "deleted", 30 * day}} {
			if took := at[leg.to].Sub(at[leg.from]); took < leg.want || took > leg.want+time.Minute {
				t.Errorf("%s to %s took %s, want %s", leg.from, leg.to, took, leg.want)
			}
		}
	})
}

func TestRun_SeesLateRenewalsWithoutAskingDNS(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		d := w.claimed(t, 1)[0]
		w.pass(68 * day)
		expectStatus(t, w.show(t, d), "active")
		w.pass(2 * day)
		if v := expectStatus(t, w.show(t, d), "renewal_failing"); v.Reason != "certificate.late" || v.BlockingOn != "platform" {
			t.Errorf("%s %s", v.Reason, v.BlockingOn)
		}
		w.pass(20*day + time.Hour)
		expectStatus(t, w.show(t, d), "degraded")
		w.fleet.certify(d.Host)
		w.pass(time.Hour)
		expectStatus(t, w.show(t, d), "active")
	})
}

func TestRun_BrakesWhenManyNamesTurnAtOnce(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		all := w.claimed(t, 100)
		w.dns.lie(true)
		w.pass(2 * day)
		if w.memory.brake.TrippedAt.IsZero() || w.log.count("ERROR many custom domains lost their proof at once") != 1 {
			t.Fatalf("%+v, told %d times", w.memory.brake, w.log.count("lost their proof"))
		}
		w.pass(10 * day)
		for _, d := range all {
			expectStatus(t, w.show(t, d), "active")
		}
		if v := w.show(t, all[0]); v.Reason != "dns.servfail" || v.BlockingOn != "platform" {
			t.Errorf("%s %s", v.Reason, v.BlockingOn)
		}
		w.dns.lie(false)
		w.pass(day)
		if !w.memory.brake.TrippedAt.IsZero() {
			t.Error("the brake stays on")
		}
		for _, d := range all {
			if v := expectStatus(t, w.show(t, d), "active"); v.Reason != "" {
				t.Errorf("%s: %s", v.Host, v.Reason)
			}
		}
	})
}

func TestRun_TwoBadNamesInAHundredAreNotTheResolvers(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		all := w.claimed(t, 100)
		for _, d := range all[:2] {
			w.dns.set(d.Host.String(), answers{})
		}
		w.pass(3 * day)
		expectStatus(t, w.show(t, all[0]), "moving")
		expectStatus(t, w.show(t, all[2]), "active")
		if !w.memory.brake.TrippedAt.IsZero() {
			t.Error("the brake is on")
		}
		w.dns.set(all[2].Host.String(), answers{})
		w.pass(2 * day)
		expectStatus(t, w.show(t, all[2]), "active")
		if w.memory.brake.Turned != 3 || w.memory.brake.Of != 100 {
			t.Errorf("%+v", w.memory.brake)
		}
		expectStatus(t, w.remove(t, all[3]), "quarantined")
	})
}

// It leaves what is due to nodes whose clocks are right.
func TestRun_TakesNothingUpByAWrongClock(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		w.cancel()
		if err := <-w.done; err != nil {
			t.Fatal(err)
		}
		var right atomic.Bool
		w.cfg.ClockRight = right.Load
		w.service = w.node(t)
		d := w.claim(t, "ten_1", "billing.acme.com")
		w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example"})
		w.start(t)
		w.pass(day)
		if due := w.memory.due[d.ID]; w.dns.count() != 0 || !due.Before(d.CreatedAt.Add(time.Minute)) {
			t.Errorf("%d examinations; due at %s", w.dns.count(), due)
		}
		right.Store(true)
		w.pass(time.Minute)
		expectStatus(t, w.show(t, d), "issuing")
	})
}

func TestRun_TellsOfAnOutageOnceAndGoesOn(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		d := w.claim(t, "ten_1", "billing.acme.com")
		w.memory.fail(fmt.Errorf("reading: %w", tenant.ErrUnavailable))
		w.pass(2 * time.Hour)
		if n := w.log.count("ERROR"); n != 1 {
			t.Errorf("told %d times", n)
		}
		w.dns.set("billing.acme.com", answers{cname: d.Label + ".edge.pay.example"})
		w.memory.fail(nil)
		w.pass(3 * time.Minute)
		expectStatus(t, w.show(t, d), "issuing")
		if w.log.count("is back") != 1 {
			t.Error("nobody says that it is back")
		}
	})
}

func TestRun_ARowThatCannotBeWrittenStopsNoOther(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		bad := w.claim(t, "ten_1", "bad.acme.com")
		w.memory.mu.Lock()
		w.memory.poison[bad.ID] = true
		w.memory.mu.Unlock()
		w.claimed(t, 20)
		w.pass(time.Hour)
		if n := w.log.count("could not be checked"); n < 10 || n > 40 {
			t.Errorf("tried %d times in an hour", n)
		}
	})
}

// Names whose examination hangs take slots, and give them back when their time is over.
func TestRun_HangingExaminationsDoNotHoldOthersForGood(t *testing.T) {
	inWeeks(t, func(t *testing.T, w *weeks) {
		gate := w.dns.shut()
		for i := range 20 {
			w.claim(t, "ten_1", fmt.Sprintf("n%d.acme.com", i))
		}
		w.pass(5 * time.Minute)
		if n := w.dns.count(); n < 40 || n > 60 {
			t.Errorf("%d examinations began in 5 minutes with 8 at once, each of 45 s", n)
		}
		close(gate.open)
	})
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	good := worldOf(t, newMemory()).cfg
	if _, err := domains.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *domains.Config){
		"no store":                  func(c *domains.Config) { c.Store = nil },
		"no doctor":                 func(c *domains.Config) { c.Doctor = nil },
		"no certificates":           func(c *domains.Config) { c.Certificates = nil },
		"no edge":                   func(c *domains.Config) { c.Edge = tenant.Hostname{} },
		"no log":                    func(c *domains.Config) { c.Log = nil },
		"a hold that ends too soon": func(c *domains.Config) { c.Timing.Hold = time.Second },
	} {
		c := good
		change(&c)
		if _, err := domains.New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
