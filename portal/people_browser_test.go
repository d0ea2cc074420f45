package portal_test

import (
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
)

// onPhones plays a journey on a small phone, with scripts and without. beheld is called wherever the journey stops to look.
func onPhones(t *testing.T, play func(t *testing.T, s *stage, beheld func(name string))) {
	source := axe(t)
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, portaltest.Plain())
			look := portaltest.Look{Width: 320, Height: 640}
			if err := s.tab.SetLook(look); err != nil {
				t.Fatal(err)
			}
			if !scripts {
				if err := s.tab.DisableScripts(); err != nil {
					t.Fatal(err)
				}
			}
			play(t, s, func(name string) { s.behold(t, portaltest.Page{Name: name}, look, source, scripts) })
		})
	}
}

// behold checks the page that is on the screen: its width, and with scripts its accessibility, light and dark.
func (s *stage) behold(t *testing.T, page portaltest.Page, look portaltest.Look, source string, scripts bool) {
	t.Helper()
	if over, err := s.tab.Overflow(); err != nil || over > 0 {
		t.Errorf("%s is %d pixels too wide (%v)", page.Name, over, err)
	}
	if !scripts {
		return
	}
	s.checkManners(t, page, look)
	s.checkAxe(t, page, look, source)
	dark := look
	dark.Dark = true
	if err := s.tab.SetLook(dark); err != nil {
		t.Fatal(err)
	}
	s.checkAxe(t, page, dark, source, colourRules...)
	if err := s.tab.SetLook(look); err != nil {
		t.Fatal(err)
	}
}

// shows fails the test unless the page on the screen is at that path and says so.
func (s *stage) shows(t *testing.T, path, says string) {
	t.Helper()
	address, err := s.tab.Address()
	if err != nil || address != s.base+path {
		t.Fatalf("the browser is at %s, want %s (%v)", address, path, err)
	}
	if text, err := s.tab.Text(); err != nil || !strings.Contains(text, says) {
		t.Fatalf("%s does not say %q (%v): %s", path, says, err, text)
	}
}

// The tenant's own people look at the portal in a browser that has a session of its own, try to act, and leave.
func TestPreview_OnASmallPhone(t *testing.T) {
	onPhones(t, func(t *testing.T, s *stage, beheld func(string)) {
		if err := s.tab.Open(s.base+previewLink, portaltest.Empty); err != nil {
			t.Fatal(err)
		}
		s.shows(t, previewLink, "Preview of the portal")
		beheld("the link to a preview")
		s.press(t, "main button.main", "Preview as Accounts payable of Acme Ltd.")
		s.shows(t, firstPage, "$1,582.72")
		beheld("an invoice in a preview")
		if err := s.tab.Go(s.base + "/portal/people"); err != nil {
			t.Fatal(err)
		}
		s.fill(t, "#email", "eve@elsewhere.example")
		s.press(t, "main form button.main", "A preview changes nothing")
		beheld("what a preview refuses")
		if err := s.tab.Go(s.base + firstPage); err != nil {
			t.Fatal(err)
		}
		s.press(t, ".preview button", "The preview has ended")
		beheld("the end of a preview")
		if err := s.tab.Back(); err != nil {
			t.Fatal(err)
		}
		if text, err := s.tab.Text(); err != nil || strings.Contains(text, "$1,582.72") {
			t.Errorf("behind the back button (%v): %s", err, text)
		}
		if err := s.tab.Go(s.base + "/portal/"); err != nil {
			t.Fatal(err)
		}
		if text, err := s.tab.Text(); err != nil || strings.Contains(text, "Preview as") || strings.Contains(text, "$1,582.72") {
			t.Errorf("the browser's own session (%v): %s", err, text)
		}
		if s.world.PreviewsOpened != 1 || s.world.PreviewsEnded != 1 || len(s.world.Wished)+len(s.world.Viewed)+len(s.world.Ended) != 0 {
			t.Errorf("opened %d, ended %d, wished %v, viewed %v, sessions ended %v", s.world.PreviewsOpened, s.world.PreviewsEnded, s.world.Wished, s.world.Viewed, s.world.Ended)
		}
	})
}

