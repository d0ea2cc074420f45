// Package langtest checks that a catalogue of sentences says everything in every language.
package langtest

import (
	"reflect"
	"regexp"
	"slices"
	"testing"

	"tollhouse/portal/lang"
)

// Sentence is one string of a catalogue, by the path of its fields.
type Sentence struct {
	Name, Text string
	Form       bool // one form of a lang.Plural
}

// Sentences lists the strings of a struct in the order of its fields, those of structs within it too.
func Sentences(catalogue any) []Sentence {
	return sentences("", reflect.ValueOf(catalogue))
}

func sentences(name string, v reflect.Value) []Sentence {
	switch v.Kind() {
	case reflect.Pointer:
		return sentences(name, v.Elem())
	case reflect.String:
		return []Sentence{{Name: name, Text: v.String()}}
	case reflect.Struct:
		var list []Sentence
		for i := range v.NumField() {
			list = append(list, sentences(name+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
		if v.Type() == reflect.TypeFor[lang.Plural]() {
			for i := range list {
				list[i].Form = true
			}
		}
		return list
	}
	return nil
}

var place = regexp.MustCompile(`\{[^}]*\}`)

func places(text string) []string {
	found := place.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// Complete fails the test for each sentence of a translation that is missing, that says in English what it should say in its own language, or
// that takes other values than the English one. same lists, by name and language tag, the words that are truly the same.
func Complete(t *testing.T, id lang.ID, english, translated any, same func(name string) bool) {
	t.Helper()
	theirs := Sentences(translated)
	for i, want := range Sentences(english) {
		got := theirs[i]
		if want.Form {
			continue
		}
		switch {
		case got.Text == "":
			t.Errorf("%s%s is missing", id.Tag(), got.Name)
		case !slices.Equal(places(got.Text), places(want.Text)):
			t.Errorf("%s%s: %q takes %q, the English sentence %q", id.Tag(), got.Name, got.Text, places(got.Text), places(want.Text))
		case got.Text == want.Text && id != lang.English && !same(got.Name):
			t.Errorf("%s%s: %q is English", id.Tag(), got.Name, got.Text)
		case got.Text != want.Text && same(got.Name):
			t.Errorf("%s%s: %q is listed as the same as English and is not", id.Tag(), got.Name, got.Text)
		}
	}
	checkPlurals(t, id, "", reflect.ValueOf(english), reflect.ValueOf(translated))
}

func checkPlurals(t *testing.T, id lang.ID, name string, english, translated reflect.Value) {
	t.Helper()
	if english.Kind() == reflect.Pointer {
		english, translated = english.Elem(), translated.Elem()
	}
	if english.Kind() != reflect.Struct {
		return
	}
	if want, ok := english.Interface().(lang.Plural); ok {
		checkPlural(t, id, name, want, translated.Interface().(lang.Plural))
		return
	}
	for i := range english.NumField() {
		checkPlurals(t, id, name+"."+english.Type().Field(i).Name, english.Field(i), translated.Field(i))
	}
}

// checkPlural asks for a form for every count up to 200, for none that no count has, and for the places of the English one. A form for a
// single count may leave its number out.
func checkPlural(t *testing.T, id lang.ID, name string, english, p lang.Plural) {
	t.Helper()
	counts := map[string]int{}
	for n := range 201 {
		form := id.Pick(p, n)
		counts[form]++
		if form == "" {
			t.Errorf("%s%s has no form for %d", id.Tag(), name, n)
			return
		}
	}
	for _, form := range []string{p.Zero, p.One, p.Two, p.Few, p.Many, p.Other} {
		switch used := counts[form]; {
		case form == "":
		case used == 0:
			t.Errorf("%s%s: no count has the form %q", id.Tag(), name, form)
		case used > 1 && !slices.Equal(places(form), places(english.Other)):
			t.Errorf("%s%s: %q takes %q, the English sentence %q", id.Tag(), name, form, places(form), places(english.Other))
		case id != lang.English && (form == english.Other || form == english.One):
			t.Errorf("%s%s: %q is English", id.Tag(), name, form)
		}
	}
}
