package localcopy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/tenant"
	"tollhouse/tenant/localcopy"
)

// business is a tenant in which no field is zero.
func business(t testing.TB, slug string) *tenant.Tenant {
	t.Helper()
	zone, err := tenant.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	primary, accent := tenant.Color{R: 1, G: 2, B: 3}, tenant.Color{R: 4, G: 5, B: 6}
	b := &tenant.Tenant{ID: tenant.ID("ten_" + slug), Slug: slug, Name: "Business " + slug, Status: tenant.Active, TimeZone: zone, Country: "DE",
		Locale: "de-DE", Currency: "EUR", Test: true, CreatedAt: now, Style: tenant.NewStyle(primary, accent),
		Brand: tenant.Brand{Primary: primary, Accent: accent, Footer: "Footer", SupportEmail: "help@acme.test", Logo: tenant.Logo{Hash: "ab", Width: 7, Height: 8}},
		Policy: tenant.Policy{SessionLifetime: time.Hour, DocumentLinkLifetime: 24 * time.Hour, StrictLinks: true, StepUpLinks: true, LogVisitors: true,
			PaymentInstructions: "Pay", PartialPayments: true, PartialMinimum: 100}}
	for _, v := range []reflect.Value{reflect.ValueOf(*b), reflect.ValueOf(b.Brand), reflect.ValueOf(b.Brand.Logo), reflect.ValueOf(b.Policy)} {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Fatalf("the field %s is zero: say here and in the copy what it is", v.Type().Field(i).Name)
			}
		}
	}
	return b
}

func site(b *tenant.Tenant, host string) *tenant.Site {
	h := tenant.MustParseHostname(host)
	if b == nil {
		return &tenant.Site{Host: h, Kind: tenant.API, Links: h, Epoch: 1}
	}
	return &tenant.Site{Host: h, Kind: tenant.Portal, Tenant: b, Links: tenant.MustParseHostname("links.acme.test"), Epoch: 9, Leaving: true}
}

// node is one start of a program with a Directory and its copy.
type node struct {
	*tenant.Directory
	copy *localcopy.Directory
	logs *bytes.Buffer
	stop func()
}

func startNode(t *testing.T, dir string, f tenant.Feed) *node {
	t.Helper()
	n := &node{logs: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(n.logs, nil))
	n.Directory = tenant.NewDirectory(log)
	n.copy = localcopy.NewDirectory(n.Directory, localcopy.NewFolder(dir, "directory", limit, ring(t, oldKey)), log)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = n.Directory.Run(ctx, f) })
	running.Go(func() { _ = n.copy.Run(ctx) })
	n.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(n.stop)
	synctest.Wait()
	return n
}

// kept leaves a copy of these sites in a folder.
func kept(t *testing.T, dir string, sites ...*tenant.Site) {
	t.Helper()
	n := startNode(t, dir, newFeed(sites...))
	time.Sleep(3 * time.Second)
	synctest.Wait()
	n.stop()
}

func (n *node) serves(host string) bool {
	_, ok := n.Lookup(tenant.MustParseHostname(host))
	return ok
}

var errDown = errors.New("connection refused")

func down() *feed { f := newFeed(); f.err = errDown; return f }

func TestDirectory_ComesBackWholeWhenTheFeedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		acme := business(t, "acme")
		sites := []*tenant.Site{site(acme, "acme.pay.test"), site(acme, host), site(nil, "api.pay.test")}
		written := time.Now()
		kept(t, dir, sites...)
		time.Sleep(time.Hour)

		f := down()
		n := startNode(t, dir, f)
		if !n.Loaded() || n.Current() || n.Stats().Hosts != 3 {
			t.Fatalf("loaded %v, current %v, %+v\n%s", n.Loaded(), n.Current(), n.Stats(), n.logs)
		}
		if at := n.Stats().Fresh; !at.Equal(written) {
			t.Errorf("what is served is of %s, want %s", at, written)
		}
		for _, want := range sites {
			e, ok := n.Lookup(want.Host)
			if !ok {
				t.Fatalf("%s is not served", want.Host)
			}
			zones := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
			if diff := cmp.Diff(want, e.Site(), zones, cmp.Comparer(func(a, b tenant.Hostname) bool { return a == b })); diff != "" {
				t.Errorf("%s (-want +got):\n%s", want.Host, diff)
			}
		}

		suspended := *acme
		suspended.Status = tenant.Suspended
		f.set(func(f *feed) { f.err = nil; f.snapshot.Sites = []*tenant.Site{site(&suspended, host)} })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if !n.Current() || n.serves("acme.pay.test") || !n.serves(host) || n.Stats().Hosts != 1 {
			t.Errorf("the feed's answer did not replace all: current %v, %+v", n.Current(), n.Stats())
		}
		if e, _ := n.Lookup(tenant.MustParseHostname(host)); e.Site().Tenant.Status != tenant.Suspended {
			t.Error("a tenant that was suspended meanwhile is served")
		}
	})
}

