package core

import (
	"net/http"
	"time"
)

// Message is one webhook to one endpoint.
type Message struct {
	Event    string // the event's id, which all its messages and copies share
	Kind     string // the event's type
	Account  string // whose event it is
	Object   string // id of the object it is about
	Endpoint string // id of the endpoint
	URL      string
	Body     []byte
	// Sign gives the headers that prove the body, made at the time of each try. Forge asks for a proof made with a secret that is not the endpoint's.
	Sign func(at time.Time, body []byte, forge bool) http.Header
	// Spoil gives the body that a rule's Spoil asks for; nil leaves it as it is.
	Spoil func(how Spoil, body []byte) []byte
}

// Spoil is what is wrong with a message that arrives.
type Spoil string

// What can be wrong with a message. What a processor has no notion of leaves its messages as they are.
const (
	WrongSignature Spoil = "wrong_signature"
	WrongVersion   Spoil = "wrong_version"
	WrongAccount   Spoil = "wrong_account"
)

// Rule is what happens to matching messages on their way. The zero value matches all and changes nothing.
type Rule struct {
	ID       string `json:"id"` // given by Script
	Kind     string `json:"kind,omitempty"`
	Account  string `json:"account,omitempty"`
	Object   string `json:"object,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	// Times is how many messages it changes before it is used up. 0: until it is taken away.
	Times int `json:"times,omitempty"`
	// PerMille is the chance of a matching message to be changed, in thousandths. 0: all are.
	PerMille int `json:"per_mille,omitempty"`

	Lose   bool          `json:"lose,omitempty"`     // never sent, and never tried again
	Delay  time.Duration `json:"delay_ns,omitempty"` // sent later by this much of the emulator's time
	Copies int           `json:"copies,omitempty"`   // sent this often besides
	// Swap holds a message back until the next one to the same endpoint has gone, or for an hour of the emulator's time at most.
	Swap  bool  `json:"swap,omitempty"`
	Spoil Spoil `json:"spoil,omitempty"`

	Used int `json:"used"`
}

func (r *Rule) matches(m Message) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(r.Kind, m.Kind) && is(r.Account, m.Account) && is(r.Object, m.Object) && is(r.Endpoint, m.Endpoint)
}

// State is where a delivery is.
type State string

// The states of a delivery.
const (
	Waiting   State = "waiting"   // its time has not come, or its next try
	Delivered State = "delivered" // the endpoint answered 2xx
	Failed    State = "failed"    // all tries are used up
	Lost      State = "lost"      // by a rule, or dropped by hand
)

// Delivery is one line of the log: one message, or one copy of it, with all its tries.
type Delivery struct {
	ID       string    `json:"id"`
	Event    string    `json:"event"`
	Kind     string    `json:"kind"`
	Account  string    `json:"account"`
	Object   string    `json:"object"`
	Endpoint string    `json:"endpoint"`
	URL      string    `json:"url"`
	Spoil    Spoil     `json:"spoil,omitempty"`
	State    State     `json:"state"`
	Tries    int       `json:"tries"`
	Status   int       `json:"status,omitempty"` // of the last try; 0 when nobody answered
	Error    string    `json:"error,omitempty"`  // of the last try
	MadeAt   time.Time `json:"made_at"`
	NextAt   time.Time `json:"next_at,omitzero"` // zero unless waiting
}
