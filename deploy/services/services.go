// Package services starts private servers from the binaries that the machine has: a Postgres cluster and a Redis server on loopback, on random
// ports, in a folder of their own, ended with the process that started them, even when that process is killed. `tollhouse dev` and the tests use it; a
// server never does.
//
//	pg, err := services.StartPostgres(ctx, services.PostgresOptions{Dir: ".dev/postgres", Durable: true})
package services

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// ErrMissing says that a server's program is not installed; the text names the package to install.
var ErrMissing = errors.New("program not found")

// freePort returns a loopback TCP port that was free a moment ago. Whoever uses it must be ready to try again.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// findProgram looks for name in PATH, then in the folders that match the patterns, the last match first: the newest version.
func findProgram(name, install string, patterns ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil // not resolved: redis-server is a link to a program that looks at its name
	}
	var found []string
	for _, p := range patterns {
		matches, _ := filepath.Glob(p) // the only error is a bad pattern, and these are constants
		found = append(found, matches...)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s: %w: install the Debian package %s (make tools does)", name, ErrMissing, install)
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

func randomPassword() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

// readOrCreate returns what is in the file, or writes fresh there, readable by the owner alone.
func readOrCreate(path, fresh string) (string, error) {
	if old, err := os.ReadFile(path); err == nil {
		return string(old), nil
	}
	return fresh, os.WriteFile(path, []byte(fresh), 0o600)
}
