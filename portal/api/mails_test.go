package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

const mailsPath = "/api/crm/mails"

// mailStates write what a mail with each status has.
var mailStates = map[string]string{
	"queued":  `attempts = 2, last_error = '450 of secret.example'`,
	"sent":    `status = 'sent', sent_at = now(), sent_to = 'old@example.com', attempts = 1`,
	"late":    `status = 'sent', sent_at = now(), sent_to = 'old@example.com', delayed_at = now(), delay_code = '4.4.1'`,
	"dropped": `status = 'dropped', dropped_why = 'link_used', dropped_at = now()`,
	"odd":     `status = 'dropped', dropped_why = 'some_new_word', dropped_at = now()`,
	"bounced": `status = 'sent', sent_at = now(), sent_to = 'old@example.com', bounced_at = now(), bounce_kind = 'address', bounce_code = '550 5.1.1'`,
}

// mail stores a mail as it is when something became of it, and returns its id.
func (b *bench) mail(p party, company, contact, state string) string {
	b.t.Helper()
	id := tenant.NewID("mail", time.Now())
	b.as(p.tenant.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(b.t.Context(), `INSERT INTO mails (tenant_id, id, kind, company_id, contact_id, document_id) VALUES ($1, $2, 'invoice', $3, $4, 'inv_1')`,
			string(p.tenant.ID), id, company, contact)
		return err
	})
	b.as(p.tenant.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(b.t.Context(), `UPDATE mails SET `+mailStates[state]+` WHERE tenant_id = $1 AND id = $2`, string(p.tenant.ID), id)
		return err
	})
	return id
}

func TestMail_TellsWhatBecameOfIt(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	contact := b.contact(b.acme, company, "new@example.com")
	for state, want := range map[string]struct{ status, to, reason, code string }{
		"queued":  {"queued", "new@example.com", "", ""},
		"sent":    {"sent", "old@example.com", "", ""},
		"late":    {"sent", "old@example.com", "delayed", "4.4.1"},
		"dropped": {"dropped", "new@example.com", "link_used", ""},
		"odd":     {"dropped", "new@example.com", "some_new_word", ""},
		"bounced": {"bounced", "old@example.com", "bounced_address", "550 5.1.1"},
	} {
		id := b.mail(b.acme, company, contact, state)
		got := b.call(b.acme, "GET", mailsPath+"/"+id, "").want(200)
		text := func(field string) string { s, _ := got.Body[field].(string); return s }
		if text("status") != want.status || text("to") != want.to || text("reason") != want.reason || text("code") != want.code || text("contact_id") != contact ||
			(text("reason_text") != "") != (want.reason != "") || text("document_id") != "inv_1" {
			t.Errorf("%s: %s", state, got.Raw)
		}
		if strings.Contains(got.Raw, "secret.example") {
			t.Errorf("%s shows what our mail server said: %s", state, got.Raw)
		}
	}
}

func TestMails_AreListedByFilterAndPage(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	first, second := b.contact(b.acme, company, "a@example.com"), b.contact(b.acme, company, "b@example.com")
	var ids []string
	for _, state := range []string{"sent", "bounced", "dropped", "queued"} {
		ids = append(ids, b.mail(b.acme, company, first, state))
	}
	other := b.mail(b.acme, company, second, "sent")
	slices.Sort(ids)
	listed := func(query string) (found []string) {
		t.Helper()
		for _, m := range b.call(b.acme, "GET", mailsPath+query, "").want(200).data() {
			found = append(found, m.(map[string]any)["id"].(string))
		}
		return found
	}
	if got := listed("?contact_id=" + second); !slices.Equal(got, []string{other}) {
		t.Errorf("the second contact's: %v", got)
	}
	if n := len(listed("?document_id=inv_1")); n != 5 || len(listed("?document_id=inv_2")) != 0 || len(listed("")) != 5 {
		t.Errorf("%d about the document, want 5", n)
	}
	for status, want := range map[string]int{"sent": 2, "bounced": 1, "dropped": 1, "queued": 1} {
		if got := listed("?status=" + status); len(got) != want {
			t.Errorf("%s: %v, want %d", status, got, want)
		}
	}
	page := b.call(b.acme, "GET", mailsPath+"?limit=3", "").want(200)
	rest := listed("?limit=3&cursor=" + page.Body["next_cursor"].(string))
	if len(page.data()) != 3 || len(rest) != 2 || b.call(b.acme, "GET", mailsPath+"?limit=5", "").want(200).Body["next_cursor"] != nil {
		t.Errorf("pages of %d and %d", len(page.data()), len(rest))
	}
	b.call(b.acme, "GET", mailsPath+"?status=read", "").problem(400, "invalid_parameter")
	b.call(b.acme, "GET", mailsPath+"?contact=x", "").problem(400, "unknown_parameter")
	b.call(b.acme, "GET", mailsPath+"?cursor=x", "").problem(400, "invalid_cursor")
	if got := b.call(b.bolt, "GET", mailsPath+"?contact_id="+first, "").want(200).data(); len(got) != 0 {
		t.Errorf("another tenant sees %v", got)
	}
}
