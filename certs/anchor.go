package certs

import (
	"fmt"
	"net"
	"sync"
)

// anchor is a listener that answers nobody. certmagic opens ports 80 and 443 for each challenge unless somebody listens there already, which it
// finds out by connecting; the real listeners are the edge's and answer challenges themselves. So it is given this port, and neither takes a
// port away from the edge nor fails for want of the right to open one.
type anchor struct {
	host     string
	port     int
	listener net.Listener
	done     sync.WaitGroup
}

func dropAnchor() (*anchor, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening on loopback for certmagic: %w", err)
	}
	a := &anchor{host: "127.0.0.1", port: listener.Addr().(*net.TCPAddr).Port, listener: listener}
	a.done.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	})
	return a, nil
}

func (a *anchor) weigh() {
	_ = a.listener.Close() // ends Accept, and nothing else is asked of it
	a.done.Wait()
}
