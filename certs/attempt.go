package certs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"tollhouse/tenant"
)

// attempt is one order at one CA, from the decision to make it to its account.
type attempt struct {
	m     *Manager
	ca    int
	host  tenant.Hostname
	owner tenant.ID // "" for hosts of the platform
	seen  int64     // version of the host's certificate that is to be replaced; 0 for none
	begun time.Time
	taken []Bucket
	began bool // an order was made, or tried
	last  purpose

	settled   bool // the next two are known
	verdict   error
	elsewhere bool
}

type attemptKey struct{}

// attemptOf returns the attempt that ctx belongs to, or nil.
func attemptOf(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// errDone says that another node was faster.
var errDone = errors.New("the certificate is there already")

// order gets the host a certificate, under the cluster's lease for its name, and commits it. found is what there is.
func (m *Manager) order(ctx context.Context, host tenant.Hostname, found Found) error {
	m.askClock(ctx)
	if err := m.clockRight(); err != nil {
		return err
	}
	var refused *refusal
	cas := m.askable(found)
	for i, ca := range cas {
		if wait := found.wait(ca); wait > 0 {
			refused = sooner(refused, &refusal{code: found.Code, reason: found.Reason, retryIn: wait})
			continue
		}
		attempt, cancel := share(ctx, len(cas)-i)
		err, elsewhere := m.orderAt(attempt, ca, host, found.Bundle)
		cancel()
		var r *refusal
		if err == nil || !elsewhere || ctx.Err() != nil || m.ctx.Err() != nil {
			return err
		}
		if !errors.As(err, &r) {
			r = &refusal{code: CodeUnavailable, reason: err.Error(), retryIn: m.cfg.Pause.Base}
		}
		refused = sooner(refused, r)
	}
	return refused
}

// askable are the CAs that may be asked, in order. The second renews only what the first did not renew in more than half of the time it had:
// trouble of hours must not move every certificate there and back.
func (m *Manager) askable(found Found) []int {
	cas := []int{0, 1}[:len(m.cfg.authorities())]
	if b := found.Bundle; b != nil && b.NotAfter.Sub(m.cfg.Now()) > b.NotAfter.Sub(b.RenewAt)/2 {
		return cas[:1]
	}
	return cas
}

// wait is for how long a CA is to be left alone with the host.
func (f Found) wait(ca int) time.Duration {
	if ca < len(f.Wait) {
		return f.Wait[ca]
	}
	return 0
}

// share is the part of the remaining time that one of n CAs gets, so that one that hangs leaves time for the next.
func share(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok || n < 2 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(n))
}

// orderAt makes the attempt at one CA. elsewhere says whether another CA may be asked when it fails.
func (m *Manager) orderAt(ctx context.Context, ca int, host tenant.Hostname, has *Bundle) (err error, elsewhere bool) {
	ctx, done := WithTask(ctx)
	defer done()
	a := &attempt{m: m, ca: ca, host: host, owner: m.ownerOf(host), begun: time.Now()}
	if has != nil {
		a.seen = has.Version
	}
	err = m.acme.cas[ca].obtain(context.WithValue(ctx, attemptKey{}, a), host, has != nil, has != nil && has.CA == ca)
	m.metrics.ordered(a, err)
	switch {
	case errors.Is(err, errDone):
		return nil, false
	case err == nil:
		a.succeeded(ctx)
		m.disown(ctx, host)
		return nil, false
	}
	if !a.settled {
		a.verdict, a.elsewhere = a.failed(ctx, err)
	}
	if a.elsewhere && a.began && !notMade(err) {
		// Challenges of this order may have been under way: every node has to hear that they are over, or it would answer the next CA's
		// with them.
		rest(ctx, announcementLag)
	}
	return a.verdict, a.elsewhere
}

// settle is called under the lease when an order failed, unless it is made once more without what it replaces.
func (a *attempt) settle(ctx context.Context, err error) {
	if err == nil || a.last == replacement && atOrder(err) {
		return
	}
	a.verdict, a.elsewhere = a.failed(ctx, err)
	a.settled = true
}

// ownerOf is whose share of the limits an order uses.
func (m *Manager) ownerOf(host tenant.Hostname) tenant.ID {
	entry, ok := m.cfg.Directory.Lookup(host)
	if !ok {
		return ""
	}
	return ownerOf(entry)
}

// begin is called under the lease, before the order is made. It looks again whether another node was faster, at either CA, or was refused, and
// takes the order from what the CA's limits leave. An error stops the order.
func (a *attempt) begin(ctx context.Context, p purpose) error {
	now, err := a.m.store.Find(ctx, a.host)
	if err != nil {
		return err
	}
	if b := now.Bundle; b != nil && b.Version != a.seen && b.NotAfter.After(a.m.cfg.Now()) {
		return errDone
	}
	if wait := now.wait(a.ca); wait > 0 {
		return &refusal{code: now.Code, reason: now.Reason, retryIn: wait}
	}
	limits := a.m.cfg.authorities()[a.ca].Limits
	taken, err := a.take(ctx, limits.buckets(a.host, a.owner, p))
	if err == nil {
		a.began, a.last = true, p
		a.taken = append(a.taken, taken...)
	}
	return err
}

