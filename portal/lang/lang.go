// Package lang knows the languages that pages and mails are written in: which one a reader gets, which way it runs, and which form of a sentence
// goes with a count. It holds no sentences: those stand beside the pages and mails that say them.
//
//	r := lang.Choose("pt-PT", "de")  // Portuguese words, figures and dates as in Portugal
//	r.Lang.Pick(lang.Plural{One: "{n} dia", Other: "{n} dias"}, 3)
package lang

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// ID is one of the languages. The zero value is English.
type ID uint8

// The languages, each the index of its sentences in a catalogue.
const (
	English ID = iota
	Spanish
	French
	German
	Portuguese // as in Brazil
	Japanese
	Arabic

	Count // how many there are
)

// tags are the languages as BCP 47 has them.
var tags = [Count]string{"en", "es", "fr", "de", "pt-BR", "ja", "ar"}

// Tag is the language as BCP 47 writes it, for the lang attribute and Content-Language.
func (id ID) Tag() string { return tags[id] }

// Dir is the way the language runs, "ltr" or "rtl".
func (id ID) Dir() string {
	if id == Arabic {
		return "rtl"
	}
	return "ltr"
}

// Reader is how somebody reads.
type Reader struct {
	Lang   ID     // of the words
	Locale string // BCP 47, for figures and dates; in the language of the words where there are words for it. "" means en-US
}

// Choose serves the first wish, a BCP 47 tag, whose language there are words for, or words for one that its readers understand (CLDR: Swiss
// German reads German). Nobody's wish met is English, with figures as the first wish writes them. What is empty or no tag is no wish.
func Choose(wishes ...string) Reader {
	var nearest Reader
	for _, wish := range wishes {
		tag, err := language.Parse(wish)
		if wish == "" || err != nil {
			continue
		}
		if id, ok := match(tag); ok {
			return Reader{Lang: id, Locale: id.locale(tag)}
		}
		if nearest.Locale == "" {
			nearest.Locale = tag.String()
		}
	}
	return nearest
}

// longestHeader bounds what of an Accept-Language is read: a browser sends a tenth of it.
const longestHeader = 500

// Accepted lists the languages of an Accept-Language header (RFC 9110, section 12.5.4), the best first. What cannot be read is no wish.
func Accepted(header string) []string {
	if header == "" || len(header) > longestHeader {
		return nil
	}
	wanted, quality, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return nil
	}
	var list []string
	for i, tag := range wanted {
		if quality[i] > 0 {
			list = append(list, tag.String())
		}
	}
	return list
}

// Dates is the locale to write dates in: a month's name is a word, and stands among words of its own language. Where there are no words for a
// locale, the words around are English.
func Dates(locale string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	if base == "" {
		return locale
	}
	for _, tag := range tags {
		if strings.EqualFold(base, tag[:2]) {
			return locale
		}
	}
	return "en-GB"
}

// locale is the wish itself when it is a kind of the language, else the language alone.
func (id ID) locale(wish language.Tag) string {
	base, _ := wish.Base()
	if base.String() == id.Tag()[:2] {
		return wish.String()
	}
	return id.Tag()
}

// matcher is made at the first use: its tables take a while.
var matcher = sync.OnceValue(func() language.Matcher {
	var known []language.Tag
	for _, tag := range tags {
		known = append(known, language.MustParse(tag))
	}
	return language.NewMatcher(known)
})

func match(tag language.Tag) (ID, bool) {
	base, sure := tag.Base()
	for id, known := range tags { // nearly every wish, without the matcher's work
		if sure == language.Exact && base.String() == known[:2] {
			return ID(id), true
		}
	}
	_, i, confidence := matcher().Match(tag)
	return ID(i), confidence > language.No
}
