package edge

import (
	"net/http"
	"sync"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// turnGrace is how long what runs on a connection may go on after its host changed hands, was suspended or was given up. Whatever comes
// later on that connection is refused at once; this is only how soon the connection itself ends.
const turnGrace = 400 * time.Millisecond

// roll knows the open TLS connections by their host, so that those of a host that turns can be ended.
type roll struct {
	mu   sync.Mutex
	open map[tenant.Hostname]map[*conn]struct{}
}

func newRoll() *roll { return &roll{open: map[tenant.Hostname]map[*conn]struct{}{}} }

func (r *roll) enter(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[c.host] == nil {
		r.open[c.host] = map[*conn]struct{}{}
	}
	r.open[c.host][c] = struct{}{}
	c.roll = r
}

func (r *roll) leave(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open[c.host], c)
	if len(r.open[c.host]) == 0 {
		delete(r.open, c.host)
	}
}

// of lists the connections of some hosts.
func (r *roll) of(hosts []*tenant.Entry) (all []*conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, entry := range hosts {
		for c := range r.open[entry.Host] {
			all = append(all, c)
		}
	}
	return all
}

// stale reports whether the host has turned since the connection's hello.
func (c *conn) stale(directory *tenant.Directory) bool {
	entry, known := directory.Lookup(c.host)
	return !known || entry.Site().Epoch != c.epoch
}

// turned hears from the Directory of hosts that changed hands, were suspended or are gone, and ends the connections of before.
func (s *Server) turned(hosts []*tenant.Entry) {
	all := s.roll.of(hosts)
	if len(all) == 0 {
		return
	}
	time.AfterFunc(turnGrace, func() {
		for _, c := range all {
			if c.stale(s.config.Directory) {
				s.metrics.turned.Inc()
				_ = c.Close()
			}
		}
	})
}

// refuseStale answers what comes on a connection that was made before its host turned. The client's next connection meets the host as it is
// now, with a handshake of its own.
func (s *Server) refuseStale(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if request.From(r.Context()).Site.Epoch != connOf(r.Context()).epoch {
			writeNeutral(w, r, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
