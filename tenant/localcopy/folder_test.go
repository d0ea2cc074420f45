package localcopy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant/localcopy"
	"tollhouse/tenant/seal"
)

const (
	oldKey = "k1:1111111111111111111111111111111111111111111111111111111111111111"
	newKey = "k2:2222222222222222222222222222222222222222222222222222222222222222"
	host   = "billing.acme.test"
	limit  = 1 << 20
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ring(t testing.TB, text string) *seal.Ring {
	t.Helper()
	r, err := seal.ParseRing(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func folder(t testing.TB, dir, keys string) *localcopy.Folder {
	return localcopy.NewFolder(dir, "certificates", limit, ring(t, keys))
}

func write(t testing.TB, f *localcopy.Folder, name, content string) {
	t.Helper()
	if err := f.Write(name, []byte(content), now); err != nil {
		t.Fatal(err)
	}
}

// files lists the paths of all files in a folder.
func files(t testing.TB, dir string) (paths []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return paths
}

func TestFolder_GivesBackWhatWasWrittenAndShowsNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when", "needed")
	f := folder(t, dir, oldKey)
	if _, err := f.Read(host); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before anything was written: %v", err)
	}
	write(t, f, host, "-----BEGIN PRIVATE KEY-----")
	kept, err := f.Read(host)
	if err != nil || string(kept.Content) != "-----BEGIN PRIVATE KEY-----" || !kept.At.Equal(now) || !kept.Newest {
		t.Errorf("got %+v, %v", kept, err)
	}
	write(t, f, host, "second")
	if kept, err := f.Read(host); err != nil || string(kept.Content) != "second" {
		t.Errorf("after the second: %s, %v", kept.Content, err)
	}
	paths := files(t, dir)
	if len(paths) != 1 {
		t.Fatalf("%d files, want 1: %v", len(paths), paths)
	}
	content, err := os.ReadFile(paths[0])
	if err != nil || bytes.Contains(content, []byte("second")) || strings.Contains(paths[0], "acme") || bytes.Contains(content, []byte("acme")) {
		t.Errorf("%s shows what it holds: %q, %v", paths[0], content, err)
	}
	for path, want := range map[string]fs.FileMode{paths[0]: 0o600, dir: 0o700 | fs.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

func TestRead_TakesNothingDamaged(t *testing.T) {
	dir := t.TempDir()
	f := folder(t, dir, oldKey)
	write(t, f, host, "content")
	path := files(t, dir)[0]
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range sound {
		changed := bytes.Clone(sound)
		changed[i] ^= 1
		for what, content := range map[string][]byte{"changed": changed, "cut": sound[:i], "longer": append(bytes.Clone(sound), sound[:i+1]...)} {
			put(content)
			if kept, err := f.Read(host); !errors.Is(err, localcopy.ErrUnusable) {
				t.Fatalf("%s at byte %d: %q, %v", what, i, kept.Content, err)
			}
		}
	}
	for what, content := range map[string][]byte{
		"another version": append([]byte("tollhouse local copy 2\n"), sound[len("tollhouse local copy 1\n"):]...),
		"too large":       bytes.Repeat(sound, 2*limit/len(sound)),
		"nobody's":        []byte(strings.Repeat("\n", 200)),
	} {
		put(content)
		if _, err := f.Read(host); !errors.Is(err, localcopy.ErrUnusable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	put(sound)
	if kept, err := f.Read(host); err != nil || string(kept.Content) != "content" {
		t.Errorf("control: %q, %v", kept.Content, err)
	}
	write(t, f, host, "written over damage")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(host); !errors.Is(err, localcopy.ErrUnusable) {
		t.Errorf("a folder in its place: %v", err)
	}
}

func TestRead_TakesNothingFromElsewhere(t *testing.T) {
	dir := t.TempDir()
	ours := folder(t, dir, oldKey)
	write(t, ours, host, "ours")
	place := files(t, dir)[0]
	theirs := t.TempDir()
	write(t, localcopy.NewFolder(theirs, "certificates of another CA", limit, ring(t, oldKey)), host, "theirs")
	write(t, folder(t, theirs, newKey), host, "theirs")
	write(t, folder(t, theirs, oldKey), "billing.globex.test", "theirs")
	for _, path := range files(t, theirs) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.Base(path))); err == nil {
			t.Errorf("%s has the name of ours", path)
		}
		if err := os.WriteFile(place, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if kept, err := ours.Read(host); !errors.Is(err, localcopy.ErrUnusable) {
			t.Errorf("a file of another folder opened: %q, %v", kept.Content, err)
		}
	}
}

func TestFolder_OutlivesARotationOfKeys(t *testing.T) {
	dir := t.TempDir()
	write(t, folder(t, dir, oldKey), host, "before")
	both := folder(t, dir, newKey+","+oldKey)
	if kept, err := both.Read(host); err != nil || string(kept.Content) != "before" || kept.Newest {
		t.Fatalf("after the rotation: %+v, %v", kept, err)
	}
	write(t, both, host, "after")
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files, want 1: the older key's is to go", n)
	}
	if kept, err := folder(t, dir, newKey).Read(host); err != nil || string(kept.Content) != "after" || !kept.Newest {
		t.Errorf("without the old key: %+v, %v", kept, err)
	}
	write(t, folder(t, dir, oldKey), host, "again by the old")
	if removed, err := both.Remove(host); err != nil || !removed || len(files(t, dir)) != 0 {
		t.Errorf("removed %v, %v; left %v", removed, err, files(t, dir))
	}
	if removed, err := both.Remove(host); err != nil || removed {
		t.Errorf("nothing was removed as %v, %v", removed, err)
	}
}

func TestSweep_LeavesWhatIsNamedAndWhatIsBeingWritten(t *testing.T) {
	dir := t.TempDir()
	f := folder(t, dir, oldKey)
	for i := range 10 {
		write(t, f, fmt.Sprint(i), "content")
	}
	for name, at := range map[string]time.Time{".new-dead": now.Add(-2 * time.Hour), ".new-alive": now.Add(-time.Minute)} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := f.Sweep(slices.Values([]string{"3", "7"}), now)
	if err != nil || removed != 9 || len(files(t, dir)) != 3 {
		t.Errorf("removed %d, %v; want 9; left %v", removed, err, files(t, dir))
	}
	if _, err := f.Read("7"); err != nil {
		t.Error(err)
	}
	if _, err := folder(t, filepath.Join(dir, "nowhere"), oldKey).Sweep(slices.Values([]string{}), now); err != nil {
		t.Errorf("a folder that is not there yet: %v", err)
	}
}

func TestWrite_RefusesWhatReadWouldRefuse(t *testing.T) {
	f := folder(t, t.TempDir(), oldKey)
	if err := f.Write(host, make([]byte, limit+1), now); err == nil {
		t.Error("more than the limit was written")
	}
	if err := f.Write(host, make([]byte, limit), now); err != nil {
		t.Error(err)
	}
	if kept, err := f.Read(host); err != nil || len(kept.Content) != limit {
		t.Errorf("as much as the limit: %d bytes, %v", len(kept.Content), err)
	}
}
