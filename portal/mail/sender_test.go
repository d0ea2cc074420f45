package mail_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net"
	"strings"
	"testing"
	"time"

	netmail "net/mail"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
)

func startSink(t *testing.T, c mailsink.Config) *mailsink.Sink {
	t.Helper()
	sink, err := mailsink.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sink.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("running the sink: %v", err)
		}
	})
	return sink
}

// to is a configuration that reaches the sink.
func to(sink *mailsink.Sink) mail.Config {
	return mail.Config{Host: "127.0.0.1", Port: sink.Port(), Roots: sink.Roots(), From: sender, Timeout: 5 * time.Second}
}

func newSender(t *testing.T, c mail.Config) *mail.Sender {
	t.Helper()
	s, err := mail.NewSender(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSend_WritesHeadersThatMailboxesTrust(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	m := render(t, letter(mail.Invoice, tenants()["plain"]))
	if err := newSender(t, to(sink)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()[0]
	for header, want := range map[string]string{
		"From":           `"Acme" <billing@mail.platform.test>`,
		"To":             `"Maria Lopez" <maria@client.test>`,
		"Reply-To":       `"Acme" <billing@acme.test>`,
		"Message-Id":     "<mail_0001@mail.platform.test>",
		"Date":           "Fri, 03 Apr 2026 09:30:00 +0000",
		"Auto-Submitted": "auto-generated",
		"Mime-Version":   "1.0",
	} {
		if g := got.Header.Get(header); g != want {
			t.Errorf("%s = %q, want %q", header, g, want)
		}
	}
	for _, absent := range []string{"User-Agent", "X-Mailer", "List-Unsubscribe", "Bcc", "Return-Receipt-To"} {
		if g := got.Header.Get(absent); g != "" {
			t.Errorf("%s = %q, want none", absent, g)
		}
	}
	if got.Subject != m.Subject || got.Text != m.Text || got.HTML != m.HTML || !got.TLS || got.Problem != "" {
		t.Errorf("the mail changed on its way: TLS %v, problem %q, subject %q\n%s", got.TLS, got.Problem, got.Subject, got.Text)
	}
}

func TestSend_CarriesTheLogoInside(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	logo, err := mail.FitLogo(picture(t, 2000, 600))
	if err != nil {
		t.Fatal(err)
	}
	l := letter(mail.Invoice, tenants()["plain"])
	l.Logo = logo
	if err := newSender(t, to(sink)).Send(t.Context(), render(t, l)); err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()[0]
	if len(got.Inline) != 1 || got.Inline[0].CID != "logo" || got.Inline[0].ContentType != "image/png" || !bytes.Equal(got.Inline[0].Bytes, logo.Bytes) {
		t.Errorf("inline parts = %+v", got.Inline)
	}
	if !strings.Contains(got.HTML, `<img src="cid:logo" width="120" height="36" alt="Acme"`) {
		t.Error("the HTML does not show the logo at its size")
	}
}

func TestFitLogo_MakesLargeOnesSmallAndLeavesSmallOnes(t *testing.T) {
	large, err := mail.FitLogo(picture(t, 4000, 400))
	if err != nil {
		t.Fatal(err)
	}
	if config, err := png.DecodeConfig(bytes.NewReader(large.Bytes)); err != nil || config.Width != 480 || config.Height != 48 || large.Width != 240 || large.Height != 24 {
		t.Errorf("large: %d × %d shown at %d × %d, %v", config.Width, config.Height, large.Width, large.Height, err)
	}
	stored := picture(t, 60, 30)
	small, err := mail.FitLogo(stored)
	if err != nil || !bytes.Equal(small.Bytes, stored) || small.Width != 60 || small.Height != 30 {
		t.Errorf("small: %d × %d, %v", small.Width, small.Height, err)
	}
	if _, err := mail.FitLogo([]byte("<svg/>")); err == nil {
		t.Error("what is no picture was taken")
	}
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		img.Set(x, h/2, color.NRGBA{R: uint8(x), G: 80, B: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

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
	if m.From != sender || len(m.To) != 1 || m.To[0] != "maria@client.test" {
		t.Errorf("%.40q: the envelope is from %q to %q", name, m.From, m.To)
	}
	for header, want := range map[string]string{"From": sender, "To": "maria@client.test", "Reply-To": "billing@acme.test"} {
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
	for _, email := range []string{"", "maria", "maria@client.test, eve@x.test", "Eve <eve@x.test>", "maria@client.test\r\nBcc: eve@x.test",
		"<maria@client.test>", "maria@client.test\x00", "@client.test", "maria@"} {
		l.Contact.Email = email
		if _, err := mail.Render(l, sender); !errors.Is(err, mail.ErrAddress) {
			t.Errorf("%q: error %v, want ErrAddress", email, err)
		}
	}
	l.Contact.Email = "maria.lopez+acme@client.test"
	if _, err := mail.Render(l, sender); err != nil {
		t.Errorf("a good address: %v", err)
	}
}

func TestSend_NeedsTLSThatItCanTrust(t *testing.T) {
	m := render(t, letter(mail.Invoice, tenants()["plain"]))
	unsafe, safe := startSink(t, mailsink.Config{NoTLS: true}), startSink(t, mailsink.Config{})
	untrusted := to(safe)
	untrusted.Roots = unsafe.Roots()
	for name, c := range map[string]mail.Config{"no STARTTLS": to(unsafe), "unknown root": untrusted} {
		var failed *mail.SendError
		if err := newSender(t, c).Send(t.Context(), m); !errors.As(err, &failed) || failed.Outcome != mail.Unreachable {
			t.Errorf("%s: error %v, want unreachable", name, err)
		}
	}
	if n := len(unsafe.Messages()) + len(safe.Messages()); n != 0 {
		t.Errorf("%d mails were sent without trust", n)
	}
	if err := newSender(t, to(safe)).Send(t.Context(), m); err != nil {
		t.Errorf("with trust: %v", err)
	}
}

func TestSend_SpeaksTLSFromTheFirstByte(t *testing.T) {
	sink := startSink(t, mailsink.Config{ImplicitTLS: true, Username: "mailer", Password: "s3cret"})
	c := to(sink)
	c.Security, c.Username, c.Password = mail.ImplicitTLS, "mailer", "s3cret"
	if err := newSender(t, c).Send(t.Context(), render(t, letter(mail.LoginLink, tenants()["plain"]))); err != nil {
		t.Fatal(err)
	}
	if got := sink.Messages()[0]; !got.TLS {
		t.Error("it arrived without TLS")
	}
}

func TestSend_LogsIn(t *testing.T) {
	sink := startSink(t, mailsink.Config{Username: "mailer", Password: "s3cret"})
	m := render(t, letter(mail.LoginLink, tenants()["plain"]))
	for _, c := range []struct {
		name, user, password string
		want                 mail.Outcome
	}{{"right", "mailer", "s3cret", ""}, {"wrong", "mailer", "guess", mail.Unreachable}, {"none", "", "", mail.Unreachable}} {
		config := to(sink)
		config.Username, config.Password = c.user, c.password
		err := newSender(t, config).Send(t.Context(), m)
		var failed *mail.SendError
		errors.As(err, &failed)
		if c.want == "" && err != nil || c.want != "" && (failed == nil || failed.Outcome != c.want) {
			t.Errorf("%s credentials: %v", c.name, err)
		}
		if c.user != "" {
			if err := newSender(t, config).Check(t.Context()); (err == nil) != (c.want == "") {
				t.Errorf("Check with %s credentials: %v", c.name, err)
			}
		}
		if err != nil && strings.Contains(err.Error(), "guess") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestSend_SortsFailuresByWhatToDo(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	s := newSender(t, to(sink))
	m := render(t, letter(mail.Invoice, tenants()["plain"]))
	for _, c := range []struct {
		fault mailsink.Fault
		want  mail.Outcome
		code  int
	}{
		{mailsink.Fault{Mood: mailsink.RefuseConn}, mail.Unreachable, 0},
		{mailsink.Fault{Mood: mailsink.AnswerRcpt, Code: 450}, mail.Deferred, 450},
		{mailsink.Fault{Mood: mailsink.AnswerRcpt, Code: 550}, mail.Refused, 550},
		{mailsink.Fault{Mood: mailsink.AnswerData, Code: 452}, mail.Deferred, 452},
		{mailsink.Fault{Mood: mailsink.AnswerData, Code: 554}, mail.Refused, 554},
		{mailsink.Fault{Mood: mailsink.DropAfterData}, mail.Unconfirmed, 0},
	} {
		sink.Break(c.fault)
		var failed *mail.SendError
		err := s.Send(t.Context(), m)
		if !errors.As(err, &failed) || failed.Outcome != c.want || failed.Code != c.code {
			t.Errorf("%+v: %v, want %s %d", c.fault, err, c.want, c.code)
		}
	}
	sink.Break(mailsink.Fault{})
	if err := s.Send(t.Context(), m); err != nil {
		t.Errorf("a healthy server: %v", err)
	}
}

func TestSend_EndsWithItsContext(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	sink.Break(mailsink.Fault{Mood: mailsink.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	c := to(sink)
	c.Timeout = time.Minute
	began := time.Now()
	var failed *mail.SendError
	if err := newSender(t, c).Send(ctx, render(t, letter(mail.Invoice, tenants()["plain"]))); !errors.As(err, &failed) || failed.Outcome != mail.Unconfirmed {
		t.Errorf("error %v, want unconfirmed", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestCheck_SaysWhatIsWrong(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	if err := newSender(t, to(sink)).Check(t.Context()); err != nil {
		t.Errorf("a healthy server: %v", err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := to(sink)
	c.Port = closed.Addr().(*net.TCPAddr).Port
	_ = closed.Close()
	if err := newSender(t, c).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestNewSender_RefusesUnsafeConfigurations(t *testing.T) {
	good := mail.Config{Host: "smtp.example.com", From: sender}
	if _, err := mail.NewSender(good); err != nil {
		t.Fatal(err)
	}
	local := mail.Config{Host: "127.0.0.1", Security: mail.Plain, From: sender}
	if _, err := mail.NewSender(local); err != nil {
		t.Errorf("plain to this machine: %v", err)
	}
	for name, change := range map[string]func(*mail.Config){
		"plain to elsewhere": func(c *mail.Config) { c.Security = mail.Plain },
		"unknown security":   func(c *mail.Config) { c.Security = "opportunistic" },
		"no host":            func(c *mail.Config) { c.Host = "" },
		"sender with a name": func(c *mail.Config) { c.From = "Acme <billing@example.com>" },
		"no sender":          func(c *mail.Config) { c.From = "" },
	} {
		c := good
		change(&c)
		if _, err := mail.NewSender(c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
