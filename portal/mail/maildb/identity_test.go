package maildb_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/riverqueue/river"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/maildb"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
)

// names gives out one identity, or an error a few times first.
type names struct {
	mu    sync.Mutex
	id    mail.Identity
	fails int
	asked []tenant.ID
}

func (n *names) Identity(_ context.Context, t tenant.ID) (mail.Identity, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, t)
	if n.fails--; n.fails >= 0 {
		return mail.Identity{}, errors.New("the database is away")
	}
	return n.id, nil
}

func (n *names) set(id mail.Identity) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.id = id
}

// named runs a node whose mails go out in the given names.
func (h *house) named(t *testing.T, n *names) {
	t.Helper()
	soon := func(int) time.Duration { return 20 * time.Millisecond }
	worker, err := maildb.NewWorker(maildb.WorkerConfig{Pool: h.db.App, Links: h.links, Sender: newSender(t, h.sink, 2*time.Second), Identities: n, Backoff: soon})
	must(t, err)
	workers := river.NewWorkers()
	must(t, river.AddWorkerSafely(workers, worker))
	client, err := maildb.NewClient(h.db.App, workers, maildb.ClientConfig{Logger: slog.New(slog.DiscardHandler), PollEvery: 100 * time.Millisecond, Backoff: soon})
	must(t, err)
	runUntilEnd(t, func(ctx context.Context) error { return maildb.Run(ctx, client) })
}

func acmeIdentity(t *testing.T) mail.Identity {
	t.Helper()
	keyPEM, err := mail.MintDKIM()
	must(t, err)
	key, err := mail.NewDKIM("acme.test", "th1", keyPEM)
	must(t, err)
	return mail.Identity{Address: "billing@acme.test", ReplyTo: "billing@acme.test", DKIM: key}
}

// signed reports whether a mail carries a good signature of the key.
func signed(m mailsink.Message, key *mail.DKIM) bool {
	found, err := dkim.VerifyWithOptions(bytes.NewReader(m.Raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != key.Name() {
			return nil, errors.New("no such record")
		}
		return []string{key.Record()}, nil
	}})
	return err == nil && len(found) == 1 && found[0].Err == nil
}

func TestWorker_WritesInTheTenantsNameWhileItMay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := acmeIdentity(t)
	n := &names{id: id, fails: 2} // a database that is away keeps the mail, and nothing goes out in the wrong name
	h.named(t, n)
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "sent" {
		t.Fatalf("state = %+v", got)
	}
	n.set(mail.Identity{ReplyTo: id.ReplyTo}) // lost
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "sent" {
		t.Fatalf("state = %+v", got)
	}
	own, ours := h.sink.Messages()[0], h.sink.Messages()[1]
	if from := own.Header.Get("From"); from != `"Acme" <billing@acme.test>` || own.From != sender || !signed(own, id.DKIM) {
		t.Errorf("its own: From %s, envelope %s", from, own.From)
	}
	if from := ours.Header.Get("From"); from != `"Acme" <`+sender+`>` || ours.Header.Get("DKIM-Signature") != "" || ours.Header.Get("Reply-To") != `"Acme" <help@acme.test>` {
		t.Errorf("the platform's: From %s, Reply-To %s", from, ours.Header.Get("Reply-To"))
	}
	for _, m := range h.sink.Messages() {
		if !strings.HasSuffix(m.Header.Get("Message-ID"), "@mail.platform.test>") {
			t.Errorf("Message-ID %s depends on the name", m.Header.Get("Message-ID"))
		}
	}
	for _, asked := range n.asked {
		if asked != h.tenant {
			t.Errorf("the identity of %s was asked for", asked)
		}
	}
}

func TestWorker_ARelayThatRefusesTheNameLosesNoMail(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.named(t, &names{id: acmeIdentity(t)})
	h.exec(t, `UPDATE tenants SET support_email = '' WHERE id = $1`, h.tenant)
	h.sink.Break(mailsink.Fault{Mood: mailsink.AnswerData, Code: 554, Times: 1})
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "sent" {
		t.Fatalf("state = %+v", got)
	}
	m := h.sink.Messages()[0]
	if from := m.Header.Get("From"); from != `"Acme" <`+sender+`>` || m.Header.Get("Reply-To") != `"Acme" <billing@acme.test>` {
		t.Errorf("From %s, Reply-To %s", from, m.Header.Get("Reply-To"))
	}
	h.sink.Break(mailsink.Fault{Mood: mailsink.AnswerRcpt, Code: 550})
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "dropped" || got.DroppedWhy != "refused" {
		t.Errorf("an address that does not exist: %+v", got)
	}
}

func TestIdentity_CannotWriteHeaders(t *testing.T) {
	base := mail.Message{ID: "x@mail.platform.test"}
	base.From.Address, base.From.Name = sender, "Acme"
	id := acmeIdentity(t)
	for _, address := range []string{"billing@acme.test\r\nBcc: eve@x.test", "billing@acme.test, eve@x.test", "billing@other.test", "Eve <billing@acme.test>"} {
		bad := id
		bad.Address = address
		if got := base.As(bad); got.From != base.From || got.DKIM != nil {
			t.Errorf("%q: From %v", address, got.From)
		}
	}
	id.Name = "Acme\r\nBcc: eve@x.test"
	if got := base.As(id); got.From.Name != "Acme Bcc: eve@x.test" || got.DKIM == nil {
		t.Errorf("a hostile name: %v", got.From)
	}
}
