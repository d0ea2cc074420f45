package tenant

import (
	"net/mail"
	"net/url"
	"strings"
)

// TextPart is a run of plain text, or a link.
type TextPart struct {
	Text string
	Href string // "" for text; else an https: or mailto: address
}

// FooterParts splits a tenant's plain text into text and links. Links are made of what begins with "https://" or "mailto:" and is a
// sound address, up to the next space; a full stop or bracket at its end belongs to the sentence. Every other scheme stays text, and so
// does markup. The parts' Texts joined are the text again.
func FooterParts(text string) []TextPart {
	var parts []TextPart
	plain := func(s string) {
		if s == "" {
			return
		}
		if n := len(parts); n > 0 && parts[n-1].Href == "" {
			parts[n-1].Text += s
			return
		}
		parts = append(parts, TextPart{Text: s})
	}
	for text != "" {
		word, gap := nextWord(text)
		before, link, after := splitLink(word)
		plain(before)
		if link != "" {
			parts = append(parts, TextPart{Text: link, Href: link})
		}
		plain(after + gap)
		text = text[len(word)+len(gap):]
	}
	return parts
}

// nextWord returns what stands before the first white space, and that white space.
func nextWord(s string) (word, gap string) {
	i := strings.IndexFunc(s, isSpace)
	if i < 0 {
		return s, ""
	}
	rest := strings.TrimLeftFunc(s[i:], isSpace)
	return s[:i], s[i : len(s)-len(rest)]
}

// isSpace is true for all that must not stand inside a link: white space and control characters.
func isSpace(r rune) bool {
	return r <= ' ' || r == 0x7f || r == 0x85 || r == 0xa0 || (r >= 0x2000 && r <= 0x206f) || r == 0x3000
}

// splitLink finds the link in a word, if it holds one.
func splitLink(word string) (before, link, after string) {
	for _, scheme := range []string{"https://", "mailto:"} {
		i := strings.Index(word, scheme)
		if i < 0 || i > 0 && !strings.ContainsAny(word[i-1:i], `([<"'`) {
			continue
		}
		link = strings.TrimRight(word[i:], `.,;:!?)]>"'`)
		if soundLink(link) {
			return word[:i], link, word[i+len(link):]
		}
	}
	return word, "", ""
}

func soundLink(s string) bool {
	if strings.ContainsAny(s, "<>\"'`\\{}|^") {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil {
		return false // user@host in an address is how a link pretends to be another
	}
	if u.Scheme == "https" {
		_, err := ParseHostPort(u.Host)
		return err == nil
	}
	address, err := mail.ParseAddress(u.Opaque)
	// No % in the address: it could carry a line break into the mail program.
	return err == nil && u.RawQuery == "" && address.Address == u.Opaque && !strings.Contains(s, "%")
}
