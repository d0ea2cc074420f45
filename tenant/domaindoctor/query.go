package domaindoctor

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// status is how a question ended.
type status int

const (
	answered status = iota // with records, or with the word that there are none
	servfail               // the resolver could not find out
	bogus                  // the resolver found out and DNSSEC says that it is forged, or its signatures are broken
	silent                 // no answer in time
	refused                // an answer that answers nothing: refused, a referral, malformed
)

// answer is one reply of one resolver.
type answer struct {
	status  status
	records []dns.RR
	exists  bool // the name, whatever its records
	final   bool // the resolver says that it has followed every alias
}

const (
	maxQueries = 80   // of one examination to one resolver
	maxHops    = 16   // CNAMEs from the name to its addresses
	maxRecords = 100  // of one type at one name
	udpSize    = 1232 // bytes of a UDP answer that no path fragments (DNS Flag Day 2020)
)

// asker asks one resolver, a limited number of times.
type asker struct {
	resolver netip.AddrPort
	within   time.Duration // one query
	left     *atomic.Int32
	heard    *atomic.Bool // the resolver has said something
}

func newAsker(resolver netip.AddrPort, within time.Duration) asker {
	a := asker{resolver: resolver, within: within, left: new(atomic.Int32), heard: new(atomic.Bool)}
	a.left.Store(maxQueries)
	return a
}

// ask puts one question. A resolver that cannot answer is asked again with checking disabled (RFC 4035 section 3.2.2): if it can then, the
// records are there and DNSSEC is what is broken, unless it was a passing weakness: that shows in a third question like the first.
func (a asker) ask(ctx context.Context, name string, qtype uint16) answer {
	reply := a.query(ctx, name, qtype, false)
	if reply.status != servfail || a.query(ctx, name, qtype, true).status != answered {
		return reply
	}
	if reply = a.query(ctx, name, qtype, false); reply.status == servfail {
		reply.status = bogus
	}
	return reply
}

func (a asker) query(ctx context.Context, name string, qtype uint16, unchecked bool) answer {
	if a.left.Add(-1) < 0 {
		return answer{status: silent}
	}
	m := new(dns.Msg).SetQuestion(name, qtype)
	m.AuthenticatedData = !unchecked // asks for validation without asking for signatures (RFC 6840 section 5.7)
	m.CheckingDisabled = unchecked
	m.SetEdns0(udpSize, false)
	ctx, cancel := context.WithTimeout(ctx, a.within)
	defer cancel()
	reply := a.overUDP(ctx, m)
	if reply != nil && reply.Truncated {
		reply = a.exchange(ctx, "tcp", m, a.within)
	}
	if reply == nil {
		return answer{status: silent}
	}
	a.heard.Store(true)
	return read(m, reply)
}

// overUDP asks twice: one packet may be lost on the way.
func (a asker) overUDP(ctx context.Context, m *dns.Msg) *dns.Msg {
	if reply := a.exchange(ctx, "udp", m, a.within/2); reply != nil || ctx.Err() != nil {
		return reply
	}
	return a.exchange(ctx, "udp", m, a.within/2)
}

// exchange returns the reply, or nil when there is none that can be read. A message is 64 KB at most by its own length field.
func (a asker) exchange(ctx context.Context, network string, m *dns.Msg, within time.Duration) *dns.Msg {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	client := dns.Client{Net: network, Timeout: within}
	conn, err := client.DialContext(ctx, a.resolver.String())
	if err != nil {
		return nil
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // a read does not look at its context
	reply, _, err := client.ExchangeWithConnContext(ctx, m, conn)
	if err != nil && (reply == nil || !reply.Truncated) {
		return nil
	}
	return reply
}

// read judges a reply. A name server that is not responsible refuses, or refers to others: that is no word about the name.
func read(m, reply *dns.Msg) answer {
	switch {
	case !reply.Response || len(reply.Question) != 1 || !strings.EqualFold(reply.Question[0].Name, m.Question[0].Name) || reply.Question[0].Qtype != m.Question[0].Qtype:
		return answer{status: refused}
	case reply.Rcode == dns.RcodeServerFailure:
		return answer{status: servfail}
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return answer{status: refused}
	}
	hasType := func(t uint16) func(dns.RR) bool { return func(rr dns.RR) bool { return rr.Header().Rrtype == t } }
	final := reply.Rcode == dns.RcodeNameError || slices.ContainsFunc(reply.Ns, hasType(dns.TypeSOA))
	if len(reply.Answer) == 0 && !final && slices.ContainsFunc(reply.Ns, hasType(dns.TypeNS)) {
		return answer{status: refused}
	}
	return answer{status: answered, records: reply.Answer, exists: reply.Rcode == dns.RcodeSuccess, final: final}
}

// alive reports whether the resolver answers anybody at all: then it is the name's own servers that are silent.
func (a asker) alive(ctx context.Context) bool {
	return a.heard.Load() || a.query(ctx, ".", dns.TypeNS, false).status != silent
}
