package portal_test

import (
	"testing"

	"tollhouse/portal/portaltest"
)

func TestEnding_IsShownByTheScriptWhenItsTimeComes(t *testing.T) {
	s := newStage(t, portaltest.Plain())
	if err := s.tab.Open(s.base+"/portal/", portaltest.SoonEnding); err != nil {
		t.Fatal(err)
	}
	const hidden = `document.getElementById("ending").hidden`
	if got, err := portaltest.Evaluate[bool](s.tab, hidden); err != nil || !got {
		t.Fatalf("two hours before the end: hidden %t (%v)", got, err)
	}
	// The clock moves on while the page lies in the background.
	const later = `(Date.now = () => 8.64e15, document.dispatchEvent(new Event("visibilitychange")), ` + hidden + `)`
	if got, err := portaltest.Evaluate[bool](s.tab, later); err != nil || got {
		t.Errorf("when its time has come: hidden %t (%v)", got, err)
	}
}
