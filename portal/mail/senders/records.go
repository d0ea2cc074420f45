package senders

import (
	"slices"
	"time"
)

// Record is one record that a tenant should publish, and what was seen of it.
type Record struct {
	Purpose   string // "dkim", "spf" or "dmarc"
	Name      string // in full; the type is TXT
	Value     string
	Required  bool // without it no mail comes from the address
	Inherited bool // it stands at the registered domain, above the sender\'s
	Why       string
	Check     Check // without a Result: not checked yet
}

// Check is what was seen of a record. It is kept as JSON.
type Check struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Result Result `json:"result"`
	Seen   string `json:"seen"`
	Fix    string `json:"fix"` // what to do; "" when nothing

	// Of a DMARC record that was found: what mailboxes do with mails that fail ("none", "quarantine" or "reject"), and how closely a signature's
	// domain must be the sender's ("relaxed" or "strict"). Ours is the sender's own, which meets both. "" otherwise.
	Policy    string `json:"policy,omitempty"`
	Alignment string `json:"alignment,omitempty"`
}

// Result is what a check came to.
type Result string

const (
	Unchecked Result = "unchecked"
	OK        Result = "ok"
	Missing   Result = "missing"
	Mismatch  Result = "mismatch"  // something else is there
	Undecided Result = "undecided" // too few resolvers answered, or they disagree
)

// View is a tenant's sender as it is shown.
type View struct {
	Sender
	From       string // where mails come from now
	Records    []Record
	CanCheckAt time.Time // zero when Off
}

const (
	whyDKIM  = "It holds the public half of the key that signs the mails. Leave it for as long as mails are to come from the address. It is longer than 255 characters: most providers split it by themselves."
	whyNext  = "It is the next key. Mails are signed with the one before until this one is seen; that one's record may go a week later."
	whySPF   = "It lets the platform's mail servers send in the name of the domain. If there is an SPF record, add the part in the middle to it: a domain has one only."
	whyDMARC = "It tells mailboxes what to do with mails that only pretend to come from the domain. Begin with p=none and tighten it later; any policy will do here."
)

// records are what the tenant's DNS should hold.
func (s Sender) records(spf string) []Record {
	if s.off() {
		return nil
	}
	list := []Record{s.Key.record(whyDKIM)}
	if s.Next.Selector != "" {
		list = append(list, s.Next.record(whyNext))
	}
	if spf != "" {
		list = append(list, Record{Purpose: "spf", Name: s.Domain(), Value: "v=spf1 " + spf + " ~all", Why: whySPF})
	}
	list = append(list, Record{Purpose: "dmarc", Name: "_dmarc." + s.Domain(), Value: "v=DMARC1; p=none", Why: whyDMARC})
	for i := range list {
		list[i].Check = s.checkOf(list[i])
	}
	return list
}

func (k Key) record(why string) Record {
	return Record{Purpose: "dkim", Name: k.Selector + "._domainkey." + k.Domain, Value: "v=DKIM1; k=rsa; p=" + k.Public, Required: true, Why: why}
}

// checkOf finds what was last seen of a record; one that has changed since is unchecked.
func (s Sender) checkOf(r Record) Check {
	i := slices.IndexFunc(s.Checks, func(c Check) bool { return c.Name == r.Name && c.Value == r.Value })
	if i < 0 {
		return Check{Name: r.Name, Value: r.Value, Result: Unchecked}
	}
	return s.Checks[i]
}
