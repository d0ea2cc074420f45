package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"tollhouse/tenant"
)

// What somebody typed into a form is not lost because their session ended while they typed, or because a code is wanted first. It is kept, sealed,
// for the same contact in the same browser, and shown again once.

const (
	// DraftLife is how long a form is kept.
	DraftLife = time.Hour
	// LargestDraft bounds what is kept of one form, in bytes of its JSON.
	LargestDraft = 16 << 10
	// MostDrafts is how many forms of one contact are kept; the oldest make room.
	MostDrafts = 20
)

// Draft is one form as it was sent. Which fields are in it is the caller's choice: never a code, a token or a password.
type Draft struct {
	Form   string // its name, the same for every page of its kind
	Path   string // of the page that shows it again
	Values url.Values
}

// SealedDraft is a draft as it is stored.
type SealedDraft struct {
	Form, Path string
	Browser    [32]byte // hash of the browser's cookie
	Body       []byte
}

// Drafts keeps forms. Implemented by accessdb.
type Drafts interface {
	// KeepDraft stores a draft for the contact whose session has that hash on that host, even one that ended within the last day. sealed
	// makes it once the contact is known. It returns ErrNotFound when there is no such session, or its contact may not sign in.
	KeepDraft(ctx context.Context, t tenant.ID, host tenant.Hostname, session [32]byte, sealed func(contactID string) (SealedDraft, error)) error
	// TakeDraft returns the contact's own draft in a browser and forgets it, or returns ErrNotFound. path "" is any.
	TakeDraft(ctx context.Context, s Session, browser [32]byte, form, path string) (SealedDraft, error)
	// DraftPath is where the contact's newest draft in a browser is shown, "" for none.
	DraftPath(ctx context.Context, s Session, browser [32]byte) (string, error)
	// ForgetDrafts forgets all of the contact in a browser; of every browser for the zero one.
	ForgetDrafts(ctx context.Context, s Session, browser [32]byte) error
}

// KeepDraft keeps a form for the contact of a session, live or ended, whose cookie is token, in the browser whose cookie is browser. ErrNotFound:
// nobody's session is known by that cookie, or the form is too large; nothing is kept then.
func (s *Service) KeepDraft(ctx context.Context, site *tenant.Site, token, browser string, d Draft) error {
	session, ok := hashToken(token)
	at, known := hashToken(browser)
	if !ok || !known {
		return ErrNotFound
	}
	body, err := json.Marshal(d.Values)
	if err != nil {
		return fmt.Errorf("writing a form down: %w", err)
	}
	if len(body) > LargestDraft {
		return ErrNotFound
	}
	t := site.Tenant.ID
	sealed := func(contactID string) (SealedDraft, error) {
		return SealedDraft{Form: d.Form, Path: d.Path, Browser: at, Body: s.ring.Seal(body, draftPlace(t, contactID, at, d.Form, d.Path))}, nil
	}
	if err := s.store.KeepDraft(ctx, t, site.Host, session, sealed); err != nil {
		return fmt.Errorf("keeping a form: %w", err)
	}
	return nil
}

// TakeDraft returns what the contact of the session typed in this browser into a form of that name and page, and forgets it. ok is false for
// nothing kept. What no key of the ring opens is nothing.
func (s *Service) TakeDraft(ctx context.Context, sess Session, browser, form, path string) (d Draft, ok bool, err error) {
	at, known := hashToken(browser)
	if !known || sess.Level != Confirmed {
		return Draft{}, false, nil
	}
	kept, err := s.store.TakeDraft(ctx, sess, at, form, path)
	if errors.Is(err, ErrNotFound) {
		return Draft{}, false, nil
	}
	if err != nil {
		return Draft{}, false, fmt.Errorf("looking for a kept form: %w", err)
	}
	body, err := s.ring.Open(kept.Body, draftPlace(sess.Tenant, sess.ContactID, at, kept.Form, kept.Path))
	if err != nil {
		return Draft{}, false, nil
	}
	d = Draft{Form: kept.Form, Path: kept.Path}
	if err := json.Unmarshal(body, &d.Values); err != nil {
		return Draft{}, false, nil
	}
	return d, true, nil
}

// DraftPath is the page of the newest form that is kept for the contact in this browser, "" for none: where somebody who signs in again goes on.
func (s *Service) DraftPath(ctx context.Context, sess Session, browser string) (string, error) {
	at, known := hashToken(browser)
	if !known || sess.Level != Confirmed {
		return "", nil
	}
	path, err := s.store.DraftPath(ctx, sess, at)
	if err != nil {
		return "", fmt.Errorf("looking for a kept form: %w", err)
	}
	return path, nil
}

// ForgetDrafts forgets what is kept for the contact in this browser; "" is all browsers.
func (s *Service) ForgetDrafts(ctx context.Context, sess Session, browser string) error {
	at, known := hashToken(browser)
	if browser != "" && !known {
		return nil
	}
	if err := s.store.ForgetDrafts(ctx, sess, at); err != nil {
		return fmt.Errorf("forgetting kept forms: %w", err)
	}
	return nil
}

// draftPlace binds a sealed form to its row: moved to another contact, browser or page it does not open.
func draftPlace(t tenant.ID, contactID string, browser [32]byte, form, path string) []byte {
	return fmt.Appendf(nil, "form_drafts/%s/%s/%x/%q/%q", t, contactID, browser, form, path)
}
