package maildb

import (
	"context"

	"github.com/riverqueue/river"
)

// BounceJob has a node count a mail that came back: whoever took the notice is a program of a moment, which nobody asks for its numbers.
type BounceJob struct {
	What string `json:"what"` // of the bounce: "address", "mail" or "complaint"
}

// Kind names the job in the queue.
func (BounceJob) Kind() string { return "mail_bounce" }

// BounceWorker counts.
type BounceWorker struct {
	river.WorkerDefaults[BounceJob]
	count func(what string)
}

// NewBounceWorker returns the worker to register with the job queue. count must be safe for concurrent use.
func NewBounceWorker(count func(what string)) *BounceWorker { return &BounceWorker{count: count} }

// Work counts one bounce; twice, when the node is killed at it.
func (w *BounceWorker) Work(_ context.Context, job *river.Job[BounceJob]) error {
	w.count(job.Args.What)
	return nil
}
