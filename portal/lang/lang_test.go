package lang_test

import (
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/lang"
)

func TestChoose_TakesTheFirstWishThatThereAreWordsFor(t *testing.T) {
	for _, c := range []struct {
		wishes string
		lang   lang.ID
		locale string
	}{
		{"fr de", lang.French, "fr"},
		{"nl fr-CA de", lang.French, "fr-CA"},
		{"he nl", lang.English, "he"},
		{"nl en-GB", lang.English, "en-GB"},
		{"pt", lang.Portuguese, "pt"},
		{"pt-PT", lang.Portuguese, "pt-PT"},
		{"es-419", lang.Spanish, "es-419"},
		{"ES_mx", lang.Spanish, "es-MX"},
		{"de-CH-1996", lang.German, "de-CH-1996"},
		{"gsw", lang.German, "de"}, // CLDR: who reads Swiss German reads German
		{"ar-EG", lang.Arabic, "ar-EG"},
		{"ja-JP-u-ca-japanese", lang.Japanese, "ja-JP-u-ca-japanese"},
		{"zh-Hant ko", lang.English, "zh-Hant"},
		{"english! <script> de", lang.German, "de"},
		{"mul und", lang.English, "mul"},
		{"", lang.English, ""},
	} {
		if got := lang.Choose(strings.Split(c.wishes, " ")...); got != (lang.Reader{Lang: c.lang, Locale: c.locale}) {
			t.Errorf("Choose(%s) = %+v", c.wishes, got)
		}
	}
}

func TestAccepted_ListsTheBestFirst(t *testing.T) {
	for header, want := range map[string][]string{
		"":                                nil,
		"de":                              {"de"},
		"en;q=0.3, fr;q=0.9, ja":          {"ja", "fr", "en"},
		"fr-CH, fr;q=0.9, *;q=0.5":        {"fr-CH", "fr", "mul"},
		"de;q=0, es;q=0.1":                {"es"},
		"canary-7f3a.example":             nil,
		strings.Repeat("de,", 200) + "fr": nil,
		"de;q=nonsense":                   nil,
	} {
		if got := lang.Accepted(header); !slices.Equal(got, want) {
			t.Errorf("Accepted(%.40q) = %q, want %q", header, got, want)
		}
	}
}

func TestDates_AreInALanguageThatThereAreWordsFor(t *testing.T) {
	for locale, want := range map[string]string{"": "", "de-AT": "de-AT", "PT_br": "PT_br", "he-IL": "en-GB", "nl": "en-GB", "en-US": "en-US", "esx": "en-GB"} {
		if got := lang.Dates(locale); got != want {
			t.Errorf("Dates(%q) = %q, want %q", locale, got, want)
		}
	}
}

func TestPick_FollowsThePluralRulesOfTheLanguage(t *testing.T) {
	forms := lang.Plural{Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: "other"}
	for id, want := range map[lang.ID]string{ // for 0, 1, 2, 3, 11, 100, 103, 1000: CLDR, plurals.xml
		lang.English:    "other one other other other other other other",
		lang.German:     "other one other other other other other other",
		lang.Spanish:    "other one other other other other other other",
		lang.French:     "one one other other other other other other",
		lang.Portuguese: "one one other other other other other other",
		lang.Japanese:   "other other other other other other other other",
		lang.Arabic:     "zero one two few many other few other",
	} {
		var got []string
		for _, n := range []int{0, 1, 2, 3, 11, 100, 103, 1000} {
			got = append(got, id.Pick(forms, n))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", id.Tag(), got, want)
		}
	}
}

func TestDir_TurnsArabicAlone(t *testing.T) {
	for id := range lang.Count {
		if got := id.Dir(); (got == "rtl") != (id == lang.Arabic) {
			t.Errorf("%s runs %s", id.Tag(), got)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	for b.Loop() {
		lang.Choose(append(lang.Accepted("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"), "en-US")...)
	}
}
