package certs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"
)

// node is this process as the fleet sees it.
type node struct {
	id    string
	skew  atomic.Int64 // nanoseconds; this clock less the database's
	live  atomic.Int64
	wrong atomic.Bool // the clock is
}

const (
	// BeatEvery is how often a node says that it lives; three misses and it counts as dead.
	BeatEvery = 5 * time.Second
	// NodeLife is how long a node lives after it last said so.
	NodeLife = 3 * BeatEvery
	// skewAlarm is when people are told that the clock is wrong, and skewLimit when no order is placed any more: what is due would be
	// judged wrongly, and a fleet of such nodes would order all at once.
	skewAlarm = 2 * time.Second
	skewLimit = 30 * time.Second
	// surest is the longest answer by which the clocks are compared: the database read its own somewhere within.
	surest = time.Second
	// fadeEvery is how often the leavings of dead nodes are swept.
	fadeEvery = time.Hour
)

var errClock = errors.New("no certificate is ordered while this node's clock is wrong")

func newNode() *node {
	var id [16]byte
	_, _ = rand.Read(id[:])
	return &node{id: "node_" + hex.EncodeToString(id[:])}
}

// NodeID is the id under which this process stands in the fleet's list.
func (m *Manager) NodeID() string { return m.node.id }

// keepNode says that this node lives until ctx ends, and then that it is gone.
func (m *Manager) keepNode(ctx context.Context) {
	if m.cfg.Fleet == nil {
		return
	}
	defer m.leaveFleet(ctx)
	beat, fade := time.NewTicker(BeatEvery), time.NewTicker(fadeEvery)
	defer beat.Stop()
	defer fade.Stop()
	for said := true; ; {
		said = m.beat(ctx, said)
		select {
		case <-beat.C:
		case <-fade.C:
			if err := m.cfg.Fleet.Fade(ctx); err != nil && ctx.Err() == nil {
				m.cfg.Log.WarnContext(ctx, "sweeping what dead nodes left", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// askClock compares the clocks now, for an order whose need was judged by ours: it may have been put wrong since the last beat, and everything
// look due.
func (m *Manager) askClock(ctx context.Context) {
	if m.cfg.Fleet != nil {
		m.beat(ctx, false)
	}
}

// beat returns whether the last one succeeded, so that an outage is said once.
func (m *Manager) beat(ctx context.Context, said bool) bool {
	asked := m.cfg.Now()
	pulse, err := m.cfg.Fleet.Beat(ctx, Node{ID: m.node.id, Name: m.cfg.NodeName, DirectorySeq: m.cfg.Directory.Stats().Seq,
		Skew: time.Duration(m.node.skew.Load()), SealKey: m.cfg.Ring.Newest()})
	if err != nil {
		if said && ctx.Err() == nil {
			m.cfg.Log.WarnContext(ctx, "the other nodes do not hear that this one lives", "error", err)
		}
		return false
	}
	m.node.live.Store(int64(pulse.Live))
	m.compareClocks(asked, pulse.Now)
	if pulse.Joined {
		m.sights.joined()
	}
	return true
}

// compareClocks takes the middle between question and answer for the moment at which the database read its clock.
func (m *Manager) compareClocks(asked, theirs time.Time) {
	took := m.cfg.Now().Sub(asked)
	if took < 0 || took > surest {
		return
	}
	skew := asked.Add(took / 2).Sub(theirs)
	m.node.skew.Store(int64(skew))
	wrong := skew.Abs() > skewAlarm
	was := m.node.wrong.Swap(wrong)
	if wrong && !was {
		m.cfg.Log.Error("this node's clock is wrong", "skew", skew, "orders", m.clockRight() == nil)
	}
	if !wrong && was {
		m.cfg.Log.Info("this node's clock is right again", "skew", skew)
	}
}

// ClockRight reports whether how long something has lasted may be judged by this node's clock, as it was compared with the database's when the
// node last said that it lives. Before that, and without a Fleet, it is true.
func (m *Manager) ClockRight() bool { return m.clockRight() == nil }

// clockRight is nil while orders may be placed.
func (m *Manager) clockRight() error {
	if time.Duration(m.node.skew.Load()).Abs() > skewLimit {
		return errClock
	}
	return nil
}

func (m *Manager) leaveFleet(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.cfg.HandshakeWait)
	defer cancel()
	if err := m.cfg.Fleet.Leave(ctx, m.node.id); err != nil {
		m.cfg.Log.WarnContext(ctx, "the other nodes take this one for alive a moment longer", "error", err)
	}
}
