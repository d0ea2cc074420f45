package maildb

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"tollhouse/deploy/migrations"
)

// ClientConfig tunes how this node works the job queue. The zero value is right for production but for the logger.
type ClientConfig struct {
	Logger      *slog.Logger  // gets the queue's warnings and errors; nil means slog.Default()
	MaxWorkers  int           // jobs at once on this node; 0 means 10
	PollEvery   time.Duration // how late a job may be that no notification told of; 0 means 2 s
	JobTimeout  time.Duration // 0 means 60 s
	RescueAfter time.Duration // when a job counts as left behind by a dead node; more than JobTimeout; 0 means 90 s
	StopTimeout time.Duration // how long Run lets running jobs finish; 0 means 20 s

	// Backoff is how long a job waits after its so-manyth failure; nil means Backoff of this package.
	Backoff func(attempts int) time.Duration
}

// NewClient makes the node's one client of the job queue, for all its kinds of jobs. Start it with Run. A new job is heard of at once, by LISTEN.
func NewClient(pool *pgxpool.Pool, workers *river.Workers, c ClientConfig) (*river.Client[pgx.Tx], error) {
	logger, backoff := c.Logger, c.Backoff
	if logger == nil {
		logger = slog.Default()
	}
	if backoff == nil {
		backoff = Backoff
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema:               migrations.JobSchema,
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: cmp.Or(c.MaxWorkers, 10)}},
		FetchCooldown:        50 * time.Millisecond,
		FetchPollInterval:    cmp.Or(c.PollEvery, 2*time.Second),
		JobTimeout:           cmp.Or(c.JobTimeout, time.Minute),
		RescueStuckJobsAfter: cmp.Or(c.RescueAfter, 90*time.Second),
		SoftStopTimeout:      cmp.Or(c.StopTimeout, 20*time.Second),
		MaxAttempts:          40, // of jobs that fail for reasons of ours; an SMTP server's no is not a failed job
		RetryPolicy:          retryPolicy(backoff),
		Logger:               slog.New(quiet{logger.Handler()}),
	})
	if err != nil {
		return nil, fmt.Errorf("making the job queue's client: %w", err)
	}
	return client, nil
}

// Run works jobs until ctx ends, then lets the running ones finish.
func Run(ctx context.Context, client *river.Client[pgx.Tx]) error {
	if err := client.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("starting the job queue: %w", err)
	}
	<-client.Stopped()
	return nil
}

// retryPolicy repeats jobs that failed because Postgres was away, because their node died, or by an error of ours.
type retryPolicy func(attempts int) time.Duration

// NextRetry implements river.ClientRetryPolicy.
func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(p(job.Attempt))
}

// quiet passes warnings and errors on: the queue's own news is of no use to an operator.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
