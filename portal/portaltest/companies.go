package portaltest

import (
	"context"
	"slices"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Several is the cookie of a session whose mailbox serves three companies.
const Several = "session-several"

// otherSeats are those of Several.
var otherSeats = []access.Seat{{ContactID: "con_second", Company: "Borealis Shipping and Cold Storage Company of the Northern Isles"}, {ContactID: "con_third", Company: "Globex"}}

func (w *World) addSeveral() {
	m := w.member(Several, 0)
	m.Several = true
	w.Sessions[Several] = m
}

// Companies knows the seats of Several.
func (w *World) Companies(_ context.Context, s access.Session) (portal.CompaniesData, error) {
	member, err := w.memberOf(s)
	if err != nil || !member.Several {
		return portal.CompaniesData{Member: member}, err
	}
	seats := slices.Clone(otherSeats)
	for i := range seats {
		if w.Text != "" {
			seats[i].Company = w.Text
		}
	}
	return portal.CompaniesData{Member: member, Others: seats}, nil
}

// Switch ends the session and begins another one.
func (w *World) Switch(ctx context.Context, _ *tenant.Site, s access.Session, contactID string, v access.Visitor) (access.Grant, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return access.Grant{}, err
	}
	at := slices.IndexFunc(otherSeats, func(seat access.Seat) bool { return seat.ContactID == contactID })
	if !member.Several || at < 0 {
		return access.Grant{}, access.ErrNotFound
	}
	if err := w.SignOut(ctx, s, v); err != nil {
		return access.Grant{}, err
	}
	member.Session.ID, member.Session.ContactID, member.Contact.ID, member.Company.Name = "ses_switched", contactID, contactID, otherSeats[at].Company
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Sessions["session-switched"] = member
	return access.Grant{Session: member.Session, Token: "session-switched", Target: "/portal/"}, nil
}
