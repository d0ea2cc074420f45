package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// target is one server under load.
type target struct {
	address string // host:port on loopback
	host    string // the name it is asked as
	roots   *x509.CertPool
	cookie  string // a portal session, "name=value"; "" for the bare server
	pid     int
	ops     string // host:port of the operator's listener; "" for the bare server
}

const (
	workers  = 8
	invoices = "/portal/invoices?tab=all"
)

var (
	modern  = []tls.CurveID{tls.X25519MLKEM768}
	classic = []tls.CurveID{tls.X25519}
)

// perCPUSecond runs a load for a while and returns how much of it the server did for one second of its processor time.
func perCPUSecond(ctx context.Context, t target, each time.Duration, load func(context.Context, target, time.Time) (int, error)) (float64, error) {
	before, err := cpuTime(t.pid)
	if err != nil {
		return 0, err
	}
	done, err := load(ctx, t, time.Now().Add(each))
	if err != nil {
		return 0, err
	}
	after, err := cpuTime(t.pid)
	if err != nil {
		return 0, err
	}
	if after <= before {
		return 0, errors.New("the server used no processor time: is the process id right?")
	}
	return float64(done) / (after - before).Seconds(), nil
}

// cpuTime reads the user and system time of a process from its own clock, to the nanosecond.
func cpuTime(pid int) (time.Duration, error) {
	clock := int32(^pid<<3 | 2) // how Linux names the processor-time clock of another process: clock_getcpuclockid(3)
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("reading the processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// handshakes makes full TLS 1.3 handshakes, one connection each.
func handshakes(curves []tls.CurveID) func(context.Context, target, time.Time) (int, error) {
	return func(ctx context.Context, t target, until time.Time) (int, error) {
		config := &tls.Config{RootCAs: t.roots, ServerName: t.host, CurvePreferences: curves, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS13}
		return together(ctx, until, func(ctx context.Context) (func() error, func(), error) {
			return func() error { return handshake(ctx, t.address, config) }, func() {}, nil
		})
	}
}

func handshake(ctx context.Context, address string, config *tls.Config) error {
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = raw.Close() }()
	if err := tls.Client(raw, config).HandshakeContext(ctx); err != nil {
		return fmt.Errorf("handshake for %s: %w", config.ServerName, err)
	}
	// A connection that is closed with unread bytes is reset, which leaves no TIME_WAIT behind to run out of ports.
	return raw.(*net.TCPConn).SetLinger(0)
}

// resumptions makes TLS 1.3 handshakes with one ticket, which neither server minds being used again.
func resumptions(ctx context.Context, t target, until time.Time) (int, error) {
	ticket := &firstTicket{}
	config := &tls.Config{RootCAs: t.roots, ServerName: t.host, CurvePreferences: modern, MinVersion: tls.VersionTLS13, ClientSessionCache: ticket}
	if err := ticket.fetch(ctx, t, config); err != nil {
		return 0, err
	}
	return together(ctx, until, func(context.Context) (func() error, func(), error) {
		return func() error { return handshake(ctx, t.address, config) }, func() {}, nil
	})
}

// firstTicket keeps the first ticket it is given and offers it every time.
type firstTicket struct {
	state atomic.Pointer[tls.ClientSessionState]
}

// Get implements tls.ClientSessionCache.
func (f *firstTicket) Get(string) (*tls.ClientSessionState, bool) {
	state := f.state.Load()
	return state, state != nil
}

// Put implements tls.ClientSessionCache.
func (f *firstTicket) Put(_ string, state *tls.ClientSessionState) {
	if state != nil {
		f.state.CompareAndSwap(nil, state)
	}
}

// fetch gets a ticket, which comes with the first bytes of an answer, and makes sure that the server takes it.
func (f *firstTicket) fetch(ctx context.Context, t target, config *tls.Config) error {
	for {
		conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", t.address)
		if err != nil {
			return err
		}
		if conn.(*tls.Conn).ConnectionState().DidResume {
			return conn.Close()
		}
		if f.state.Load() != nil {
			return errors.Join(errors.New("the server does not take its own ticket"), conn.Close())
		}
		_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", t.host)
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
}

// gets asks for one path over connections that are kept, one a worker.
func gets(http2 bool, path string) func(context.Context, target, time.Time) (int, error) {
	return func(ctx context.Context, t target, until time.Time) (int, error) {
		return together(ctx, until, func(ctx context.Context) (func() error, func(), error) {
			transport := t.transport(http2)
			r, err := t.request(ctx, path)
			return func() error { return fetch(transport, r) }, transport.CloseIdleConnections, err
		})
	}
}

func (t target) transport(http2 bool) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Transport{
		Protocols:          &protocols,
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{RootCAs: t.roots},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", t.address)
		},
	}
}

func (t target) request(ctx context.Context, path string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+t.host+path, nil)
	if err == nil && t.cookie != "" {
		r.Header.Set("Cookie", t.cookie)
	}
	return r, err
}

func fetch(transport *http.Transport, r *http.Request) error {
	res, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", r.URL.Path, res.Status)
	}
	return nil
}

// together repeats an act on several workers until the time has come, once at least, and counts. prepare gives each worker its act and its clean-up.
func together(ctx context.Context, until time.Time, prepare func(context.Context) (act func() error, clean func(), err error)) (int, error) {
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range workers {
		group.Go(func() error {
			act, clean, err := prepare(ctx)
			if err != nil {
				return err
			}
			defer clean()
			for {
				if err := act(); err != nil {
					return err
				}
				done.Add(1)
				if !time.Now().Before(until) {
					return nil
				}
			}
		})
	}
	err := group.Wait()
	return int(done.Load()), err
}
