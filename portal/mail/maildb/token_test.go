package maildb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
)

func TestQueue_KeepsNoTokenAndItsJobsNoAddress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sink.Break(mailsink.Fault{Mood: mailsink.AnswerRcpt, Code: 451, Times: 2})
	link := h.link(t, "document", time.Hour)
	id := h.enqueue(t, mail.Request{Kind: mail.Invoice, LinkID: link, DocumentID: h.invoice})
	h.node(t)
	h.ended(t, id)
	if body := h.sink.Messages()[0].Text; !strings.Contains(body, token(link)) {
		t.Fatalf("the mail lacks its link:\n%s", body)
	}
	found := map[string]bool{}
	admin := connectAdmin(t, h)
	for _, column := range textColumns(t, admin) {
		for _, value := range values(t, admin, column) {
			if strings.Contains(value, token(link)) {
				t.Errorf("%s holds the token", column)
			}
			if strings.HasPrefix(column, "jobs.") && strings.Contains(value, "payables@") {
				t.Errorf("%s holds the address", column)
			}
			if strings.Contains(value, id) {
				found[column] = true
			}
		}
	}
	// The positive control: the same look finds the mail's id where it is.
	if !found["public.mails.id"] || !found["jobs.river_job.args"] {
		t.Errorf("the mail's id was found in %v only", found)
	}
}

// textColumns lists every column of every table that can hold text.
func textColumns(t *testing.T, admin *pgx.Conn) []string {
	t.Helper()
	const q = `SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema IN ('public', 'jobs') AND data_type IN ('text', 'jsonb', 'json', 'bytea', 'ARRAY', 'character varying')`
	rows, err := admin.Query(context.Background(), q)
	must(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return columns
}

func values(t *testing.T, admin *pgx.Conn, column string) []string {
	t.Helper()
	parts := strings.Split(column, ".")
	table := pgx.Identifier(parts[:2]).Sanitize()
	rows, err := admin.Query(context.Background(), fmt.Sprintf(`SELECT COALESCE(%s::text, '') FROM %s`, pgx.Identifier(parts[2:]).Sanitize(), table))
	must(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return found
}

func connectAdmin(t *testing.T, h *house) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), h.db.AdminURL)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
