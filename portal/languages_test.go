package portal_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tollhouse/portal"
	"tollhouse/portal/lang"
	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
)

// everyPageIn calls check with each page in each state, of a tenant whose language it is.
func everyPageIn(t *testing.T, id lang.ID, check func(name string, a *answer)) {
	for _, p := range portaltest.AllPages() {
		tn := portaltest.Plain()
		tn.Locale = id.Tag()
		check(p.Name, newBrowser(t, portaltest.NewWorld(tn), p.Cookie).get(p.Path))
	}
}

// Names and numbers in Latin letters that every language writes so, besides what is isolated as data.
var shared = strings.NewReplacer("Maple & Stone Studio", "", "PDF", "", "CSV", "", "SM", "", "JavaScript", "", "name@example.com", "", "INV-", "", "XXXX-XXXX", "",
	"Windows", "", "iPhone", "", "Chrome", "", "Safari", "")

var (
	place = regexp.MustCompile(`\{[a-z]*\}`)
	latin = regexp.MustCompile(`[A-Za-z]{2,}`)
)

func TestEveryPage_SpeaksOneLanguage(t *testing.T) {
	for id := range lang.Count {
		english := onlyEnglish(id)
		everyPageIn(t, id, func(name string, a *answer) {
			if l, d := a.page().Attr("html", "lang"), a.page().Attr("html", "dir"); l != id.Tag() || d != id.Dir() {
				t.Errorf("%s, %s: the page says lang=%q dir=%q", id.Tag(), name, l, d)
			}
			for _, text := range ownTexts(t, a) {
				if left := place.FindString(text); left != "" {
					t.Errorf("%s, %s: %q was not filled in %q", id.Tag(), name, left, text)
				}
				if id == lang.Japanese || id == lang.Arabic {
					if found := latin.FindString(shared.Replace(text)); found != "" {
						t.Errorf("%s, %s: %q in %q", id.Tag(), name, found, text)
					}
				}
				for _, sentence := range english {
					if text == sentence || strings.Contains(sentence, " ") && strings.Contains(text, sentence) {
						t.Errorf("%s, %s says %q", id.Tag(), name, text)
					}
				}
			}
		})
	}
}

// onlyEnglish are the runs of words, between values, of the English sentences that read otherwise in a language.
func onlyEnglish(id lang.ID) []string {
	own := map[string]bool{}
	for _, s := range portal.SentencesOf(id) {
		own[s.Text] = true
	}
	var list []string
	for _, s := range portal.SentencesOf(lang.English) {
		for _, part := range place.Split(s.Text, -1) {
			if part = strings.TrimSpace(part); !own[s.Text] && latin.MatchString(part) && !own[part] {
				list = append(list, part)
			}
		}
	}
	return list
}

// ownTexts are the texts of a page, and of its labels, that are not data: what somebody typed stands in a bdi or in typed paragraphs.
func ownTexts(t *testing.T, a *answer) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			list = append(list, strings.TrimSpace(n.Data))
		}
		if n.Type == html.ElementNode {
			typed := strings.Contains(htmlcheck.Attr(n, "class"), "typed") || n.Data == "option" && htmlcheck.Attr(n, "dir") == "auto"
			if n.Data == "bdi" || n.Data == "style" || n.Data == "script" || n.Data == "noscript" || typed { // the parser takes a noscript for text
				return
			}
			for _, label := range []string{"aria-label", "data-label", "placeholder", "title"} {
				if text := htmlcheck.Attr(n, label); text != "" {
					list = append(list, text)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	return list
}

// languageOf fetches a page as somebody whose contact has a locale, with an Accept-Language, and returns the language of the page.
func languageOf(t *testing.T, path, contact, browser, tenant string) string {
	t.Helper()
	world := plainWorld()
	world.Tenant.Locale = tenant
	member := world.Sessions[portaltest.Full]
	member.Contact.Locale = contact
	world.Sessions[portaltest.Full] = member
	r := httptest.NewRequest(http.MethodGet, "https://plain.portal.test"+path, nil)
	r.Header.Set("Accept-Language", browser)
	r.AddCookie(&http.Cookie{Name: "__Host-bp", Value: portaltest.Full})
	w := httptest.NewRecorder()
	world.Handler().ServeHTTP(w, r)
	if got := w.Header().Values("Vary"); len(got) != 1 || got[0] != "Accept-Language" {
		t.Errorf("%s varies by %q", path, got)
	}
	return (&answer{t: t, ResponseRecorder: w}).page().Attr("html", "lang")
}

func TestLanguage_IsTheContactsThenTheBrowsersThenTheTenants(t *testing.T) {
	for _, c := range []struct{ contact, browser, tenant, signedIn, signedOut string }{
		{"ja", "fr-CH, en;q=0.8", "de", "ja", "fr"},
		{"", "fr-CH, en;q=0.8", "de", "fr", "fr"},
		{"nl", "he, es;q=0.5", "de", "es", "es"},
		{"nl", "he", "de-AT", "de", "de"},
		{"", "", "ar-EG", "ar", "ar"},
		{"pt-PT", "en", "en-US", "pt-BR", "en"},
		{"", "zz-not-a;;;header", "es", "es", "es"},
		{"nl", "he", "he-IL", "en", "en"},
	} {
		for path, want := range map[string]string{"/portal/": c.signedIn, "/portal/invoices": c.signedIn, firstPage: c.signedIn,
			"/portal/sign-in": c.signedOut, "/nothing": c.signedOut} {
			if got := languageOf(t, path, c.contact, c.browser, c.tenant); got != want {
				t.Errorf("%s for contact %q, browser %q, tenant %q: %s, want %s", path, c.contact, c.browser, c.tenant, got, want)
			}
		}
	}
}

func TestLanguage_DecidesDatesAndAmountsToo(t *testing.T) {
	for locale, want := range map[string]string{
		"es-ES": "1582,72 US$ Vence el 12 de mayo de 2026, 9 días de retraso", "de": "1.582,72 US$ Fällig am 12. Mai 2026, seit 9 Tagen überfällig",
		"pt-BR": "US$ 1.582,72 Vencimento em 12 de maio de 2026, 9 dias de atraso", "ja": "US$1,582.72 支払期限 2026年5月12日、9日超過",
		"ar": "1,582.72 US$ تُستحق في 12 مايو 2026، متأخرة 9 أيام", "nl": "$1,582.72 Due May 12, 2026, 9 days overdue", // no words in Dutch: all as the tenant writes
	} {
		world := plainWorld()
		member := world.Sessions[portaltest.Full]
		member.Contact.Locale = locale
		world.Sessions[portaltest.Full] = member
		got := strings.ReplaceAll(newBrowser(t, world, portaltest.Full).get(firstPage).page().Text(".hero"), "\u00a0", " ")
		if !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
}

// The sentences of the catalogue are told from markup: none holds any.
func TestWords_HoldNoMarkup(t *testing.T) {
	for id := range lang.Count {
		for _, s := range portal.SentencesOf(id) {
			if strings.ContainsAny(s.Text, "<>&\n\u202a\u202b\u202d\u202e") || strings.HasPrefix(s.Text, " ") {
				t.Errorf("%s%s: %q", id.Tag(), s.Name, s.Text)
			}
		}
	}
}
