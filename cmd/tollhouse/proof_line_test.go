package main

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// line is a TCP proxy that spreads its connections over its ends by turns and knows nothing of what they carry. A test scripts its faults: it is
// cut, it swallows all bytes, or it is slow.
type line struct {
	net.Listener
	mu       sync.Mutex
	ends     []string
	next     int
	accepted int
	severed  bool
	gate     chan struct{} // closed while bytes pass
	delay    time.Duration
	conns    map[net.Conn]struct{}
}

// newLine starts a line to these ends, at address ("" for any port of loopback). It lives until the test ends.
func newLine(t *testing.T, address string, ends ...string) *line {
	t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	p := &line{Listener: l, ends: ends, gate: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(p.gate)
	t.Cleanup(func() { _ = l.Close(); p.sever(); p.release() })
	go p.serve()
	return p
}

// port is where the line begins.
func (p *line) port() int { return p.Addr().(*net.TCPAddr).Port }

// lead sends the connections from now on to these ends.
func (p *line) lead(ends ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = ends
}

// hold keeps every byte back, in both directions, until release. Connections are taken all the same: that is a black hole.
func (p *line) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = make(chan struct{})
}

func (p *line) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
}

// slow makes every piece of data wait for so long.
func (p *line) slow(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = by
}

// sever cuts every connection and refuses new ones until mend.
func (p *line) sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.severed = true
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

func (p *line) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.severed = false
}

// taken tells how many connections came so far.
func (p *line) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func (p *line) serve() {
	for {
		in, err := p.Accept()
		if err != nil {
			return
		}
		go func() {
			if err := p.join(in); err != nil {
				_ = in.Close()
			}
		}()
	}
}

// join connects one caller with whoever's turn it is when the gate is open.
func (p *line) join(in net.Conn) error {
	p.mu.Lock()
	p.accepted++
	p.mu.Unlock()
	p.pass()
	end, err := p.turn()
	if err != nil {
		return err
	}
	out, err := net.Dial("tcp4", end)
	if err != nil {
		return fmt.Errorf("reaching the end of the line: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.severed {
		_ = out.Close()
		return errors.New("the line was cut meanwhile")
	}
	p.conns[in], p.conns[out] = struct{}{}, struct{}{}
	go p.pump(in, out)
	go p.pump(out, in)
	return nil
}

func (p *line) turn() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.severed || len(p.ends) == 0 {
		return "", errors.New("the line leads nowhere")
	}
	p.next++
	return p.ends[p.next%len(p.ends)], nil
}

// pass waits for the gate and for as long as the line is slow.
func (p *line) pass() {
	p.mu.Lock()
	gate, delay := p.gate, p.delay
	p.mu.Unlock()
	<-gate
	if delay > 0 {
		time.Sleep(delay) // what a slow network is
	}
}

func (p *line) pump(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			p.pass()
			_, _ = to.Write(buffer[:n]) // the next read tells
		}
		if err != nil {
			break
		}
	}
	_ = to.(*net.TCPConn).CloseWrite()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, first := p.conns[from]; first {
		delete(p.conns, from)
		return // the other direction may go on
	}
	_, _ = from.Close(), to.Close()
}
