package bounces

import (
	"bytes"
	"io"
	netmail "net/mail"
	"regexp"
	"strings"
)

// whereItIsQuoted begins what older servers append: the mail itself, which may hold any numbers.
var whereItIsQuoted = regexp.MustCompile(`(?im)^(--- below this line|-{2,}.*(copy|original|returned|unsent) (of|message)|-{5,} ?original)`)

// plain reads a notice that is for people. Only a mail server's own is one: what else comes to the address is somebody's answer.
func plain(h netmail.Header, body io.Reader) (finding, error) {
	if !fromServer(h) {
		return finding{outcomes: []Outcome{{Kind: Nothing}}}, nil
	}
	text, err := start(body, mostText)
	if err != nil {
		return finding{}, err
	}
	if at := whereItIsQuoted.FindIndex(text); at != nil {
		text = text[:at[0]]
	}
	c := codeIn(string(bytes.ToValidUTF8(text, []byte("?"))))
	o := Outcome{Kind: c.failure(), Code: c.String()}
	if late(h, c) {
		o.Kind = Delayed
	}
	return finding{outcomes: []Outcome{o}}, nil
}

// fromServer knows a mail server by the name that it signs with. A null return path proves nothing: holiday notices have it too (RFC 3834).
func fromServer(h netmail.Header) bool {
	if h.Get("X-Failed-Recipients") != "" {
		return true
	}
	local, _ := parts(strings.ToLower(h.Get("From")))
	return strings.HasSuffix(local, "mailer-daemon") || strings.HasSuffix(local, "postmaster")
}

func late(h netmail.Header, c code) bool {
	if c.reply >= 500 || strings.HasPrefix(c.enhanced, "5.") {
		return false
	}
	subject := strings.ToLower(h.Get("Subject"))
	return c != code{} || strings.Contains(subject, "delay") || strings.Contains(subject, "warning")
}
