package domains_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tollhouse/tenant"
	"tollhouse/tenant/domains"
)

// memory is the record as one process can keep it, for tests that let weeks pass. What it decides is held against Postgres by the tests that have
// the real one.
type memory struct {
	now func() time.Time

	mu      sync.Mutex
	rows    map[string]tenant.Domain
	due     map[string]time.Time
	history map[string][]tenant.DomainStep
	brake   domains.Brake
	away    error           // every call fails with it
	poison  map[string]bool // ids that cannot be written
	takes   int
}

var _ domains.Store = (*memory)(nil)

func newMemory() *memory {
	return &memory{now: time.Now, rows: map[string]tenant.Domain{}, due: map[string]time.Time{}, history: map[string][]tenant.DomainStep{}, poison: map[string]bool{}}
}

// enter locks the record, or says that it is away.
func (m *memory) enter() (leave func(), err error) {
	m.mu.Lock()
	if m.away != nil {
		m.mu.Unlock()
		return nil, m.away
	}
	return m.mu.Unlock, nil
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = err
}

func (m *memory) Claim(_ context.Context, t tenant.ID, c domains.NewClaim) (tenant.Domain, bool, error) {
	leave, err := m.enter()
	if err != nil {
		return tenant.Domain{}, false, err
	}
	defer leave()
	for _, d := range m.rows {
		if d.Tenant == t && d.Host == c.Host && d.Status != tenant.DomainDeleted && d.Status != tenant.DomainQuarantined {
			return d, false, nil
		}
	}
	now := m.now()
	d := tenant.Domain{ID: fmt.Sprintf("dom_%d", len(m.rows)), Tenant: t, Host: c.Host, Label: c.Label, Token: c.Token, Status: tenant.DomainPendingOwnership,
		StatusAt: now, ArmedAt: now, NextCheckAt: now, CreatedAt: now}
	m.rows[d.ID], m.due[d.ID] = d, now
	return d, true, nil
}

func (m *memory) Domain(_ context.Context, t tenant.ID, id string) (tenant.Domain, error) {
	leave, err := m.enter()
	if err != nil {
		return tenant.Domain{}, err
	}
	defer leave()
	return m.find(t, id)
}

func (m *memory) find(t tenant.ID, id string) (tenant.Domain, error) {
	d, ok := m.rows[id]
	if !ok || d.Tenant != t || d.Status == tenant.DomainDeleted {
		return tenant.Domain{}, tenant.ErrNotFound
	}
	return d, nil
}

func (m *memory) DomainPage(context.Context, tenant.ID, string, int) ([]tenant.Domain, error) {
	return nil, errors.New("this record has no pages")
}

func (m *memory) History(_ context.Context, _ tenant.ID, id string, _ int) ([]tenant.DomainStep, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	steps := slices.Clone(m.history[id])
	slices.Reverse(steps)
	return steps, nil
}

func (m *memory) Update(_ context.Context, t tenant.ID, id string, change func(d *tenant.Domain) error) (tenant.Domain, error) {
	leave, err := m.enter()
	if err != nil {
		return tenant.Domain{}, err
	}
	defer leave()
	d, err := m.find(t, id)
	if err != nil {
		return tenant.Domain{}, err
	}
	if m.poison[id] {
		return tenant.Domain{}, errors.New("this row cannot be written")
	}
	already := len(d.Steps())
	if err := change(&d); err != nil {
		return tenant.Domain{}, err
	}
	m.history[id] = append(m.history[id], d.Steps()[already:]...)
	m.rows[id] = d
	delete(m.due, id)
	if !d.NextCheckAt.IsZero() {
		m.due[id] = d.NextCheckAt
	}
	return d, nil
}

func (m *memory) Holder(_ context.Context, host tenant.Hostname) (tenant.Domain, error) {
	return tenant.Domain{}, tenant.ErrNotFound
}

func (m *memory) TakeOver(context.Context, domains.Ref, domains.Ref, func(*tenant.Domain) error, func(*tenant.Domain) error) error {
	return errors.New("this record has one tenant")
}

func (m *memory) Take(_ context.Context, limit int, hold time.Duration, _ domains.Work) ([]domains.Ref, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	m.takes++
	var refs []domains.Ref
	for id, at := range m.due {
		if len(refs) < limit && !at.After(m.now()) {
			refs = append(refs, domains.Ref{Tenant: m.rows[id].Tenant, ID: id})
			m.due[id] = m.now().Add(hold)
		}
	}
	return refs, nil
}

func (m *memory) Hurry(_ context.Context, _ tenant.ID, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due[id] = m.now()
	return nil
}

func (m *memory) Turned(context.Context) (turned, of int, err error) {
	leave, err := m.enter()
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	for _, d := range m.rows {
		if (d.Status.Served() || d.Status == tenant.DomainMoved) && d.ProvenBy != tenant.ProvenByOperator {
			of++
			if !d.BadSince.IsZero() {
				turned++
			}
		}
	}
	return turned, of, nil
}

func (m *memory) TurnedOfOthers(context.Context) (turned, of int, err error) {
	leave, err := m.enter()
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	type count struct{ turned, of int }
	counts := map[tenant.ID]count{}
	var worst tenant.ID
	for _, d := range m.rows {
		c := counts[d.Tenant]
		if (d.Status.Served() || d.Status == tenant.DomainMoved) && d.ProvenBy != tenant.ProvenByOperator {
			c.of++
			if !d.BadSince.IsZero() {
				c.turned++
			}
		}
		counts[d.Tenant] = c
	}
	for t, c := range counts {
		turned, of = turned+c.turned, of+c.of
		if most := counts[worst]; worst == "" || c.turned > most.turned || c.turned == most.turned && c.of > most.of {
			worst = t
		}
	}
	return turned - counts[worst].turned, of - counts[worst].of, nil
}

func (m *memory) Brake(context.Context) (domains.Brake, error) {
	leave, err := m.enter()
	if err != nil {
		return domains.Brake{}, err
	}
	defer leave()
	return m.brake, nil
}

func (m *memory) Trip(_ context.Context, turned, of int) (bool, error) {
	leave, err := m.enter()
	if err != nil {
		return false, err
	}
	defer leave()
	if !m.brake.TrippedAt.IsZero() {
		return false, nil
	}
	m.brake = domains.Brake{TrippedAt: m.now(), Turned: turned, Of: of}
	return true, nil
}

func (m *memory) Release(context.Context, bool) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	m.brake = domains.Brake{}
	return nil
}

func (m *memory) Counts(context.Context) (map[tenant.DomainStatus]int, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	counts := map[tenant.DomainStatus]int{}
	for _, d := range m.rows {
		counts[d.Status]++
	}
	return counts, nil
}
