package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/payments/ledger"
	"tollhouse/portal/mail"
	"tollhouse/tenant"
)

var update = flag.Bool("update", false, "write the golden files anew")

const sender = "billing@mail.platform.test"

// A plain tenant, one with a colour that is hard to read, one with a long right-to-left name.
func tenants() map[string]*tenant.Tenant {
	return map[string]*tenant.Tenant{
		"plain": {Name: "Acme", TimeZone: time.UTC, Locale: "en-US", Brand: tenant.Brand{
			Primary: tenant.Color{R: 0x1f, G: 0x5f, B: 0xbf}, Accent: tenant.Color{R: 0x0f, G: 0x76, B: 0x6e},
			Footer: "Acme Inc., 1 Harbor Way, Oakland CA 94607", SupportEmail: "billing@acme.test"}},
		"yellow": {Name: "Sonnenschein & Söhne <GmbH>", TimeZone: time.UTC, Locale: "de-DE", Brand: tenant.Brand{
			Primary: tenant.Color{R: 0xff, G: 0xff}, Accent: tenant.Color{B: 0x80},
			Footer: "Sonnenschein & Söhne GmbH\nHRB 1234, Amtsgericht Köln", SupportEmail: "buchhaltung@sonnenschein.test"}},
		"rtl": {Name: "מרכז השירותים הפיננסיים והייעוץ העסקי של הצפון", TimeZone: time.UTC, Locale: "he-IL", Brand: tenant.Brand{
			Primary: tenant.Color{R: 0x7a, G: 0x1f, B: 0x6b}, Accent: tenant.Color{R: 0xc2, G: 0x41, B: 0x0c}}},
	}
}

func letter(kind mail.Kind, of *tenant.Tenant) mail.Letter {
	now := time.Date(2026, 4, 3, 9, 30, 0, 0, time.UTC)
	l := mail.Letter{
		ID: "mail_0001", Kind: kind, Tenant: of, Company: "Harbour Café", Now: now,
		Contact: mail.Person{Name: "Accounts payable", Email: "payables@client.test"},
		URL:     "https://acme.platform.test/portal/l/q7vJx0bF3mT9sLw2RkYpN5dHcZ8uEaGi1oVtXyB4nCM", ExpiresAt: now.AddDate(0, 0, 30),
	}
	if kind == mail.LoginLink {
		l.ExpiresAt, l.Code, l.Device = now.Add(10*time.Minute), "ABCD-EF23", mail.Device{Browser: "Chrome", System: "Windows"}
	}
	if kind == mail.AddressChanged {
		l.URL, l.ExpiresAt = "", time.Time{}
	}
	if kind == mail.StepUp || kind == mail.EmailConfirm {
		l.URL, l.ExpiresAt, l.Code = "", now.Add(10*time.Minute), "ABCD-EF23"
	}
	if kind == mail.PortalLink {
		l.ExpiresAt = now.Add(24 * time.Hour)
	}
	if kind == mail.Invoice {
		l.Invoice = ledger.Invoice{Number: "INV-12", Status: ledger.Sent, Currency: ledger.Currency(currency(of)), Total: 120450,
			DueDate: ledger.Date{Year: 2026, Month: time.May, Day: 3}}
	}
	return l
}

// paper is the letter of an invoice to a client without a portal.
func paper(of *tenant.Tenant) mail.Letter {
	l := letter(mail.Invoice, of)
	l.URL, l.ExpiresAt = "", time.Time{}
	l.Instructions = "By bank transfer:\r\nIBAN DE02 1203 0000 0000 2020 51\n\n  <b>Or</b> by check.  "
	l.Attachments = []mail.Attachment{{Name: "INV-12.pdf", ContentType: "application/pdf", Bytes: []byte("%PDF-1.7")}}
	return l
}

func currency(of *tenant.Tenant) string {
	return map[string]string{"en-US": "USD", "de-DE": "EUR", "he-IL": "ILS"}[of.Locale]
}