func TestDirectory_IsNotRestoredWhileTheFeedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		kept(t, dir, site(business(t, "acme"), host))
		n := startNode(t, dir, newFeed())
		time.Sleep(time.Minute)
		if n.serves(host) || !n.Current() || strings.Contains(n.logs.String(), "as it was") {
			t.Errorf("the copy was served although the feed answered:\n%s", n.logs)
		}
	})
}

func TestDirectory_IsRestoredAfterASecondOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		kept(t, dir, site(business(t, "acme"), host))
		f := newFeed()
		f.hang = true
		n := startNode(t, dir, f)
		time.Sleep(time.Second - time.Millisecond)
		synctest.Wait()
		if n.Loaded() {
			t.Error("the feed got no head start")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if !n.serves(host) {
			t.Errorf("not served after a second:\n%s", n.logs)
		}
	})
}

func TestDirectory_WritesBurstsOnceAndTheLastStateAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		f := newFeed()
		n := startNode(t, dir, f)
		writes, last := 0, time.Time{}
		for i := range 100 {
			f.set(func(f *feed) {
				f.snapshot.Sites = append(f.snapshot.Sites, site(business(t, "acme"), fmt.Sprintf("h%d.acme.test", i)))
			})
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			if at := n.copy.Written(); !at.Equal(last) {
				writes, last = writes+1, at
			}
		}
		if writes < 3 || writes > 5 {
			t.Errorf("100 changes in 10 s were written %d times, want once every two seconds", writes)
		}
		f.set(func(f *feed) { f.snapshot.Sites = f.snapshot.Sites[:7] })
		synctest.Wait()
		n.stop()
		if again := startNode(t, dir, down()); again.Stats().Hosts != 7 {
			t.Errorf("%d hosts came back, want the 7 of the end", again.Stats().Hosts)
		}
	})
}

func TestDirectory_LeavesADamagedCopyAsideAndReplacesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		kept(t, dir, site(business(t, "acme"), host))
		path := files(t, dir)[0]
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, sound[:len(sound)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		f := down()
		n := startNode(t, dir, f)
		if n.Loaded() || strings.Count(n.logs.String(), "left aside") != 1 {
			t.Errorf("loaded %v; the log:\n%s", n.Loaded(), n.logs)
		}
		f.set(func(f *feed) { f.err = nil; f.snapshot.Sites = []*tenant.Site{site(business(t, "acme"), host)} })
		time.Sleep(time.Minute)
		n.stop()
		if again := startNode(t, dir, down()); !again.serves(host) {
			t.Error("it was not replaced")
		}
	})
}

func TestDirectory_ServesOnWhenTheDiskTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a file where the folder should be")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		n := startNode(t, file, newFeed(site(business(t, "acme"), host)))
		time.Sleep(time.Hour)
		if !n.serves(host) || strings.Count(n.logs.String(), "could not be written") != 1 || !n.copy.Written().IsZero() {
			t.Errorf("serves %v, written %s; the log:\n%s", n.serves(host), n.copy.Written(), n.logs)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n.copy.Written().IsZero() || !strings.Contains(n.logs.String(), "written again") {
			t.Errorf("once the disk is back: %s", n.logs)
		}
	})
}

func BenchmarkDirectory(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		sites := make([]*tenant.Site, n)
		for i := range sites {
			slug := fmt.Sprintf("customer-%d", i)
			sites[i] = site(business(b, slug), "billing."+slug+".example")
		}
		full := tenant.NewDirectory(slog.New(slog.DiscardHandler))
		full.Restore(tenant.Snapshot{Seq: 1, Sites: sites, At: now})
		folder := localcopy.NewFolder(b.TempDir(), "directory", 1<<30, ring(b, oldKey))
		keeper := localcopy.NewDirectory(full, folder, slog.New(slog.DiscardHandler))
		b.Run(fmt.Sprintf("write/%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := keeper.Write(); err != nil {
					b.Fatal(err)
				}
			}
			kept, err := folder.Read("directory")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(kept.Content))/float64(n), "B/host")
		})
		b.Run(fmt.Sprintf("restore/%d", n), func(b *testing.B) {
			for b.Loop() {
				fresh := tenant.NewDirectory(slog.New(slog.DiscardHandler))
				if restored, err := localcopy.NewDirectory(fresh, folder, slog.New(slog.DiscardHandler)).Restore(); !restored || err != nil {
					b.Fatal(restored, err)
				}
			}
		})
	}
}
