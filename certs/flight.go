package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"tollhouse/tenant"
)

// Why a handshake for a host of ours ends without a certificate. Which of them is counted, never for which host.
var (
	// ErrWaiting says that the certificate is being obtained and did not come in time.
	ErrWaiting = errors.New("the certificate is still being obtained")
	// ErrCrowded says that too many handshakes wait already.
	ErrCrowded = errors.New("too many handshakes wait for a certificate")
	// ErrRefused says that the CA refused lately and is left alone for now.
	ErrRefused = errors.New("the CA refused the certificate lately")
	// ErrTrouble says that the store or the CA could not be reached.
	ErrTrouble = errors.New("the certificate could not be obtained")
)

// flights makes at most one attempt a name at a time in this process.
type flights struct {
	mu      sync.Mutex
	running map[tenant.Hostname]*flight
	waiting int
	closed  bool
}

// flight is one attempt. err is set before done is closed.
type flight struct {
	done    chan struct{}
	lent    chan struct{} // closed when it may use the schedule's place
	isLent  bool
	waiting int
	err     error
}

func newFlights() *flights { return &flights{running: map[tenant.Hostname]*flight{}} }

// await joins or starts the flight for the entry's host and waits for its end, its own deadline, or the client's going away.
func (m *Manager) await(ctx context.Context, entry *tenant.Entry) (*tls.Certificate, error) {
	f, err := m.join(entry)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", entry.Host, err)
	}
	defer m.flights.leave(f)
	wait := time.NewTimer(m.cfg.HandshakeWait)
	defer wait.Stop()
	select {
	case <-f.done:
		if cert := entry.Certificate.Load(); cert != nil {
			return cert, nil
		}
		return nil, fmt.Errorf("%s: %w", entry.Host, reason(f.err))
	case <-wait.C:
		return nil, fmt.Errorf("%s: %w", entry.Host, ErrWaiting)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join counts the caller in as waiting, or refuses at once.
func (m *Manager) join(entry *tenant.Entry) (*flight, error) {
	fs := m.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.running[entry.Host]
	if err := m.failed.recently(entry.Host); f == nil && err != nil {
		return nil, err
	}
	if fs.closed {
		return nil, ErrTrouble
	}
	if fs.waiting >= m.cfg.Waiters || (f != nil && f.waiting >= m.cfg.WaitersPerName) {
		return nil, ErrCrowded
	}
	if f == nil {
		f = m.launch(entry, m.onDemand)
	}
	f.waiting++
	fs.waiting++
	return f, nil
}

func (fs *flights) leave(f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f.waiting--
	fs.waiting--
}

// lead starts a flight for the schedule, or returns the one that runs, which then waits for no place any more: the schedule has one. nil when the
// name failed lately.
func (m *Manager) lead(entry *tenant.Entry) *flight {
	fs := m.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f := fs.running[entry.Host]; f != nil {
		if !f.isLent {
			f.isLent = true
			close(f.lent)
		}
		return f
	}
	if fs.closed || m.failed.recently(entry.Host) != nil {
		return nil
	}
	return m.launch(entry, nil)
}

// launch starts a flight; the caller holds the lock.
func (m *Manager) launch(entry *tenant.Entry, lane chan struct{}) *flight {
	f := &flight{done: make(chan struct{}), lent: make(chan struct{})}
	m.flights.running[entry.Host] = f
	m.work.Go(func() {
		err := m.fly(entry, lane, f.lent)
		m.land(entry.Host, f, err)
	})
	return f
}

// land ends a flight and remembers a failure.
func (m *Manager) land(host tenant.Hostname, f *flight, err error) {
	fs := m.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.running, host)
	f.err = err
	close(f.done)
	if err == nil {
		m.failed.forget(host)
		return
	}
	m.failed.note(host, err)
}

// close refuses new flights; those that run see their context end.
func (fs *flights) close() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.closed = true
}
