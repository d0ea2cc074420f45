package localca

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is trouble that the CA makes from SetFault until the next one. Its zero value makes none; several kinds may be set together.
type Fault struct {
	Refuse    bool          // connections are reset before a byte is said
	Status    int           // every request is answered with this, like 500 or 503
	Delay     time.Duration // before each answer
	BadNonces float64       // share of signed requests refused for their nonce, 0 to 1; at 0.5 each once, above 0.9 more often than clients try

	Order    Problem // what new orders are refused with
	Replaces Problem // what new orders that say which certificate they replace are refused with
	Finalize Problem // what orders are refused with that have been validated
	Accounts Problem // what new accounts, and look-ups of known ones, are refused with
}

// Problem is an ACME error document (RFC 8555 section 6.7). The zero value is none.
type Problem struct {
	Type       string // without its URN, like "rejectedIdentifier"
	Detail     string
	Status     int           // 403 when zero
	RetryAfter time.Duration // in whole seconds; zero says nothing
}

// RateLimited is what a CA says whose limit is reached.
func RateLimited(retryAfter time.Duration) Problem {
	return Problem{Type: "rateLimited", Detail: "too many certificates already issued", Status: http.StatusTooManyRequests, RetryAfter: retryAfter}
}

// Paused is what a CA says that will not validate a name again before somebody looks after it. As with Let's Encrypt, only the words tell it
// from a limit.
func Paused() Problem {
	detail := "Your account is temporarily prevented from requesting certificates for this name and possibly others. Please visit: https://portal.test/unpause"
	return Problem{Type: "rateLimited", Detail: detail, Status: http.StatusTooManyRequests}
}

// SetFault makes the trouble that is asked for, instead of what there was.
func (c *CA) SetFault(f Fault) { c.fault.Store(&f) }

// SetOffline makes every request to the CA fail with 503, or ends all trouble.
func (c *CA) SetOffline(offline bool) {
	f := Fault{}
	if offline {
		f.Status = http.StatusServiceUnavailable
	}
	c.SetFault(f)
}

// faulty makes trouble in front of a CA that makes none.
func (c *CA) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.record.requests.Add(1)
		f := *c.fault.Load()
		if f.Refuse {
			panic(http.ErrAbortHandler) // on a connection from before
		}
		if !c.wait(r, f.Delay) {
			return
		}
		if f.Status != 0 {
			http.Error(w, "the CA is out of order", f.Status)
			return
		}
		if r.Method == http.MethodPost && c.nonces.refuse(f.BadNonces, sameRequest(r.URL.Path, readBody(r))) {
			c.refuse(w, Problem{Type: "badNonce", Detail: "this nonce was not liked", Status: http.StatusBadRequest})
			return
		}
		if problem := f.problem(&c.record, r); problem.Type != "" {
			c.refuse(w, problem)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// wait reports whether there is still somebody to answer after the delay.
func (c *CA) wait(r *http.Request, delay time.Duration) bool {
	if delay == 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-c.ended:
	}
	return false
}

// problem says what the request is refused with, and counts it if it asks for an order.
func (f Fault) problem(record *record, r *http.Request) Problem {
	switch {
	case r.Method != http.MethodPost:
		return Problem{}
	case r.URL.Path == accountPath:
		return f.Accounts
	case strings.HasPrefix(r.URL.Path, finalizePath):
		return f.Finalize
	case r.URL.Path != orderPath:
		return Problem{}
	}
	record.asked.Add(1)
	if f.Replaces.Type != "" && readOrder(readBody(r)).Replaces != "" {
		return f.Replaces
	}
	return f.Order
}

func (c *CA) refuse(w http.ResponseWriter, p Problem) {
	if p.Status == 0 {
		p.Status = http.StatusForbidden
	}
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(p.RetryAfter.Seconds())))
	}
	w.Header().Set("Replay-Nonce", c.freshNonce())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the asker went away
		"type": "urn:ietf:params:acme:error:" + p.Type, "detail": p.Detail, "status": p.Status,
	})
}

// freshNonce asks Pebble, which would not take one that it did not make.
func (c *CA) freshNonce() string {
	request, err := http.NewRequest(http.MethodHead, noncePath, nil)
	if err != nil {
		return ""
	}
	request.Header.Set("User-Agent", "localca")
	answer := headerOnly{}
	c.pebble.ServeHTTP(answer, request)
	return http.Header(answer).Get("Replay-Nonce")
}

// headerOnly drops the body.
type headerOnly http.Header

func (h headerOnly) Header() http.Header         { return http.Header(h) }
func (h headerOnly) Write(p []byte) (int, error) { return len(p), nil }
func (h headerOnly) WriteHeader(int)             {}

// faultyListener resets connections while the CA refuses them. The port stays taken, so nobody else gets it meanwhile.
type faultyListener struct {
	net.Listener
	ca *CA
}

// Accept returns the next connection that is not refused.
func (l *faultyListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.ca.fault.Load().Refuse {
			return conn, err
		}
		l.ca.record.requests.Add(1)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset instead of a farewell; if not, a farewell
		}
		_ = conn.Close()
	}
}
