package tenant

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// reconcileEvery bounds how long a change may go unnoticed when its announcement was lost.
	reconcileEvery = time.Minute
	// askTimeout bounds one question to the feed: a connection that hangs must not hold up every later change.
	askTimeout = 30 * time.Second
	// The wait after a failure doubles between these two, and each node takes a random part of it, so that a database that comes back
	// is not asked by all nodes at once.
	retryFirst = 250 * time.Millisecond
	retryLast  = 30 * time.Second
	// retryRestored is retryLast for a Directory that knows no more than what this machine kept: it may be far behind.
	retryRestored = 5 * time.Second
)

// Run keeps the directory current until ctx ends: a snapshot first, then every announced change, and a reconciliation each minute. While
// the feed fails it serves the last known state and tries again. It returns nil; call it once.
func (d *Directory) Run(ctx context.Context, feed Feed) error {
	for pause := retryFirst; ctx.Err() == nil; pause = min(2*pause, d.retryLast()) {
		err := d.follow(ctx, feed, func() { pause = retryFirst })
		if ctx.Err() != nil {
			return nil
		}
		if !d.failing.Swap(true) {
			d.log.Warn("directory: serving the last known state", "error", err, "hosts", d.hosts.Load(), "seq", d.seq.Load())
		}
		sleep(ctx, pause/2+rand.N(pause/2))
	}
	return nil
}

// follow takes in changes until the feed fails or ctx ends. It calls well whenever the feed both answers and listens.
func (d *Directory) follow(ctx context.Context, feed Feed, well func()) error {
	for {
		err := d.catchUp(ctx, feed)
		d.answered()
		if err != nil {
			return err
		}
		if err := wait(ctx, feed); err != nil {
			return err
		}
		well()
		if d.failing.Swap(false) {
			d.log.Info("directory: current again", "hosts", d.hosts.Load(), "seq", d.seq.Load())
		}
	}
}

func (d *Directory) retryLast() time.Duration {
	if d.Loaded() && !d.Current() {
		return retryRestored
	}
	return retryLast
}

// answered tells whoever waits for Asked. Only Run calls it.
func (d *Directory) answered() {
	select {
	case <-d.asked:
	default:
		close(d.asked)
	}
}

// catchUp brings the Directory to the feed's present state.
func (d *Directory) catchUp(ctx context.Context, feed Feed) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if !d.Current() {
		return d.reload(ctx, feed)
	}
	delta, err := feed.Since(ctx, d.seq.Load())
	if err != nil {
		return err
	}
	if delta.Seq < d.seq.Load() {
		return d.reload(ctx, feed)
	}
	if delta.Seq > d.seq.Load() {
		d.update(delta)
	}
	d.fresh.Store(time.Now().UnixNano())
	return nil
}

func (d *Directory) reload(ctx context.Context, feed Feed) error {
	snapshot, err := feed.Snapshot(ctx)
	if err != nil {
		return err
	}
	d.replace(snapshot)
	return nil
}

// wait returns nil when a change is announced and when it is time to reconcile.
func wait(ctx context.Context, feed Feed) error {
	waiting, cancel := context.WithTimeout(ctx, reconcileEvery)
	defer cancel()
	err := feed.Wait(waiting)
	if ctx.Err() == nil && errors.Is(waiting.Err(), context.DeadlineExceeded) {
		return nil
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
