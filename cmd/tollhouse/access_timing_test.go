package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// How the times of two kinds of request are told apart. A round asks once for each kind, in an order of its own, so whatever else the machine does
// falls on all of them alike, and no time is held against a clock.
const (
	planted    = 2 * time.Millisecond // what one kind is slowed down by, to see that the test would find it
	found      = 5.0                  // standard deviations of the Mann-Whitney statistic: by chance once in three million comparisons
	fewest     = 600                  // rounds at least
	most       = 3000                 // rounds at most, until a machine that is busy elsewhere shows the planted difference
	perBlock   = 50                   // rounds between which the limits are forgotten: a tenant gets 500 requests an hour
	timedSeats = 50                   // addresses of each kind
)

// asker posts forms to one node, each time from another network and another browser.
type asker struct {
	handler http.Handler
	site    *tenant.Site
	sent    uint32
}

// asked is an answer and how long it took.
type asked struct {
	*httptest.ResponseRecorder
	took time.Duration
}

// ask asks for a link.
func (a *asker) ask(email string, delay time.Duration) asked {
	return a.post("/portal/sign-in", url.Values{"email": {email}}, delay)
}

func (a *asker) post(path string, form url.Values, delay time.Duration) asked {
	a.sent++
	r := httptest.NewRequest(http.MethodPost, "https://"+a.site.Host.String()+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	from := netip.AddrFrom4([4]byte{10, byte(a.sent >> 16), byte(a.sent >> 8), byte(a.sent)})
	r = r.WithContext(request.With(context.Background(), &request.Info{ID: fmt.Sprintf("req_%06d", a.sent), Client: from, Site: a.site}))
	w := httptest.NewRecorder()
	start := time.Now()
	if delay > 0 {
		<-time.After(delay)
	}
	a.handler.ServeHTTP(w, r)
	return asked{w, time.Since(start)}
}

// timedKinds are what an address can be, and what is planted. The second known one is the control.
var timedKinds = []string{"known", "also known", "unknown", "disabled", "limited", "bounced", "planted"}

// timedAddress is the nth address of a kind; all are equally long.
func timedAddress(kind string, n int) string {
	if kind == "limited" {
		n = 0
	}
	return fmt.Sprintf("%-10.10s", kind)[:4] + fmt.Sprintf("%03d@client.test", n)
}

// seatTimed makes the contacts of each kind but the one that has none.
func (f *fleet) seatTimed(t *testing.T, b *business, kinds []string, none string) {
	t.Helper()
	const contacts = `INSERT INTO contacts (tenant_id, id, company_id, name, email, status)
		SELECT $1, 'con_' || md5(e), $2, 'Timed', e, $4 FROM unnest($3::text[]) e`
	const bounced = `INSERT INTO mail_bounces (tenant_id, address_hash, mail_id, code, bounced_at)
		SELECT $1, mail_address_hash(e), 'mail_1', '550', now() FROM unnest($2::text[]) e`
	for _, kind := range kinds {
		var addresses []string
		for n := range timedSeats {
			addresses = append(addresses, timedAddress(kind, n))
		}
		slices.Sort(addresses)
		addresses = slices.Compact(addresses)
		status := "active"
		if kind == "disabled" {
			status = kind
		}
		if kind != none {
			f.exec(t, b, contacts, b.ID, b.clients[0].company.ID, addresses, status)
		}
		if kind == "bounced" {
			f.exec(t, b, bounced, b.ID, addresses)
		}
	}
}

func TestEnumeration_TheAnswersTimeTellsNothing(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	f.seatTimed(t, b, timedKinds, "unknown")
	a := f.asker(t, b)
	comparison{
		kinds: timedKinds,
		ask: func(kind string, n int, delay time.Duration) asked {
			return a.ask(timedAddress(kind, n%timedSeats), delay)
		},
		// Nobody has asked for anything, but for the one address for which another browser asked as often as it may.
		start: func() {
			for range 3 {
				a.ask(timedAddress("limited", 0), 0)
			}
		},
	}.hold(t, f)
}

// wishKinds are what the link of a wish for access can be, and the address in it, which is a contact's but for the stranger's. The second known one
// is the control.
var wishKinds = []string{"known", "also known", "stranger", "limited", "spent", "withdrawn", "unknown", "passed round", "planted"}

// Who was handed a link learns nothing of it by asking for access: not what it is worth, not who is known, not whether somebody asked before.
func TestEnumeration_TheTimeOfAWishForAccessTellsNothing(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	f.seatTimed(t, b, wishKinds, "stranger")
	a := f.asker(t, b)
	paths := map[string][]string{}
	for _, kind := range wishKinds {
		for n := range timedSeats {
			paths[kind] = append(paths[kind], f.wishPath(t, b, kind, n))
		}
	}
	wish := func(kind string, n int, delay time.Duration) asked {
		path := paths[kind][n]
		if kind == "passed round" {
			path = paths[kind][0]
		}
		return a.post(path, url.Values{"email": {timedAddress(kind, n)}, "name": {"Dana"}}, delay)
	}
	comparison{
		kinds: wishKinds,
		ask:   func(kind string, n int, delay time.Duration) asked { return wish(kind, n%timedSeats, delay) },
		start: func() {
			for range 3 {
				a.ask(timedAddress("limited", 0), 0)
				a.post(paths["passed round"][0], url.Values{"email": {timedAddress("passed round", 0)}}, 0)
			}
		},
	}.hold(t, f)
}

// wishPath is where access is asked for by the nth link of a kind.
func (f *fleet) wishPath(t *testing.T, b *business, kind string, n int) string {
	t.Helper()
	if kind == "unknown" {
		return fmt.Sprintf("/portal/l/%s%02dA/ask", strings.Repeat("u", 40), n)
	}
	link := f.mint(t, b, b.clients[0])
	token := link.URL[strings.LastIndex(link.URL, "/")+1:]
	switch kind {
	case "spent":
		f.exec(t, b, `UPDATE portal_links SET used_at = app_now() WHERE tenant_id = $1 AND token_hash = sha256(decode(translate($2, '-_', '+/') || '=', 'base64'))`, b.ID, token)
	case "withdrawn":
		f.exec(t, b, `UPDATE portal_links SET revoked_at = app_now() WHERE tenant_id = $1 AND token_hash = sha256(decode(translate($2, '-_', '+/') || '=', 'base64'))`, b.ID, token)
	}
	return "/portal/l/" + token + "/ask"
}

// asker is somebody who asks on the business's host.
func (f *fleet) asker(t *testing.T, b *business) *asker {
	t.Helper()
	entry, ok := f.nodes[0].directory.Lookup(tenant.MustParseHostname(b.host))
	if !ok {
		t.Fatal("control: the host is not served")
	}
	return &asker{handler: f.nodes[0].portal, site: entry.Site()}
}

// comparison holds the answers to several kinds of request against each other, and their times against the first kind's.
type comparison struct {
	kinds []string                                            // the first is what the others are held against; the last is "planted"
	ask   func(kind string, n int, delay time.Duration) asked // the nth of its kind
	start func()                                              // begins a block, in which the limits start anew
}

func (c comparison) hold(t *testing.T, f *fleet) {
	t.Helper()
	options, err := redis.ParseURL(f.redis)
	if err != nil {
		t.Fatal(err)
	}
	cache := redis.NewClient(options)
	t.Cleanup(func() { _ = cache.Close() })
	first, random := c.kinds[0], rand.New(rand.NewPCG(1, 2))
	times := map[string][]time.Duration{}
	for round := 0; round < fewest || round < most && separation(times[first], times["planted"]) < found; round++ {
		if round%perBlock == 0 {
			if err := cache.FlushAll(context.Background()).Err(); err != nil {
				t.Fatal(err)
			}
			c.start()
		}
		c.round(t, round, random, times)
	}
	for _, kind := range c.kinds[1:] {
		z := separation(times[first], times[kind])
		t.Logf("%-12s %5.1f deviations after %d rounds, median %s, of %s %s", kind, z, len(times[kind]), middle(times[kind]), first, middle(times[first]))
		if kind == "planted" && z < found {
			t.Errorf("a difference of %s is not found: the test proves nothing", planted)
		} else if kind != "planted" && math.Abs(z) >= found {
			t.Errorf("what is %s can be told from what is %s by the time of the answer", kind, first)
		}
	}
}

// round asks once for each kind and holds the answers against each other.
func (c comparison) round(t *testing.T, n int, random *rand.Rand, times map[string][]time.Duration) {
	t.Helper()
	order := slices.Clone(c.kinds)
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	same := ""
	for _, kind := range order {
		delay := time.Duration(0)
		if kind == "planted" {
			delay = planted
		}
		w := c.ask(kind, n, delay)
		times[kind] = append(times[kind], w.took)
		if says := neutral(w); same == "" {
			same = says
		} else if says != same {
			t.Fatalf("what is %s is answered\n%s\nand another\n%s", kind, says, same)
		}
	}
}

// neutral is all of an answer but what differs by design: the value of the fresh cookie, of which its length is left.
func neutral(w asked) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d, %d bytes %q\n", w.Code, w.Body.Len(), w.Body)
	header := w.Header().Clone()
	header.Del("Date")
	header.Del("X-Request-Id")
	for i, line := range header["Set-Cookie"] {
		name, rest, _ := strings.Cut(line, "=")
		value, attributes, _ := strings.Cut(rest, ";")
		header["Set-Cookie"][i] = fmt.Sprintf("%s=%d;%s", name, len(value), attributes)
	}
	if err := header.Write(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

// separation is by how many standard deviations the ranks of late lie above those of early: the Mann-Whitney statistic, of which more than
// three is chance once in a thousand comparisons. It asks only which of two times is longer, so a pause of the machine weighs as much as any other time.
func separation(early, late []time.Duration) float64 {
	n, m := float64(len(early)), float64(len(late))
	if n == 0 || m == 0 {
		return 0
	}
	sorted := slices.Clone(early)
	slices.Sort(sorted)
	var longer float64
	for _, took := range late {
		below, _ := slices.BinarySearch(sorted, took)
		upTo, _ := slices.BinarySearch(sorted, took+1)
		longer += float64(below) + float64(upTo-below)/2
	}
	return (longer - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func middle(all []time.Duration) time.Duration {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return sorted[len(sorted)/2].Round(time.Microsecond)
}

func TestSeparation_FindsWhatIsThereAndNothingElse(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	draw := func(shift time.Duration) (all []time.Duration) {
		for range 300 {
			all = append(all, 3*time.Millisecond+shift+time.Duration(random.ExpFloat64()*float64(time.Millisecond)))
		}
		return all
	}
	for range 200 {
		if z := separation(draw(0), draw(0)); math.Abs(z) >= found {
			t.Errorf("nothing is taken for %.1f deviations", z)
		}
		if z := separation(draw(0), draw(planted)); z < found {
			t.Errorf("%s is taken for %.1f deviations", planted, z)
		}
	}
	if z := separation(slices.Repeat([]time.Duration{1}, 300), slices.Repeat([]time.Duration{1}, 300)); z != 0 {
		t.Errorf("equal times are %.1f deviations apart", z)
	}
}
