package mail_test

import (
	"errors"
	netmail "net/mail"
	"strings"
	"testing"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
)

// hostile is what somebody may type as a name.
var hostile = []string{
	"Acme\r\nBcc: all@victim.test",
	"Acme\nBcc: all@victim.test",
	"Acme\rBcc: all@victim.test",
	"Acme\r\n\r\n<h1>a body</h1>",
	"Acme\r\n.\r\nMAIL FROM:<eve@x.test>",
	"Acme\x00Bcc: all@victim.test",
	"Acme\u2028Bcc: all@victim.test",
	"Acme\u0085Bcc: all@victim.test",
	"Acme\vBcc: x\fBcc: y",
	`Acme" <eve@x.test>, "B`,
	`Acme\" <eve@x.test>`,
	"Acme <eve@x.test>",
	"Acme, eve@x.test;",
	"=?utf-8?q?Acme=0D=0ABcc:_all@victim.test?=",
	"=?utf-8?b?QmNjOiBhbGxAdmljdGltLnRlc3Q=?=",
	"\u202egro.knab@gnillib\u202c",
	"\u2066Acme\u2069\u200f",
	strings.Repeat("A", 3000),
	strings.Repeat("Ä", 3000),
	strings.Repeat("A ", 1500),
	"Acme\xff\xfe",
	"\t \r\n ",
	"Acme %0d%0aBcc: all@victim.test",
	"{{.URL}} <script>alert(1)</script>",
}

func TestSend_LetsNoNameWriteHeaders(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	s := newSender(t, to(sink))
	wantHeaders := headersOf(t, s, sink, letter(mail.Invoice, tenants()["plain"]))
	for _, name := range hostile {
		of := *tenants()["plain"]
		of.Name = name
		l := letter(mail.Invoice, &of)
		l.Company, l.Contact.Name, of.Brand.Footer = name, name, name
		if got := headersOf(t, s, sink, l); got != wantHeaders {
			t.Errorf("%.40q changed the headers to %s, want %s", name, got, wantHeaders)
		}
		checkWhole(t, name, sink.Messages()[len(sink.Messages())-1])
	}
	if n := len(sink.Messages()); n != len(hostile)+1 {
		t.Errorf("%d mails arrived, want %d", n, len(hostile)+1)
	}
}

// headersOf sends a letter and lists the names of the headers that arrived.
func headersOf(t *testing.T, s *mail.Sender, sink *mailsink.Sink, l mail.Letter) string {
	t.Helper()
	if err := s.Send(t.Context(), render(t, l)); err != nil {
		t.Fatal(err)
	}
	raw := sink.Messages()[len(sink.Messages())-1].Raw
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	var names []string
	for line := range strings.SplitSeq(head, "\r\n") {
		if len(line) > 998 {
			t.Errorf("a header line has %d bytes", len(line))
		}
		if name, _, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func checkWhole(t *testing.T, name string, m mailsink.Message) {
	t.Helper()
	if m.From != sender || len(m.To) != 1 || m.To[0] != "payables@client.test" {
		t.Errorf("%.40q: the envelope is from %q to %q", name, m.From, m.To)
	}
	for header, want := range map[string]string{"From": sender, "To": "payables@client.test", "Reply-To": "billing@acme.test"} {
		list, err := netmail.ParseAddressList(m.Header.Get(header))
		if err != nil || len(list) != 1 || list[0].Address != want {
			t.Errorf("%.40q: %s = %v, %v; want %s alone", name, header, list, err, want)
		}
		if len(list) == 1 && strings.ContainsAny(list[0].Name, "\r\n\x00\u202e\u2066") {
			t.Errorf("%.40q: the name in %s is %q", name, header, list[0].Name)
		}
	}
	if strings.ContainsAny(m.Subject, "\r\n\x00\u202e") || strings.Contains(m.HTML, "<script>alert") || m.Problem != "" {
		t.Errorf("%.40q: subject %q, problem %q", name, m.Subject, m.Problem)
	}
}

func TestRender_RefusesAddressesThatAreMore(t *testing.T) {
	l := letter(mail.Invoice, tenants()["plain"])
	for _, email := range []string{"", "payables", "payables@client.test, eve@x.test", "Eve <eve@x.test>", "payables@client.test\r\nBcc: eve@x.test",
		"<payables@client.test>", "payables@client.test\x00", "@client.test", "payables@"} {
		l.Contact.Email = email
		if _, err := mail.Render(l, sender); !errors.Is(err, mail.ErrAddress) {
			t.Errorf("%q: error %v, want ErrAddress", email, err)
		}
	}
	l.Contact.Email = "payables+acme@client.test"
	if _, err := mail.Render(l, sender); err != nil {
		t.Errorf("a good address: %v", err)
	}
}
