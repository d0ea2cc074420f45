package portaltest

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"tollhouse/portal"
	"tollhouse/portal/access"
)

// Ending is the cookie of a session that ends within minutes; SoonEnding of one that ends while its page may still be open.
const (
	Ending     = "session-ending"
	SoonEnding = "session-soon-ending"
)

// addEnding gives the world the sessions that are about to end.
func (w *World) addEnding() {
	for cookie, left := range map[string]time.Duration{Ending: 4 * time.Minute, SoonEnding: 2 * time.Hour} {
		m := w.member(cookie, 0)
		m.Session.ExpiresAt = Now.Add(left)
		w.Sessions[cookie] = m
	}
}

// otherSessions are those that each contact of a world has beside the one that looks.
var otherSessions = []portal.OwnSession{
	{ID: "ses_phone", SignedInAt: Now.Add(-50 * time.Hour), LastSeenAt: Now.Add(-3 * time.Hour), IP: netip.MustParseAddr("2001:db8::7"),
		UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"},
	{ID: "ses_unlogged", SignedInAt: Now.Add(-100 * time.Hour), LastSeenAt: Now.Add(-90 * time.Hour)},
}

// Account shows the session that looks and two others, less those that were ended.
func (w *World) Account(_ context.Context, s access.Session) (portal.AccountData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.AccountData{}, err
	}
	this := portal.OwnSession{ID: s.ID, SignedInAt: Now.Add(-24 * time.Hour), LastSeenAt: Now, IP: netip.MustParseAddr("192.0.2.7"), This: true,
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"}
	others := slices.Clone(otherSessions)
	w.mu.Lock()
	defer w.mu.Unlock()
	others = slices.DeleteFunc(others, func(o portal.OwnSession) bool { return slices.Contains(w.Ended, o.ID) })
	return portal.AccountData{Member: member, Sessions: append([]portal.OwnSession{this}, others...)}, nil
}

// EndOwn knows the sessions of Account.
func (w *World) EndOwn(_ context.Context, s access.Session, id string, _ access.Visitor) error {
	if _, err := w.memberOf(s); err != nil {
		return err
	}
	if !slices.ContainsFunc(otherSessions, func(o portal.OwnSession) bool { return o.ID == id }) {
		return access.ErrNotFound
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Ended = append(w.Ended, id)
	return nil
}

// SignOutEverywhere ends the session and the two others.
func (w *World) SignOutEverywhere(ctx context.Context, s access.Session, v access.Visitor) error {
	for _, o := range otherSessions {
		if err := w.EndOwn(ctx, s, o.ID, v); err != nil {
			return err
		}
	}
	return w.SignOut(ctx, s, v)
}
