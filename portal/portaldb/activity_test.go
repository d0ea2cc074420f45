package portaldb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments/paymentstest"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// log appends entries a second apart, so that their order is known.
func (f *fixture) log(t testing.TB, events ...audit.Event) {
	t.Helper()
	born := time.Now().Add(-time.Hour)
	err := rls.Tx(ctx, f.DB.App, f.Tenant.ID, func(tx pgx.Tx) error {
		for i, e := range events {
			e.ID = tenant.NewID("evt", born.Add(time.Duration(i)*time.Second))
			if e.CompanyID == "" {
				e.CompanyID = f.Company
			}
			if err := auditdb.Insert(ctx, tx, f.Tenant.ID, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) trail(t testing.TB, s access.Session, q portal.TrailQuery) portal.TrailData {
	t.Helper()
	d, err := f.pages.Trail(ctx, s, q)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// lines shows entries in short, oldest first.
func lines(d portal.TrailData) (out []string) {
	for _, e := range slices.Backward(d.Entries) {
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", e.Kind, e.Number, e.Who, e.IP)), " "))
	}
	return out
}

func TestTrail_IsTheCompanysSlice(t *testing.T) {
	f := setup(t)
	inv, draft := f.Sent(t, 12000), f.Draft(t, 100)
	other := f.AddCompany(t)
	stranger := f.AddContact(t, other, "payer")
	colleague := f.AddContact(t, f.Company, "viewer")
	f.Exec(t, `UPDATE contacts SET name = 'Colleague' WHERE tenant_id = $1 AND id = $2`, f.Tenant.ID, colleague)
	in := paymentstest.Payment(inv.ID, 100)
	in.ContactID = colleague
	paid, err := f.Invoices.RecordPayment(ctx, f.Tenant, in)
	if err != nil {
		t.Fatal(err)
	}
	by := func(contact, kind, document string) audit.Event {
		return audit.Event{Kind: kind, Actor: audit.Contact, ActorID: contact, ContactID: contact, DocumentID: document, IP: visitor.IP, UserAgent: "Browser/1"}
	}
	f.log(t,
		audit.Event{Kind: "invoice.created", Actor: audit.Key, ActorID: "key_1", DocumentID: draft.ID},
		audit.Event{Kind: "invoice.sent", Actor: audit.Key, ActorID: "key_1", DocumentID: inv.ID, IP: visitor.IP},
		audit.Event{Kind: "link.minted", Actor: audit.Key, ActorID: "key_1", ContactID: f.Contact},
		audit.Event{Kind: "preview.started", Actor: audit.Key, ActorID: "key_1", ContactID: f.Contact, IP: visitor.IP},
		audit.Event{Kind: "preview.viewed", Actor: audit.Key, ActorID: "key_1", ContactID: f.Contact, DocumentID: inv.ID},
		audit.Event{Kind: "link.seen", Actor: audit.Anonymous, ContactID: f.Contact, IP: visitor.IP},
		audit.Event{Kind: "link.requested", Actor: audit.Anonymous, ContactID: f.Contact, IP: visitor.IP},
		by(f.Contact, "link.used", inv.ID), by(f.Contact, "invoice.viewed", inv.ID), by(colleague, "invoice.viewed", inv.ID),
		audit.Event{Kind: "payment.succeeded", Actor: audit.Key, ActorID: "key_1", DocumentID: paid.ID},
		audit.Event{Kind: "invoice.voided", Actor: audit.Key, ActorID: "key_1", DocumentID: draft.ID},
		audit.Event{Kind: "contact.disabled", Actor: audit.Key, ActorID: "key_1", ContactID: colleague},
		audit.Event{Kind: "session.revoked", Actor: audit.Key, ActorID: "key_1", ContactID: colleague, IP: visitor.IP},
		audit.Event{Kind: "invoice.viewed", Actor: audit.Contact, ActorID: stranger, ContactID: stranger, CompanyID: other, DocumentID: inv.ID},
		// Another company's ids in an entry of ours name nobody.
		by(stranger, "link.used", ""))
	d := f.trail(t, f.session, portal.TrailQuery{})
	want := []string{"invoice.sent " + inv.Number, "link.minted Accounts payable", "preview.started Accounts payable", "link.requested Accounts payable", "link.used " + inv.Number + " Accounts payable 203.0.113.7",
		"invoice.viewed " + inv.Number + " Accounts payable 203.0.113.7", "invoice.viewed " + inv.Number + " Colleague",
		"payment.succeeded " + inv.Number + " Colleague", "session.revoked Colleague", "link.used"}
	if diff := cmp.Diff(want, lines(d)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	for _, e := range d.Entries {
		if own := e.IP != ""; e.Own != own {
			t.Errorf("%s: own %v, address %q", e.Kind, e.Own, e.IP)
		}
	}
	if len(d.People) != 2 || d.People[1].Name != "Colleague" {
		t.Errorf("people %v", d.People)
	}
	for name, c := range map[string]struct {
		q    portal.TrailQuery
		want []string
	}{
		"viewed":               {portal.TrailQuery{What: portal.Viewed}, want[5:7]},
		"paid":                 {portal.TrailQuery{What: portal.Paid}, want[7:8]},
		"sent":                 {portal.TrailQuery{What: portal.Sent}, want[:1]},
		"who":                  {portal.TrailQuery{Who: colleague}, want[6:9]},
		"who and what":         {portal.TrailQuery{Who: f.Contact, What: portal.Viewed}, want[5:6]},
		"nobody":               {portal.TrailQuery{Who: "con_0"}, nil},
		"a deed of no meaning": {portal.TrailQuery{What: "x"}, nil},
		"a cursor of no list":  {portal.TrailQuery{After: "' OR 1=1"}, want},
	} {
		if diff := cmp.Diff(c.want, lines(f.trail(t, f.session, c.q))); diff != "" && len(c.want)+len(lines(f.trail(t, f.session, c.q))) > 0 {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTrail_ShowsEachEntryOnceOverAllPages(t *testing.T) {
	f := setup(t)
	var events []audit.Event
	for i := range 23 {
		events = append(events, audit.Event{Kind: "link.used", Actor: audit.Contact, ActorID: f.Contact, ContactID: f.Contact,
			Details: map[string]string{"why": fmt.Sprint(i)}}, audit.Event{Kind: "link.seen", Actor: audit.Anonymous})
	}
	f.log(t, events...)
	var whys []string
	q := portal.TrailQuery{Limit: 5}
	for pages := 1; ; pages++ {
		d := f.trail(t, f.session, q)
		for _, e := range d.Entries {
			whys = append(whys, e.Why)
		}
		if q.After = d.Next; d.Next == "" {
			if pages != 5 {
				t.Errorf("%d pages, want 5", pages)
			}
			break
		}
	}
	for i, why := range whys {
		if why != fmt.Sprint(22-i) {
			t.Fatalf("entries in the order %v", whys)
		}
	}
	if len(whys) != 23 {
		t.Errorf("%d entries, want 23", len(whys))
	}
}

func TestTrail_ShowsAnotherTenantOrCompanyOrASignerNothing(t *testing.T) {
	db := pgtest.Clone(t)
	mine, theirs := setupOn(t, db), setupOn(t, db)
	event := audit.Event{Kind: "link.used", Actor: audit.Contact, ActorID: mine.Contact, ContactID: mine.Contact}
	mine.log(t, event)
	stolen := event
	stolen.CompanyID = mine.Company // the other tenant's entry with our company's id
	theirs.log(t, stolen)
	if got := len(mine.trail(t, mine.session, portal.TrailQuery{}).Entries); got != 1 {
		t.Errorf("%d entries, want 1", got)
	}
	if d := theirs.trail(t, theirs.session, portal.TrailQuery{Who: mine.Contact}); len(d.Entries) != 0 || len(d.People) != 1 {
		t.Errorf("the other tenant sees %+v", d)
	}
	beside := mine.AddCompany(t)
	neighbour := mine.sessionOf(t, beside, mine.AddContact(t, beside, "payer"))
	if d := mine.trail(t, neighbour, portal.TrailQuery{}); len(d.Entries) != 0 || len(d.People) != 1 {
		t.Errorf("the other company sees %+v", d)
	}
	signer := mine.sessionOf(t, mine.Company, mine.AddContact(t, mine.Company, "signer"))
	if d := mine.trail(t, signer, portal.TrailQuery{}); len(d.Entries)+len(d.People) != 0 || d.Member.Contact.Role != access.Signer {
		t.Errorf("a signer sees %+v", d)
	}
}

func TestTrail_KeepsToTheDays(t *testing.T) {
	f := setup(t)
	day := time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC)
	event := audit.Event{Kind: "link.used", Actor: audit.Contact, ActorID: f.Contact, ContactID: f.Contact}
	f.log(t, slices.Repeat([]audit.Event{event}, 4)...)
	f.happened(t, day.Add(-time.Microsecond), day, day.Add(24*time.Hour-time.Microsecond), day.Add(24*time.Hour))
	for name, c := range map[string]struct {
		q    portal.TrailQuery
		want int
	}{
		"that day":        {portal.TrailQuery{From: day, To: day.Add(24 * time.Hour)}, 2},
		"from that day":   {portal.TrailQuery{From: day}, 3},
		"until that day":  {portal.TrailQuery{To: day.Add(24 * time.Hour)}, 3},
		"always":          {portal.TrailQuery{}, 4},
		"never":           {portal.TrailQuery{From: day.Add(time.Hour), To: day}, 0},
		"of another kind": {portal.TrailQuery{From: day, What: portal.Paid}, 0},
		"the first year":  {portal.TrailQuery{From: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, 4},
	} {
		if got := len(f.trail(t, f.session, c.q).Entries); got != c.want {
			t.Errorf("%s: %d entries, want %d", name, got, c.want)
		}
	}
}

func TestTrailFile_IsNotedAndShownToTheCompany(t *testing.T) {
	f := setup(t)
	event := audit.Event{Kind: "session.switched", Actor: audit.Contact, ActorID: f.Contact, ContactID: f.Contact}
	f.log(t, slices.Repeat([]audit.Event{event}, 130)...)
	q := portal.TrailQuery{Limit: portal.MostInFile}
	d, err := f.pages.TrailFile(ctx, f.session, q, visitor)
	if err != nil || len(d.Entries) != 130 || d.Next != "" {
		t.Fatalf("%d entries, more: %q, %v", len(d.Entries), d.Next, err)
	}
	if _, err := f.pages.TrailFile(ctx, f.session, q, nil); err != nil {
		t.Fatal(err)
	}
	signer := f.sessionOf(t, f.Company, f.AddContact(t, f.Company, "signer"))
	if d, err := f.pages.TrailFile(ctx, signer, q, visitor); err != nil || len(d.Entries) != 0 {
		t.Errorf("a signer takes %d entries, %v", len(d.Entries), err)
	}
	provisional := f.session
	provisional.Level = access.Provisional
	if _, err := f.pages.TrailFile(ctx, provisional, q, visitor); err == nil {
		t.Error("a session that may be a scanner's takes the log")
	}
	noted := f.trail(t, f.session, portal.TrailQuery{What: portal.Viewed})
	if len(noted.Entries) != 1 || noted.Entries[0].Kind != "activity.downloaded" || noted.Entries[0].IP != visitor.IP.String() || !noted.Entries[0].Own {
		t.Errorf("noted: %+v", noted.Entries)
	}
	if d, err := f.pages.TrailFile(ctx, f.session, portal.TrailQuery{Limit: 100}, nil); err != nil || len(d.Entries) != 100 || d.Next == "" {
		t.Errorf("a file that is full: %d entries, more: %q, %v", len(d.Entries), d.Next, err)
	}
}

// happened gives the entries of the log other times, in their order: past the log's own guard, as no role of the program can.
func (f *fixture) happened(t *testing.T, times ...time.Time) {
	t.Helper()
	conn, err := pgx.Connect(ctx, f.DB.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `SET session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	const q = `UPDATE audit_events e SET at = n.at FROM (
			SELECT i.id, ($2::timestamptz[])[row_number() OVER (ORDER BY i.id)] AS at FROM audit_events i WHERE i.tenant_id = $1 AND i.kind = 'link.used') n
		WHERE e.tenant_id = $1 AND e.id = n.id`
	if tag, err := conn.Exec(ctx, q, f.Tenant.ID, times); err != nil || tag.RowsAffected() != int64(len(times)) {
		t.Fatal(tag, err)
	}
}
