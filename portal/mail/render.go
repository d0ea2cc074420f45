package mail

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	netmail "net/mail"
	"slices"
	"strings"
	"unicode"

	"tollhouse/tenant"
)

//go:embed mail.html.tmpl
var files embed.FS

var page = template.Must(template.ParseFS(files, "mail.html.tmpl"))

// htmlPage is what the HTML is made from.
type htmlPage struct {
	words
	Logo        Image
	Light, Dark tenant.Scheme
	Start       string // the side that lines start from: mailboxes know no "start"
}

// ErrAttached says that a letter's documents are too large to travel.
var ErrAttached = errors.New("the documents are too large for a mail")

// Render writes the mail of a letter, from the sender's address in the tenant's name. The only errors that a letter's data can cause are
// ErrAddress and ErrAttached.
func Render(l Letter, sender string) (Message, error) {
	to, err := address(l.Contact.Name, l.Contact.Email)
	if err != nil {
		return Message{}, err
	}
	attached, err := attach(l.Attachments)
	if err != nil {
		return Message{}, err
	}
	w := write(l)
	html, err := l.html(w)
	if err != nil {
		return Message{}, fmt.Errorf("rendering mail %s: %w", l.ID, err)
	}
	msg := Message{
		ID: messageID(l.ID, sender), From: netmail.Address{Name: displayName(l.Tenant.Name), Address: sender}, To: to, Date: l.Now,
		Language: w.Lang.Tag(), Subject: w.Subject, Text: w.text(), HTML: html, Logo: l.Logo, Attached: attached,
	}
	// A support address that cannot be written to is the tenant's mistake; it must not keep the mail from the client.
	if replyTo, err := address(l.Tenant.Name, l.Tenant.Brand.SupportEmail); err == nil {
		msg.ReplyTo = replyTo
	}
	return msg, nil
}

// attach names the files so that no system reads anything else into the name.
func attach(files []Attachment) ([]Attachment, error) {
	total := 0
	for _, f := range files {
		total += len(f.Bytes)
	}
	if total > MostAttached {
		return nil, ErrAttached
	}
	out := slices.Clone(files)
	for i := range out {
		out[i].Name = fileName(out[i].Name)
	}
	return out, nil
}

// fileName keeps letters, digits and the plainest of marks.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, clean(s, maxName))
	return strings.TrimLeft(s, ".-")
}

func (l Letter) html(w words) (string, error) {
	palette := tenant.NewPalette(l.Tenant.Brand.Primary, l.Tenant.Brand.Accent)
	start := "left"
	if w.Lang.Dir() == "rtl" {
		start = "right"
	}
	var b strings.Builder
	err := page.Execute(&b, htmlPage{words: w, Logo: l.Logo, Light: palette.Light, Dark: palette.Dark, Start: start})
	return b.String(), err
}

// text sets the words without markup. The link stands on a line of its own.
func (w words) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", w.Tenant, w.Lead)
	if w.Figure != nil {
		fmt.Fprintf(&b, "\n    %s: %s\n    %s\n", w.Figure.Label, w.Figure.Amount, w.Figure.Note)
	}
	if len(w.Pay) > 0 {
		fmt.Fprintf(&b, "\n%s:\n\n    %s\n", w.PayBy, strings.ReplaceAll(strings.Join(w.Pay, "\n    "), "    \n", "\n"))
	}
	if w.URL != "" {
		fmt.Fprintf(&b, "\n%s:\n%s\n", w.Button, w.URL)
	}
	if w.Code != "" {
		fmt.Fprintf(&b, "\n%s\n\n    %s\n", w.CodeHint, w.Code)
	}
	if w.Terms != "" {
		fmt.Fprintf(&b, "\n%s\n", w.Terms)
	}
	fmt.Fprintf(&b, "\n-- \n%s\n", w.For)
	if w.Questions != "" {
		fmt.Fprintf(&b, "%s\n", w.Questions)
	}
	if len(w.Footer) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(w.Footer, "\n"))
	}
	return b.String()
}
