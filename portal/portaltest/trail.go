package portaltest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tollhouse/portal"
	"tollhouse/portal/access"
)

// trailLength is how many entries the log of a client with documents has: more than a page.
const trailLength = 40

// Trail pages through a made-up log; its cursor is the number of entries before the page. Only the full client has any.
func (w *World) Trail(_ context.Context, s access.Session, q portal.TrailQuery) (portal.TrailData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.TrailData{}, err
	}
	data := portal.TrailData{Member: member, People: []portal.Person{{ID: PersonID(1), Name: member.Contact.Name},
		{ID: PersonID(2), Name: cmp.Or(w.Text, "Head office")}}}
	if s.ID != w.Sessions[Full].Session.ID || q.Who == PersonID(2) {
		return data, nil
	}
	skip, _ := strconv.Atoi(q.After)
	for i := skip; i < trailLength; i++ {
		e := w.trailEntry(i, data.People[i%2].Name)
		if !q.From.IsZero() && e.At.Before(q.From) || !q.To.IsZero() && !e.At.Before(q.To) {
			continue
		}
		if len(data.Entries) == q.Limit {
			data.Next = strconv.Itoa(i)
			break
		}
		data.Entries = append(data.Entries, e)
	}
	return data, nil
}

// TrailFile is Trail, and counts who took it.
func (w *World) TrailFile(ctx context.Context, s access.Session, q portal.TrailQuery, taker *access.Visitor) (portal.TrailData, error) {
	data, err := w.Trail(ctx, s, q)
	if err == nil && taker != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.Taken++
	}
	return data, err
}

// PersonID is the id of the nth contact of a world.
func PersonID(n int) string { return fmt.Sprintf("con_%026d", n) }

func (w *World) trailEntry(i int, who string) portal.TrailEntry {
	kinds := []string{"invoice.viewed", "link.used", "payment.succeeded", "payment.processing", "invoice.sent", "session.revoked", "link.requested",
		"invoice.viewed", "payment.failed", "invoice.voided", "session.revoked",
		"session.switched", "activity.downloaded", "preview.started", "link.minted"}
	e := portal.TrailEntry{At: Now.Add(-time.Duration(i*7) * time.Hour), Kind: kinds[i%len(kinds)], Who: who, Own: i%2 == 0, First: i%len(kinds) == 7}
	if e.Own && e.Kind != "payment.succeeded" {
		e.IP = "2001:db8:85a3::8a2e:370:7334"
	}
	switch e.Kind {
	case "invoice.sent", "invoice.voided", "payment.failed", "link.requested", "preview.started", "link.minted":
		e.Own, e.IP = false, ""
	case "session.revoked":
		e.Why = map[bool]string{true: "signed out", false: "contact changed"}[e.Own]
	}
	if !slices.Contains([]string{"link", "sess", "acti", "prev"}, e.Kind[:4]) {
		e.Number, e.ID = cmp.Or(w.Text, fmt.Sprintf("INV-2026-%06d", 40+i)), InvoiceID(1+i%7)
	}
	return e
}
