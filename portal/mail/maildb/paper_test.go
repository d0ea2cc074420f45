package maildb_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
)

// files makes documents, after some failures.
type files struct {
	fails  atomic.Int32
	size   int
	locale atomic.Value
}

func (f *files) Invoice(_ context.Context, _ tenant.ID, id, locale string) (mail.Attachment, error) {
	if f.fails.Add(-1) >= 0 {
		return mail.Attachment{}, errors.New("out of ink")
	}
	f.locale.Store(locale)
	body := append([]byte("%PDF-1.7 "+id), make([]byte, f.size)...)
	return mail.Attachment{Name: "INV-12.pdf", ContentType: "application/pdf", Bytes: body}, nil
}

// shut switches the portal of the house's client off, and gives its tenant a way to be paid.
func shut(t *testing.T, f *files) *house {
	t.Helper()
	h := setup(t)
	h.files = f
	h.exec(t, `UPDATE companies SET portal_enabled = false WHERE tenant_id = $1`, h.tenant)
	h.exec(t, `UPDATE tenants SET payment_instructions = E'By transfer:\nIBAN DE02 1203 0000' WHERE id = $1`, h.tenant)
	h.exec(t, `UPDATE contacts SET locale = 'de-DE' WHERE tenant_id = $1`, h.tenant)
	return h
}

func TestWorker_SendsAnInvoiceAsADocumentWhereThePortalIsOff(t *testing.T) {
	f := &files{}
	h := shut(t, f)
	h.node(t)
	id := h.enqueue(t, mail.Request{Kind: mail.Invoice, DocumentID: h.invoice})
	if got := h.ended(t, id); got.Status != "sent" {
		t.Fatalf("%+v", got)
	}
	m := h.sink.Messages()[0]
	wantPaper(t, m)
	if len(m.Attached) != 1 || !bytes.HasPrefix(m.Attached[0].Bytes, []byte("%PDF-1.7 "+h.invoice)) || f.locale.Load() != "de-DE" {
		t.Errorf("%d documents in %v", len(m.Attached), f.locale.Load())
	}
	h.wantAudit(t, "mail.sent")
}

// wantPaper holds a mail to what a client without a portal gets: how to pay, and nothing to press.
func wantPaper(t *testing.T, m mailsink.Message) {
	t.Helper()
	for _, part := range []string{m.Text, m.HTML} {
		if !strings.Contains(part, "So bezahlen Sie") || !strings.Contains(part, "IBAN DE02 1203 0000") || !strings.Contains(part, "Rechnung INV-12") {
			t.Errorf("it does not say how to pay:\n%s", part)
		}
		if strings.Contains(part, "http") || strings.Contains(part, "/portal/") || strings.Contains(part, "href=") {
			t.Errorf("it leads somewhere:\n%s", part)
		}
	}
}

// The link was made while the portal was on; it would only be refused.
func TestWorker_LeavesTheLinkOutOnceThePortalIsSwitchedOff(t *testing.T) {
	h := setup(t)
	id := h.invoiceMail(t)
	login := h.enqueue(t, mail.Request{Kind: mail.LoginLink, LinkID: h.link(t, "login", 10*time.Minute)})
	portal := h.enqueue(t, mail.Request{Kind: mail.PortalLink, LinkID: h.link(t, "api", time.Hour)})
	h.exec(t, `UPDATE companies SET portal_enabled = false WHERE tenant_id = $1`, h.tenant)
	h.exec(t, `UPDATE tenants SET payment_instructions = 'IBAN DE02 1203 0000' WHERE id = $1`, h.tenant)
	h.exec(t, `UPDATE contacts SET locale = 'de-DE' WHERE tenant_id = $1`, h.tenant)
	h.node(t)
	if got := h.ended(t, id); got.Status != "sent" {
		t.Fatalf("%+v", got)
	}
	wantPaper(t, h.sink.Messages()[0])
	for _, other := range []string{login, portal} {
		if got := h.ended(t, other); got.DroppedWhy != "portal_off" {
			t.Errorf("a mail that is nothing but its link: %+v", got)
		}
	}
}

func TestWorker_WaitsForADocumentThatCannotBeMadeYet(t *testing.T) {
	f := &files{}
	f.fails.Store(2)
	h := shut(t, f)
	h.node(t)
	if got := h.ended(t, h.enqueue(t, mail.Request{Kind: mail.Invoice, DocumentID: h.invoice})); got.Status != "sent" || len(h.sink.Messages()) != 1 {
		t.Errorf("%+v, %d mails", got, len(h.sink.Messages()))
	}
}

func TestWorker_GivesADocumentThatCannotBeMadeUpAfterADay(t *testing.T) {
	f := &files{}
	f.fails.Store(1000)
	h := shut(t, f)
	id := h.enqueue(t, mail.Request{Kind: mail.Invoice, DocumentID: h.invoice})
	h.exec(t, `UPDATE mails SET created_at = now() - interval '25 hours' WHERE tenant_id = $1 AND id = $2`, h.tenant, id)
	h.node(t)
	if got := h.ended(t, id); got.DroppedWhy != "document_failed" || !strings.Contains(got.LastError, "out of ink") {
		t.Errorf("%+v", got)
	}
}

func TestWorker_DropsADocumentThatNoServerWouldTake(t *testing.T) {
	h := shut(t, &files{size: mail.MostAttached})
	h.node(t)
	if got := h.ended(t, h.enqueue(t, mail.Request{Kind: mail.Invoice, DocumentID: h.invoice})); got.DroppedWhy != "document_too_large" {
		t.Errorf("%+v", got)
	}
	h.wantAudit(t, "mail.dropped document_too_large")
}

func TestWorker_SaysInWhichBrowserALinkWasAskedFor(t *testing.T) {
	h := setup(t)
	h.node(t)
	h.ended(t, h.enqueue(t, mail.Request{Kind: mail.LoginLink, LinkID: h.link(t, "login", 10*time.Minute), Device: mail.Device{Browser: "Chrome", System: "Windows"}}))
	h.ended(t, h.enqueue(t, mail.Request{Kind: mail.LoginLink, LinkID: h.link(t, "login", 10*time.Minute)}))
	known, unknown := h.sink.Messages()[0], h.sink.Messages()[1]
	if !strings.Contains(known.Text, "It was requested from Chrome on Windows.") || !strings.Contains(known.HTML, "Chrome on Windows") {
		t.Errorf("known:\n%s", known.Text)
	}
	if strings.Contains(unknown.Text, "requested from") {
		t.Errorf("unknown:\n%s", unknown.Text)
	}
}
