package core

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// defaultBackoff reaches three days with ten tries, as processors do.
var defaultBackoff = []time.Duration{
	5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
	12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour,
}

const (
	longestSwap = time.Hour
	mostRules   = 1000
	mostAtOnce  = 32
)

// Deliveries sends webhooks, tries again, and does to them what rules say. Safe for concurrent use.
type Deliveries struct {
	clock    *Clock
	source   *Source
	client   *http.Client
	backoff  []time.Duration
	signedAt func() time.Time
	log      *slog.Logger
	slots    chan struct{}

	mu    sync.Mutex
	idle  *sync.Cond // signalled when busy falls to 0
	busy  int        // tries that are under way in the background
	loose bool       // tries run in the background
	rules []*Rule
	sent  *Ring[*parcel]
	byID  map[string]*parcel
	held  map[string][]*parcel // by endpoint: swapped messages that wait for the next one
}

// parcel is a delivery with what is needed to send it. Its fields are guarded by Deliveries.mu, but for the message, which never changes.
type parcel struct {
	Delivery
	message Message
	turn    int // counts plans; a job of an older plan does nothing
}

func newDeliveries(c Config, clock *Clock, source *Source) *Deliveries {
	d := &Deliveries{
		clock: clock, source: source, client: c.Client, backoff: c.Backoff, signedAt: c.SignedAt, log: c.Log, slots: make(chan struct{}, mostAtOnce),
		sent: NewRing[*parcel](c.Keep), byID: map[string]*parcel{}, held: map[string][]*parcel{},
	}
	d.idle = sync.NewCond(&d.mu)
	return d
}

// Script makes a rule hold for the messages that are made from now on, and returns its id. The oldest rule that matches decides alone.
func (d *Deliveries) Script(r Rule) (id string, err error) {
	if r.Times < 0 || r.Delay < 0 || r.Copies < 0 || r.Copies > 100 || r.PerMille < 0 || r.PerMille > 1000 {
		return "", fmt.Errorf("a rule's numbers must not be negative, copies not above 100, per_mille not above 1000")
	}
	if !slices.Contains([]Spoil{"", WrongSignature, WrongVersion, WrongAccount}, r.Spoil) {
		return "", fmt.Errorf("spoil %q is unknown; use %s, %s or %s", r.Spoil, WrongSignature, WrongVersion, WrongAccount)
	}
	r.ID, r.Used = d.source.ID("rul_", 12), 0
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.rules) >= mostRules {
		return "", fmt.Errorf("%d rules hold already; take some away first", mostRules)
	}
	d.rules = append(d.rules, &r)
	return r.ID, nil
}

// Unscript takes a rule away, or all with an empty id.
func (d *Deliveries) Unscript(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rules = slices.DeleteFunc(d.rules, func(r *Rule) bool { return id == "" || r.ID == id })
}

// Rules are those that still hold, oldest first.
func (d *Deliveries) Rules() []Rule {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Rule, len(d.rules))
	for i, r := range d.rules {
		out[i] = *r
	}
	return out
}

// Log is every delivery that is still remembered, oldest first.
func (d *Deliveries) Log() []Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.sent.All()
	out := make([]Delivery, len(all))
	for i, p := range all {
		out[i] = p.Delivery
	}
	return out
}

// Send plans the message, as the rules say, and returns at once. It goes out under Run, or in the next Advance.
func (d *Deliveries) Send(m Message) {
	now := d.clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	rule := d.rule(m)
	for range 1 + rule.Copies {
		p := d.keep(m, rule.Spoil, now)
		switch {
		case rule.Lose:
			p.State = Lost
		case rule.Swap:
			d.held[m.Endpoint] = append(d.held[m.Endpoint], p)
			d.plan(p, now.Add(longestSwap))
		default:
			d.plan(p, now.Add(rule.Delay))
		}
	}
	if !rule.Swap && !rule.Lose {
		for _, p := range d.held[m.Endpoint] {
			if p.State == Waiting && p.Tries == 0 {
				d.plan(p, now.Add(rule.Delay))
			}
		}
		delete(d.held, m.Endpoint)
	}
}

// rule uses up the oldest rule that matches; the zero rule when none does.
func (d *Deliveries) rule(m Message) Rule {
	for i, r := range d.rules {
		if !r.matches(m) || (r.PerMille > 0 && !d.source.PerMille(r.PerMille)) {
			continue
		}
		r.Used++
		if r.Times > 0 && r.Used >= r.Times {
			d.rules = slices.Delete(d.rules, i, i+1)
		}
		return *r
	}
	return Rule{}
}

func (d *Deliveries) keep(m Message, spoil Spoil, now time.Time) *parcel {
	p := &parcel{message: m, Delivery: Delivery{
		ID: d.source.ID("dlv_", 14), Event: m.Event, Kind: m.Kind, Account: m.Account, Object: m.Object, Endpoint: m.Endpoint, URL: m.URL,
		Spoil: spoil, State: Waiting, MadeAt: now,
	}}
	if left, full := d.sent.Add(p); full {
		delete(d.byID, left.ID)
	}
	d.byID[p.ID] = p
	return p
}

// plan makes the parcel go out at the time given and at no other.
func (d *Deliveries) plan(p *parcel, at time.Time) {
	p.State, p.NextAt = Waiting, at
	p.turn++
	turn := p.turn
	d.clock.At(at, func() { d.due(p, turn) })
}

// Resend sends a delivery once more, whatever became of it. An unknown id is an error.
func (d *Deliveries) Resend(id string) error {
	now := d.clock.Now()
	return d.change(id, func(p *parcel) { d.plan(p, now) })
}

// Drop loses a delivery that waits; one that arrived stays as it is. An unknown id is an error.
func (d *Deliveries) Drop(id string) error {
	return d.change(id, func(p *parcel) {
		if p.State == Waiting {
			p.State, p.NextAt = Lost, time.Time{}
			p.turn++
		}
	})
}

func (d *Deliveries) change(id string, do func(*parcel)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.byID[id]
	if p == nil {
		return fmt.Errorf("delivery %q is not known, or was forgotten since", id)
	}
	do(p)
	return nil
}
