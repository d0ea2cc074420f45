package mail_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/lang"
	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
)

var everyKind = []mail.Kind{mail.Invoice, mail.LoginLink, mail.PortalLink, mail.AddressChanged}

// everyLetter calls check with a mail of every kind, about a document and not, in one language, whole and with the life of its link in each unit.
func everyLetter(t *testing.T, id lang.ID, check func(name string, m mail.Message)) {
	for _, kind := range everyKind {
		for _, life := range []time.Duration{time.Minute, 11 * time.Minute, 3 * time.Hour, 90 * 24 * time.Hour} {
			for _, settled := range []int64{0, 20450, 120450} {
				l := letter(kind, tenants()["plain"])
				l.Contact.Locale, l.ExpiresAt = id.Tag(), l.Now.Add(life)
				l.Invoice.Settled = settled
				check(string(kind), render(t, l))
				l.Invoice = ledger.Invoice{Number: "INV-12", Currency: "USD", Total: 120450, InFlight: 120450, Status: ledger.Sent}
				check(string(kind)+" of a document", render(t, l))
				l.Invoice, l.URL, l.Instructions = letter(mail.Invoice, tenants()["plain"]).Invoice, "", "IBAN DE02"
				l.Attachments = []mail.Attachment{{Name: "x.pdf", Bytes: []byte("x")}}
				if kind == mail.Invoice {
					check("invoice on paper", render(t, l))
				}
			}
		}
	}
}

// latin are the words of a mail in another script: names, numbers and codes are data and are taken out before.
var (
	latin = regexp.MustCompile(`[A-Za-z]{2,}`)
	data  = strings.NewReplacer("Acme Inc., 1 Harbor Way, Oakland CA 94607", "", "Acme", "", "Harbour Café", "", "Accounts payable", "", "INV-12", "",
		"billing@acme.test", "", "https://acme.platform.test/portal/l/q7vJx0bF3mT9sLw2RkYpN5dHcZ8uEaGi1oVtXyB4nCM", "", "US$", "", "ABCD-EF23", "", "Chrome", "", "Windows", "", "IBAN DE02", "")
)

func TestRender_WritesInOneLanguage(t *testing.T) {
	places := regexp.MustCompile(`\{[a-z]+\}`)
	for id := range lang.Count {
		everyLetter(t, id, func(name string, m mail.Message) {
			text := m.Subject + "\n" + m.Text
			if left := places.FindAllString(text+m.HTML, -1); left != nil {
				t.Errorf("%s, %s: %q was not filled", id.Tag(), name, left)
			}
			if id == lang.Japanese || id == lang.Arabic {
				if found := latin.FindAllString(data.Replace(text), -1); found != nil {
					t.Errorf("%s, %s: %q in\n%s", id.Tag(), name, found, text)
				}
			}
			for _, english := range foreign(id) {
				if strings.Contains(text, english) {
					t.Errorf("%s, %s says %q:\n%s", id.Tag(), name, english, text)
				}
			}
		})
	}
}

// foreign are the runs of words, between values, that only the English sentences have.
func foreign(id lang.ID) []string {
	own := map[string]bool{}
	for _, s := range mail.SentencesOf(id) {
		own[s.Text] = true
	}
	var list []string
	for _, s := range mail.SentencesOf(lang.English) {
		for _, part := range regexp.MustCompile(`\{[a-z]+\}`).Split(s.Text, -1) {
			if part = strings.TrimSpace(part); !own[s.Text] && strings.Count(part, " ") > 0 {
				list = append(list, part)
			}
		}
	}
	return list
}

func TestRender_SpeaksToTheContactElseAsTheTenantDoes(t *testing.T) {
	for _, c := range []struct{ contact, tenant, language, subject string }{
		{"", "de-DE", "de", "Rechnung INV-12 von Acme: "},
		{"fr-CA", "de-DE", "fr", "Facture INV-12 de Acme\u00a0: "},
		{"he", "es", "es", "Factura INV-12 de Acme: "},
		{"", "he-IL", "en", "Invoice INV-12 from Acme: "},
		{"ja", "en-US", "ja", "Acme からの請求書 INV-12："},
		{"pt-PT", "en-US", "pt-BR", "Fatura INV-12 de Acme: "},
		{"not a locale", "ar", "ar", "الفاتورة \u2068INV-12\u2069 من \u2068Acme\u2069: "},
	} {
		of := tenants()["plain"]
		l := letter(mail.Invoice, of)
		of.Locale, l.Contact.Locale = c.tenant, c.contact
		if m := render(t, l); m.Language != c.language || !strings.HasPrefix(m.Subject, c.subject) {
			t.Errorf("contact %q, tenant %q: %s, %q", c.contact, c.tenant, m.Language, m.Subject)
		}
	}
}

func TestRender_TurnsAnArabicMailRound(t *testing.T) {
	l := letter(mail.Invoice, tenants()["plain"])
	l.Contact.Locale = "ar"
	m := render(t, l)
	for _, want := range []string{`<html lang="ar" dir="rtl">`, `<body class="ground" dir="rtl"`, "text-align: right", `<bdi dir="ltr">1,204.50`} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML lacks %s", want)
		}
	}
	if strings.Contains(m.HTML, "text-align: left") {
		t.Error("the HTML starts lines from the left")
	}
	if open, closed := strings.Count(m.Text, "\u2068")+strings.Count(m.Text, "\u2066"), strings.Count(m.Text, "\u2069"); open == 0 || open != closed {
		t.Errorf("%d isolates, %d ends of them", open, closed)
	}
}

func TestSend_NamesTheLanguage(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	l := letter(mail.PortalLink, tenants()["plain"])
	l.Contact.Locale = "pt"
	if err := newSender(t, to(sink)).Send(t.Context(), render(t, l)); err != nil {
		t.Fatal(err)
	}
	if got := sink.Messages()[0].Header.Get("Content-Language"); got != "pt-BR" {
		t.Errorf("Content-Language: %q", got)
	}
}
