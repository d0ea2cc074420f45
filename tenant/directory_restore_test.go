package tenant_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"tollhouse/tenant"
)

func TestDirectory_ServesWhatIsRestoredUntilTheFeedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		r.set("ten_a", "a.pay.test")
		whole := running(t, r)
		kept := whole.Snapshot()
		if len(kept.Sites) != 2 || kept.Seq != 1 || !kept.At.Equal(time.Now()) {
			t.Fatalf("the snapshot is %+v", kept)
		}
		if whole.Restore(tenant.Snapshot{}) {
			t.Error("a directory that is loaded was restored over")
		}
		lookup(t, whole, "a.pay.test")

		r.set("ten_b", "b.pay.test")
		r.set("ten_a")
		r.fail(errors.New("connection refused"), nil)
		d := tenant.NewDirectory(slog.New(slog.DiscardHandler))
		if !d.Restore(kept) || !d.Loaded() || d.Current() {
			t.Fatalf("loaded %v, current %v", d.Loaded(), d.Current())
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx, r) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run ended with %v", err)
			}
		}()
		<-d.Asked()
		time.Sleep(time.Hour)
		synctest.Wait()
		entry := lookup(t, d, "a.pay.test")
		if d.Current() || !d.Stats().Failing || !d.Stats().Fresh.Equal(kept.At) {
			t.Errorf("current %v, %+v", d.Current(), d.Stats())
		}
		if kept.Sites[0].Host != entry.Host && kept.Sites[1].Host != entry.Host {
			t.Error("control: what is served is not what was kept")
		}

		r.fail(nil, nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		absent(t, d, "a.pay.test")
		lookup(t, d, "b.pay.test")
		if snapshots, _ := r.asked(); !d.Current() || snapshots < 2 {
			t.Errorf("current %v after %d snapshots; what was kept must be replaced as a whole", d.Current(), snapshots)
		}
	})
}
