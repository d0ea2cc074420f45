package api

import (
	"context"
	"errors"
	"time"

	"tollhouse/portal/mail/senders"
	"tollhouse/tenant"
)

// Senders keeps the address that a tenant's mails come from.
type Senders interface {
	// Show returns a tenant's sender, which is senders.Off when it has none.
	Show(ctx context.Context, t tenant.ID) (senders.View, error)
	// Set makes an address the tenant's. Errors: senders.ErrPlatform, *senders.TooSoonError.
	Set(ctx context.Context, t tenant.ID, address, name string) (senders.View, error)
	// Check looks at the records now. Errors: tenant.ErrNotFound without a sender, *senders.TooSoonError.
	Check(ctx context.Context, t tenant.ID) (senders.View, error)
	// Rotate makes the next key. Errors as Check.
	Rotate(ctx context.Context, t tenant.ID) (senders.View, error)
	// Remove goes back to the platform's address. Again it changes nothing.
	Remove(ctx context.Context, t tenant.ID) error
}

// Sender is the address that a tenant's mails come from, as the API shows it. Without one, all but State and MailsComeFrom is empty.
type Sender struct {
	Address       *string        `json:"address"`
	Name          *string        `json:"name"`
	State         string         `json:"state"`
	MailsComeFrom string         `json:"mails_come_from"`
	Rotating      bool           `json:"rotating"`
	Records       []SenderRecord `json:"records"`
	CheckedAt     *time.Time     `json:"checked_at"`
	NextCheckAt   *time.Time     `json:"next_check_at"`
	CanCheckAt    *time.Time     `json:"can_check_at"`
	CreatedAt     *time.Time     `json:"created_at"`
}

// SenderRecord is one DNS record to publish, and what was seen of it.
type SenderRecord struct {
	Purpose  string `json:"purpose"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	Value    string `json:"value"`
	Required bool   `json:"required"`
	Why      string `json:"why"`
	Result   string `json:"result"`
	Seen     string `json:"seen"`
	Fix      string `json:"fix"`

	Policy    *string `json:"policy"`    // of a DMARC record that was found
	Alignment *string `json:"alignment"` // likewise
}

func showSender(v senders.View) Sender {
	out := Sender{State: string(v.State), MailsComeFrom: v.From, Records: each(v.Records, showSenderRecord)}
	if v.State == senders.Off {
		return out
	}
	out.Address, out.Name, out.Rotating = textOrNull(v.Address), textOrNull(v.Name), v.Next.Selector != ""
	out.CheckedAt, out.NextCheckAt = timeOrNull(v.CheckedAt), timeOrNull(v.NextCheckAt)
	out.CanCheckAt, out.CreatedAt = timeOrNull(v.CanCheckAt), timeOrNull(v.CreatedAt)
	return out
}

func showSenderRecord(r senders.Record) SenderRecord {
	return SenderRecord{Purpose: r.Purpose, Type: "TXT", Name: r.Name, Value: r.Value, Required: r.Required, Why: r.Why,
		Result: string(r.Check.Result), Seen: r.Check.Seen, Fix: r.Check.Fix,
		Policy: textOrNull(r.Check.Policy), Alignment: textOrNull(r.Check.Alignment)}
}

func (s *Server) showSender(c *call) (reply, error) {
	return senderReply(s.Senders.Show(c.Context(), c.tenant.ID))
}

func (s *Server) putSender(c *call) (reply, error) {
	var in struct {
		Address *string `json:"address"`
		Name    *string `json:"name"`
	}
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	var address, name string
	check.require("address", in.Address != nil)
	check.email(&address, "address", in.Address, 1)
	check.line(&name, "name", in.Name, 0, 100)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	return senderReply(s.Senders.Set(c.Context(), c.tenant.ID, address, name))
}

// checkSender looks at the DNS while the caller waits, which takes seconds.
func (s *Server) checkSender(c *call) (reply, error) {
	if _, err := c.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	return senderReply(s.Senders.Check(c.Context(), c.tenant.ID))
}

func (s *Server) rotateSender(c *call) (reply, error) {
	if _, err := c.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	return senderReply(s.Senders.Rotate(c.Context(), c.tenant.ID))
}

func (s *Server) removeSender(c *call) (reply, error) {
	if err := s.Senders.Remove(c.Context(), c.tenant.ID); err != nil {
		return reply{}, err
	}
	return noContent()
}

// senderReply answers with a sender. Of a tenant that has none nothing can be checked: that is said in words of its own.
func senderReply(v senders.View, err error) (reply, error) {
	if errors.Is(err, tenant.ErrNotFound) {
		return reply{}, errNotFound.saying("The account has no sender address. Set one first, by PUT /api/settings/sender.")
	}
	if err != nil {
		return reply{}, err
	}
	return ok(showSender(v))
}

func fromSenders(err error) (*Problem, bool) {
	var soon *senders.TooSoonError
	switch {
	case errors.Is(err, senders.ErrPlatform):
		return errInvalid.with(FieldError{Field: "address", Code: "platform_domain",
			Message: "This domain is the platform's. Give an address of a domain whose DNS you can change."}), true
	case errors.As(err, &soon):
		p := limited(soon.After)
		return p.saying("The records have just been looked at, or many keys were made today. " + p.Detail + " They are also looked at by themselves, at next_check_at."), true
	}
	return nil, false
}
