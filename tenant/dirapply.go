package tenant

import (
	"maps"
	"time"
)

// subscriber is one listener for hosts that appear and disappear.
type subscriber struct {
	tell func(appeared, gone []*Entry)
}

// Subscribe calls tell with every host that is served now and from then on with each that appears or is gone; no host is missed
// between. tell must be quick and must not call Subscribe, its cancel or Tenant: the Directory waits for it. cancel ends the calls.
func (d *Directory) Subscribe(tell func(appeared, gone []*Entry)) (cancel func()) {
	s := &subscriber{tell}
	d.mu.Lock()
	defer d.mu.Unlock()
	if served := d.all(); len(served) > 0 {
		tell(served, nil)
	}
	d.subscribers[s] = struct{}{}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.subscribers, s)
	}
}

// turns is one listener for hosts whose epoch ends.
type turns struct {
	tell func(hosts []*Entry)
}

// SubscribeTurns calls tell with every host whose epoch ends from then on: it changed hands, its tenant was suspended, or it is gone. What was
// opened under the old epoch is to be refused. By the time of the call a look-up finds the new epoch. tell is bound as Subscribe's is.
func (d *Directory) SubscribeTurns(tell func(hosts []*Entry)) (cancel func()) {
	s := &turns{tell}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turns[s] = struct{}{}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.turns, s)
	}
}

func (d *Directory) all() []*Entry {
	var served []*Entry
	for i := range d.shards {
		if entries := d.shards[i].entries.Load(); entries != nil {
			for _, e := range *entries {
				served = append(served, e)
			}
		}
	}
	return served
}

// change collects what one answer of the feed means for the shards.
type change struct {
	put  map[Hostname]*Site
	drop map[Hostname]bool
}

// Snapshot returns all that is served now, for whoever keeps a copy of it. Its sites are shared and must not be changed.
func (d *Directory) Snapshot() Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	served := d.all()
	s := Snapshot{Seq: d.seq.Load(), Sites: make([]*Site, len(served)), At: d.Stats().Fresh}
	for i, e := range served {
		s.Sites[i] = e.Site()
	}
	return s
}

// Restore serves a kept snapshot until the feed gives one, which then replaces all of it. It does nothing and reports false when something
// was loaded before.
func (d *Directory) Restore(s Snapshot) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Loaded() {
		return false
	}
	if !s.At.IsZero() {
		d.fresh.Store(s.At.UnixNano())
	}
	d.fill(s)
	return true
}

// replace makes the Directory hold exactly the sites of the feed's snapshot.
func (d *Directory) replace(s Snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current.Store(true)
	d.fresh.Store(time.Now().UnixNano())
	d.fill(s)
}

func (d *Directory) fill(s Snapshot) {
	c := change{put: byHost(s.Sites), drop: map[Hostname]bool{}}
	for _, e := range d.all() {
		if c.put[e.Host] == nil {
			c.drop[e.Host] = true
		}
	}
	clear(d.tenants)
	d.settle(s.Sites)
	d.apply(c)
	d.seq.Store(s.Seq)
	d.loaded.Store(true)
}

// update takes in what changed. A host that went from one changed tenant to another keeps its entry.
func (d *Directory) update(delta Delta) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := change{put: byHost(delta.Sites), drop: map[Hostname]bool{}}
	for _, id := range delta.Tenants {
		for _, h := range d.leave(id) {
			if c.put[h] == nil && d.holds(id, h) {
				c.drop[h] = true
			}
		}
	}
	d.settle(delta.Sites)
	d.apply(c)
	d.seq.Store(delta.Seq)
}

// leave forgets a tenant and returns the hosts it had.
func (d *Directory) leave(id ID) []Hostname {
	r, ok := d.tenants[id]
	if !ok {
		return nil
	}
	delete(d.tenants, id)
	return r.hosts
}

// holds reports whether a host is the tenant's still: another may have taken it over in an earlier change.
func (d *Directory) holds(id ID, h Hostname) bool {
	e, ok := d.Lookup(h)
	return ok && e.Site().Tenant != nil && e.Site().Tenant.ID == id
}

// settle notes which tenant has which hosts.
func (d *Directory) settle(sites []*Site) {
	for _, s := range sites {
		if s.Tenant == nil {
			continue
		}
		r := d.tenants[s.Tenant.ID]
		if r == nil {
			r = &resident{}
			d.tenants[s.Tenant.ID] = r
		}
		r.tenant, r.hosts = s.Tenant, append(r.hosts, s.Host)
	}
}

// apply publishes a change, one new map for each shard it touches, and tells the subscribers.
func (d *Directory) apply(c change) {
	var appeared, gone, turned []*Entry
	touched := map[*shard]map[Hostname]*Entry{}
	open := func(h Hostname) map[Hostname]*Entry {
		s := d.shard(h)
		if touched[s] == nil {
			touched[s] = s.copy()
		}
		return touched[s]
	}
	for h := range c.drop {
		entries := open(h)
		gone = append(gone, entries[h])
		delete(entries, h)
	}
	for h, site := range c.put {
		if e, ok := d.Lookup(h); ok {
			if before := e.site.Swap(site); before.Epoch != site.Epoch { // the slot, and with it the certificate, stays
				turned = append(turned, e)
			}
			continue
		}
		e := NewEntry(site)
		open(h)[h] = e
		appeared = append(appeared, e)
	}
	for s, entries := range touched {
		s.entries.Store(&entries)
	}
	d.hosts.Add(int64(len(appeared) - len(gone)))
	d.tell(appeared, gone)
	if turned = append(turned, gone...); len(turned) > 0 {
		for s := range d.turns {
			s.tell(turned)
		}
	}
}

func (d *Directory) tell(appeared, gone []*Entry) {
	if len(appeared)+len(gone) == 0 {
		return
	}
	for s := range d.subscribers {
		s.tell(appeared, gone)
	}
}

func (s *shard) copy() map[Hostname]*Entry {
	if entries := s.entries.Load(); entries != nil {
		return maps.Clone(*entries)
	}
	return map[Hostname]*Entry{}
}

func byHost(sites []*Site) map[Hostname]*Site {
	m := make(map[Hostname]*Site, len(sites))
	for _, s := range sites {
		m[s.Host] = s
	}
	return m
}
