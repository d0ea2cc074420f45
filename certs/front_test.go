package certs_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
)

// front is the address that the CA connects to, and the node that answers there.
type front struct {
	http, tls net.Listener
	mu        sync.Mutex
	node      *node
}

func newFront(t testing.TB) *front {
	t.Helper()
	f := &front{http: listen(t), tls: listen(t)}
	serve(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := f.behind(); n != nil {
			n.manager.HTTPChallengeHandler(http.NotFoundHandler()).ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})}, f.http)
	config := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if n := f.behind(); n != nil {
			return n.config, nil
		}
		return nil, io.EOF
	}}
	serve(t, &http.Server{Handler: http.NotFoundHandler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)},
		tls.NewListener(f.tls, config))
	return f
}

func (f *front) behind() *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.node
}

// put makes n the node that the CA meets.
func (f *front) put(n *node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.node = n
}

// leave clears the place in front for the next node, if n has it.
func (f *front) leave(n *node) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.node == n {
		f.node = nil
	}
}
