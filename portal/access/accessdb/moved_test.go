package accessdb_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
)

func TestUpdateContact_TellsTheOldAddress(t *testing.T) {
	b := setupClients(t)
	change := func(change func(*access.Contact)) {
		t.Helper()
		_, err := b.clients.UpdateContact(t.Context(), b.own.tenant, key, b.own.contact.ID, func(c *access.Contact) error { change(c); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	told := func(address string) accessdb.Mail {
		return accessdb.Mail{Kind: "address_changed", CompanyID: b.own.company.ID, ContactID: b.own.contact.ID, Address: address}
	}
	change(func(c *access.Contact) { c.Name, c.Email, c.Status = "Another name", "M@Example.com", "disabled" }) // the same mailbox
	if len(b.mails) != 0 {
		t.Fatalf("told %+v of no change", b.mails)
	}
	change(func(c *access.Contact) { c.Email = "second@example.com" })
	change(func(c *access.Contact) { c.Email, c.Status = "third@example.com", "removed" })
	if diff := cmp.Diff([]accessdb.Mail{told("M@Example.com"), told("second@example.com")}, b.mails); diff != "" {
		t.Error(diff)
	}
	_, err := b.clients.UpdateContact(t.Context(), b.foreign.tenant, key, b.own.contact.ID, func(c *access.Contact) error { c.Email = "x@example.com"; return nil })
	if !errors.Is(err, access.ErrNotFound) || len(b.mails) != 2 {
		t.Errorf("another tenant's change: %v, %d mails", err, len(b.mails))
	}
}
