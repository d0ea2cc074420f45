package maildb_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant/rls"
)

func TestWorker_SendsACommittedMailOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.node(t)
	id := h.invoiceMail(t)
	if got := h.ended(t, id); got.Status != "sent" || got.Attempts != 1 {
		t.Fatalf("state = %+v", got)
	}
	msgs := h.sink.Messages()
	if len(msgs) != 1 {
		t.Fatalf("%d mails arrived, want 1", len(msgs))
	}
	m := msgs[0]
	if m.Subject != "Invoice INV-12 from Acme: $1,204.50 due May 3, 2026" || !m.TLS || m.From != sender || !slices.Equal(m.To, []string{"payables@client.test"}) {
		t.Errorf("subject %q, TLS %v, from %q, to %q", m.Subject, m.TLS, m.From, m.To)
	}
	if got, want := m.Header.Get("Message-ID"), "<"+id+"@mail.platform.test>"; got != want {
		t.Errorf("Message-ID = %s, want %s", got, want)
	}
	h.wantAudit(t, "mail.sent")
}

func TestQueue_ARolledBackMailIsNeverSent(t *testing.T) {
	t.Parallel()
	h := setup(t)
	link := h.link(t, "document", time.Hour)
	undo := errors.New("undo")
	err := rls.Tx(context.Background(), h.db.App, h.tenant, func(tx pgx.Tx) error {
		_, err := h.queue.Enqueue(context.Background(), tx, h.tenant, mail.Request{Kind: mail.Invoice, CompanyID: h.company, ContactID: h.contact,
			LinkID: link, DocumentID: h.invoice})
		return errors.Join(err, undo)
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	h.node(t)
	committed := h.invoiceMail(t) // the positive control: it is worked after the other would have been
	h.ended(t, committed)
	if msgs := h.sink.Messages(); len(msgs) != 1 || !strings.Contains(msgs[0].Header.Get("Message-ID"), committed) {
		t.Errorf("%d mails arrived, want the committed one only", len(msgs))
	}
}

func TestWorker_WaitsForAServerThatIsDown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sink.Break(mailsink.Fault{Mood: mailsink.RefuseConn})
	h.node(t)
	id := h.invoiceMail(t)
	eventually(t, func() bool { return h.state(t, id).Attempts >= 3 })
	if got := h.state(t, id); got.Status != "queued" || got.LastError == "" {
		t.Fatalf("state while the server is down = %+v", got)
	}
	h.sink.Break(mailsink.Fault{})
	if got := h.ended(t, id); got.Status != "sent" || got.LastError != "" {
		t.Fatalf("state after its return = %+v", got)
	}
	if n := len(h.sink.Messages()); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
	h.wantAudit(t, "mail.sent")
}

func TestWorker_TriesAgainAfterNotNow(t *testing.T) {
	t.Parallel()
	for _, mood := range []mailsink.Mood{mailsink.AnswerRcpt, mailsink.AnswerData} {
		t.Run(string(mood), func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.sink.Break(mailsink.Fault{Mood: mood, Code: 451, Times: 2})
			h.node(t)
			id := h.invoiceMail(t)
			if got := h.ended(t, id); got.Status != "sent" || got.Attempts != 3 || got.Unconfirmed != 0 {
				t.Errorf("state = %+v", got)
			}
			if n := len(h.sink.Messages()); n != 1 {
				t.Errorf("%d mails arrived, want 1", n)
			}
		})
	}
}

func TestWorker_DropsWhatTheServerRefuses(t *testing.T) {
	t.Parallel()
	for _, mood := range []mailsink.Mood{mailsink.AnswerRcpt, mailsink.AnswerData} {
		t.Run(string(mood), func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.sink.Break(mailsink.Fault{Mood: mood, Code: 550, Times: 1})
			h.node(t)
			id := h.invoiceMail(t)
			if got := h.ended(t, id); got.Status != "dropped" || got.DroppedWhy != "refused" || !strings.Contains(got.LastError, "550") {
				t.Errorf("state = %+v", got)
			}
			h.wantAudit(t, "mail.refused refused")
			if n := len(h.sink.Messages()); n != 0 {
				t.Errorf("%d mails arrived, want none", n)
			}
			next := h.invoiceMail(t)
			if got := h.ended(t, next); got.Status != "sent" {
				t.Errorf("the next mail: %+v", got)
			}
		})
	}
}

func TestWorker_GivesUpAfterADay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sink.Break(mailsink.Fault{Mood: mailsink.AnswerRcpt, Code: 451})
	young, old := h.invoiceMail(t), h.invoiceMail(t)
	h.exec(t, `UPDATE mails SET created_at = now() - interval '24 hours' WHERE tenant_id = $1 AND id = $2`, h.tenant, old)
	h.node(t)
	eventually(t, func() bool { return h.state(t, old).Status != "queued" && h.state(t, young).Attempts > 1 })
	if got := h.state(t, old); got.DroppedWhy != "deferred" {
		t.Errorf("the old mail: %+v", got)
	}
	if got := h.state(t, young); got.Status != "queued" {
		t.Errorf("the young mail: %+v", got)
	}
}

