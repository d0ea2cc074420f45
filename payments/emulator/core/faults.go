package core

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what goes wrong with one request. "Before" means that the request has no effect, "After" that it has and nobody hears of it.
type Kind string

// The kinds of fault.
const (
	TimeoutBefore Kind = "timeout_before" // no effect; the answer never comes
	TimeoutAfter  Kind = "timeout_after"  // the effect; the answer never comes
	CutBefore     Kind = "cut_before"     // no effect; the connection is cut
	CutAfter      Kind = "cut_after"      // the effect; the connection is cut
	ErrorBefore   Kind = "error_before"   // no effect; status 500, or the fault's own
	ErrorAfter    Kind = "error_after"    // the effect; status 500, or the fault's own
	Locked        Kind = "locked"         // no effect; 409, another request holds the object
	Limited       Kind = "limited"        // no effect; 429, too many requests
	Garbage       Kind = "garbage"        // the effect; status 200 and a body that is none
	HalfBody      Kind = "half_body"      // the effect; the answer breaks off in its middle
	Slow          Kind = "slow"           // the effect and the true answer, after the fault's delay
)

// Kinds are all kinds, in the order in which they are shown.
var Kinds = []Kind{
	TimeoutBefore, TimeoutAfter, CutBefore, CutAfter, ErrorBefore, ErrorAfter, Locked, Limited, Garbage, HalfBody, Slow,
}

// Fault is one armed fault. The zero value but for Kind strikes every request until it is disarmed.
type Fault struct {
	ID string `json:"id"` // given by Arm
	// Route is the pattern of the route it waits for, as in Calls; a pattern that ends in * matches by its beginning. Empty: every route.
	Route string `json:"route,omitempty"`
	// Object is an id that the request names in its path or in its parameters. Empty: any.
	Object string `json:"object,omitempty"`
	// Account is the account that is spoken for. Empty: any.
	Account string `json:"account,omitempty"`
	Kind    Kind   `json:"kind"`
	// Skip is how many matching requests pass unharmed first.
	Skip int `json:"skip,omitempty"`
	// Times is how often it strikes before it is used up. 0: until disarmed.
	Times int `json:"times,omitempty"`
	// PerMille is the chance of a matching request to be struck, in thousandths. 0: all are.
	PerMille int `json:"per_mille,omitempty"`
	// Status replaces the 500 of the error kinds.
	Status int `json:"status,omitempty"`
	// Delay is how long Slow waits, in real time.
	Delay time.Duration `json:"delay_ns,omitempty"`
	// Struck counts how often it struck.
	Struck int `json:"struck"`
}

// Request is what a fault looks at.
type Request struct {
	Route   string
	Account string
	Objects []string // ids in the path and the parameters
}

// Faults are the armed faults. Safe for concurrent use.
type Faults struct {
	source *Source

	mu     sync.Mutex
	armed  []*Fault
	struck *Ring[Strike]
}

// Strike is one fault that happened.
type Strike struct {
	Fault   string
	Kind    Kind
	Route   string
	Account string
}

func newFaults(source *Source, keep int) *Faults {
	return &Faults{source: source, struck: NewRing[Strike](keep)}
}

// mostFaults bounds the list, since other processes may arm.
const mostFaults = 1000

// Arm makes a fault wait for its requests and returns its id. An unknown kind, a negative number or a full list is an error.
func (f *Faults) Arm(fault Fault) (id string, err error) {
	if !slices.Contains(Kinds, fault.Kind) {
		return "", fmt.Errorf("fault kind %q is unknown; use one of %v", fault.Kind, Kinds)
	}
	if fault.Times < 0 || fault.Skip < 0 || fault.Delay < 0 || fault.PerMille < 0 || fault.PerMille > 1000 {
		return "", fmt.Errorf("a fault's numbers must not be negative, and per_mille not above 1000")
	}
	if fault.Status != 0 && (fault.Status < 400 || fault.Status > 599) {
		return "", fmt.Errorf("a fault's status must be 400 to 599, not %d", fault.Status)
	}
	fault.ID, fault.Struck = f.source.ID("flt_", 12), 0
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.armed) >= mostFaults {
		return "", fmt.Errorf("%d faults are armed already; disarm some first", mostFaults)
	}
	f.armed = append(f.armed, &fault)
	return fault.ID, nil
}

// Disarm takes a fault away; an unknown id changes nothing.
func (f *Faults) Disarm(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = slices.DeleteFunc(f.armed, func(a *Fault) bool { return a.ID == id })
}

// DisarmAll takes all faults away.
func (f *Faults) DisarmAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = nil
}

// Armed are the faults that still wait, oldest first.
func (f *Faults) Armed() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Fault, len(f.armed))
	for i, a := range f.armed {
		out[i] = *a
	}
	return out
}

// Strikes are the newest faults that happened, oldest first.
func (f *Faults) Strikes() []Strike {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.struck.All()
}

// Take asks whether this request is struck, by the oldest fault that matches, and counts it.
func (f *Faults) Take(r Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, a := range f.armed {
		if !a.matches(r) {
			continue
		}
		if a.Skip > 0 {
			a.Skip--
			continue
		}
		if a.PerMille > 0 && !f.source.PerMille(a.PerMille) {
			continue
		}
		a.Struck++
		f.struck.Add(Strike{Fault: a.ID, Kind: a.Kind, Route: r.Route, Account: r.Account})
		if a.Times > 0 && a.Struck >= a.Times {
			f.armed = slices.Delete(f.armed, i, i+1)
		}
		return *a, true
	}
	return Fault{}, false
}

func (f *Fault) matches(r Request) bool {
	if f.Account != "" && f.Account != r.Account {
		return false
	}
	if f.Object != "" && !slices.Contains(r.Objects, f.Object) {
		return false
	}
	if head, prefix := strings.CutSuffix(f.Route, "*"); prefix {
		return strings.HasPrefix(r.Route, head)
	}
	return f.Route == "" || f.Route == r.Route
}
