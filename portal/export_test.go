package portal

import (
	"tollhouse/portal/lang"
	"tollhouse/portal/lang/langtest"
)

// SentencesOf are the sentences of one language, for tests outside the package.
func SentencesOf(id lang.ID) []langtest.Sentence { return langtest.Sentences(catalogue[id]) }

// KeptFields are the fields of all forms that may be kept.
func KeptFields() (fields []string) {
	for _, f := range keptForms {
		fields = append(fields, f.fields...)
	}
	return fields
}
