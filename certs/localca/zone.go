package localca

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Zone holds records that the DNS server answers instead of its own, as somebody would set them at a DNS provider. The zero value holds none; it
// is safe for concurrent use, before and while a CA runs.
type Zone struct {
	mu      sync.Mutex
	records map[string][]dns.RR // by name, absolute and in lower case
}

// Set replaces all records at the names that the lines mention. A line is like in a zone file, with the name in full: "pay.acme.test CNAME
// abc.edge.example". A name alone takes its records away. Either all lines are taken or none.
func (z *Zone) Set(lines string) error {
	set := map[string][]dns.RR{}
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, rr, err := parseRecord(line)
		if err != nil {
			return err
		}
		if set[name] == nil {
			set[name] = []dns.RR{}
		}
		if rr != nil {
			set[name] = append(set[name], rr)
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.records == nil {
		z.records = map[string][]dns.RR{}
	}
	for name, records := range set {
		if z.records[name] = records; len(records) == 0 {
			delete(z.records, name)
		}
	}
	return nil
}

func parseRecord(line string) (name string, rr dns.RR, err error) {
	name, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	if _, ok := dns.IsDomainName(name); !ok || strings.HasPrefix(name, "$") {
		return "", nil, fmt.Errorf("%.60q does not begin with a name", line)
	}
	name = dns.CanonicalName(name)
	if rest = strings.TrimSpace(rest); rest == "" {
		return name, nil, nil
	}
	rr, err = dns.NewRR("$ORIGIN .\n$TTL 1\n" + name + " " + rest)
	if err != nil || rr == nil {
		return "", nil, fmt.Errorf("%.60q is not a record like \"pay.acme.test CNAME abc.edge.example\" or \"_tollhouse.acme.test TXT \\\"token\\\"\"", line)
	}
	return name, rr, nil
}

// String lists all records, one a line.
func (z *Zone) String() string {
	z.mu.Lock()
	defer z.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(z.records)) {
		for _, rr := range z.records[name] {
			fmt.Fprintln(&b, rr)
		}
	}
	return b.String()
}

// lookup returns what the zone has at a name, and whether it knows the name at all. A nil zone knows none.
func (z *Zone) lookup(name string) ([]dns.RR, bool) {
	if z == nil {
		return nil, false
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	records, known := z.records[dns.CanonicalName(name)]
	return records, known
}

const maxZoneBody = 64 << 10

// ServeHTTP is the provider's form for curl: GET lists the records, POST sets the lines of its body. It is for loopback only.
func (z *Zone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodGet:
		fmt.Fprintf(w, "# Set some: curl --data-binary 'pay.acme.test CNAME abc.edge.example' http://%s\n%s", r.Host, z)
	case http.MethodPost:
		z.serveSet(w, r)
	default:
		http.Error(w, "GET lists records, POST sets them", http.StatusMethodNotAllowed)
	}
}

func (z *Zone) serveSet(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxZoneBody))
	if err == nil {
		err = z.Set(string(body))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, z)
}
