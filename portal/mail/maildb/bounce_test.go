package maildb_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// bounces counts a tenant's addresses that do not exist.
func (h *house) bounces(t *testing.T, id tenant.ID) (n int) {
	t.Helper()
	must(t, rls.Tx(context.Background(), h.db.App, id, func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT count(*) FROM mail_bounces WHERE tenant_id = $1`, id).Scan(&n)
	}))
	return n
}

func TestWorker_WritesNoMoreToAnAddressThatDoesNotExist(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sink.Break(mailsink.Fault{Mood: mailsink.AnswerRcpt, Code: 550, Subject: 1, Detail: 1, Times: 1})
	h.node(t)
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "dropped" || got.DroppedWhy != "refused" {
		t.Errorf("the first: %+v", got)
	}
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "dropped" || got.DroppedWhy != "address_bounced" {
		t.Errorf("the second: %+v", got)
	}
	if h.bounces(t, h.tenant) != 1 || h.bounces(t, "ten_other") != 0 || len(h.sink.Messages()) != 0 {
		t.Errorf("%d bounces, %d mails", h.bounces(t, h.tenant), len(h.sink.Messages()))
	}
	h.wantAudit(t, "mail.refused refused", "mail.dropped address_bounced")
	h.exec(t, `UPDATE contacts SET email = 'new@client.test' WHERE tenant_id = $1 AND id = $2`, h.tenant, h.contact)
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "sent" {
		t.Errorf("to another address: %+v", got)
	}
	h.exec(t, `UPDATE contacts SET email = 'PAYABLES@client.test' WHERE tenant_id = $1 AND id = $2`, h.tenant, h.contact)
	if got := h.ended(t, h.invoiceMail(t)); got.DroppedWhy != "address_bounced" {
		t.Errorf("to the same in capitals: %+v", got)
	}
	h.exec(t, `DELETE FROM mail_bounces WHERE tenant_id = $1`, h.tenant)
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "sent" {
		t.Errorf("once it is cleared: %+v", got)
	}
}

func TestWorker_BlamesNoAddressForWhatIsNotItsFault(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.node(t)
	for name, f := range map[string]mailsink.Fault{
		"our reputation":    {Mood: mailsink.AnswerRcpt, Code: 550, Subject: 7, Detail: 1},
		"a full mailbox":    {Mood: mailsink.AnswerRcpt, Code: 552, Subject: 2, Detail: 2},
		"our own address":   {Mood: mailsink.AnswerRcpt, Code: 550, Subject: 1, Detail: 8},
		"what the mail has": {Mood: mailsink.AnswerData, Code: 550, Subject: 1, Detail: 1},
		"nothing said":      {Mood: mailsink.AnswerRcpt, Code: 550},
	} {
		f.Times = 1
		h.sink.Break(f)
		if got := h.ended(t, h.invoiceMail(t)); got.Status != "dropped" || got.DroppedWhy != "refused" {
			t.Errorf("%s: %+v", name, got)
		}
		if n := h.bounces(t, h.tenant); n != 0 {
			t.Errorf("%s: the address counts as gone", name)
		}
	}
	h.sink.Break(mailsink.Fault{Mood: mailsink.AnswerRcpt, Code: 450, Subject: 1, Detail: 1, Times: 2})
	if got := h.ended(t, h.invoiceMail(t)); got.Status != "sent" || h.bounces(t, h.tenant) != 0 {
		t.Errorf("a soft refusal: %+v", got)
	}
}
