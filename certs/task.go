package certs

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
)

// Task ties the leases that one piece of work takes to that work. certmagic passes the context of its caller to the store but offers no way
// to be told that a lease is lost; the store finds the Task there, cancels through it, and tells two pieces of work on one name apart.
type Task struct {
	cancel context.CancelCauseFunc
	failed atomic.Bool // the store did
}

type taskKey struct{}

// WithTask returns a context that carries a new Task and ends when one of the Task's leases is lost.
func WithTask(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	ctx = context.WithValue(ctx, taskKey{}, &Task{cancel: cancel})
	return ctx, func() { cancel(context.Canceled) }
}

// TaskOf returns the Task of ctx, or nil.
func TaskOf(ctx context.Context) *Task {
	t, _ := ctx.Value(taskKey{}).(*Task)
	return t
}

// LeaseLost ends the work with err as its cause. A nil Task has nothing to end.
func (t *Task) LeaseLost(err error) {
	if t != nil {
		t.cancel(err)
	}
}

// noteStore remembers that the store failed: certmagic wraps some of its errors beyond recognition.
func (t *Task) noteStore(err error) {
	if t != nil && err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.failed.Store(true)
	}
}

func (t *Task) storeFailed() bool { return t != nil && t.failed.Load() }
