package edge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Addresses says where to listen, each as "host:port". Port 0 takes a free one.
type Addresses struct {
	HTTPS string // for example ":443"
	HTTP  string // for example ":80"
	Ops   string // for example "127.0.0.1:9100"; keep it away from the internet
}

// Listeners are the three bound sockets. They are bound before a Server is made, so that links and redirects can be built with the real
// ports. Connections wait in the kernel until Server.Run.
type Listeners struct {
	https, http, ops net.Listener
	anyPort          bool // the kernel chose the port of https
}

// Listen binds all three addresses, or none when one of them fails.
func Listen(ctx context.Context, a Addresses) (*Listeners, error) {
	l := &Listeners{anyPort: strings.HasSuffix(a.HTTPS, ":0")}
	for _, bind := range []struct {
		name, address string
		into          *net.Listener
	}{{"https", a.HTTPS, &l.https}, {"http", a.HTTP, &l.http}, {"ops", a.Ops, &l.ops}} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", bind.address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listening for %s: %w", bind.name, err), l.Close())
		}
		*bind.into = listener
	}
	return l, nil
}

// HTTPS returns the bound address of the TLS listener.
func (l *Listeners) HTTPS() netip.AddrPort { return addrPort(l.https.Addr()) }

// HTTP returns the bound address of the plain listener.
func (l *Listeners) HTTP() netip.AddrPort { return addrPort(l.http.Addr()) }

// Ops returns the bound address of the operator's listener.
func (l *Listeners) Ops() netip.AddrPort { return addrPort(l.ops.Addr()) }

// Close releases what is bound. Server.Run does it; it is for those who listen and then cannot start.
func (l *Listeners) Close() error {
	var errs []error
	for _, listener := range []net.Listener{l.https, l.http, l.ops} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// addrPort reads the address of a TCP peer or socket; the zero value stands for anything else. A v4 address that a dual-stack socket shows
// as v6 becomes v4 again, so that a client is one client on every socket.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}