// Somebody was handed a link that is used up, mistypes their address once, and asks.
func TestOwnAccess_OnASmallPhone(t *testing.T) {
	onPhones(t, func(t *testing.T, s *stage, beheld func(string)) {
		link := "/portal/l/" + portaltest.Token(access.LinkUsed)
		if err := s.tab.Open(s.base+link, ""); err != nil {
			t.Fatal(err)
		}
		beheld("a used link")
		s.press(t, `a[href$="/ask"]`, "Ask for your own access")
		beheld("the form")
		s.fill(t, "#name", "Dana Fox")
		s.fill(t, "#email", "dana.example")
		s.press(t, "main form button.main", "Enter an email address")
		beheld("the form with a mistake")
		if name, err := portaltest.Evaluate[string](s.tab, "document.querySelector('#name').value"); err != nil || name != "Dana Fox" {
			t.Errorf("the name that was typed is %q (%v)", name, err)
		}
		s.fill(t, "#email", "dana@acme.example")
		s.press(t, "main form button.main", "Thank you, your request is on its way")
		beheld("the thanks")
		if want := []string{portaltest.Token(access.LinkUsed) + " Dana Fox <dana@acme.example>"}; !slices.Equal(s.world.Wished, want) {
			t.Errorf("passed on %q, want %q", s.world.Wished, want)
		}
	})
}

// A payer finds the people by the menu, and asks for a colleague: first for one who is there already.
func TestPeople_OnASmallPhone(t *testing.T) {
	onPhones(t, func(t *testing.T, s *stage, beheld func(string)) {
		if err := s.tab.Open(s.base+"/portal/", portaltest.Full); err != nil {
			t.Fatal(err)
		}
		s.press(t, `a[href="/portal/people"]`, "Bo Li")
		beheld("the people")
		s.fill(t, "#email", portaltest.KnownColleague)
		s.press(t, "main form button.main", "This address belongs to somebody at your company already")
		beheld("a colleague who is there already")
		s.fill(t, "#email", "dana@acme.example")
		s.press(t, "main form button.main", "Your request was passed on")
		s.shows(t, "/portal/people?asked", "new.colleague@acme.example")
		beheld("what was asked for")
		if want := []string{s.world.Sessions[portaltest.Full].Contact.ID + "  <dana@acme.example>"}; !slices.Equal(s.world.Wished, want) {
			t.Errorf("passed on %q, want %q", s.world.Wished, want)
		}
	})
}

// Whoever came by a document's link sees the document, goes on, shows by a mailed code that it is them, and is in.
func TestCodeWanted_OnASmallPhone(t *testing.T) {
	onPhones(t, func(t *testing.T, s *stage, beheld func(string)) {
		if err := s.tab.Open(s.base+firstPage, portaltest.CodeWanted); err != nil {
			t.Fatal(err)
		}
		s.shows(t, firstPage, "$1,582.72")
		s.press(t, ".back a", "Show that it is you")
		beheld("show that it is you")
		s.press(t, ".aside a", "$1,582.72")
		s.press(t, ".back a", "Show that it is you")
		s.press(t, "main form button.main", "One moment, please")
		s.world.Settled = true
		s.press(t, "main a.main", "Show that it is you")
		s.press(t, "main form button.main", "Check your inbox")
		beheld("where the code goes")
		s.fill(t, "#code", portaltest.GoodCode)
		s.press(t, `form[action="/portal/sign-in/code"] button`, "$1,582.72")
		s.press(t, ".back a", "Invoices")
		if want := []string{"more of ses_" + portaltest.CodeWanted}; !slices.Equal(s.world.Wished, want) || len(s.world.Confirmed) != 0 {
			t.Errorf("wished %v, confirmed %v", s.world.Wished, s.world.Confirmed)
		}
	})
}
