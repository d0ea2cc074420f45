package accessdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

const contactColumns = `id, company_id, name, email, role, status, locale, created_at, updated_at,
	(SELECT b.bounced_at FROM mail_bounces b WHERE b.tenant_id = contacts.tenant_id AND b.address_hash = mail_address_hash(contacts.email)),
	(SELECT b.code FROM mail_bounces b WHERE b.tenant_id = contacts.tenant_id AND b.address_hash = mail_address_hash(contacts.email)),
	(status <> 'active' OR role <> 'payer') AND NOT EXISTS (
		SELECT FROM contacts o WHERE o.tenant_id = contacts.tenant_id AND o.company_id = contacts.company_id AND o.id <> contacts.id
		   AND o.status = 'active' AND o.role = 'payer')`

// errAddressTaken says which value collides, for people.
var errAddressTaken = fmt.Errorf("%w: the company already has a contact with this e-mail address", access.ErrConflict)

// errGone says that a removed contact stays removed: its address may be somebody else's by now.
var errGone = fmt.Errorf("%w: a removed contact cannot be changed; create a new one", access.ErrConflict)

// CreateContact stores a contact under a fresh id. It is access.ErrNotFound when the company is not the tenant's, and access.ErrConflict when
// the company already has a contact with that address.
func (s *Clients) CreateContact(ctx context.Context, t tenant.ID, by access.Actor, c access.Contact) (access.Contact, error) {
	err := rls.Tx(ctx, s.db, t, func(tx pgx.Tx) (err error) {
		c, err = insertContact(ctx, tx, t, by, c)
		return err
	})
	if err != nil {
		return access.Contact{}, fmt.Errorf("creating a contact: %w", err)
	}
	return c, nil
}

func insertContact(ctx context.Context, tx pgx.Tx, t tenant.ID, by access.Actor, c access.Contact) (access.Contact, error) {
	const q = `
		INSERT INTO contacts (tenant_id, id, company_id, name, email, role, status, locale)
		VALUES (@tenant, @id, @company, @name, @email, @role, @status, @locale)
		RETURNING ` + contactColumns
	c.ID = tenant.NewID("con", time.Now())
	c, err := oneContact(ctx, tx, q, contactArgs(t, c))
	if err != nil {
		return c, err
	}
	return c, record(ctx, tx, t, by, audit.Event{Kind: "contact.created", CompanyID: c.CompanyID, ContactID: c.ID})
}

// Contact returns one contact, also a removed one.
func (s *Clients) Contact(ctx context.Context, t tenant.ID, id string) (access.Contact, error) {
	const q = `SELECT ` + contactColumns + ` FROM contacts WHERE tenant_id = @tenant AND id = @id`
	var found []access.Contact
	err := s.read(ctx, t, q, pgx.NamedArgs{"tenant": string(t), "id": id}, collect(&found, scanContact))
	return only(found, err, "contact", id)
}

// Contacts lists contacts, newest first.
func (s *Clients) Contacts(ctx context.Context, t tenant.ID, query access.ContactQuery) ([]access.Contact, error) {
	const q = `
		SELECT ` + contactColumns + `
		FROM contacts
		WHERE tenant_id = @tenant AND (@company = '' OR company_id = @company) AND (@email = '' OR lower(email) = lower(@email))
		  AND (@status = '' OR status = @status) AND (@after = '' OR id < @after)
		ORDER BY id DESC
		LIMIT @limit`
	var found []access.Contact
	args := pgx.NamedArgs{"tenant": string(t), "company": query.CompanyID, "email": query.Email, "status": query.Status,
		"after": query.After, "limit": query.Limit}
	if err := s.read(ctx, t, q, args, collect(&found, scanContact)); err != nil {
		return nil, fmt.Errorf("listing contacts: %w", err)
	}
	return found, nil
}

// UpdateContact locks a contact, lets change alter it, and writes it if that made a difference. A contact that stops being active, or whose
// address changes, loses its sessions and unused links in the same transaction: they belong to whoever read the old mailbox, and who reads it is told.
func (s *Clients) UpdateContact(ctx context.Context, t tenant.ID, by access.Actor, id string, change func(*access.Contact) error) (access.Contact, error) {
	var after access.Contact
	err := rls.Tx(ctx, s.db, t, func(tx pgx.Tx) error {
		const lock = `SELECT ` + contactColumns + ` FROM contacts WHERE tenant_id = @tenant AND id = @id FOR UPDATE`
		before, err := oneContact(ctx, tx, lock, pgx.NamedArgs{"tenant": string(t), "id": id})
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil || after == before {
			return err
		}
		if before.Status == "removed" {
			return errGone
		}
		if pays(before) && !pays(after) {
			if err := holdCompany(ctx, tx, t, after.CompanyID); err != nil {
				return err
			}
		}
		if after, err = writeContact(ctx, tx, t, after); err != nil {
			return err
		}
		return s.contactChanged(ctx, tx, t, by, before, after)
	})
	if err != nil {
		return access.Contact{}, fmt.Errorf("changing contact %q: %w", id, err)
	}
	return after, nil
}

func pays(c access.Contact) bool { return c.Status == "active" && c.Role == access.Payer }

// holdCompany makes those who take payers away from a company wait for each other: the last one is told that it was the last.
func holdCompany(ctx context.Context, tx pgx.Tx, t tenant.ID, company string) error {
	const q = `SELECT FROM companies WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`
	_, err := tx.Exec(ctx, q, string(t), company)
	return err
}

