package mailsink_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tollhouse/portal/mail/mailsink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, c mailsink.Config) *mailsink.Sink {
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
			t.Errorf("running: %v", err)
		}
	})
	return sink
}

const source = "From: =?utf-8?q?Caf=C3=A9?= <cafe@acme.test>\r\nTo: payables@client.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n" +
	"Message-ID: <m1@acme.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n" +
	"--c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nOpen <https://acme.test/portal/l/abc>.\r\n" +
	"--c\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><head></head><body><img src=3D\"cid:logo\"><script>alert(1)</script></body></html>\r\n--c--\r\n" +
	"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0=\r\n--b--\r\n"

func send(t *testing.T, sink *mailsink.Sink, to, msg string) {
	t.Helper()
	if err := smtp.SendMail(sink.Addr(), nil, "from@acme.test", []string{to}, []byte(msg)); err != nil {
		t.Fatal(err)
	}
}

func TestSink_ReadsWhatArrives(t *testing.T) {
	sink := start(t, mailsink.Config{NoTLS: true})
	send(t, sink, "payables@client.test", source)
	m := sink.Messages()[0]
	if m.ID != 1 || m.Subject != "Grüße" || m.To[0] != "payables@client.test" || m.TLS || m.Problem != "" {
		t.Errorf("message = %+v", m)
	}
	if m.Text != "Open <https://acme.test/portal/l/abc>." || !strings.Contains(m.HTML, `<img src="cid:logo">`) || len(m.Inline) != 1 || m.Inline[0].CID != "logo" {
		t.Errorf("text %q, html %q, inline %v", m.Text, m.HTML, m.Inline)
	}
}

func TestSink_KeepsWhatItCannotRead(t *testing.T) {
	sink := start(t, mailsink.Config{NoTLS: true})
	send(t, sink, "payables@client.test", "no header at all\r\n")
	if m := sink.Messages()[0]; m.Problem == "" || !strings.Contains(string(m.Raw), "no header") {
		t.Errorf("message = %+v", m)
	}
}

