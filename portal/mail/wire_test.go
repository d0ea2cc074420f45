package mail_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
)

// nasty is what random names are made of, beside letters.
var nasty = []string{"\r\n", "\n", "\r", "\x00", "\x7f", "\x1b[2J", "\u202e", "\u2066", "\u200f", "\ufeff", "\u2028", "\u0085", "\u00ad", "\xff", "\ud7ff", "\U0010ffff", `"`, `\`, "<", ">",
	"@", ",", ";", ":", "(", ")", "=?utf-8?q?", "?=", "=0D=0A", "Bcc: x@y.test", ".", "\r\n.\r\n", "😀", "👩‍💻", "é", "e\u0301", "عربي", "עברית", "日本語", "ß", " ", "\t", "%0a", strings.Repeat("W", 200)}

func randomName(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(12) {
		if r.IntN(3) == 0 {
			b.WriteByte(byte('a' + r.IntN(26)))
		} else {
			b.WriteString(nasty[r.IntN(len(nasty))])
		}
	}
	return b.String()
}

var fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z-]*:( |$)`)

// Whatever is typed as a name, the mail that arrives has the same headers as any other, each of them one, and they decode to what was meant.
func TestSend_AnyNamesArriveAsOneLineEach(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	s := newSender(t, to(sink))
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	plain := map[mail.Kind]string{}
	for i := range 300 {
		kind := everyKind[i%len(everyKind)]
		of := *tenants()["plain"]
		l := letter(kind, &of)
		if plain[kind] == "" {
			plain[kind] = headersOf(t, s, sink, l)
		}
		of.Name, l.Company, l.Contact.Name, l.Invoice.Number, of.Brand.Footer = randomName(r), randomName(r), randomName(r), randomName(r), randomName(r)
		l.Contact.Locale = []string{"", "ar", "ja", "de-DE"}[i/len(everyKind)%4]
		want := render(t, l)
		if got := headersOf(t, s, sink, l); got != plain[kind] {
			t.Fatalf("seed %d: %s has the headers %s, want %s", seed, kind, got, plain[kind])
		}
		messages := sink.Messages()
		wantOneLineEach(t, fmt.Sprintf("seed %d, %s of %q for %q, %q", seed, l.Invoice.Number, of.Name, l.Contact.Name, l.Company), messages[len(messages)-1], want)
	}
}

func wantOneLineEach(t *testing.T, name string, got mailsink.Message, want mail.Message) {
	t.Helper()
	head, _, _ := strings.Cut(string(got.Raw), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if !fieldForm.MatchString(line) && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") || strings.ContainsFunc(line, func(r rune) bool {
			return r > unicode.MaxASCII || r < ' ' && r != '\t' || r == 0x7f
		}) {
			t.Errorf("%s: the line %q", name, line)
		}
	}
	if got.Subject != want.Subject || !utf8.ValidString(got.Subject) || utf8.RuneCountInString(got.Subject) > 200 {
		t.Errorf("%s: subject %q, want %q", name, got.Subject, want.Subject)
	}
	for header, one := range map[string]netmail.Address{"From": want.From, "To": want.To, "Reply-To": want.ReplyTo} {
		list, err := netmail.ParseAddressList(got.Header.Get(header))
		if err != nil || len(list) != 1 || *list[0] != one {
			t.Errorf("%s: %s is %v, %v, want %v", name, header, list, err, one)
		}
		if strings.ContainsFunc(one.Name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%s: the name in %s is %q", name, header, one.Name)
		}
	}
	if len(got.To) != 1 || got.To[0] != "payables@client.test" || got.Problem != "" {
		t.Errorf("%s: the envelope is to %q, problem %q", name, got.To, got.Problem)
	}
}

// shape lists the parts of a message, indented by their depth.
func shape(t *testing.T, header interface{ Get(string) string }, body io.Reader, depth int) (parts []string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat(" ", depth) + kind
	if disposition, named, err := mime.ParseMediaType(header.Get("Content-Disposition")); err == nil {
		line += " " + disposition + " " + named["filename"]
	}
	parts = []string{line}
	if !strings.HasPrefix(kind, "multipart/") {
		return parts
	}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, shape(t, p.Header, p, depth+1)...)
	}
}

func TestSend_ADocumentTravelsBesideTheMailAndIsSigned(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	key := newKey(t, "mail.platform.test", "p1")
	c := to(sink)
	c.DKIM = key
	l := paper(tenants()["plain"])
	document := make([]byte, 300_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range document {
		document[i] = byte(r.Uint32())
	}
	l.Attachments = []mail.Attachment{{Name: "../INV\r\n 12/\u202efdp.exe\"ü.pdf", ContentType: "application/pdf", Bytes: document}}
	l.Logo = mail.Image{Bytes: []byte("\x89PNG"), ContentType: "image/png", Width: 10, Height: 10}
	if err := newSender(t, c).Send(t.Context(), render(t, l)); err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()[0]
	msg, err := netmail.ReadMessage(bytes.NewReader(got.Raw))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"multipart/mixed", " multipart/related", "  multipart/alternative", "   text/plain", "   text/html", "  image/png inline logo.png",
		" application/pdf attachment INV-12-fdp.exe-ü.pdf"}
	found := shape(t, msg.Header, msg.Body, 0)
	for i := range found {
		found[i] = decodedWord(found[i])
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("the message is built otherwise (-want +got):\n%s", diff)
	}
	if len(got.Attached) != 1 || !bytes.Equal(got.Attached[0].Bytes, document) || got.Problem != "" {
		t.Errorf("%d documents arrived, or another one; %s", len(got.Attached), got.Problem)
	}
	signedBy(t, got.Raw, key)
	at := bytes.Index(got.Raw, []byte(base64.StdEncoding.EncodeToString(document[:30])))
	if at < 0 {
		t.Fatal("the document's text is not found")
	}
	forged := slices.Clone(got.Raw)
	forged[at] = 'A' + (forged[at]-'A'+1)%26
	if found, err := verify(forged, key); err == nil && len(found) == 1 && found[0].Err == nil {
		t.Error("another document passes under the signature")
	}
}

func decodedWord(s string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		return s
	}
	return text
}

func TestRender_RefusesDocumentsThatAreTooLarge(t *testing.T) {
	l := paper(tenants()["plain"])
	half := mail.Attachment{Name: "a.pdf", ContentType: "application/pdf", Bytes: make([]byte, mail.MostAttached/2)}
	l.Attachments = []mail.Attachment{half, half}
	if _, err := mail.Render(l, sender); err != nil {
		t.Errorf("what just fits: %v", err)
	}
	l.Attachments = append(l.Attachments, mail.Attachment{Bytes: []byte("x")})
	if _, err := mail.Render(l, sender); err != mail.ErrAttached {
		t.Errorf("a byte more: %v", err)
	}
}
