package certs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs"
	"tollhouse/certs/localca"
)

// listening counts the connections that listen for changes, and ends them when told to.
func (f *fleet) listening(end bool) (n int) {
	f.t.Helper()
	ctx := context.Background()
	admin := must(pgx.Connect(ctx, f.db.AdminURL)) // others do not see what a connection does
	defer admin.Close(ctx)
	const q = `SELECT count(CASE WHEN $1 THEN pg_terminate_backend(pid) ELSE true END) FROM pg_stat_activity
		WHERE datname = current_database() AND query = 'LISTEN certificates'`
	if err := admin.QueryRow(ctx, q, end).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// What was not heard while the connection was away is made up for.
func TestFollow_MakesUpForWhatItDidNotHear(t *testing.T) {
	t.Parallel()
	f, n := warm(t)
	entry := f.entry(billing)
	old := entry.Certificate.Load()
	// A renewal whose announcement is lost with the connection: the version moves in silence.
	const silently = `UPDATE certificates SET version = version + 1 WHERE host = $1`
	if _, err := f.db.Owner.Exec(context.Background(), silently, billing); err != nil {
		t.Fatal(err)
	}
	f.listening(true)
	eventually(t, "the new generation is in memory", func() bool { return entry.Certificate.Load() != old })
	if _, err := n.shake(billing); err != nil {
		t.Error(err)
	}
}

// A certificate that was revoked while nobody listened must not be served on until it is renewed.
func TestFollow_DropsWhatWasDeletedWhileItDidNotHear(t *testing.T) {
	t.Parallel()
	f, _ := warm(t)
	entry := f.entry(billing)
	f.execute(`DELETE FROM certificates`)
	f.listening(true)
	eventually(t, "it is not in memory", func() bool { return entry.Certificate.Load() == nil })
}

// The store's answer is on its way to memory when the certificate is deleted: it must not stay there, since nothing would take it out.
func TestFollow_DropsWhatWasDeletedWhileItWasLoaded(t *testing.T) {
	t.Parallel()
	f, first := warm(t)
	first.close()
	f.directory, f.feed = newDirectory(t, f.log, billing)
	answers := make(chan chan struct{})
	n := f.start(func(c *certs.Config) { quiet(c); c.Store.(*watchedStore).found = answers })
	eventually(t, "it listens", func() bool { return f.listening(false) == 1 })
	f.ca.SetOffline(true)
	shaken := make(chan struct{})
	go func() { defer close(shaken); _, _ = n.shake(billing) }()
	release := <-answers
	f.giveUp(billing, certs.KeyCompromise)
	eventually(t, "the deletion is heard", func() bool { return f.count(`SELECT count(*) FROM certificate_revocations WHERE attempts > 0`) == 1 })
	close(release)
	<-shaken
	entry := f.entry(billing)
	eventually(t, "it is not in memory", func() bool { return entry.Certificate.Load() == nil })
	go func() { // whatever asks further until the end
		for release := range answers {
			close(release)
		}
	}()
	n.close()
	close(answers)
}

func TestFollow_AnswersChallengesAfterALostConnection(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing, "pay.acme.test")
	n := f.start(quiet)
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	f.listening(true)
	eventually(t, "it listens again", func() bool { return f.listening(false) > 0 })
	if _, err := n.shake("pay.acme.test"); err != nil {
		t.Error(err)
	}
}

func TestMetrics_CountByReasonAndNeverNameAHost(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing)
	registry := prometheus.NewPedanticRegistry()
	n := f.start(func(c *certs.Config) { quiet(c); c.Registerer = registry })
	for _, name := range []string{billing, billing, "unknown.acme.test", "10.0.0.1"} {
		_, _ = n.manager.GetCertificate(hello(name))
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += "/" + label.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"tollhouse_certs_handshakes_total/cold": 1, "tollhouse_certs_handshakes_total/warm": 1,
		"tollhouse_certs_handshakes_total/unknown_name": 1, "tollhouse_certs_handshakes_total/malformed_name": 1,
		"tollhouse_certs_orders_total/first/first/obtained": 1, "tollhouse_certs_ca_failing/first": 0, "tollhouse_certs_cached": 1, "tollhouse_certs_waiting_handshakes": 0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if left := got["tollhouse_certs_first_expiry_seconds"]; left < (89 * 24 * time.Hour).Seconds() {
		t.Errorf("the first expiry is in %v s", left)
	}
	for name := range got {
		if strings.Contains(name, "acme.test") {
			t.Errorf("%s names a host", name)
		}
	}
}
