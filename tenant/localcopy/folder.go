package localcopy

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tollhouse/tenant/seal"
)

// ErrUnusable is wrapped by Read when there is a file that cannot be taken: torn, damaged, sealed with a key that is gone, put in place of
// another, of another version, or too large.
var ErrUnusable = errors.New("the local copy cannot be used")

// Folder holds sealed files, each under a name that the file system does not see. It is safe for concurrent use, also by several processes.
type Folder struct {
	dir     string
	purpose string
	limit   int64
	ring    *seal.Ring
}

const (
	// magic is in front of every file. Another version is another magic: its files are unusable here and replaced.
	magic = "tollhouse local copy 1\n"
	// timeSize is the time of writing, in front of the content and sealed with it.
	timeSize = 8
	// overhead is more than magic, time and seal add to a content.
	overhead = 256
	// temporary is how files begin that are not in place yet.
	temporary = ".new-"
	// abandoned is how old such a file is when its process can be taken for dead.
	abandoned = time.Hour
)

// NewFolder says where files are kept and for what; it touches no disk. What was kept for another purpose does not open. limit bounds one
// content in bytes.
func NewFolder(dir, purpose string, limit int64, ring *seal.Ring) *Folder {
	return &Folder{dir: dir, purpose: purpose, limit: limit, ring: ring}
}

// Kept is one content that was read.
type Kept struct {
	Content []byte
	At      time.Time // when it was written, to the second
	Newest  bool      // sealed with the newest key; otherwise writing it again makes the older key dispensable
}

// Write keeps a content under a name, in place of the one before. A reader finds the one or the other whole, also after a loss of power.
func (f *Folder) Write(name string, content []byte, now time.Time) error {
	if int64(len(content)) > f.limit {
		return fmt.Errorf("keeping a local copy: %d bytes are more than %d", len(content), f.limit)
	}
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, timeSize+len(content)), uint64(now.Unix()))
	sealed := f.ring.Seal(append(plain, content...), f.aad(name))
	if err := f.place(f.path(f.ring.Newest(), name), sealed); err != nil {
		return fmt.Errorf("keeping a local copy: %w", err)
	}
	_, err := f.remove(name, f.ring.Keys()[1:])
	return err
}

// place writes a file beside its place and then puts it there. The folder itself is not synced: after a loss of power the file before may
// be back, which is whole too.
func (f *Folder) place(path string, sealed []byte) error {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(f.dir, temporary+"*") // mode 0600
	if err != nil {
		return err
	}
	for _, part := range [][]byte{[]byte(magic), sealed} {
		if err == nil {
			_, err = file.Write(part)
		}
	}
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // what is left is removed by Sweep
	}
	return err
}

// Read returns what is kept under a name: fs.ErrNotExist when nothing is, an error that wraps ErrUnusable when it cannot be taken.
func (f *Folder) Read(name string) (Kept, error) {
	for i, id := range f.ring.Keys() {
		sealed, err := f.load(f.path(id, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Kept{}, err
		}
		plain, err := f.ring.Open(sealed, f.aad(name))
		if err != nil || len(plain) < timeSize {
			return Kept{}, fmt.Errorf("%w: %w", ErrUnusable, seal.ErrSealed)
		}
		at := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0)
		return Kept{Content: plain[timeSize:], At: at, Newest: i == 0}, nil
	}
	return Kept{}, fs.ErrNotExist
}

// load reads a file up to the limit and takes the magic off.
func (f *Folder) load(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > f.limit+overhead || info.Size() < int64(len(magic)) {
		return nil, fmt.Errorf("%w: not a file of a size that was written", ErrUnusable)
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(file, content); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	if string(content[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: another version's, or nobody's", ErrUnusable)
	}
	return content[len(magic):], nil
}

// Remove forgets what is kept under a name and reports whether there was anything.
func (f *Folder) Remove(name string) (bool, error) { return f.remove(name, f.ring.Keys()) }

func (f *Folder) remove(name string, ids []string) (removed bool, err error) {
	var errs []error
	for _, id := range ids {
		err := os.Remove(f.path(id, name))
		removed = removed || err == nil
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return removed, errors.Join(errs...)
}

// Sweep removes every file but those of the given names, and what dead processes left half written. It returns how many it removed.
func (f *Folder) Sweep(names func(yield func(string) bool), now time.Time) (removed int, err error) {
	files, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sweeping local copies: %w", err)
	}
	stays := map[string]bool{}
	for name := range names {
		for _, id := range f.ring.Keys() {
			stays[filepath.Base(f.path(id, name))] = true
		}
	}
	for _, file := range files {
		if stays[file.Name()] || !file.Type().IsRegular() || fresh(file, now) {
			continue
		}
		if err := os.Remove(filepath.Join(f.dir, file.Name())); err == nil {
			removed++
		}
	}
	return removed, nil
}

// fresh reports whether a file is still being written, as far as one can tell.
func fresh(file fs.DirEntry, now time.Time) bool {
	if !strings.HasPrefix(file.Name(), temporary) {
		return false
	}
	info, err := file.Info()
	return err == nil && now.Sub(info.ModTime()) < abandoned
}

// path names a file by what only holders of the ring can compute, so that a listing of the folder tells no host.
func (f *Folder) path(keyID, name string) string {
	hidden, _ := f.ring.Derive(keyID, "local copy", f.purpose, name) // the ring has every key that it lists
	return filepath.Join(f.dir, hex.EncodeToString(hidden[:16]))
}

func (f *Folder) aad(name string) []byte { return []byte("local copy\x00" + f.purpose + "\x00" + name) }
