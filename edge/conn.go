package edge

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"

	"tollhouse/tenant"
)

// conn is an admitted connection: it knows where its client really is, which host its hello named, and what to give back when it closes.
type conn struct {
	net.Conn
	door   *door
	remote net.Addr // the client's, from the PROXY header when there is one; asking it never blocks
	client netip.Addr
	turn   *turn // the handshake's place at the gate; nil before and after it
	heard  int   // bytes that came during the handshake

	// serverName is what the hello said, host its canonical form, epoch the host's at that moment. Zero on the plain listener. Written before
	// the connection is served.
	serverName string
	host       tenant.Hostname
	epoch      int64
	silent     bool  // says nothing more
	roll       *roll // that it is on; nil for none

	served, closed atomic.Bool
	resets         resets // of HTTP/2 requests
}

// Read gives the processor back while it waits for the client, and asks for it again when there is something to compute. During the
// handshake it takes no more than any client needs for one: crypto/tls would buffer and parse a hello of 64 KB.
func (c *conn) Read(b []byte) (int, error) {
	turn := c.turn
	if turn == nil {
		return c.Conn.Read(b)
	}
	turn.end()
	n, err := c.Conn.Read(b)
	if err != nil {
		return n, err
	}
	if c.heard += n; c.heard > maxHandshake {
		return 0, errHello
	}
	return n, turn.begin()
}

func (c *conn) Write(b []byte) (int, error) {
	if c.silent {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *conn) RemoteAddr() net.Addr { return c.remote }

// CloseWrite lets net/http end an answer before it ends the connection, so that a client which is still sending gets to read it.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close may be called more than once; what the connection held is given back once.
func (c *conn) Close() error {
	c.serving()
	if c.closed.CompareAndSwap(false, true) {
		c.door.left(c)
		if c.roll != nil {
			c.roll.leave(c)
		}
	}
	return c.Conn.Close()
}

// serving says that net/http will end this connection in good order from here on: its first request runs, or it speaks HTTP/2, or it is
// closed. Before that, net/http's Shutdown would drop the first request unanswered.
func (c *conn) serving() {
	if c.served.CompareAndSwap(false, true) {
		c.door.unserved.Add(-1)
	}
}

// onState hears from net/http. An HTTP/2 connection becomes idle as soon as it is set up, an HTTP/1.1 one after its first request.
func onState(c net.Conn, state http.ConnState) {
	if own := under(c); own != nil && state == http.StateIdle {
		own.serving()
	}
}

type connKey struct{}

// withConn lets requests find their connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, under(c))
}

// connOf returns the connection of a request that came through a door.
func connOf(ctx context.Context) *conn { return ctx.Value(connKey{}).(*conn) }

// under finds our connection below the TLS one.
func under(c net.Conn) *conn {
	if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = wrapped.NetConn()
	}
	own, _ := c.(*conn)
	return own
}
