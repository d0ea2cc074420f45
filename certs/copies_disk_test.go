package certs_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs"
	"tollhouse/certs/localca"
	"tollhouse/tenant/seal"
)

// lines counts what is logged.
type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.String(), text)
}

func TestCopy_ThatCannotBeWrittenIsSaidOnceAndServingGoesOn(t *testing.T) {
	t.Parallel()
	f := newFleet(t, localca.Options{}, billing, "pay.acme.test")
	dir := filepath.Join(t.TempDir(), "a file where the folder should be")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	registry, said := prometheus.NewRegistry(), &lines{}
	n := f.start(func(c *certs.Config) {
		f.copying(dir)(c)
		c.Registerer, c.Log = registry, slog.New(slog.NewTextHandler(said, nil))
	})
	for i, host := range []string{billing, "pay.acme.test"} {
		if _, err := n.shake(host); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the failure is counted", func() bool { return value(t, registry, "tollhouse_certs_copies_total", "not_written") > float64(i) })
	}
	if got := said.count("could not be written"); got != 1 {
		t.Errorf("it was said %d times", got)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	f.copied(dir, billing)
	f.copied(dir, "pay.acme.test")
}

func TestCopy_IsSealedAnewAfterARotationOfKeys(t *testing.T) {
	t.Parallel()
	f, dir := newFleet(t, localca.Options{}, billing), t.TempDir()
	first := f.start(f.copying(dir))
	if _, err := first.shake(billing); err != nil {
		t.Fatal(err)
	}
	f.copied(dir, billing)
	first.close()
	f.ring = must(seal.ParseRing("fresh:" + strings.Repeat("6b", 32) + "," + f.keys))
	f.restart(false, func(c *certs.Config) { c.Copy = f.folder(dir) }, billing)
	f.ring = must(seal.ParseRing("fresh:" + strings.Repeat("6b", 32)))
	f.copied(dir, billing)
}
