package core

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Clock is the emulator's time: the time below plus what was added, with jobs that fall due. Safe for concurrent use.
type Clock struct {
	below  func() time.Time
	settle func() // called without locks after each job, so that what a job began is done before time moves on

	stepping sync.Mutex // one Advance at a time; held while jobs run, which must not call Advance or Set

	mu     sync.Mutex
	offset time.Duration
	jobs   jobHeap
	next   uint64
	wake   chan struct{}
}

func newClock(below func() time.Time) *Clock {
	return &Clock{below: below, settle: func() {}, wake: make(chan struct{}, 1)}
}

// Now is the emulator's time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time { return c.below().Add(c.offset).UTC() }

// At runs do once the clock shows t or later, jobs of one instant in the order they came. A job that is due already runs at the next Advance, or at
// once under Run.
func (c *Clock) At(t time.Time, do func()) {
	c.mu.Lock()
	c.next++
	heap.Push(&c.jobs, job{at: t, order: c.next, do: do})
	c.mu.Unlock()
	c.nudge()
}

// Pending counts the jobs that wait for their time.
func (c *Clock) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.jobs)
}

// Advance moves time forward by d and stops at every job on the way, so that a job sees its own time and what it plans within d also happens.
// With 0 it runs what is due now. A negative d counts as 0. It returns when all is done, webhooks included. Not to be called from a job.
func (c *Clock) Advance(d time.Duration) {
	c.stepping.Lock()
	defer c.stepping.Unlock()
	c.settle()
	c.until(c.Now().Add(max(d, 0)))
}

// Set moves time to t. Forward it is Advance; backward nothing runs, and jobs keep their times.
func (c *Clock) Set(t time.Time) {
	c.stepping.Lock()
	defer c.stepping.Unlock()
	c.settle()
	if t.Before(c.Now()) {
		c.shift(t)
		return
	}
	c.until(t)
}

func (c *Clock) until(end time.Time) {
	for {
		j, found := c.pop(end)
		if !found {
			break
		}
		if j.at.After(c.Now()) {
			c.shift(j.at)
		}
		j.do()
		c.settle()
	}
	if end.After(c.Now()) {
		c.shift(end)
	}
	c.nudge()
}

func (c *Clock) shift(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += to.Sub(c.now())
}

// pop takes the first job that is due at the time given.
func (c *Clock) pop(end time.Time) (job, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.jobs) == 0 || c.jobs[0].at.After(end) {
		return job{}, false
	}
	return heap.Pop(&c.jobs).(job), true
}

func (c *Clock) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// longestNap bounds a wait, because the time below may be one that is moved by somebody else.
const longestNap = time.Minute

func (c *Clock) run(ctx context.Context) error {
	for {
		c.runDue()
		nap := time.NewTimer(c.nap())
		select {
		case <-ctx.Done():
			nap.Stop()
			return nil
		case <-c.wake:
			nap.Stop()
		case <-nap.C:
		}
	}
}

func (c *Clock) runDue() {
	c.stepping.Lock()
	defer c.stepping.Unlock()
	for {
		j, found := c.pop(c.Now())
		if !found {
			return
		}
		j.do()
	}
}

func (c *Clock) nap() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.jobs) == 0 {
		return longestNap
	}
	return min(longestNap, max(time.Millisecond, c.jobs[0].at.Sub(c.now())))
}

type job struct {
	at    time.Time
	order uint64
	do    func()
}

type jobHeap []job

func (h jobHeap) Len() int { return len(h) }
func (h jobHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].order < h[j].order
	}
	return h[i].at.Before(h[j].at)
}
func (h jobHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *jobHeap) Push(x any)   { *h = append(*h, x.(job)) }
func (h *jobHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = job{} // let go of what the job holds
	*h = old[:len(old)-1]
	return last
}
