package certsdb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
)

// ErrLeaseLost says that the lease of a piece of work ran out or went to another holder. What was done under it was not committed.
var ErrLeaseLost = errors.New("the lease was lost")

// lease is one lease that this process holds, or believes to hold until lost says otherwise.
type lease struct {
	name, holder string
	fence        int64
	task         *certs.Task
	lost         atomic.Bool
	stage        *stage // what was put aside under it
	stop         context.CancelFunc
	done         chan struct{}
}

// leases are kept by name, and per name in the order they were taken: after one was lost, this process may hold the name twice.
type leases struct {
	mu      sync.Mutex
	held    map[string][]*lease
	waiting map[string]*waiting
}

// waiting is what the waiters for one name share.
type waiting struct {
	freed   chan struct{} // closed and replaced when the lease is heard to be free
	waiters int
}

// Lock waits for the lease of name until ctx ends.
func (s *Store) Lock(ctx context.Context, name string) error {
	s.leases.startWaiting(name)
	defer s.leases.stopWaiting(name)
	for {
		freed := s.leases.whenFree(name)
		taken, err := s.TryLock(ctx, name)
		if taken || err != nil {
			return err
		}
		// The release is announced; the timer covers a lost announcement and a holder that died.
		pause := time.NewTimer(50*time.Millisecond + mrand.N(450*time.Millisecond))
		select {
		case <-freed:
		case <-pause.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		pause.Stop()
		if err != nil {
			return fmt.Errorf("waiting for the lease %s: %w", name, err)
		}
	}
}

// TryLock takes the lease of name if it is free, in one round trip.
func (s *Store) TryLock(ctx context.Context, name string) (bool, error) {
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	var token [16]byte
	_, _ = rand.Read(token[:])
	l := &lease{name: name, holder: hex.EncodeToString(token[:]), task: certs.TaskOf(ctx), done: make(chan struct{})}
	const q = `INSERT INTO certificate_leases AS l (name, holder, fence, expires_at)
		VALUES (@name, @holder, 1, clock_timestamp() + @ttl)
		ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, fence = l.fence + 1, expires_at = EXCLUDED.expires_at
		WHERE l.holder IS NULL OR l.expires_at < clock_timestamp()
		RETURNING fence`
	args := pgx.NamedArgs{"name": name, "holder": l.holder, "ttl": s.cfg.LeaseTTL}
	err := s.cfg.Pool.QueryRow(ctx, q, args).Scan(&l.fence)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("taking the lease %s: %w", name, err)
	}
	s.hold(l)
	return true, nil
}

// hold keeps the lease alive until it is released or lost.
func (s *Store) hold(l *lease) {
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	s.leases.add(l)
	go func() {
		defer close(l.done)
		s.heartbeat(ctx, l)
	}()
}

// heartbeat prolongs the lease every third of its life; the second miss in a row counts as lost, because the third would come too late.
func (s *Store) heartbeat(ctx context.Context, l *lease) {
	tick := time.NewTicker(s.cfg.LeaseTTL / 3)
	defer tick.Stop()
	misses := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.prolong(ctx, l, s.cfg.LeaseTTL)
		if err == nil {
			misses = 0
			continue
		}
		if misses++; ctx.Err() == nil && (errors.Is(err, ErrLeaseLost) || misses == 2) {
			s.cfg.Log.Error("a lease was lost", "lease", l.name, "error", err)
			l.lose()
			return
		}
	}
}

func (l *lease) lose() {
	l.lost.Store(true)
	l.task.LeaseLost(fmt.Errorf("%w: %s", ErrLeaseLost, l.name))
}

// prolong never shortens a lease.
func (s *Store) prolong(ctx context.Context, l *lease, by time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, min(s.cfg.Timeout, s.cfg.LeaseTTL/3))
	defer cancel()
	const q = `UPDATE certificate_leases SET expires_at = GREATEST(expires_at, clock_timestamp() + @by)
		WHERE name = @name AND holder = @holder`
	tag, err := s.cfg.Pool.Exec(ctx, q, pgx.NamedArgs{"by": by, "name": l.name, "holder": l.holder})
	if err != nil {
		return fmt.Errorf("prolonging the lease %s: %w", l.name, err)
	}
	if tag.RowsAffected() == 0 {
		return ErrLeaseLost
	}
	return nil
}

// RenewLockLease makes a held lease last at least d longer.
func (s *Store) RenewLockLease(ctx context.Context, name string, d time.Duration) error {
	l := s.leases.find(ctx, name)
	if l == nil || l.lost.Load() {
		return ErrLeaseLost
	}
	err := s.prolong(ctx, l, d)
	if errors.Is(err, ErrLeaseLost) {
		l.lose()
	}
	return err
}

// Unlock gives a lease back: its own only. That somebody else has it by now is no error, the work under it was refused already.
func (s *Store) Unlock(ctx context.Context, name string) error {
	l := s.leases.remove(ctx, name)
	if l == nil {
		return fmt.Errorf("releasing the lease %s: not held", name)
	}
	l.stop()
	<-l.done
	ctx, cancel := s.deadline(context.WithoutCancel(ctx))
	defer cancel()
	const q = `WITH freed AS (UPDATE certificate_leases SET holder = NULL, expires_at = NULL
			WHERE name = $1 AND holder = $2 RETURNING name)
		SELECT pg_notify('certificates', 'free ' || name) FROM freed`
	tag, err := s.cfg.Pool.Exec(ctx, q, l.name, l.holder)
	if err != nil {
		return fmt.Errorf("releasing the lease %s: %w", name, err)
	}
	if tag.RowsAffected() == 0 {
		s.cfg.Log.WarnContext(ctx, "a lease was no longer ours to release", "lease", name)
	}
	return nil
}

func (ls *leases) add(l *lease) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.held == nil {
		ls.held = map[string][]*lease{}
	}
	ls.held[l.name] = append(ls.held[l.name], l)
}

// find returns the lease that the work of ctx took, or the oldest of that name for work without a Task.
func (ls *leases) find(ctx context.Context, name string) *lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if i := ls.index(ctx, name); i >= 0 {
		return ls.held[name][i]
	}
	return nil
}

func (ls *leases) remove(ctx context.Context, name string) *lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	i := ls.index(ctx, name)
	if i < 0 {
		return nil
	}
	l := ls.held[name][i]
	ls.held[name] = append(ls.held[name][:i:i], ls.held[name][i+1:]...)
	if len(ls.held[name]) == 0 {
		delete(ls.held, name)
	}
	return l
}

func (ls *leases) index(ctx context.Context, name string) int {
	task := certs.TaskOf(ctx)
	for i, l := range ls.held[name] {
		if l.task == task {
			return i
		}
	}
	return -1
}

func (ls *leases) startWaiting(name string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.waiting == nil {
		ls.waiting = map[string]*waiting{}
	}
	if ls.waiting[name] == nil {
		ls.waiting[name] = &waiting{freed: make(chan struct{})}
	}
	ls.waiting[name].waiters++
}

func (ls *leases) stopWaiting(name string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	w := ls.waiting[name]
	if w.waiters--; w.waiters == 0 {
		delete(ls.waiting, name)
	}
}

// whenFree returns a channel that closes when the lease is next heard to be free. Only for who called startWaiting.
func (ls *leases) whenFree(name string) <-chan struct{} {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.waiting[name].freed
}

func (ls *leases) heardFree(name string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if w := ls.waiting[name]; w != nil {
		close(w.freed)
		w.freed = make(chan struct{})
	}
}
