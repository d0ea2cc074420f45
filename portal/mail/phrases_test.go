package mail

import (
	"testing"

	"tollhouse/portal/lang"
	"tollhouse/portal/lang/langtest"
)

func TestPhrases_AreWholeInEveryLanguage(t *testing.T) {
	punctuation := map[lang.ID]bool{lang.Spanish: true, lang.German: true, lang.Portuguese: true, lang.Arabic: true}
	for id := range lang.Count {
		p := catalogue[id]
		if p == nil || p.Lang != id {
			t.Errorf("%s has no phrases", id.Tag())
			continue
		}
		langtest.Complete(t, id, &english, p, func(name string) bool { return name == ".Preview" && punctuation[id] })
	}
}
