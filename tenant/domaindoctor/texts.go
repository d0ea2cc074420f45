package domaindoctor

import (
	"context"
	"net/netip"
	"sync"

	"github.com/miekg/dns"
)

// TextView is what one resolver shows of a name's TXT records.
type TextView struct {
	Resolver netip.AddrPort
	Known    bool     // it answered, if only that there are none; else nothing follows
	Values   []string // of the records, sorted; the strings of one record are one value
}

// Texts asks all resolvers for the TXT records of a name, which may begin with labels that no host has, like "_dmarc.acme.com". It follows
// aliases, and takes at most Config.TotalTime. Whoever calls it for tenants must limit how often.
func (d *Doctor) Texts(ctx context.Context, name string) []TextView {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.TotalTime)
	defer cancel()
	views := make([]TextView, len(d.cfg.Resolvers))
	var wait sync.WaitGroup
	for i, resolver := range d.cfg.Resolvers {
		wait.Go(func() {
			found := texts(ctx, newAsker(resolver, d.cfg.QueryTime), dns.CanonicalName(name))
			views[i] = TextView{Resolver: resolver, Known: found.status == answered && !found.more, Values: found.records}
		})
	}
	wait.Wait()
	return views
}