func TestWorker_SendsAtMostOneDuplicateWhenNoAnswerComes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sink.Break(mailsink.Fault{Mood: mailsink.DropAfterData})
	h.node(t)
	id := h.invoiceMail(t)
	if got := h.ended(t, id); got.Status != "dropped" || got.DroppedWhy != "unconfirmed" || got.Unconfirmed != 2 {
		t.Errorf("state = %+v", got)
	}
	msgs := h.sink.Messages()
	if len(msgs) != 2 || msgs[0].Header.Get("Message-ID") != msgs[1].Header.Get("Message-ID") {
		t.Fatalf("%d mails arrived, want two with one Message-ID", len(msgs))
	}
}

func TestWorker_SendsAgainAfterAnAnswerThatNeverCame(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sink.Break(mailsink.Fault{Mood: mailsink.Hang, Times: 1})
	h.node(t)
	id := h.invoiceMail(t)
	if got := h.ended(t, id); got.Status != "sent" || got.Unconfirmed != 1 || got.Attempts != 2 {
		t.Errorf("state = %+v", got)
	}
	if n := len(h.sink.Messages()); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
}

func TestWorker_TwoNodesSendEachMailOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.node(t)
	h.node(t)
	var ids [40]string
	var g errgroup.Group
	for i := range ids {
		g.Go(func() error { ids[i] = h.invoiceMail(t); return nil })
	}
	must(t, g.Wait())
	for _, id := range ids {
		h.ended(t, id)
	}
	seen := map[string]int{}
	for _, m := range h.sink.Messages() {
		seen[m.Header.Get("Message-ID")]++
	}
	for _, id := range ids {
		if n := seen["<"+id+"@mail.platform.test>"]; n != 1 {
			t.Errorf("the mail %s arrived %d times", id, n)
		}
	}
}

func TestWorker_DropsWhatHasLostItsCause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sql, why string }{
		{"disabled contact", `UPDATE contacts SET status = 'disabled' WHERE tenant_id = $1`, "contact_disabled"},
		{"removed contact", `UPDATE contacts SET status = 'removed' WHERE tenant_id = $1`, "contact_removed"},
		{"suspended tenant", `UPDATE tenants SET status = 'suspended' WHERE id = $1`, "tenant_suspended"},
		{"void invoice", `UPDATE invoices SET status = 'void', voided_at = now() WHERE tenant_id = $1`, "document_void"},
		{"used link", `UPDATE portal_links SET used_at = now() WHERE tenant_id = $1`, "link_used"},
		{"revoked link", `UPDATE portal_links SET revoked_at = now() WHERE tenant_id = $1`, "link_revoked"},
		{"superseded link", `UPDATE portal_links SET superseded_at = now() WHERE tenant_id = $1`, "link_superseded"},
		{"expired link", `UPDATE portal_links SET expires_at = now() - interval '1 second' WHERE tenant_id = $1`, "link_expired"},
		{"bad address", `UPDATE contacts SET email = E'eve@x.test\r\nBcc: all@x.test' WHERE tenant_id = $1`, "address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			id := h.invoiceMail(t)
			h.exec(t, c.sql, h.tenant)
			h.node(t)
			if got := h.ended(t, id); got.Status != "dropped" || got.DroppedWhy != c.why {
				t.Errorf("state = %+v, want dropped for %s", got, c.why)
			}
			if n := len(h.sink.Messages()); n != 0 {
				t.Errorf("%d mails arrived, want none", n)
			}
			if got := h.audit(t); len(got) != 1 || !strings.HasSuffix(got[0], " "+c.why) {
				t.Errorf("audit log says %q", got)
			}
		})
	}
}

func TestWorker_DropsALinkOfSomebodyElse(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.exec(t, `INSERT INTO contacts (tenant_id, id, company_id, name, email) VALUES ($1, 'con_other', $2, 'Eve', 'eve@client.test')`, h.tenant, h.company)
	link := h.link(t, "document", time.Hour)
	h.exec(t, `UPDATE portal_links SET contact_id = 'con_other' WHERE tenant_id = $1 AND id = $2`, h.tenant, link)
	id := h.enqueue(t, mail.Request{Kind: mail.PortalLink, LinkID: link})
	h.node(t)
	if got := h.ended(t, id); got.DroppedWhy != "link_unknown" {
		t.Errorf("state = %+v", got)
	}
}

func TestWorker_FreshensALoginLinkThatWaitedLong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		life      time.Duration
		freshened int
		says      string
	}{
		{"fresh", 10 * time.Minute, 0, "for 10 minutes"},
		{"old", 5 * time.Minute, 1, "for 8 minutes"},
		{"expired", -time.Hour, 1, "for 8 minutes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			link := h.link(t, "login", c.life)
			id := h.enqueue(t, mail.Request{Kind: mail.LoginLink, LinkID: link})
			h.node(t)
			if got := h.ended(t, id); got.Status != "sent" {
				t.Fatalf("state = %+v", got)
			}
			if h.links.freshened != c.freshened || !strings.Contains(h.sink.Messages()[0].Text, c.says) {
				t.Errorf("freshened %d times, want %d; text:\n%s", h.links.freshened, c.freshened, h.sink.Messages()[0].Text)
			}
			if text := h.sink.Messages()[0].Text; !strings.Contains(text, "\n    "+code(link)+"\n") || strings.Contains(text, "/"+code(link)) {
				t.Errorf("the code is not on a line of its own, or part of a URL:\n%s", text)
			}
		})
	}
}