func TestSink_KeepsTheNewestThousand(t *testing.T) {
	sink := start(t, mailsink.Config{NoTLS: true})
	c, err := smtp.Dial(sink.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for i := range mailsink.Kept + 5 {
		body := fmt.Sprintf("Subject: %d\r\n\r\nx\r\n", i+1)
		if err := errors.Join(c.Mail("a@acme.test"), c.Rcpt("b@client.test"), data(c, body)); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Quit()
	got := sink.Messages()
	if len(got) != mailsink.Kept || got[0].Subject != "6" || got[len(got)-1].ID != mailsink.Kept+5 {
		t.Errorf("%d kept, from %q to %d", len(got), got[0].Subject, got[len(got)-1].ID)
	}
	if _, ok := sink.Message(5); ok {
		t.Error("a message that was let go is found")
	}
	if m, ok := sink.Message(6); !ok || m.Subject != "6" {
		t.Error("a kept message is not found")
	}
}

func data(c *smtp.Client, body string) error {
	w, err := c.Data()
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(body))
	return errors.Join(err, w.Close())
}

func TestWait_ReturnsAMailThatComesLater(t *testing.T) {
	sink := start(t, mailsink.Config{NoTLS: true})
	got := make(chan mailsink.Message, 1)
	go func() {
		m, err := sink.Wait(t.Context(), func(m mailsink.Message) bool { return m.To[0] == "second@client.test" })
		if err != nil {
			t.Error(err)
		}
		got <- m
	}()
	send(t, sink, "first@client.test", source)
	send(t, sink, "second@client.test", source)
	if m := <-got; m.ID != 2 {
		t.Errorf("got the message %d", m.ID)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := sink.Wait(ctx, func(mailsink.Message) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting in vain: %v", err)
	}
}

func TestListen_RefusesOtherMachines(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":2525", "192.0.2.1:25", "mail.example.com:25", "nonsense"} {
		if _, err := mailsink.Listen(mailsink.Config{Addr: addr}); err == nil {
			t.Errorf("it listens on %q", addr)
		}
	}
}

// get asks the page and returns the answer with its body.
func get(t *testing.T, sink *mailsink.Sink, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	sink.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Result(), w.Body.String()
}

func TestHandler_ShowsMailsAndRunsNothingOfThem(t *testing.T) {
	sink := start(t, mailsink.Config{NoTLS: true})
	if _, body := get(t, sink, "/"); !strings.Contains(body, "No mail yet") {
		t.Errorf("the empty list:\n%s", body)
	}
	send(t, sink, "payables@client.test", source)
	if _, body := get(t, sink, "/"); !strings.Contains(body, "Grüße") || !strings.Contains(body, `href="/messages/1"`) {
		t.Errorf("the list:\n%s", body)
	}
	_, body := get(t, sink, "/messages/1")
	if !strings.Contains(body, `Open &lt;<a href="https://acme.test/portal/l/abc" target="_blank" rel="noreferrer">https://acme.test/portal/l/abc</a>&gt;.`) ||
		strings.Contains(body, "<script>") || !strings.Contains(body, `sandbox="allow-popups allow-popups-to-escape-sandbox"`) {
		t.Errorf("the message:\n%s", body)
	}
	res, body := get(t, sink, "/messages/1/html")
	if !strings.Contains(body, `<img src="data:image/png;base64,iVBORw0=">`) {
		t.Errorf("the HTML lacks its picture:\n%s", body)
	}
	policy := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox allow-popups") || strings.Contains(policy, "script-src") {
		t.Errorf("policy of the HTML: %s", policy)
	}
	if _, body := get(t, sink, "/messages/1/raw"); body != source {
		t.Errorf("the source:\n%s", body)
	}
	for _, path := range []string{"/messages/2", "/messages/x", "/messages/1/html/x"} {
		if res, _ := get(t, sink, path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
}

func TestHandler_TellsProgramsTheLinks(t *testing.T) {
	sink := start(t, mailsink.Config{NoTLS: true})
	send(t, sink, "payables@client.test", source)
	_, body := get(t, sink, "/messages.json")
	var got struct {
		Messages []struct {
			ID        int      `json:"id"`
			To        []string `json:"to"`
			MessageID string   `json:"message_id"`
			Links     []string `json:"links"`
		} `json:"messages"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 1 || got.Messages[0].MessageID != "m1@acme.test" || len(got.Messages[0].Links) != 1 || got.Messages[0].Links[0] != "https://acme.test/portal/l/abc" {
		t.Errorf("messages.json = %s", body)
	}
}

func TestHandler_HandsDocumentsOutAsFiles(t *testing.T) {
	sink := start(t, mailsink.Config{NoTLS: true})
	send(t, sink, "payables@client.test", "From: a@acme.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"+
		"--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"INV <1>.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n")
	if m := sink.Messages()[0]; m.Text != "Hello" || m.HTML != "" || len(m.Attached) != 1 || string(m.Attached[0].Bytes) != "%PDF" {
		t.Fatalf("%+v", m)
	}
	if _, body := get(t, sink, "/messages/1"); !strings.Contains(body, `href="/messages/1/attached/0"`) || !strings.Contains(body, "INV &lt;1&gt;.pdf") {
		t.Errorf("the message:\n%s", body)
	}
	res, body := get(t, sink, "/messages/1/attached/0")
	if body != "%PDF" || res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("Content-Disposition") != `attachment; filename="INV <1>.pdf"` {
		t.Errorf("%q as %v", body, res.Header)
	}
	for _, path := range []string{"/messages/1/attached/1", "/messages/1/attached/-1", "/messages/1/attached/x", "/messages/2/attached/0"} {
		if res, _ := get(t, sink, path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
}
