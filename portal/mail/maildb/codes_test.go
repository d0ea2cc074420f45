package maildb_test

import (
	"strings"
	"testing"

	"tollhouse/portal/mail"
)

// mailedCode writes a code's row, with a session that it is for, and its mail.
func (h *house) mailedCode(t *testing.T, kind mail.Kind, id, to string) (mailID string) {
	t.Helper()
	purpose := map[mail.Kind]string{mail.StepUp: "session", mail.EmailConfirm: "email"}[kind]
	h.exec(t, `INSERT INTO crm_client_portal_sessions (tenant_id, id, company_id, contact_id, expires_at)
		SELECT tenant_id, 'ses_' || $3, company_id, id, now() + interval '1 hour' FROM contacts WHERE tenant_id = $1 AND id = $2`, h.tenant, h.contact, id)
	h.exec(t, `INSERT INTO step_ups (tenant_id, id, company_id, contact_id, session_id, purpose, email, key_id, created_at, expires_at)
		SELECT tenant_id, $3, company_id, id, 'ses_' || $3, $4, NULLIF($5, ''), 'k', now(), now() + interval '10 minutes' FROM contacts WHERE tenant_id = $1 AND id = $2`,
		h.tenant, h.contact, id, purpose, to)
	return h.enqueue(t, mail.Request{Kind: kind, StepUpID: id, Address: to})
}

func TestWorker_MailsCodesWithoutAnyLink(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, id := range []string{h.mailedCode(t, mail.StepUp, "stp_0001", ""), h.mailedCode(t, mail.EmailConfirm, "stp_0002", "new@client.test")} {
		defer func() {
			if got := h.ended(t, id); got.Status != "sent" {
				t.Errorf("state = %+v", got)
			}
		}()
	}
	h.node(t)
	eventually(t, func() bool { return len(h.sink.Messages()) == 2 })
	for _, m := range h.sink.Messages() {
		want := code("stp_0001")
		if m.To[0] == "new@client.test" {
			want = code("stp_0002")
		}
		if !strings.Contains(m.Text, want) || strings.Count(m.HTML, want) != 1 || strings.Contains(m.Header.Get("Subject"), want) {
			t.Errorf("to %v without its code %s, or with it in the wrong place:\n%s", m.To, want, m.Text)
		}
		if strings.Contains(m.Text+m.HTML, "/portal/") || strings.Contains(m.HTML, "<a href=\"https") {
			t.Errorf("it holds a link:\n%s", m.Text)
		}
	}
}

func TestWorker_DropsACodeThatIsOfNoUse(t *testing.T) {
	t.Parallel()
	h := setup(t)
	want := map[string]string{}
	for why, change := range map[string]string{"code_used": "passed_at = now()", "code_superseded": "superseded_at = now()", "code_expired": "expires_at = now()"} {
		id := "stp_" + why
		want[h.mailedCode(t, mail.StepUp, id, "")] = why
		h.exec(t, `UPDATE step_ups SET `+change+` WHERE tenant_id = $1 AND id = $2`, h.tenant, id)
	}
	want[h.enqueue(t, mail.Request{Kind: mail.StepUp, StepUpID: "stp_none"})] = "code_unknown"
	h.node(t)
	for id, why := range want {
		if got := h.ended(t, id); got.Status != "dropped" || got.DroppedWhy != why {
			t.Errorf("state = %+v, want dropped: %s", got, why)
		}
	}
	if n := len(h.sink.Messages()); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}
