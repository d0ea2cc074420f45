package domaindoctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

const (
	maxProbed    = 8        // addresses
	maxBody      = 64 << 10 // bytes read of an answer
	maxHeader    = 16 << 10
	probePath    = "/.well-known/acme-challenge/"
	acmeProtocol = "acme-tls/1" // RFC 8737
)

var errNotOurs = errors.New("the address is not ours")

// knock is what came of trying one door.
type knock struct {
	code    Code // ProbeHTTP or ProbeTLS
	door    netip.AddrPort
	untried bool   // this node cannot go there
	seen    string // how it answered; "" if untried
	failure *Finding
}

// probe knocks at our own doors for this name as a CA would. It goes to configured addresses only, never to what DNS says alone: a name may
// lead anywhere.
func (e exam) probe(ctx context.Context, views []view) []knock {
	var doors []netip.Addr
	for _, v := range views {
		for _, a := range slices.Concat(v.v4.records, v.v6.records) {
			if slices.Contains(e.Targets.Addresses, a) && !slices.Contains(doors, a) && len(doors) < maxProbed {
				doors = append(doors, a)
			}
		}
	}
	knocks := make([]knock, 2*len(doors))
	var wait sync.WaitGroup
	for i, door := range doors {
		wait.Go(func() { knocks[2*i] = e.probeHTTP(ctx, netip.AddrPortFrom(door, e.Probe.HTTPPort)) })
		wait.Go(func() { knocks[2*i+1] = e.probeTLS(ctx, netip.AddrPortFrom(door, e.Probe.TLSPort)) })
	}
	wait.Wait()
	return knocks
}

func failures(knocks []knock) (findings []Finding) {
	for _, k := range knocks {
		if k.failure != nil {
			findings = append(findings, *k.failure)
		}
	}
	return findings
}

// dialer connects to our addresses only. It looks at the address that is really being connected to, at the last moment.
func (e exam) dialer() *net.Dialer {
	return &net.Dialer{Timeout: e.Probe.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !slices.Contains(e.Targets.Addresses, to.Addr().Unmap()) || to.Port() != e.Probe.HTTPPort && to.Port() != e.Probe.TLSPort {
			return errNotOurs
		}
		return nil
	}}
}

// probeHTTP asks for a challenge that does not exist, as HTTP-01 would (RFC 8555 section 8.3). Our nodes answer 404 to that themselves;
// anything else was said by something before them.
func (e exam) probeHTTP(ctx context.Context, door netip.AddrPort) knock {
	ctx, cancel := context.WithTimeout(ctx, e.Probe.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.host.String()+probePath+"tollhouse-doctor-"+rand.Text(), nil)
	if err != nil {
		return e.unreachable(ProbeHTTP, door, err.Error())
	}
	response, err := e.httpClient(door).Do(request)
	if untried(door, err) {
		return knock{code: ProbeHTTP, door: door, untried: true}
	}
	if err != nil {
		return e.unreachable(ProbeHTTP, door, trouble(err))
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	if err != nil {
		return e.unreachable(ProbeHTTP, door, trouble(err))
	}
	if response.StatusCode != http.StatusNotFound {
		return e.unreachable(ProbeHTTP, door, "status "+strconv.Itoa(response.StatusCode)+" instead of 404")
	}
	return knock{code: ProbeHTTP, door: door, seen: "status 404"}
}

func (e exam) httpClient(door netip.AddrPort) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return e.dialer().DialContext(ctx, "tcp", door.String())
			},
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		},
	}
}

// probeTLS says hello as TLS-ALPN-01 would. No challenge is under way, so a node of ours refuses with an alert: that is reached.
func (e exam) probeTLS(ctx context.Context, door netip.AddrPort) knock {
	ctx, cancel := context.WithTimeout(ctx, e.Probe.Timeout)
	defer cancel()
	conn, err := e.dialer().DialContext(ctx, "tcp", door.String())
	if untried(door, err) {
		return knock{code: ProbeTLS, door: door, untried: true}
	}
	if err != nil {
		return e.unreachable(ProbeTLS, door, trouble(err))
	}
	defer conn.Close()
	// There is no certificate to verify: that is what the order would be for. Nothing is sent over this connection.
	config := &tls.Config{ServerName: e.host.String(), NextProtos: []string{acmeProtocol}, InsecureSkipVerify: true}
	err = tls.Client(conn, config).HandshakeContext(ctx)
	if err == nil {
		return knock{code: ProbeTLS, door: door, seen: "a handshake"}
	}
	if remote := (*net.OpError)(nil); errors.As(err, &remote) && remote.Op == "remote error" {
		return knock{code: ProbeTLS, door: door, seen: "an alert"}
	}
	return e.unreachable(ProbeTLS, door, trouble(err))
}

func (e exam) unreachable(code Code, door netip.AddrPort, seen string) knock {
	return knock{code: code, door: door, failure: &Finding{Code: code, Who: Platform, Expected: answerOf(code) + " at " + door.String(), Seen: seen, Certain: true, RetryAfter: soon,
		Fix: fmt.Sprintf("The platform's operator must let port %d of %s lead to a running node, from everywhere and from the nodes themselves, with nothing before it that answers by itself.", door.Port(), door.Addr())}}
}

// answerOf says what a door of ours answers.
func answerOf(code Code) string {
	if code == ProbeHTTP {
		return "an answer of ours over HTTP"
	}
	return "TLS"
}

// untried reports whether this node has no IPv6, as many behind a balancer that does: that says nothing of the door.
func untried(door netip.AddrPort, err error) bool {
	return door.Addr().Is6() && (errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT))
}

// trouble says in a few words why a connection failed.
func trouble(err error) string {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection was closed without an answer"
	}
	text := err.Error()
	return clip(strings.TrimSpace(text[strings.LastIndex(text, ": ")+1:]))
}
