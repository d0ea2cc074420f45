package portaltest

import (
	"context"
	"strings"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Sessions that stand differently with mailed codes; that of Full was mailed none.
const (
	CodeSent  = "session-code-sent"  // a code is on its way
	SteppedUp = "session-stepped-up" // needs none
	EmailSent = "session-email-sent" // needs none, and one is on its way to a new address
)

// TakenEmail is what a colleague has.
const TakenEmail = "colleague@acme.example"

// codes are what a world keeps of one session.
type codes struct {
	steppedUp, waiting bool
	target, newEmail   string
	sent, tries        int
}

func (w *World) addCodes() {
	w.codes, w.Drafts, w.Over = map[string]*codes{}, map[string]access.Draft{}, map[string]access.Member{}
	for cookie, c := range map[string]codes{CodeSent: {waiting: true}, SteppedUp: {steppedUp: true}, EmailSent: {steppedUp: true, newEmail: "maria.lopez@acme.example"}} {
		w.Sessions[cookie] = w.member(cookie, 0)
		w.codes["ses_"+cookie] = &c
	}
}

// codesOf is called with the world held.
func (w *World) codesOf(s access.Session) *codes {
	c, ok := w.codes[s.ID]
	if !ok {
		c = &codes{}
		w.codes[s.ID] = c
	}
	return c
}

// Codes knows how it stands.
func (w *World) Codes(_ context.Context, s access.Session) (portal.CodesData, error) {
	member, err := w.memberOf(s)
	if err != nil {
		return portal.CodesData{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.codesOf(s)
	return portal.CodesData{Member: member, SteppedUp: c.steppedUp, Target: c.target, Waiting: c.waiting, NewEmail: c.newEmail}, nil
}

// act calls do with what is kept of a session that stands.
func (w *World) act(s access.Session, do func(*codes) error) error {
	if _, err := w.memberOf(s); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return do(w.codesOf(s))
}

// SteppedUp knows who needs no code.
func (w *World) SteppedUp(_ context.Context, s access.Session) error {
	return w.act(s, func(c *codes) error {
		if !c.steppedUp {
			return access.ErrStepUp
		}
		return nil
	})
}

// WantStepUp remembers the target.
func (w *World) WantStepUp(_ context.Context, s access.Session, target string) error {
	return w.act(s, func(c *codes) error { c.target = target; return nil })
}

// SendStepUp sends GoodCode, at most three times.
func (w *World) SendStepUp(_ context.Context, s access.Session, _ access.Visitor) error {
	return w.act(s, func(c *codes) error {
		if c.sent++; c.sent > access.CodesSent {
			return access.ErrLimited
		}
		c.waiting, c.tries = true, 0
		return nil
	})
}

// typed counts a try.
func (c *codes) typed(code string) error {
	if len(code) < 8 {
		return access.ErrCodeForm
	}
	if c.tries++; code == GoodCode && c.tries <= access.CodeTries {
		return nil
	}
	return &access.WrongCodeError{Left: max(access.CodeTries-c.tries, 0)}
}

// PassStepUp takes GoodCode and gives a session of its own.
func (w *World) PassStepUp(_ context.Context, _ *tenant.Site, s access.Session, code string, _ access.Visitor) (grant access.Grant, err error) {
	member, err := w.memberOf(s)
	if err != nil {
		return grant, err
	}
	err = w.act(s, func(c *codes) error {
		if err := c.typed(code); err != nil {
			c.waiting = c.waiting && c.tries < access.CodeTries
			return err
		}
		member.Session.ID = "ses_passed"
		w.Sessions["session-passed"] = member
		w.codes["ses_passed"] = &codes{steppedUp: true, target: c.target}
		grant = access.Grant{Session: member.Session, Token: "session-passed", Target: c.target}
		return nil
	})
	return grant, err
}

// SendEmailCode sends GoodCode to any address but TakenEmail.
func (w *World) SendEmailCode(_ context.Context, s access.Session, email string, _ access.Visitor) error {
	return w.act(s, func(c *codes) error {
		if !c.steppedUp {
			return access.ErrStepUp
		}
		if strings.EqualFold(email, TakenEmail) {
			return access.ErrConflict
		}
		if c.sent++; c.sent > access.CodesSent {
			return access.ErrLimited
		}
		c.newEmail, c.tries = email, 0
		return nil
	})
}

// ConfirmEmail takes GoodCode.
func (w *World) ConfirmEmail(_ context.Context, s access.Session, code string, _ access.Visitor) error {
	return w.act(s, func(c *codes) error {
		if err := c.typed(code); err != nil {
			if c.tries >= access.CodeTries {
				c.newEmail = ""
			}
			return err
		}
		w.change(s, func(m *access.Member) { m.Contact.Email = c.newEmail })
		c.newEmail = ""
		return nil
	})
}

// change alters who a session is; the world is held.
func (w *World) change(s access.Session, how func(*access.Member)) {
	for cookie, m := range w.Sessions {
		if m.Session.ID == s.ID {
			how(&m)
			w.Sessions[cookie] = m
		}
	}
}

// SaveProfile takes any name that is not empty.
func (w *World) SaveProfile(_ context.Context, s access.Session, p access.Profile, _ access.Visitor) error {
	return w.act(s, func(*codes) error {
		if strings.TrimSpace(p.Name) == "" {
			return access.ErrName
		}
		w.change(s, func(m *access.Member) { m.Contact.Name, m.Contact.Locale = p.Name, p.Locale })
		return nil
	})
}

// KeepDraft keeps a form of whoever has, or had, the session: Drafts are by browser, contact, form and page.
func (w *World) KeepDraft(_ context.Context, _ *tenant.Site, token, browser string, d access.Draft) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := w.Sessions[token]
	if gone, ended := w.Over[token]; ended {
		m, ok = gone, true
	}
	if !ok {
		return access.ErrNotFound
	}
	w.Drafts[draftKey(browser, m.Session.ContactID, d.Form, d.Path)] = d
	return nil
}

func draftKey(parts ...string) string { return strings.Join(parts, "\n") }

// TakeDraft gives each form once.
func (w *World) TakeDraft(_ context.Context, s access.Session, browser, form, path string) (access.Draft, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := draftKey(browser, s.ContactID, form, path)
	d, ok := w.Drafts[key]
	delete(w.Drafts, key)
	return d, ok, nil
}

// DraftPath is that of any form of the contact in the browser.
func (w *World) DraftPath(_ context.Context, s access.Session, browser string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, d := range w.Drafts {
		if strings.HasPrefix(key, draftKey(browser, s.ContactID, "")) {
			return d.Path, nil
		}
	}
	return "", nil
}

// ForgetDrafts forgets those of the contact.
func (w *World) ForgetDrafts(_ context.Context, s access.Session, browser string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.Drafts {
		parts := strings.Split(key, "\n")
		if parts[1] == s.ContactID && (browser == "" || parts[0] == browser) {
			delete(w.Drafts, key)
		}
	}
	return nil
}

// End ends a session as time does: its cookie is known, and opens nothing.
func (w *World) End(cookie string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Over[cookie] = w.Sessions[cookie]
	delete(w.Sessions, cookie)
}
