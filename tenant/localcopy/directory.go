package localcopy

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"tollhouse/tenant"
)

// Directory keeps a copy of a tenant.Directory in a Folder, and gives it back to one that starts while its feed does not answer.
type Directory struct {
	directory *tenant.Directory
	folder    *Folder
	log       *slog.Logger

	written atomic.Int64 // Unix seconds, 0 for never
	failing bool         // the disk takes nothing; only Run's
}

const (
	// headStart is how long the feed may take before the copy is served. It is current, the copy is not.
	headStart = time.Second
	// lookEvery is how often a change is looked for; so a burst of changes is written once.
	lookEvery = 2 * time.Second
	// share of the time is spent on writing at most: a hundred thousand hosts take a good part of a second.
	share = 20
	// refreshEvery bounds by how much the copy's age is overstated while nothing changes.
	refreshEvery = time.Hour
	// directoryName is what the copy is kept under.
	directoryName = "directory"
)

// NewDirectory starts nothing: Run works.
func NewDirectory(directory *tenant.Directory, folder *Folder, log *slog.Logger) *Directory {
	return &Directory{directory: directory, folder: folder, log: log}
}

// Run restores the copy if the feed does not answer within a second, or at once if its first answer is an error. From then on it writes the
// Directory down every two seconds in which it changed, until ctx ends and once more then. It returns nil; call it once, beside the
// Directory's own Run.
func (d *Directory) Run(ctx context.Context) error {
	d.restoreUnlessAnswered(ctx)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last := state{}
	for {
		select {
		case <-ctx.Done():
			d.save(last)
			return nil
		case <-tick.C:
		}
		begun := time.Now()
		last = d.save(last)
		rest(ctx, time.Since(begun)*share)
	}
}

// Written returns when the copy was last written by this process; zero for never.
func (d *Directory) Written() time.Time {
	if at := d.written.Load(); at != 0 {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

func (d *Directory) restoreUnlessAnswered(ctx context.Context) {
	begun := time.NewTimer(headStart)
	defer begun.Stop()
	select {
	case <-d.directory.Asked():
	case <-begun.C:
	case <-ctx.Done():
		return
	}
	if d.directory.Loaded() {
		return
	}
	if _, err := d.Restore(); err != nil {
		d.log.Warn("local copy: that of the directory is left aside", "error", err)
	}
}

// Restore serves the copy until the feed answers, and reports whether it does: not when there is none, nor when something was loaded before.
// Run calls it when it is time to.
func (d *Directory) Restore() (bool, error) {
	kept, err := d.folder.Read(directoryName)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	snapshot, err := decode(kept.Content)
	if err != nil || !d.directory.Restore(snapshot) {
		return false, err
	}
	d.log.Warn("local copy: serving the directory as it was", "hosts", len(snapshot.Sites), "seq", snapshot.Seq, "at", snapshot.At)
	return true, nil
}

// state is what was written last.
type state struct {
	seq int64
	at  time.Time // zero: nothing was
}

// save writes the Directory down if it changed, and returns what is written now.
func (d *Directory) save(last state) state {
	if !d.directory.Current() {
		return last // what came from the copy says nothing new
	}
	now := d.directory.Stats()
	if !last.at.IsZero() && now.Seq == last.seq && now.Fresh.Sub(last.at) < refreshEvery {
		return last
	}
	if err := d.Write(); err != nil {
		if !d.failing {
			d.log.Error("local copy: the directory could not be written; serving goes on without", "error", err)
		}
		d.failing = true
		return last
	}
	if d.failing {
		d.log.Info("local copy: the directory is written again")
	}
	d.failing = false
	return state{seq: now.Seq, at: now.Fresh}
}

// Write writes the Directory down as it is, whether or not it is current. Run calls it when it is time to.
func (d *Directory) Write() error {
	content, err := encode(d.directory.Snapshot())
	if err == nil {
		err = d.folder.Write(directoryName, content, time.Now())
	}
	if err == nil {
		d.written.Store(time.Now().Unix())
	}
	return err
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
