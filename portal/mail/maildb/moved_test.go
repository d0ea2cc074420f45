package maildb_test

import (
	"strings"
	"testing"

	"tollhouse/portal/mail"
)

// Whatever became of the contact since, the old mailbox is told, and holds nothing to get in with.
func TestWorker_TellsTheOldAddress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.enqueue(t, mail.Request{Kind: mail.AddressChanged, Address: "before@client.test"})
	h.exec(t, `UPDATE contacts SET email = 'after@client.test', status = 'removed' WHERE tenant_id = $1 AND id = $2`, h.tenant, h.contact)
	h.node(t)
	if got := h.ended(t, id); got.Status != "sent" {
		t.Fatalf("state = %+v", got)
	}
	m := h.sink.Messages()[0]
	if m.To[0] != "before@client.test" || strings.Contains(m.Text+m.HTML+m.Subject, "after@client.test") {
		t.Errorf("it goes to %v, or names the new address:\n%s", m.To, m.Text)
	}
	if strings.Contains(m.Text+m.HTML, "/portal/") || strings.Contains(m.HTML, "<a href=\"https") {
		t.Errorf("it holds a link:\n%s", m.Text)
	}
}
