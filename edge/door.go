package edge

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"
)

// Why a connection was turned away; the words are labels of a metric.
var (
	errFull       = errors.New("full")
	errClientFull = errors.New("client_full")
	errProxy      = errors.New("proxy_header")
)

// door accepts connections from a socket, admits and prepares each on a goroutine of its own, and hands those that are ready to net/http,
// which sees it as a listener. A slow handshake holds up nobody behind it.
type door struct {
	socket  net.Listener
	prepare func(ctx context.Context, c *conn) (net.Conn, error) // the TLS handshake, or nothing

	trusted    []netip.Prefix
	headerTime time.Duration // for the PROXY header
	house      *house
	refused    func(reason error)

	ready     chan net.Conn
	done      chan struct{}
	closeOnce sync.Once

	unserved atomic.Int64 // accepted, and net/http does not yet care for them
}

// house counts the connections of all doors.
type house struct {
	max     int64 // negative: no limit
	open    atomic.Int64
	clients *tally
}

// enter counts a connection or reports that the house is full.
func (h *house) enter() bool {
	if n := h.open.Add(1); h.max >= 0 && n > h.max {
		h.open.Add(-1)
		return false
	}
	return true
}

// run accepts until the socket is closed. ctx bounds the preparing of connections, not the accepting.
func (d *door) run(ctx context.Context) error {
	for {
		c, err := d.socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil { // out of file descriptors, most likely: it passes when connections close
			d.refused(err)
			pause(ctx, 50*time.Millisecond)
			continue
		}
		if !d.house.enter() {
			d.refused(errFull)
			_ = c.Close()
			continue
		}
		d.unserved.Add(1)
		go d.admit(ctx, c)
	}
}

// admit brings one connection from the socket to net/http, or closes it.
func (d *door) admit(ctx context.Context, socket net.Conn) {
	c, err := d.identify(socket)
	if err != nil {
		d.refuse(c, err)
		return
	}
	ready, err := d.prepare(ctx, c)
	if err != nil {
		d.refuse(c, err)
		return
	}
	select {
	case d.ready <- ready:
	case <-d.done:
		_ = ready.Close()
	}
}

func (d *door) refuse(c *conn, reason error) {
	d.refused(reason)
	_ = c.Close()
}

// identify finds out where the client is and counts it. The connection it returns must be closed also when there is an error.
func (d *door) identify(socket net.Conn) (*conn, error) {
	c := &conn{Conn: socket, door: d, remote: socket.RemoteAddr()}
	if d.trusts(addrPort(c.remote).Addr()) {
		proxied := proxyproto.NewConn(socket, proxyproto.WithPolicy(proxyproto.REQUIRE), proxyproto.SetReadHeaderTimeout(d.headerTime))
		if proxied.ProxyHeader() == nil {
			return c, errProxy
		}
		c.Conn, c.remote = proxied, proxied.RemoteAddr()
	}
	client := addrPort(c.remote).Addr()
	if !d.house.clients.enter(network(client)) {
		return c, errClientFull
	}
	c.client = client
	return c, nil
}

func (d *door) trusts(peer netip.Addr) bool {
	for _, prefix := range d.trusted {
		if prefix.Contains(peer) {
			return true
		}
	}
	return false
}

// left gives back what a closed connection was counted for.
func (d *door) left(c *conn) {
	d.house.open.Add(-1)
	if c.client.IsValid() {
		d.house.clients.leave(network(c.client))
	}
}

// Accept hands the next prepared connection to net/http.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.ready:
		return c, nil
	case <-d.done:
		return nil, net.ErrClosed
	}
}

// Close ends both the accepting and the handing over.
func (d *door) Close() error {
	d.closeOnce.Do(func() { close(d.done) })
	return d.stop()
}

// stop ends the accepting. What was accepted before is still prepared and handed over.
func (d *door) stop() error {
	if err := d.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (d *door) Addr() net.Addr { return d.socket.Addr() }

// settle waits until net/http cares for every accepted connection, or until ctx ends.
func (d *door) settle(ctx context.Context) {
	for d.unserved.Load() > 0 && ctx.Err() == nil {
		pause(ctx, 5*time.Millisecond)
	}
}

// pause waits for a while or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
