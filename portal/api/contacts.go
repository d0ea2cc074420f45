package api

import (
	"time"

	"tollhouse/portal/access"
)

// Contact is one person at a client, as the API shows it.
type Contact struct {
	ID        string    `json:"id"`
	CompanyID string    `json:"company_id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Role      string    `json:"role"`
	Status    string    `json:"status"`
	Locale    string    `json:"locale"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	BouncedAt  *time.Time `json:"bounced_at"`  // when a mail server said that the address does not exist; null: none did
	BounceCode *string    `json:"bounce_code"` // its answer

	Warnings []Warning `json:"warnings"` // empty when all is well
}

// Warning is something that was done, or is so, and that its doer may not have meant.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// noPayer says what a company without an active payer cannot do, and the mend.
var noPayer = Warning{Code: "no_payer", Message: "The company has no active contact with the role payer: an invoice for it can only be sent to a " +
	"contact that it names, and nobody can pay in the portal. Add a payer, or make one of its contacts a payer."}

func showContact(c access.Contact) Contact {
	warnings := []Warning{}
	if c.NoPayer {
		warnings = append(warnings, noPayer)
	}
	return Contact{ID: c.ID, CompanyID: c.CompanyID, Name: c.Name, Email: c.Email, Role: string(c.Role), Status: c.Status, Locale: c.Locale,
		CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
		BouncedAt: timeOrNull(c.Bounce.At), BounceCode: textOrNull(c.Bounce.Code), Warnings: warnings}
}

// What a contact's status can be. Removed is final.
const (
	statusActive   = "active"
	statusDisabled = "disabled"
	statusRemoved  = "removed"
)

// contactInput is a contact's changeable fields as they are sent.
type contactInput struct {
	Name   *string `json:"name"`
	Email  *string `json:"email"`
	Role   *string `json:"role"`
	Status *string `json:"status"`
	Locale *string `json:"locale"`
}

// newContactInput also says whose contact it is; that never changes afterwards.
type newContactInput struct {
	CompanyID    *string `json:"company_id"`
	contactInput `json:",inline"`
}

func (in contactInput) apply(check *checker, contact *access.Contact) {
	check.line(&contact.Name, "name", in.Name, 1, 200)
	check.email(&contact.Email, "email", in.Email, 1)
	oneOf(check, &contact.Role, "role", in.Role, access.Payer, access.Viewer, access.Signer)
	oneOf(check, &contact.Status, "status", in.Status, statusActive, statusDisabled, statusRemoved)
	check.locale(&contact.Locale, "locale", in.Locale)
}

func (s *Server) createContact(c *call) (reply, error) {
	var in newContactInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	contact := access.Contact{Role: access.Payer, Status: statusActive}
	check.require("company_id", in.CompanyID != nil)
	check.require("name", in.Name != nil)
	check.require("email", in.Email != nil)
	in.apply(check, &contact)
	if contact.Status == statusRemoved {
		check.add("status", "invalid_value", "a new contact is active or disabled")
	}
	if err := check.err(); err != nil {
		return reply{}, err
	}
	contact.CompanyID = *in.CompanyID
	contact, err = s.Clients.CreateContact(c.Context(), c.tenant.ID, c.by(), contact)
	if err != nil {
		return reply{}, err
	}
	return created(showContact(contact))
}

func (s *Server) showContact(c *call) (reply, error) {
	contact, err := s.Clients.Contact(c.Context(), c.tenant.ID, c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(showContact(contact))
}

func (s *Server) listContacts(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	status := c.param("status")
	if status != "" && status != statusActive && status != statusDisabled && status != statusRemoved {
		return reply{}, badParameter("status", "invalid_parameter", "this must be active, disabled or removed")
	}
	q := access.ContactQuery{CompanyID: c.param("company_id"), Email: c.param("email"), Status: status, After: after, Limit: limit + 1}
	contacts, err := s.Clients.Contacts(c.Context(), c.tenant.ID, q)
	if err != nil {
		return reply{}, err
	}
	return ok(listed(contacts, limit, func(c access.Contact) string { return c.ID }, showContact))
}

func (s *Server) changeContact(c *call) (reply, error) {
	var in contactInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	in.apply(check, &access.Contact{})
	if err := check.err(); err != nil {
		return reply{}, err
	}
	contact, err := s.Clients.UpdateContact(c.Context(), c.tenant.ID, c.by(), c.id(), func(contact *access.Contact) error {
		in.apply(&checker{}, contact)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(showContact(contact))
}

// clearBounce lets mails go to a contact's address again that was found not to exist.
func (s *Server) clearBounce(c *call) (reply, error) {
	if _, err := c.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	contact, err := s.Clients.ClearBounce(c.Context(), c.tenant.ID, c.by(), c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(showContact(contact))
}
