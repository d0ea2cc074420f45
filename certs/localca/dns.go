package localca

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// dnsServer answers for *.test and *.localhost with loopback, and NXDOMAIN for all else (RFC 6761 sets both suffixes aside for this).
type dnsServer struct {
	addr    string
	hosts   map[string]netip.Addr
	zone    *Zone
	servers []*dns.Server
	wait    sync.WaitGroup
	once    sync.Once
}

// attempts bounds the search for a port that is free for both UDP and TCP.
const attempts = 20

// startAllDNS starts two servers that say the same.
func startAllDNS(o Options) ([]*dnsServer, error) {
	first, err := startDNS(o.DNSAddr, o)
	if err != nil {
		return nil, err
	}
	second, err := startDNS("127.0.0.1:0", o)
	if err != nil {
		return nil, errors.Join(err, first.Close())
	}
	return []*dnsServer{first, second}, nil
}

func closeAll(servers []*dnsServer) error {
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func startDNS(addr string, o Options) (*dnsServer, error) {
	var err error
	for range attempts {
		var packets net.PacketConn
		if packets, err = net.ListenPacket("udp", addr); err != nil {
			return nil, err
		}
		var listener net.Listener
		if listener, err = net.Listen("tcp", packets.LocalAddr().String()); err != nil {
			_ = packets.Close()
			continue
		}
		return serveDNS(packets, listener, o), nil
	}
	return nil, fmt.Errorf("finding a port for UDP and TCP: %w", err)
}

func serveDNS(packets net.PacketConn, listener net.Listener, o Options) *dnsServer {
	s := &dnsServer{addr: listener.Addr().String(), hosts: o.Hosts, zone: o.Zone}
	var started sync.WaitGroup
	for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: listener}} {
		server.Handler = dns.HandlerFunc(s.answer)
		started.Add(1)
		server.NotifyStartedFunc = started.Done
		s.servers = append(s.servers, server)
		s.wait.Go(func() { _ = server.ActivateAndServe() })
	}
	started.Wait()
	return s
}

func (s *dnsServer) answer(w dns.ResponseWriter, request *dns.Msg) {
	reply := new(dns.Msg).SetReply(request)
	reply.Authoritative = true
	if len(request.Question) == 1 {
		s.resolve(reply, request.Question[0])
	}
	_ = w.WriteMsg(reply) // the asker went away
}

func (s *dnsServer) resolve(reply *dns.Msg, q dns.Question) {
	if records, known := s.zone.lookup(q.Name); known {
		s.fromZone(reply, q, records)
		return
	}
	name := strings.TrimSuffix(strings.ToLower(q.Name), ".")
	addr, ours := s.hosts[name]
	if !ours && (strings.HasSuffix(name, ".test") || strings.HasSuffix(name, ".localhost")) {
		addr, ours = netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	if !ours {
		reply.Rcode = dns.RcodeNameError
		return
	}
	header := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: 1}
	switch {
	case q.Qtype == dns.TypeA && addr.Is4():
		reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: addr.AsSlice()})
	case q.Qtype == dns.TypeAAAA && addr.Is6():
		reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header, AAAA: addr.AsSlice()})
	}
}

// aliases bounds a chain of them, so that a loop still fits into a packet.
const aliases = 8

// fromZone answers with the records of the type that was asked for, and goes on where an alias leads.
func (s *dnsServer) fromZone(reply *dns.Msg, q dns.Question, records []dns.RR) {
	for _, rr := range records {
		alias, isAlias := rr.(*dns.CNAME)
		if rr.Header().Rrtype == q.Qtype || isAlias {
			reply.Answer = append(reply.Answer, rr)
		}
		if isAlias && q.Qtype != dns.TypeCNAME && len(reply.Answer) < aliases {
			s.resolve(reply, dns.Question{Name: alias.Target, Qtype: q.Qtype, Qclass: q.Qclass})
		}
	}
}

// Close ends both servers; a second call does nothing.
func (s *dnsServer) Close() error {
	s.once.Do(func() {
		for _, server := range s.servers {
			_ = server.Shutdown() // fails only when it is not running
		}
	})
	s.wait.Wait()
	return nil
}
