package certs_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/certs/localca"
	"tollhouse/tenant/localcopy"
)

// copying gives a node a folder for local copies.
func (f *fleet) copying(dir string) func(*certs.Config) {
	return func(c *certs.Config) {
		quiet(c)
		c.Copy = f.folder(dir)
		c.Pause = certs.Backoff{Base: time.Millisecond, Max: time.Millisecond}
	}
}

func (f *fleet) folder(dir string) *localcopy.Folder {
	return localcopy.NewFolder(dir, "certificates of "+f.ca.DirectoryURL, certs.CopyLimit, f.ring)
}

// copied waits until the certificate of a host has its copy.
func (f *fleet) copied(dir, host string) {
	f.t.Helper()
	eventually(f.t, "the certificate of "+host+" has its copy", func() bool { _, err := f.folder(dir).Read(host); return err == nil })
}

// restart starts a node as a new process would: with nothing in memory. Its store is cut off when cut.
func (f *fleet) restart(cut bool, change func(*certs.Config), hosts ...string) *node {
	f.t.Helper()
	f.directory, f.feed = newDirectory(f.t, f.log, hosts...)
	return f.start(func(c *certs.Config) {
		c.Directory = f.directory
		change(c)
		c.Store.(*watchedStore).cut.Store(cut)
	})
}

// value reads one metric.
func value(t testing.TB, registry *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("there is no metric %s %s", name, label)
	return 0
}

func TestCopy_IsServedWhileTheStoreFailsAndReplacedAfter(t *testing.T) {
	t.Parallel()
	f, dir := newFleet(t, localca.Options{}, billing), t.TempDir()
	first := f.start(f.copying(dir))
	before, err := first.shake(billing)
	if err != nil {
		t.Fatal(err)
	}
	f.copied(dir, billing)
	first.close()

	registry := prometheus.NewRegistry()
	n := f.restart(true, func(c *certs.Config) { f.copying(dir)(c); c.Registerer = registry }, billing, "never.asked.test")
	state, err := n.shake(billing)
	if err != nil || !state.PeerCertificates[0].Equal(before.PeerCertificates[0]) {
		t.Fatalf("with the store cut off: %v", err)
	}
	if _, err := n.manager.GetCertificate(hello("never.asked.test")); !errors.Is(err, certs.ErrTrouble) {
		t.Errorf("a host without a copy: %v, want ErrTrouble", err)
	}
	if _, err := n.shake("stranger.test"); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("an unknown host: %v", err)
	}
	if n := value(t, registry, "tollhouse_certs_borrowed", ""); n != 1 {
		t.Errorf("%v are borrowed, want 1", n)
	}

	// Another node renews during the outage of this one.
	other := f.start(quiet)
	const silently = `UPDATE certificates SET version = version + 1 WHERE host = $1`
	if _, err := f.db.Owner.Exec(context.Background(), silently, billing); err != nil {
		t.Fatal(err)
	}
	other.close()
	n.store.cut.Store(false)
	f.listening(true)
	eventually(t, "nothing is borrowed", func() bool { return value(t, registry, "tollhouse_certs_borrowed", "") == 0 })
	eventually(t, "the copy is of the new generation", func() bool {
		kept, err := f.folder(dir).Read(billing)
		return err == nil && bytes.Contains(kept.Content, []byte(`"Version":2,`))
	})
	if _, err := n.shake(billing); err != nil || f.ca.Orders() != 1 {
		t.Errorf("after the outage: %v, %d orders", err, f.ca.Orders())
	}
}

func TestCopy_OfAHostThatNobodyAskedForIsMade(t *testing.T) {
	t.Parallel()
	f, dir := newFleet(t, localca.Options{}, billing, "pay.acme.test"), t.TempDir()
	other := f.start(nil)
	for _, host := range []string{billing, "pay.acme.test"} {
		if _, err := other.shake(host); err != nil {
			t.Fatal(err)
		}
	}
	other.close()
	f.restart(false, func(c *certs.Config) { c.Copy = f.folder(dir) }, billing, "pay.acme.test")
	f.copied(dir, billing)
	f.copied(dir, "pay.acme.test")
	f.feed.set(2, billing)
	eventually(t, "the copy of a host that is gone is gone", func() bool {
		_, err := f.folder(dir).Read("pay.acme.test")
		return errors.Is(err, fs.ErrNotExist)
	})
	if _, err := f.folder(dir).Read(billing); err != nil {
		t.Errorf("control: %v", err)
	}
}

