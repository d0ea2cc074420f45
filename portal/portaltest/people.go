package portaltest

import (
	"cmp"
	"context"
	"time"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// KnownColleague is an address that each company of a world has already.
const KnownColleague = "known@acme.example"

// People lists the contact who asks, two colleagues, and an address that waits. Only who pays is told.
func (w *World) People(_ context.Context, s access.Session) (portal.PeopleData, error) {
	m, err := w.memberOf(s)
	if err != nil {
		return portal.PeopleData{}, err
	}
	if m.Contact.Role != access.Payer {
		return portal.PeopleData{}, access.ErrNotFound
	}
	name := func(s string) string { return cmp.Or(w.Text, s) }
	return portal.PeopleData{Member: m, People: []portal.Colleague{
		{ID: m.Contact.ID, Name: name(m.Contact.Name), Email: m.Contact.Email, Role: access.Payer, SeenAt: Now, Self: true},
		{ID: "con_b", Name: name("Bo Li"), Email: KnownColleague, Role: access.Viewer, SeenAt: Now.Add(-50 * time.Hour)},
		{ID: "con_c", Name: name("Head of Purchasing, Northern and Western Europe"), Email: "purchasing.northern.and.western.europe@subsidiaries.acme.example", Role: access.Signer},
	}, Pending: []string{"new.colleague@acme.example"}}, nil
}

// AskForColleague knows KnownColleague, and remembers the others.
func (w *World) AskForColleague(_ context.Context, _ *tenant.Site, s access.Session, name, email string, _ access.Visitor) error {
	if _, err := w.memberOf(s); err != nil {
		return err
	}
	if email == KnownColleague {
		return access.ErrConflict
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Wished = append(w.Wished, s.ContactID+" "+name+" <"+email+">")
	return nil
}

// AskAccess remembers who asked, by which link.
func (w *World) AskAccess(_ context.Context, _ *tenant.Site, token, _, name, email string, _ access.Visitor) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Wished = append(w.Wished, token+" "+name+" <"+email+">")
	return w.Fail
}