func (a *attempt) purpose(renewal, plain bool) purpose {
	switch {
	case a.seen == 0:
		return firstOrder
	case !renewal:
		return newOrder
	case plain:
		return sameNames
	}
	return replacement
}

func (a *attempt) take(ctx context.Context, buckets []Bucket) ([]Bucket, error) {
	t, err := a.m.store.Take(ctx, a.ca, buckets)
	if err != nil {
		return nil, err
	}
	if a.ca == 0 && len(buckets) > 0 && buckets[0].Name == ordersBucket {
		a.m.metrics.used(t.Used, buckets[0].Limit.Per)
	}
	if t.Wait == 0 {
		return buckets, nil
	}
	if t.Bucket == "" {
		return nil, &refusal{code: t.Code, reason: t.Reason, retryIn: t.Wait}
	}
	held := Refusal{CA: a.ca, Code: t.Code, Reason: "kept to the CA's limit: " + t.Bucket, RetryIn: t.Wait + a.queue(t)}
	_, err = a.m.store.Failed(ctx, a.host, held, Backoff{})
	return nil, errors.Join(&refusal{code: held.Code, reason: held.Reason, retryIn: held.RetryIn}, err)
}

// queue spreads the hosts of one owner that wait for the same bucket over the time that the bucket takes to let them through: otherwise
// all of them would come back for its next event.
func (a *attempt) queue(t Taken) time.Duration {
	if t.Bucket != ordersBucket && t.Bucket != tenantBucket(a.owner) {
		return 0
	}
	others := min(a.m.pending.of(a.owner), 1000) - 1
	longest := min(t.Wait*time.Duration(max(others, 0)), time.Hour)
	return rand.N(longest + 1)
}

func (a *attempt) succeeded(ctx context.Context) {
	if err := a.m.store.Answered(ctx, a.ca); err != nil {
		a.m.cfg.Log.WarnContext(ctx, "that a CA is well could not be noted", "error", err)
	}
}

// failed settles the account of an order that gave nothing, and notes for all nodes what it means for them.
func (a *attempt) failed(ctx context.Context, err error) (_ error, elsewhere bool) {
	m, task := a.m, TaskOf(ctx)
	stopped := errors.Is(ctx.Err(), context.Canceled)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.cfg.HandshakeWait)
	defer cancel()
	var held *refusal
	if errors.As(err, &held) {
		return held, verdict{Refusal: Refusal{Code: held.code, RetryIn: held.retryIn}}.elsewhere()
	}
	if back := uncounted(a.taken, !notMade(err)); len(back) > 0 {
		a.noted(ctx, m.store.GiveBack(ctx, a.ca, back))
	}
	if m.ctx.Err() != nil {
		return err, false // the process ends, which is nobody's trouble
	}
	if !a.began || stopped || task.storeFailed() {
		m.cfg.Log.ErrorContext(ctx, "obtaining a certificate met trouble", "host", a.host.String(), "error", err)
		return err, false // ours, and the same at any CA
	}
	v := judge(err, m.acme.cas[a.ca].answer.since(a.begun))
	v.CA = a.ca
	return a.note(ctx, v, err), v.elsewhere()
}

// note tells all nodes for how long to leave the CA alone, with whom the verdict is about.
func (a *attempt) note(ctx context.Context, v verdict, cause error) error {
	m := a.m
	limits := m.cfg.authorities()[a.ca].Limits
	if v.Code == CodeRateLimited && v.RetryIn == 0 {
		v.RetryIn = m.cfg.Backoff.Base
	}
	wait := max(m.cfg.Pause.Base, v.RetryIn)
	var err error
	switch v.reach {
	case nobody:
		m.cfg.Log.ErrorContext(ctx, "obtaining a certificate met trouble", "host", a.host.String(), "ca", caNames[a.ca], "error", cause)
		return cause
	case everyHost:
		wait, err = m.store.Troubled(ctx, v.Refusal, m.cfg.Pause)
	case oneDomain:
		if domain := limits.registered(a.host); !domain.Limit.None() {
			err = m.store.Hold(ctx, a.ca, domain, wait)
		}
		wait, err = a.refuse(ctx, v, err)
	case oneHost:
		if spent := limits.failed(a.host); v.Code == CodeValidation && !spent.Limit.None() {
			err = m.store.Spend(ctx, a.ca, []Bucket{spent})
		}
		wait, err = a.refuse(ctx, v, err)
	}
	a.noted(ctx, err)
	m.cfg.Log.WarnContext(ctx, "the CA gave no certificate", "host", a.host.String(), "ca", caNames[a.ca], "code", v.Code, "reason", v.Reason, "retry_in", wait)
	return &refusal{code: v.Code, reason: v.Reason, retryIn: wait}
}

func (a *attempt) refuse(ctx context.Context, v verdict, before error) (time.Duration, error) {
	wait, err := a.m.store.Failed(ctx, a.host, v.Refusal, a.m.cfg.Backoff)
	if err != nil {
		wait = a.m.cfg.Backoff.Base
	}
	return wait, errors.Join(before, err)
}

func (a *attempt) noted(ctx context.Context, err error) {
	if err != nil {
		a.m.cfg.Log.ErrorContext(ctx, "what became of an order could not be noted for the other nodes", "host", a.host.String(), "error", err)
	}
}
