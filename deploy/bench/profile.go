package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// profiles writes where our server spends its time under each kind of work, for `go tool pprof`.
func profiles(ctx context.Context, o options, t target) error {
	if err := os.MkdirAll(o.profile, 0o755); err != nil {
		return err
	}
	for _, w := range o.works() {
		for file, kind := range map[string]string{".cpu": "profile?seconds=5", ".allocs": "allocs?seconds=5"} {
			var g errgroup.Group
			g.Go(func() error { _, err := w.ours(ctx, t, time.Now().Add(6*time.Second)); return err })
			g.Go(func() error {
				return download(ctx, "http://"+t.ops+"/debug/pprof/"+kind, filepath.Join(o.profile, w.short+file))
			})
			if err := g.Wait(); err != nil {
				return fmt.Errorf("profiling %s: %w", w.name, err)
			}
		}
	}
	return profileFlood(ctx, o, t)
}

// profileFlood is the same for hellos that name hosts which nobody has.
func profileFlood(ctx context.Context, o options, t target) error {
	for file, kind := range map[string]string{"flood.cpu": "profile?seconds=5", "flood.allocs": "allocs?seconds=5"} {
		f, err := startFlood(ctx, t.address)
		if err != nil {
			return err
		}
		if _, err = f.endWith(download(ctx, "http://"+t.ops+"/debug/pprof/"+kind, filepath.Join(o.profile, file))); err != nil {
			return err
		}
	}
	return nil
}

func download(ctx context.Context, url, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
