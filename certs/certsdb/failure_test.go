package certsdb_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"tollhouse/certs"
	"tollhouse/deploy/services/pgtest"
)

// What a CA says has pieces of what strangers said to it. The database takes no NUL, and then the back-off would be forgotten; and what an
// operator's terminal obeys must not come to it.
const hostile = "dns: got \x00 \x1b[2J\u009b31m\r\nforged: line\u202e \xff, bücher"

// said is the one text that a table has.
func said(t *testing.T, db pgtest.DB, q string) string {
	t.Helper()
	var text string
	if err := db.Owner.QueryRow(ctx, q).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func expectPlain(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || !strings.HasPrefix(text, "dns: got") || !strings.HasSuffix(text, "bücher") {
		t.Errorf("kept as %+q", text)
	}
}

func TestFailed_KeepsWhatACASaysInPlainText(t *testing.T) {
	s, db := setup(t)
	hour := certs.Backoff{Base: time.Hour, Max: time.Hour}
	if _, err := s.Failed(ctx, host, certs.Refusal{Reason: hostile}, hour); err != nil {
		t.Fatal(err)
	}
	expectPlain(t, said(t, db, `SELECT reason FROM certificate_failures`))
	if _, err := s.Troubled(ctx, certs.Refusal{Reason: hostile}, hour); err != nil {
		t.Fatal(err)
	}
	expectPlain(t, said(t, db, `SELECT error FROM ca_health`))
}

func TestNotRevoked_KeepsWhatACASaysInPlainText(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(host.String(), time.Hour))
	if n, err := s.Revoke(ctx, host, certs.Superseded); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	due, err := s.TakeRevocations(ctx, 1)
	if err == nil && len(due) == 1 {
		err = s.NotRevoked(ctx, due[0], hostile)
	}
	if err != nil {
		t.Fatal(err)
	}
	expectPlain(t, said(t, db, `SELECT error FROM certificate_revocations`))
}
