package portal_test

import (
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
)

// fill types into a field as a person does, but for the time it takes.
func (s *stage) fill(t *testing.T, selector, text string) {
	t.Helper()
	if _, err := portaltest.Evaluate[string](s.tab, "document.querySelector('"+selector+"').value = '"+text+"'"); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) press(t *testing.T, selector, says string) {
	t.Helper()
	if err := s.tab.Click(selector); err != nil {
		t.Fatal(err)
	}
	if text, err := s.tab.Text(); err != nil || !strings.Contains(text, says) {
		t.Fatalf("pressing %s does not say %q (%v): %s", selector, says, err, text)
	}
}

// A whole change of address on a phone, by somebody who needs a code first and mistypes it once, with and without scripts.
func TestStepUp_WorksOnASmallPhoneWithAndWithoutScripts(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := newStage(t, portaltest.Plain())
		if err := s.tab.SetLook(portaltest.Look{Width: 320, Height: 640}); err != nil {
			t.Fatal(err)
		}
		if err := s.tab.Open(s.base+"/portal/account/email", portaltest.Full); err != nil {
			t.Fatal(err)
		}
		if !scripts {
			if err := s.tab.DisableScripts(); err != nil {
				t.Fatal(err)
			}
		}
		s.press(t, "main button.main", "A code is on its way to p•••@acme.example")
		s.fill(t, "#code", "wrng c7de")
		s.press(t, "main button.main", "You can try 4 more times")
		s.fill(t, "#code", portaltest.GoodCode)
		s.press(t, "main button.main", "Change your email address")
		s.fill(t, "#email", "maria@acme.example")
		s.press(t, "main button.main", "A code is on its way to maria@acme.example")
		if over, err := s.tab.Overflow(); err != nil || over > 0 {
			t.Errorf("%d pixels too wide (%v)", over, err)
		}
		s.fill(t, "#code", portaltest.GoodCode)
		s.press(t, "main button.main", "Your email address is changed")
	}
}

// What was typed a moment too late comes back after signing in again, in the same tab.
func TestKeptForm_ComesBackInARealBrowser(t *testing.T) {
	source := axe(t)
	s := newStage(t, portaltest.Plain())
	look := portaltest.Look{Width: 320, Height: 640}
	if err := s.tab.SetLook(look); err != nil {
		t.Fatal(err)
	}
	if err := s.tab.Open(s.base+"/portal/account", portaltest.Full); err != nil {
		t.Fatal(err)
	}
	s.fill(t, "#name", "Maria Lopez")
	s.world.End(portaltest.Full)
	s.press(t, ".details button", "we keep what you typed for an hour")
	s.world.Sessions[portaltest.Full] = s.world.Over[portaltest.Full]
	if err := s.tab.Go(s.base + "/portal/account"); err != nil {
		t.Fatal(err)
	}
	if got, err := portaltest.Evaluate[string](s.tab, "document.querySelector('#name').value"); err != nil || got != "Maria Lopez" {
		t.Errorf("it comes back as %q (%v)", got, err)
	}
	page := portaltest.Page{Name: "account-kept"}
	s.checkAxe(t, page, look, source)
	look.Dark = true
	if err := s.tab.SetLook(look); err != nil {
		t.Fatal(err)
	}
	s.checkAxe(t, page, look, source, colourRules...)
}
