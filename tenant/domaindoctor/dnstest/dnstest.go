// Package dnstest is a DNS resolver on loopback whose answers, and whose failures, a test writes down. It follows aliases and tells NODATA
// from NXDOMAIN as a resolver of the internet does, over UDP and TCP. It refuses to be one: it asks nobody, and what it was not told does
// not exist.
//
//	s := dnstest.Start(t)
//	s.Set("billing.acme.com", "CNAME abc.edge.pay.example.")
//	s.Break("shop.acme.com", dnstest.ServFail)
package dnstest

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Fault is a way to fail.
type Fault int

// The faults. Each holds for a name and everything below it.
const (
	ServFail Fault = iota + 1
	Bogus          // SERVFAIL while DNSSEC is checked, the records while it is not
	Silent         // no answer
	Refused        // rcode REFUSED
	Lame           // a referral to the root, as a server answers that is not responsible
	Garbage        // a message that cannot be read
	Stranger       // the answer to another question
	Flap           // the records and NXDOMAIN by turns
)

// Server is a running resolver. Its methods are safe for concurrent use.
type Server struct {
	Addr netip.AddrPort

	mu      sync.Mutex
	records map[string][]dns.RR
	faults  map[string]Fault
	asked   []dns.Question
	turn    map[dns.Question]int
}

// Start runs a resolver until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{records: map[string][]dns.RR{}, faults: map[string]Fault{}, turn: map[dns.Question]int{}}
	packets, listener := listen(t)
	s.Addr = netip.MustParseAddrPort(listener.Addr().String())
	var wait sync.WaitGroup
	for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: listener}} {
		started := make(chan struct{})
		server.Handler, server.NotifyStartedFunc = dns.HandlerFunc(s.serve), func() { close(started) }
		wait.Go(func() { _ = server.ActivateAndServe() })
		<-started
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return s
}

// listen takes one port for UDP and TCP; the first free one of the one may be taken in the other.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if listener, err := net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, listener
		}
		_ = packets.Close()
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

// Set replaces the records of a name, each written as in a zone file without name, TTL and class: "A 192.0.2.1", `CAA 0 issue "ca.example"`.
// A first label "*" stands for every name below that has no records of its own. Without records the name is gone.
func (s *Server) Set(name string, records ...string) {
	owner := dns.CanonicalName(name)
	var parsed []dns.RR
	for _, record := range records {
		rr, err := dns.NewRR(owner + " 60 IN " + record)
		if err != nil || rr == nil {
			panic("dnstest: " + record + " is no record")
		}
		parsed = append(parsed, rr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records[owner] = parsed; len(parsed) == 0 {
		delete(s.records, owner)
	}
}

// Break makes a name and everything below it fail; zero mends it.
func (s *Server) Break(name string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[dns.CanonicalName(name)] = f
}

// Asked counts the questions so far.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func (s *Server) serve(w dns.ResponseWriter, q *dns.Msg) {
	reply := s.reply(q)
	if reply == nil {
		return
	}
	if _, udp := w.LocalAddr().(*net.UDPAddr); udp {
		size := dns.MinMsgSize
		if opt := q.IsEdns0(); opt != nil {
			size = int(opt.UDPSize())
		}
		reply.Truncate(size)
	}
	packed, err := reply.Pack()
	if err != nil {
		return
	}
	if s.fault(q.Question[0]) == Garbage {
		packed = packed[:len(packed)-7]
		packed[5], packed[7] = 9, 9
	}
	_, _ = w.Write(packed) // the asker went away
}

func (s *Server) fault(q dns.Question) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := strings.ToLower(q.Name); name != ""; _, name, _ = strings.Cut(name, ".") {
		if f := s.faults[name]; f != 0 {
			return f
		}
	}
	return s.faults["."]
}

func (s *Server) reply(m *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(m)
	reply.RecursionAvailable, reply.Compress = true, true
	q := m.Question[0]
	fault := s.fault(q)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, q)
	switch {
	case fault == Silent:
		return nil
	case fault == ServFail, fault == Bogus && !m.CheckingDisabled:
		reply.Rcode = dns.RcodeServerFailure
		return reply
	case fault == Refused:
		reply.Rcode = dns.RcodeRefused
		return reply
	case fault == Lame:
		reply.RecursionAvailable = false
		reply.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 60}, Ns: "a.root-servers.net."}}
		return reply
	case fault == Stranger:
		reply.Question[0].Name = "stranger.example."
	case fault == Flap:
		if s.turn[q]++; s.turn[q]%2 == 0 {
			reply.Rcode = dns.RcodeNameError
			return reply
		}
	}
	s.resolve(reply, dns.CanonicalName(q.Name), q.Qtype)
	return reply
}

// resolve answers along the aliases, and like a real resolver not at all where they go round.
func (s *Server) resolve(reply *dns.Msg, name string, qtype uint16) {
	const most = 32
	for range most {
		records, exists := s.at(name)
		if !exists {
			reply.Rcode = dns.RcodeNameError
		}
		matching := slices.DeleteFunc(slices.Clone(records), func(rr dns.RR) bool { return rr.Header().Rrtype != qtype })
		reply.Answer = append(reply.Answer, matching...)
		alias := slices.IndexFunc(records, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeCNAME })
		if len(matching) == 0 && alias < 0 {
			reply.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 60}, Ns: "a.example.", Mbox: "b.example."}}
		}
		if len(matching) > 0 || alias < 0 {
			return
		}
		reply.Answer = append(reply.Answer, records[alias])
		name = dns.CanonicalName(records[alias].(*dns.CNAME).Target)
	}
	reply.Answer, reply.Rcode = nil, dns.RcodeServerFailure
}

// at finds the records of a name, its own or those of a wildcard above it, and whether the name exists.
func (s *Server) at(name string) (records []dns.RR, exists bool) {
	if own, ok := s.records[name]; ok {
		return own, true
	}
	for owner := range s.records {
		if strings.HasSuffix(owner, "."+name) {
			return nil, true
		}
	}
	for _, above, _ := strings.Cut(name, "."); above != ""; _, above, _ = strings.Cut(above, ".") {
		for _, rr := range s.records["*."+above] {
			expanded := dns.Copy(rr)
			expanded.Header().Name = name
			records = append(records, expanded)
		}
		if records != nil {
			return records, true
		}
	}
	return nil, name == "."
}
