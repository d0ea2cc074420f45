package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"tollhouse/tenant"
)

var (
	errRate      = errors.New("rate")
	errTurned    = errors.New("turned")
	errChallenge = errors.New("acme_challenge")
	errHello     = errors.New("hello_too_large")
)

// maxHandshake bounds what a client may send before its handshake is done. A hello with a post-quantum share and a ticket takes 3 KB; the
// rest is room for a first request that arrives in the same packets.
const maxHandshake = 32 << 10

// handshaker turns an admitted connection into a TLS one that knows its host.
type handshaker struct {
	config    *tls.Config
	directory *tenant.Directory
	within    time.Duration
	gate      *gate
	rates     *rates
	roll      *roll
	done      func(tls.ConnectionState)
}

// handshake is the HTTPS door's prepare. The deadline is the connection's own, because a context does not end a read: a client that never
// finishes its hello is closed in time whatever certs is doing.
func (h *handshaker) handshake(ctx context.Context, c *conn) (net.Conn, error) {
	if !h.rates.take(network(c.client)) {
		return nil, errRate
	}
	if err := c.SetDeadline(time.Now().Add(h.within)); err != nil {
		return nil, err
	}
	secure := tls.Server(c, h.config)
	if err := h.atGate(ctx, c, secure); err != nil {
		answerPlainHTTP(err)
		answerTooLarge(c, err)
		return nil, err
	}
	state := secure.ConnectionState()
	defer h.done(state) // counted once it is on the roll
	if state.NegotiatedProtocol == acmeTLS {
		return nil, errChallenge
	}
	c.serverName = state.ServerName
	h.roll.enter(c)
	if c.stale(h.directory) { // since the hello; whoever is told of turns from here on finds it on the roll
		return nil, errTurned
	}
	return secure, c.SetDeadline(time.Time{})
}

func (h *handshaker) atGate(ctx context.Context, c *conn, secure *tls.Conn) error {
	c.turn = &turn{gate: h.gate, ctx: ctx}
	defer func() {
		c.turn.end()
		c.turn = nil
	}()
	return secure.HandshakeContext(ctx)
}

// answerPlainHTTP tells somebody who typed http:// and our TLS port what is wrong, as net/http does.
func answerPlainHTTP(err error) {
	record, ok := errors.AsType[tls.RecordHeaderError](err)
	if !ok || record.Conn == nil {
		return
	}
	switch string(record.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		_, _ = io.WriteString(record.Conn, "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nThis port speaks https only.\n")
	}
}

// answerTooLarge refuses a hello that goes on and on with the alert decode_error (RFC 8446, section 6.2). What is still under way is read for
// a moment, because closing before it would take the alert back.
func answerTooLarge(c *conn, err error) {
	if !errors.Is(err, errHello) {
		return
	}
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.Conn.Write([]byte("\x15\x03\x03\x00\x02\x02\x32"))
	_ = c.CloseWrite()
	_, _ = io.CopyN(io.Discard, c.Conn, 2*maxHandshake)
}
