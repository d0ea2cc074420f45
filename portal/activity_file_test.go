package portal_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
)

func TestActivity_FiltersByDaysOfTheTenantsZone(t *testing.T) {
	// Entries are seven hours apart, the newest at noon of the 21st in New York. The days are both in the range.
	const days = "?from=2026-05-20&to=2026-05-20"
	doc := activityPage(t, portaltest.Full, days)
	if got := doc.Count(".trail li"); got != 4 {
		t.Errorf("%d entries on one day, want 4", got)
	}
	for _, n := range doc.All(".trail .when time") {
		if !strings.HasPrefix(htmlcheck.Attr(n, "datetime"), "2026-05-20") {
			t.Errorf("there is an entry of %s", htmlcheck.Attr(n, "datetime"))
		}
	}
	if doc.Attr("input#from", "value") != "2026-05-20" || doc.Attr("input#to", "value") != "2026-05-20" || doc.Count("label[for=from]")+doc.Count("label[for=to]") != 2 {
		t.Error("the form does not show the days that were asked for, or they have no labels")
	}
	if got := doc.Attr(".take a", "href"); got != "/portal/activity.csv"+days {
		t.Errorf("the file is at %q", got)
	}
	if got := activityPage(t, portaltest.Full, "?from=2026-05-18").Attr("input#to", "value"); got != "" {
		t.Errorf("an open range ends on %q", got)
	}
	for _, query := range []string{"?from=1000-01-01&to=1999-12-31", "?from=9999-12-31", "?to=0001-01-01"} {
		if got := activityPage(t, portaltest.Full, query).Text(".empty"); got != "Nothing like that has happened." {
			t.Errorf("%s: %q", query, got)
		}
	}
	next := activityPage(t, portaltest.Full, "?from=2026-01-01").Attr("a[rel=next]", "href")
	if next != "/portal/activity?after=25&from=2026-01-01" {
		t.Errorf("the next page is at %q", next)
	}
}

func TestActivity_SaysHowToMendADay(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.Full)
	for query, want := range map[string]struct{ field, says string }{
		"from=21.5.2026":                {"from", "like 2026-05-21"},
		"to=2026-02-30":                 {"to", "like 2026-05-21"},
		"from=%00%27&to=x":              {"from", "like 2026-05-21"},
		"from=2026-05-21&to=2026-05-20": {"to", "before the first"},
	} {
		doc := b.get("/portal/activity?what=paid&"+query).wants(http.StatusUnprocessableEntity, "Activity").page()
		if got := doc.Text(".summary a"); !strings.Contains(got, want.says) || doc.Attr(".summary a", "href") != "#"+want.field {
			t.Errorf("%s: %q leads to %q", query, got, doc.Attr(".summary a", "href"))
		}
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if doc.Attr("input#"+want.field, "aria-invalid") != "true" || doc.Attr("input#"+want.field, "value") != strings.ReplaceAll(form.Get(want.field), "\x00", "\ufffd") {
			t.Errorf("%s: the field holds %q and is marked %q", query, doc.Attr("input#"+want.field, "value"), doc.Attr("input#"+want.field, "aria-invalid"))
		}
		if doc.Count(".trail li")+doc.Count(".take") != 0 || doc.Attr("select#what option[selected]", "value") != "paid" {
			t.Errorf("%s: it lists something, or forgets what else was asked for", query)
		}
		if a := b.get("/portal/activity.csv?" + query); a.Code != http.StatusSeeOther || !strings.HasPrefix(a.Header().Get("Location"), "/portal/activity?") {
			t.Errorf("%s: as a file: %d to %q", query, a.Code, a.Header().Get("Location"))
		}
	}
}

// rowsOf reads a file as a program would that knows nothing of us.
func rowsOf(t *testing.T, a *answer) [][]string {
	t.Helper()
	if a.Code != http.StatusOK || a.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%d %v: %s", a.Code, a.Header(), a.Body)
	}
	body, marked := strings.CutPrefix(a.Body.String(), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || !marked {
		t.Fatalf("marked %t, %v", marked, err)
	}
	return rows
}

