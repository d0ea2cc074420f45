package document

import (
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/lang"
	"tollhouse/portal/lang/langtest"
)

// same lists the words that a language shares with English.
var same = map[lang.ID]string{
	lang.Spanish:    ".Total .Subtotal",
	lang.French:     ".Total",
	lang.Portuguese: ".Total .Subtotal",
}

func TestPhrases_AreWholeInEveryLanguage(t *testing.T) {
	for id := range lang.Count {
		p := catalogue[id]
		if p == nil || p.Lang != id {
			t.Errorf("%s has no phrases", id.Tag())
			continue
		}
		list := strings.Fields(same[id])
		langtest.Complete(t, id, &english, p, func(name string) bool { return slices.Contains(list, name) })
	}
}
