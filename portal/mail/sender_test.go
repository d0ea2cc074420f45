package mail_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

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
		"To":             `"Accounts payable" <payables@client.test>`,
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
