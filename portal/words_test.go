package portal

import (
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/lang"
	"tollhouse/portal/lang/langtest"
)

// same lists the words that a language shares with English.
var same = map[lang.ID]string{
	lang.Spanish:    ".Comma .Menu .LandingDocument .ActivityWith .ErrorPrefix .Total .Subtotal",
	lang.French:     ".Comma .LandingDocument .ActivityWith .Total .Document",
	lang.German:     ".Comma .LandingDocument .ActivityWith .Status .Account.Name",
	lang.Portuguese: ".Comma .Menu .LandingDocument .ActivityWith .Total .Subtotal",
	lang.Japanese:   ".LandingDocument .ActivityWith",
	lang.Arabic:     ".LandingDocument .ActivityWith",
}

func TestWords_AreWholeInEveryLanguage(t *testing.T) {
	for id := range lang.Count {
		w := catalogue[id]
		if w == nil || w.Lang != id {
			t.Errorf("%s has no words", id.Tag())
			continue
		}
		list := strings.Fields(same[id])
		langtest.Complete(t, id, &english, w, func(name string) bool { return slices.Contains(list, name) })
	}
}
