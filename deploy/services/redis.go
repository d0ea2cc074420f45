package services

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Redis is a running private redis-server without persistence.
type Redis struct {
	Port  int
	child *child
	sweep func()
}

// StartRedis starts a redis-server in a temporary folder and returns when it accepts connections. ctx bounds the start only.
func StartRedis(ctx context.Context) (*Redis, error) {
	path, err := findProgram("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		r, err := launchRedis(ctx, path)
		if err == nil || try == 4 {
			return r, err
		}
	}
}

// URL returns the server's address for go-redis.
func (r *Redis) URL() string { return "redis://127.0.0.1:" + strconv.Itoa(r.Port) }

// Close ends the server; it may be called twice.
func (r *Redis) Close() {
	r.child.end(5 * time.Second)
	r.sweep()
}

func launchRedis(ctx context.Context, path string) (*Redis, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tollhouse-redis-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", dir, "--logfile", filepath.Join(dir, "redis.log"), "--repl-diskless-sync-delay", "0")
	c, err := start(cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	sweep, err := c.sweep(dir)
	if err != nil {
		c.end(time.Second)
		return nil, err
	}
	r := &Redis{Port: port, child: c, sweep: sweep}
	if err := r.waitOpen(ctx); err != nil {
		r.Close()
		return nil, fmt.Errorf("waiting for Redis: %w", err)
	}
	return r, nil
}

func (r *Redis) waitOpen(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var d net.Dialer
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := d.DialContext(ctx, "tcp4", "127.0.0.1:"+strconv.Itoa(r.Port)); err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.child.done:
			return fmt.Errorf("it ended: %w", r.child.err)
		case <-tick.C:
		}
	}
}