func render(t *testing.T, l mail.Letter) mail.Message {
	t.Helper()
	m, err := mail.Render(l, sender)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRender_SaysTheSameAsItsGoldenFiles(t *testing.T) {
	for name, of := range tenants() {
		for _, kind := range []mail.Kind{mail.Invoice, mail.LoginLink, mail.PortalLink, mail.AddressChanged, mail.StepUp, mail.EmailConfirm} {
			t.Run(name+"_"+string(kind), func(t *testing.T) {
				m := render(t, letter(kind, of))
				base := filepath.Join("testdata", name+"_"+string(kind))
				golden(t, base+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
				golden(t, base+".html", m.HTML)
			})
		}
	}
}

// Whom a request for access is told to, in a language of each direction.
func TestRender_OfARequestForAccessSaysTheSameAsItsGoldenFiles(t *testing.T) {
	for _, language := range []string{"en", "ar"} {
		for _, kind := range []mail.Kind{mail.AccessRequest, mail.AccessRequestTenant} {
			l := letter(kind, tenants()["plain"])
			l.Contact.Locale, l.URL, l.ExpiresAt, l.AskedFor = language, "", time.Time{}, "new.colleague@elsewhere.test"
			if kind == mail.AccessRequestTenant {
				l.Contact.Name, l.Contact.Email = l.Tenant.Name, "billing@acme.test"
			}
			m := render(t, l)
			base := filepath.Join("testdata", language+"_"+string(kind))
			golden(t, base+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, base+".html", m.HTML)
			if strings.Contains(m.HTML, "/portal/") || strings.Contains(m.Text, "http") {
				t.Errorf("%s, %s leads somewhere", language, kind)
			}
		}
	}
}

func TestRender_OfAnInvoiceOnPaperSaysTheSameAsItsGoldenFiles(t *testing.T) {
	for name, of := range tenants() {
		m := render(t, paper(of))
		golden(t, filepath.Join("testdata", name+"_paper.txt"), "Subject: "+m.Subject+"\n\n"+m.Text)
		golden(t, filepath.Join("testdata", name+"_paper.html"), m.HTML)
		if strings.Contains(m.HTML, "href=") || strings.Contains(m.Text, "http") {
			t.Errorf("%s leads somewhere", name)
		}
	}
}

func TestRender_AsksForNoMoneyThatIsNotDue(t *testing.T) {
	l := paper(tenants()["plain"])
	l.Invoice.Settled = l.Invoice.Total
	if m := render(t, l); strings.Contains(m.Text, "How to pay") || strings.Contains(m.HTML, "IBAN") || !strings.Contains(m.Text, "attached") {
		t.Errorf("a paid invoice says how to pay:\n%s", m.Text)
	}
	l = letter(mail.Invoice, tenants()["plain"])
	l.Instructions = "IBAN DE02"
	if m := render(t, l); strings.Contains(m.Text, "IBAN") {
		t.Errorf("a mail with a link says how to pay without it:\n%s", m.Text)
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update writes it anew:\n%s", path, diff)
	}
}

func TestRender_LoadsNothingFromAnywhere(t *testing.T) {
	l := letter(mail.Invoice, tenants()["plain"])
	l.Logo = mail.Image{Bytes: []byte("x"), ContentType: "image/png", Width: 120, Height: 36}
	html := render(t, l).HTML
	for _, forbidden := range []string{"url(", "@import", "<link", "<script", "<iframe", "<form", "background=", "srcset", "@font-face"} {
		if strings.Contains(html, forbidden) {
			t.Errorf("the HTML contains %s", forbidden)
		}
	}
	if n := strings.Count(html, " src="); n != 1 || !strings.Contains(html, ` src="cid:logo"`) {
		t.Errorf("the HTML has %d sources, want the inline logo only", n)
	}
	if n := strings.Count(html, "http"); n != 3 {
		t.Errorf("the HTML names %d addresses, want the link three times: button, address, its text", n)
	}
}

func TestRender_SaysWhatIsStillToPay(t *testing.T) {
	for _, c := range []struct {
		name              string
		settled, inFlight int64
		now               time.Time
		subject, text     string
	}{
		{"due", 0, 0, day(4, 3), "$1,204.50 due May 3, 2026", "Amount due: $1,204.50\n    Due May 3, 2026\n"},
		{"overdue", 0, 0, day(5, 4), "$1,204.50 due May 3, 2026", "Was due May 3, 2026\n"},
		{"partly paid", 20450, 0, day(4, 3), "$1,000.00 due May 3, 2026", "Due May 3, 2026, $204.50 of $1,204.50 is paid\n"},
		{"processing", 0, 120450, day(4, 3), "payment on its way", "Being paid: $1,204.50\n"},
		{"paid", 120450, 0, day(4, 3), "paid", "Nothing is left to pay\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := letter(mail.Invoice, tenants()["plain"])
			l.Invoice.Settled, l.Invoice.InFlight, l.Now = c.settled, c.inFlight, c.now
			m := render(t, l)
			if want := "Invoice INV-12 from Acme: " + c.subject; m.Subject != want {
				t.Errorf("subject %q, want %q", m.Subject, want)
			}
			if !strings.Contains(m.Text, c.text) {
				t.Errorf("the text lacks %q:\n%s", c.text, m.Text)
			}
		})
	}
}

func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 12, 0, 0, 0, time.UTC) }

func TestRender_NamesTheDocumentOfALoginLink(t *testing.T) {
	l := letter(mail.LoginLink, tenants()["plain"])
	l.Invoice = ledger.Invoice{Number: "INV-12"}
	if m := render(t, l); m.Subject != "Your new link to invoice INV-12 from Acme" || !strings.Contains(m.Text, "View invoice INV-12:\n") {
		t.Errorf("subject %q, text:\n%s", m.Subject, m.Text)
	}
}

func TestRender_SaysHowLongTheLinkWorks(t *testing.T) {
	for life, want := range map[time.Duration]string{
		20 * time.Second: "for 1 minute.", 599 * time.Second: "for 10 minutes.", 2 * time.Hour: "for 2 hours.",
		24*time.Hour - time.Second: "for 24 hours.", 72 * time.Hour: "until April 6, 2026.",
	} {
		l := letter(mail.PortalLink, tenants()["plain"])
		l.ExpiresAt = l.Now.Add(life)
		if m := render(t, l); !strings.Contains(m.Text, "The link works once, "+want) {
			t.Errorf("%v: the text lacks %q:\n%s", life, want, m.Text)
		}
	}
}

func TestRender_TakesTheContactsLocaleBeforeTheTenants(t *testing.T) {
	l := letter(mail.Invoice, tenants()["yellow"])
	if m := render(t, l); !strings.Contains(m.Text, "1.204,50\u00a0€") || !strings.Contains(m.Text, "Fällig am 3. Mai 2026") {
		t.Errorf("the tenant's locale:\n%s", m.Text)
	}
	l.Contact.Locale = "en-US"
	if m := render(t, l); !strings.Contains(m.Text, "€1,204.50") || !strings.Contains(m.Text, "Due May 3, 2026") {
		t.Errorf("the contact's locale:\n%s", m.Text)
	}
}