func TestActivityFile_HoldsAllThatTheListShows(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	a := b.get("/portal/activity.csv?after=25")
	rows := rowsOf(t, a)
	if len(rows) != 41 {
		t.Fatalf("%d rows, want a head and 40 entries", len(rows))
	}
	for i, want := range [][]string{{"Time (UTC)", "Kind", "What", "Who", "Document", "IP address"},
		{"2026-05-21T16:00:00Z", "invoice.viewed", "Viewed by Accounts payable", "Accounts payable", "INV-2026-000040", "2001:db8:85a3::8a2e:370:7334"},
		{"2026-05-21T09:00:00Z", "link.used", "Head office signed in", "Head office", "", ""}} {
		if strings.Join(rows[i], "|") != strings.Join(want, "|") {
			t.Errorf("row %d is %q, want %q", i, rows[i], want)
		}
	}
	if got := a.Header().Get("Content-Disposition"); got != `attachment; filename="activity-2026-05-21.csv"` || a.Header().Get("Cache-Control") != "no-store" ||
		a.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", a.Header())
	}
	if rows := rowsOf(t, b.get("/portal/activity.csv?from=2026-05-20&to=2026-05-20&who="+portaltest.PersonID(1))); len(rows) != 5 {
		t.Errorf("%d rows on one day, want 5", len(rows))
	}
	if rows := rowsOf(t, newBrowser(t, world, portaltest.Empty).get("/portal/activity.csv")); len(rows) != 1 {
		t.Errorf("an empty log has %d rows, want its head", len(rows))
	}
	if world.Taken != 3 {
		t.Errorf("%d were noted, want 3", world.Taken)
	}
	if a := b.do(http.MethodHead, "/portal/activity.csv", nil); a.Code != http.StatusOK || world.Taken != 3 {
		t.Errorf("HEAD: %d, %d noted", a.Code, world.Taken)
	}
	if rows := rowsOf(t, newBrowser(t, world, "").get("/_preview/portal/activity.csv")); len(rows) != 41 || world.Taken != 3 || len(world.Previewed) != 1 {
		t.Errorf("a preview: %d rows, %d noted for the client, %v for the tenant", len(rows), world.Taken, world.Previewed)
	}
	newBrowser(t, world, "").get("/portal/activity.csv").wants(http.StatusUnauthorized, "Please sign in again")
	if a := newBrowser(t, world, portaltest.Scanned).get("/portal/activity.csv"); a.Code != http.StatusForbidden || world.Taken != 3 {
		t.Errorf("a session that may be a scanner's: %d, %d noted", a.Code, world.Taken)
	}
}

func TestActivityFile_HoldsNoFormulaAndNoOtherRows(t *testing.T) {
	for _, name := range []string{`=HYPERLINK("https://evil.example";"pay")`, "+1+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "＝1", "a\r\n=1,2,3", `","=1`} {
		world := plainWorld()
		world.Text = name
		for _, row := range rowsOf(t, newBrowser(t, world, portaltest.Full).get("/portal/activity.csv"))[1:] {
			if len(row) != 6 {
				t.Fatalf("%q makes a row of %d cells", name, len(row))
			}
			for _, cell := range row {
				if strings.ContainsAny(strings.TrimSpace(cell)[:min(1, len(strings.TrimSpace(cell)))], "=+-@") || strings.HasPrefix(cell, "＝") {
					t.Fatalf("%q gives the cell %q", name, cell)
				}
			}
		}
	}
}

func TestActivityFile_SpeaksTheReadersLanguage(t *testing.T) {
	world := portaltest.NewWorld(portaltest.Bold())
	rows := rowsOf(t, newBrowser(t, world, portaltest.Full).get("/portal/activity.csv"))
	if rows[0][0] != "Zeit (UTC)" || !strings.HasPrefix(rows[1][2], "Angesehen von ") || rows[1][1] != "invoice.viewed" || !strings.HasSuffix(rows[1][0], "Z") {
		t.Errorf("%q %q", rows[0], rows[1])
	}
}