func (s *Clients) contactChanged(ctx context.Context, tx pgx.Tx, t tenant.ID, by access.Actor, before, after access.Contact) error {
	switched := before.Status == "active" && after.Status != "active"
	moved := !strings.EqualFold(before.Email, after.Email)
	if switched || moved {
		who := subject{contact: after.ID}
		if err := endSessions(ctx, tx, t, by, who, "contact changed"); err != nil {
			return err
		}
		if err := revokeLinks(ctx, tx, t, who); err != nil {
			return err
		}
		if err := forgetTyped(ctx, tx, t, who); err != nil {
			return err
		}
	}
	if moved {
		if err := s.mail(ctx, tx, t, Mail{Kind: "address_changed", CompanyID: after.CompanyID, ContactID: after.ID, Address: before.Email}); err != nil {
			return err
		}
	}
	return record(ctx, tx, t, by, audit.Event{Kind: contactEvent(before, after), CompanyID: after.CompanyID, ContactID: after.ID,
		Details: map[string]string{"changed": strings.Join(contactChanges(before, after), " ")}})
}

// contactEvent names the change by what matters most of it.
func contactEvent(before, after access.Contact) string {
	switch {
	case before.Status == after.Status:
		return "contact.updated"
	case after.Status == "active":
		return "contact.enabled"
	}
	return "contact." + after.Status
}

func writeContact(ctx context.Context, tx pgx.Tx, t tenant.ID, c access.Contact) (access.Contact, error) {
	const q = `
		UPDATE contacts SET name = @name, email = @email, role = @role, status = @status, locale = @locale, updated_at = app_now()
		WHERE tenant_id = @tenant AND id = @id
		RETURNING ` + contactColumns
	return oneContact(ctx, tx, q, contactArgs(t, c))
}

func contactArgs(t tenant.ID, c access.Contact) pgx.NamedArgs {
	return pgx.NamedArgs{"tenant": string(t), "id": c.ID, "company": c.CompanyID, "name": c.Name, "email": c.Email, "role": string(c.Role),
		"status": c.Status, "locale": c.Locale}
}

func scanContact(row pgx.CollectableRow) (c access.Contact, err error) {
	var bouncedAt *time.Time
	var code *string
	err = row.Scan(&c.ID, &c.CompanyID, &c.Name, &c.Email, &c.Role, &c.Status, &c.Locale, &c.CreatedAt, &c.UpdatedAt, &bouncedAt, &code, &c.NoPayer)
	if bouncedAt != nil && code != nil {
		c.Bounce = access.Bounce{At: *bouncedAt, Code: *code}
	}
	return c, err
}

func oneContact(ctx context.Context, tx pgx.Tx, q string, args pgx.NamedArgs) (access.Contact, error) {
	rows, err := tx.Query(ctx, q, args)
	if err != nil {
		return access.Contact{}, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanContact)
	switch {
	case rls.Violates(err, "contacts_one_address_per_company"):
		return c, errAddressTaken
	case rls.Violates(err, "contacts_tenant_id_company_id_fkey"):
		return c, access.ErrNotFound
	}
	return c, orNotFound(err)
}

func contactChanges(a, b access.Contact) []string {
	return changed(field{"name", a.Name != b.Name}, field{"email", a.Email != b.Email}, field{"role", a.Role != b.Role},
		field{"status", a.Status != b.Status}, field{"locale", a.Locale != b.Locale})
}

// field is one that may have changed.
type field struct {
	name    string
	differs bool
}

func changed(fields ...field) []string {
	var names []string
	for _, f := range fields {
		if f.differs {
			names = append(names, f.name)
		}
	}
	return names
}

// subject is one contact, or everybody at one company.
type subject struct{ company, contact string }

// endSessions revokes what is live, with an entry for each. A company's pending sessions wait on, as its links do: its portal may be switched on
// again.
func endSessions(ctx context.Context, tx pgx.Tx, t tenant.ID, by access.Actor, who subject, why string) error {
	const q = `
		UPDATE crm_client_portal_sessions SET revoked_at = app_now(), revoked_why = @why
		WHERE tenant_id = @tenant AND (contact_id = @contact OR company_id = @company AND activated_at IS NOT NULL)
		  AND revoked_at IS NULL AND expires_at > app_now()
		RETURNING id, company_id, contact_id`
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{"tenant": string(t), "contact": who.contact, "company": who.company, "why": why})
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	e := audit.Event{Kind: "session.revoked", Actor: audit.Actor(by.Kind), ActorID: by.ID, IP: by.Visitor.IP, UserAgent: by.Visitor.UserAgent,
		Details: map[string]string{"why": why}}
	_, err = pgx.ForEachRow(rows, []any{&e.SessionID, &e.CompanyID, &e.ContactID}, func() error {
		auditdb.Queue(b, t, e)
		return nil
	})
	if err != nil || b.Len() == 0 {
		return err
	}
	return tx.SendBatch(ctx, b).Close()
}

func revokeLinks(ctx context.Context, tx pgx.Tx, t tenant.ID, who subject) error {
	const q = `
		UPDATE portal_links SET revoked_at = app_now()
		WHERE tenant_id = @tenant AND (contact_id = @contact OR company_id = @company) AND used_at IS NULL AND revoked_at IS NULL`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{"tenant": string(t), "contact": who.contact, "company": who.company})
	return err
}

// read runs one query as the tenant in one round trip.
func (s *Clients) read(ctx context.Context, t tenant.ID, q string, args pgx.NamedArgs, take func(pgx.Rows) error) error {
	b := &pgx.Batch{}
	b.Queue(q, args).Query(take)
	return rls.Read(ctx, s.db, t, b)
}

func collect[T any](to *[]T, scan pgx.RowToFunc[T]) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, scan)
		return err
	}
}

func orNotFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return access.ErrNotFound
	}
	return err
}