func TestCopy_IsServedExpiredWhenThereIsNothingElse(t *testing.T) {
	t.Parallel()
	f, dir := newFleet(t, localca.Options{}, billing), t.TempDir()
	first := f.start(f.copying(dir))
	if _, err := first.shake(billing); err != nil {
		t.Fatal(err)
	}
	f.copied(dir, billing)
	first.close()
	registry := prometheus.NewRegistry()
	n := f.restart(true, func(c *certs.Config) {
		f.copying(dir)(c)
		c.Registerer = registry
		c.Now = func() time.Time { return time.Now().AddDate(0, 0, 100) }
	}, billing)
	if _, err := n.shake(billing); err != nil { // the client's clock is another
		t.Fatal(err)
	}
	for name, label := range map[string]string{"tollhouse_certs_copies_total": "served_expired", "tollhouse_certs_expired": ""} {
		if got := value(t, registry, name, label); got != 1 {
			t.Errorf("%s %s is %v, want 1", name, label, got)
		}
	}
}

// forget deletes a certificate as a superuser does, without a word to anybody.
func (f *fleet) forget(host string) {
	f.t.Helper()
	ctx := context.Background()
	admin := must(pgx.Connect(ctx, f.db.AdminURL))
	defer func() { _ = admin.Close(ctx) }()
	const q = `DELETE FROM certificates WHERE host = $1`
	if gone, err := admin.Exec(ctx, q, host); err != nil || gone.RowsAffected() != 1 {
		f.t.Fatalf("deleting a certificate: %v, %v", gone, err)
	}
}

func TestCopy_GivesWayToAStoreThatSaysAbsent(t *testing.T) {
	t.Parallel()
	f, dir := newFleet(t, localca.Options{}, billing), t.TempDir()
	first := f.start(f.copying(dir))
	before, err := first.shake(billing)
	if err != nil {
		t.Fatal(err)
	}
	f.copied(dir, billing)
	first.close()
	n := f.restart(true, f.copying(dir), billing)
	if _, err := n.shake(billing); err != nil {
		t.Fatal(err)
	}
	f.forget(billing)
	n.store.cut.Store(false)
	f.listening(true)
	eventually(t, "it is ordered anew", func() bool {
		state, err := n.shake(billing)
		return err == nil && !state.PeerCertificates[0].Equal(before.PeerCertificates[0])
	})
	if f.ca.Orders() != 2 {
		t.Errorf("%d orders, want 2", f.ca.Orders())
	}
}

func TestCopy_ThatIsDamagedOrOfAVanishedRootIsNotServed(t *testing.T) {
	t.Parallel()
	f, dir := newFleet(t, localca.Options{}, billing), t.TempDir()
	first := f.start(f.copying(dir))
	if _, err := first.shake(billing); err != nil {
		t.Fatal(err)
	}
	f.copied(dir, billing)
	first.close()

	elsewhere := must(localca.Start(t.Context(), localca.Options{HTTPPort: 1, TLSPort: 1}))
	defer elsewhere.Close()
	foreign := f.restart(true, func(c *certs.Config) {
		f.copying(dir)(c)
		c.Store = must(certsdb.New(certsdb.Config{Pool: f.db.App, Ring: f.ring, CA: f.ca.DirectoryURL, Roots: elsewhere.Roots(), Log: f.log}))
		c.Store = &watchedStore{backing: c.Store}
	}, billing)
	if _, err := foreign.manager.GetCertificate(hello(billing)); !errors.Is(err, certs.ErrTrouble) {
		t.Errorf("a copy whose root is gone: %v, want ErrTrouble", err)
	}
	foreign.close()

	sound := f.restart(true, f.copying(dir), billing)
	if _, err := sound.shake(billing); err != nil {
		t.Errorf("control: %v", err)
	}
	sound.close()
	paths := must(filepath.Glob(filepath.Join(dir, "*")))
	content := must(os.ReadFile(paths[0]))
	if err := os.WriteFile(paths[0], content[:len(content)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	torn := f.restart(true, f.copying(dir), billing)
	if _, err := torn.manager.GetCertificate(hello(billing)); !errors.Is(err, certs.ErrTrouble) {
		t.Errorf("a torn copy: %v, want ErrTrouble", err)
	}
	torn.store.cut.Store(false)
	eventually(t, "the store's is served", func() bool { _, err := torn.shake(billing); return err == nil })
	f.copied(dir, billing)
}
