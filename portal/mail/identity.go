package mail

import netmail "net/mail"

// Identity is in whose name a tenant's mails go out. The zero value is the platform's.
type Identity struct {
	Address string // in From; "" is the platform's, with the tenant's name
	Name    string // before the address; "" is the tenant's
	ReplyTo string // where answers go when the tenant has no support address; "" is to From
	DKIM    *DKIM  // signs what goes out with Address
}

// Own reports whether mails come from the tenant's address.
func (id Identity) Own() bool { return id.Address != "" && id.DKIM != nil }

// As returns m in another name. Its Message-ID stays: that is the platform's word for the mail, whoever it comes from. What cannot be an
// address changes nothing.
func (m Message) As(id Identity) Message {
	if m.ReplyTo.Address == "" && id.ReplyTo != "" {
		if to, err := address(m.From.Name, id.ReplyTo); err == nil {
			m.ReplyTo = to
		}
	}
	if !id.Own() {
		return m
	}
	name := m.From.Name
	if id.Name != "" {
		name = id.Name
	}
	from, err := address(name, id.Address)
	if err != nil || domainOf(from.Address) != id.DKIM.Domain() {
		return m
	}
	m.From, m.DKIM = netmail.Address{Name: from.Name, Address: from.Address}, id.DKIM
	return m
}
