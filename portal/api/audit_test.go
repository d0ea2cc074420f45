package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant/rls"
)

const auditEvents = "/api/crm/audit-events"

// write appends to a tenant's log.
func (b *bench) write(p party, events ...audit.Event) {
	b.t.Helper()
	err := rls.Tx(b.t.Context(), b.db.App, p.tenant.ID, func(tx pgx.Tx) error {
		for _, e := range events {
			if err := auditdb.Insert(b.t.Context(), tx, p.tenant.ID, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// wholeLog reads all pages, a few entries at a time, and sorts them by their place.
func (b *bench) wholeLog(p party) []map[string]any {
	b.t.Helper()
	var all []map[string]any
	for query := "?limit=3"; query != ""; {
		page := b.call(p, "GET", auditEvents+query, "").want(200)
		for _, e := range page.data() {
			all = append(all, e.(map[string]any))
		}
		next, more := page.Body["next_cursor"].(string)
		query = "?limit=3&cursor=" + url.QueryEscape(next)
		if !more {
			query = ""
		}
	}
	slices.SortFunc(all, func(x, y map[string]any) int { return int(x["n"].(float64) - y["n"].(float64)) })
	return all
}

// checkChain does what the document tells a tenant to do, with nothing but what the API answered, and says what is wrong first.
func checkChain(head map[string]any, entries []map[string]any) error {
	tenantID := head["tenant_id"].(string)
	hash := sha256.Sum256([]byte("audit1 " + tenantID))
	for i, e := range entries {
		if e["n"].(float64) != float64(i+1) || e["previous_hash"] != hex.EncodeToString(hash[:]) {
			return fmt.Errorf("entry %v does not follow entry %d", e["n"], i)
		}
		at, err := time.Parse(time.RFC3339Nano, e["at"].(string))
		if err != nil {
			return err
		}
		b := append(hash[:], "audit1"...)
		for _, text := range []string{strconv.Itoa(i + 1), tenantID, e["id"].(string), strconv.FormatInt(at.UnixMicro(), 10)} {
			b = fmt.Appendf(b, "%d:%s", len(text), text)
		}
		for _, name := range strings.Fields("kind actor actor_id company_id contact_id document_id session_id link_id ip user_agent details_text") {
			text, ok := e[name].(string)
			if ok || name == "actor_id" || name == "user_agent" {
				b = fmt.Appendf(b, "%d:%s", len(text), text)
			} else {
				b = append(b, '-')
			}
		}
		if hash = sha256.Sum256(b); e["hash"] != hex.EncodeToString(hash[:]) {
			return fmt.Errorf("entry %d was changed", i+1)
		}
	}
	if head["n"].(float64) != float64(len(entries)) || head["hash"] != hex.EncodeToString(hash[:]) {
		return fmt.Errorf("the log ends at entry %d, its head is entry %v", len(entries), head["n"])
	}
	return nil
}

// A tenant trusts nobody: from the API's answers alone it finds out whether its log is as it was written.
func TestAudit_ATenantVerifiesItsLogByItself(t *testing.T) {
	b := setup(t)
	if err := checkChain(b.call(b.bolt, "GET", auditEvents+"/head", "").want(200).Body, nil); err != nil {
		t.Errorf("an empty log: %v", err)
	}
	b.company(b.acme, "x")
	b.write(b.acme, audit.Event{Kind: "x.plain", Actor: audit.System},
		audit.Event{Kind: "x.hard", Actor: audit.Operator, ActorID: "3:é-", CompanyID: "-", IP: netip.MustParseAddr("2001:db8:0:0:1::1"), UserAgent: `"<quoted>" & 日本`,
			Details: map[string]string{"b": "line\nbreak \u2028 <a href=\"x\">", "aa": "ü", "": "\\"}})
	b.company(b.acme, "x")
	head, entries := b.call(b.acme, "GET", auditEvents+"/head", "").want(200).Body, b.wholeLog(b.acme)
	if err := checkChain(head, entries); err != nil || len(entries) < 4 {
		t.Fatalf("%d entries: %v", len(entries), err)
	}
	for name, change := range map[string]func(){
		"kind":   func() { entries[1]["kind"] = "x.other" },
		"ip":     func() { entries[2]["ip"] = "2001:db8::2" },
		"absent": func() { entries[1]["contact_id"] = "con_1" },
		"details": func() {
			entries[2]["details_text"] = strings.Replace(entries[2]["details_text"].(string), "ü", "u", 1)
		},
		"cut off": func() { entries = entries[:len(entries)-1] },
		"removed": func() { entries = slices.Delete(entries, 1, 2) },
		"swapped": func() { entries[1], entries[2] = entries[2], entries[1] },
	} {
		entries = b.wholeLog(b.acme)
		if change(); checkChain(head, entries) == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestAudit_Filters(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "x")
	b.write(b.acme, audit.Event{Kind: "link.used", Actor: audit.Contact, CompanyID: company, ContactID: "con_1"}, audit.Event{Kind: "link.seen", Actor: audit.Anonymous, CompanyID: company},
		audit.Event{Kind: "invoice.viewed", Actor: audit.Contact, CompanyID: company, SessionID: "ses_1", DocumentID: "inv_1"})
	hour := func(d time.Duration) string { return url.QueryEscape(time.Now().Add(d).Format(time.RFC3339)) }
	for filter, want := range map[string]string{
		"kind=link.": "link.seen link.used", "kind=link.used": "link.used", "kind=lin": "link.seen link.used", "kind=link.x": "", "document_id=inv_1": "invoice.viewed",
		"kind=link.&contact_id=con_1": "link.used", "session_id=ses_1&kind=link": "", "kind=invoice&from=" + hour(-time.Hour) + "&to=" + hour(time.Hour): "invoice.viewed",
		"from=" + hour(time.Hour): "", "to=" + hour(-time.Hour): "", "kind=": "company.created invoice.viewed link.seen link.used",
	} {
		if got := strings.Join(slices.Sorted(slices.Values(b.kinds(b.acme, filter))), " "); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	for _, filter := range []string{"kind=%25", "kind=LINK", "kind=link%00", "kind=" + strings.Repeat("a", 61), "from=yesterday", "from=2026-05-03", "to=2026-05-03T14:00:00",
		"from=", "to=0001-01-01T00:00:00Z", "from=2026-05-03T14:00:00Z&from=2026-05-03T14:00:00Z", "since=1"} {
		if got := b.call(b.acme, "GET", auditEvents+"?"+filter, ""); got.Status != 400 {
			t.Errorf("%s: %d, want 400", filter, got.Status)
		}
	}
}

// An entry that somebody put past the chain shows, without a place in it.
func TestAudit_ShowsWhatWasPutPastTheChain(t *testing.T) {
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err1 := conn.Exec(t.Context(), `SET session_replication_role = replica`)
	_, err2 := conn.Exec(t.Context(), `INSERT INTO audit_events (tenant_id, id, kind, actor) VALUES ($1, 'evt_planted', 'x.y', 'system')`, string(b.acme.tenant.ID))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	planted := b.call(b.acme, "GET", auditEvents+"?kind=x.", "").want(200).data()[0].(map[string]any)
	if planted["n"] != nil || planted["hash"] != nil || planted["previous_hash"] != nil {
		t.Errorf("a planted entry has a place: %v", planted)
	}
}
