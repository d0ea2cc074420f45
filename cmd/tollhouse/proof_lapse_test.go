package main

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// lapse is a fleet whose certificates live for a minute and whom nobody visits, watched from its start to its end.
type lapse struct {
	*proof
	hosts  []string
	since  time.Time
	before int // orders at the CAs
	stop   context.CancelFunc
	over   sync.WaitGroup

	mu       sync.Mutex
	versions map[string]map[int64]bool // by host
	gaps     []string
}

// quietTime is how long nobody comes: five minutes, in which the other scenarios run. TOLLHOUSE_QUIET_TIME sets another time, for who works on this.
func quietTime(t *testing.T) time.Duration {
	t.Helper()
	asked := os.Getenv("TOLLHOUSE_QUIET_TIME")
	if asked == "" {
		return 5 * time.Minute
	}
	d, err := time.ParseDuration(asked)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newLapse starts one with so many nodes.
func newLapse(t *testing.T, nodes int) *lapse {
	t.Helper()
	p := newProof(t, nodes, time.Minute, nil)
	owner, host := p.add(t, "quiet")
	l := &lapse{proof: p, hosts: []string{"api." + fleetDomain, host, "billing.quiet.test"}, versions: map[string]map[int64]bool{}}
	p.vouch(t, owner, "billing.quiet.test")
	p.settled(t, l.hosts...)
	return l
}

// begin starts the watch, which reads the record only and so is no visit.
func (l *lapse) begin(t *testing.T) *lapse {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l.stop, l.since, l.before = stop, time.Now(), l.orders()
	l.over.Go(func() { l.watch(ctx, t) })
	t.Cleanup(l.end)
	return l
}

func (l *lapse) end() {
	l.stop()
	l.over.Wait()
}

// watch notes every generation of every certificate, the moments in which the newest had run out, and those in which a node was not seen
// serving it though it had been there for a while.
func (l *lapse) watch(ctx context.Context, t *testing.T) {
	conn, err := pgx.Connect(ctx, l.db.AdminURL)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close(context.Background()) }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := l.look(ctx, conn); err != nil && ctx.Err() == nil {
			t.Error(err)
			return
		}
	}
}

func (l *lapse) look(ctx context.Context, conn *pgx.Conn) error {
	const q = `SELECT c.host, c.version, c.not_after > clock_timestamp() AND (c.committed_at > now() - interval '10 seconds' OR NOT EXISTS (
			SELECT FROM nodes n WHERE n.seen_at > now() - interval '10 seconds' AND NOT EXISTS (
				SELECT FROM certificate_sightings s WHERE s.host = c.host AND s.node_id = n.id AND s.serial = c.serial)))
		FROM certificates c`
	rows, err := conn.Query(ctx, q)
	if err != nil {
		return err
	}
	var host string
	var version int64
	var good bool
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = pgx.ForEachRow(rows, []any{&host, &version, &good}, func() error {
		if l.versions[host] == nil {
			l.versions[host] = map[int64]bool{}
		}
		l.versions[host][version] = true
		if !good {
			l.gaps = append(l.gaps, host+" at "+time.Now().Format(time.TimeOnly))
		}
		return nil
	})
	return err
}

// conclude waits until nobody has come for long enough, and then comes to every node.
func (l *lapse) conclude(t *testing.T) {
	visits := l.visits(t)
	select {
	case <-time.After(time.Until(l.since.Add(quietTime(t)))): // nothing else can be waited for: it is the quiet that is tested
	case <-t.Context().Done():
	}
	if now := l.visits(t); now != visits {
		t.Errorf("control: there were %d visits meanwhile", now-visits)
	}
	orders := l.orders() - l.before
	for _, host := range l.hosts {
		for i, n := range l.members {
			if _, err := l.shake(n.https, host); err != nil {
				t.Errorf("%s at node %d after %s: %v", host, i, time.Since(l.since), err)
			}
		}
	}
	l.end()
	if len(l.gaps) > 0 {
		t.Errorf("no good certificate, or not at every node: %v", l.gaps)
	}
	made := 0
	for _, host := range l.hosts {
		count := len(l.versions[host])
		made += count - 1
		if count < 6 {
			t.Errorf("%s had %d certificates, want 6 at least: one and five renewals", host, count)
		}
	}
	if orders > made+1 { // one may have been under way
		t.Errorf("%d orders for %d certificates; the last ones:\n%s", orders, made, l.latest())
	}
	if n := l.second.Orders(); n != 0 {
		t.Errorf("%d orders at the second CA while the first is well", n)
	}
}

// visits counts the handshakes at all nodes but those of the CAs.
func (l *lapse) visits(t *testing.T) int {
	t.Helper()
	sum := 0.0
	for _, n := range l.members {
		sum += n.metric(t, "tollhouse_edge_handshakes_total", "")
	}
	return int(sum) - l.caTLS.taken()
}
