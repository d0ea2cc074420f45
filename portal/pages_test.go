package portal_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
	"tollhouse/portal/route"
)

// everyPage calls check with each page of each tenant in each state.
func everyPage(t *testing.T, check func(t *testing.T, world *portaltest.World, a *answer)) {
	for _, tn := range portaltest.Tenants() {
		for _, p := range portaltest.AllPages() {
			t.Run(tn.Slug+"/"+p.Name, func(t *testing.T) {
				world := portaltest.NewWorld(tn)
				check(t, world, newBrowser(t, world, p.Cookie).get(p.Path))
			})
		}
	}
}

func TestEveryPage_IsWhole(t *testing.T) {
	everyPage(t, func(t *testing.T, world *portaltest.World, a *answer) {
		doc := a.page()
		if n := doc.Count("h1"); n != 1 || doc.Text("h1") == "" {
			t.Errorf("%d main headings: %q", n, doc.Text("h1"))
		}
		if title := doc.Text("title"); !strings.HasSuffix(title, " – "+world.Tenant.Name) {
			t.Errorf("title %q", title)
		}
		language := map[string]string{"bold": "de"}[world.Tenant.Slug] // there are no words in Hebrew
		if doc.Attr("html", "lang") != cmp.Or(language, "en") || doc.Attr("html", "dir") != "ltr" || doc.Count("main#main") != 1 || doc.Attr("a.skip", "href") != "#main" {
			t.Error("language, direction, main or skip link is missing")
		}
		if doc.Count("header .brand") != 1 || doc.Count("footer a[href=mailto:"+world.Tenant.Brand.SupportEmail+"]") != 1 ||
			doc.Count("footer a[href=/portal/sign-in]") != 1 {
			t.Error("the brand, the help or the way to a new link is missing")
		}
		if strings.Contains(strings.ToLower(a.Body.String()), "tollhouse") {
			t.Error("the page names us")
		}
	})
}

func TestEveryPage_LoadsNothingFromElsewhereAndRunsNothingButTheWatch(t *testing.T) {
	everyPage(t, func(t *testing.T, world *portaltest.World, a *answer) {
		doc := a.page()
		scripts := doc.All("script")
		for _, script := range scripts {
			src := htmlcheck.Attr(script, "src")
			if !strings.HasPrefix(src, "/assets/session-") && !strings.HasPrefix(src, "/assets/pay-") || htmlcheck.Text(script) != "" {
				t.Error("there is a script that is none of the two")
			}
		}
		runs := strings.Contains(a.Header().Get("Content-Security-Policy"), "; script-src 'self'")
		if n := doc.Count("#ending") + doc.Count("script[src^=/assets/pay-]"); runs != (len(scripts) == 1) || runs != (n == 1) {
			t.Errorf("%d scripts, may run: %t", len(scripts), runs)
		}
		if n := doc.Count("style") + doc.Count("iframe") + doc.Count("base") + doc.Count("object"); n != 0 {
			t.Errorf("%d elements that have no place here", n)
		}
		for _, n := range doc.All("*") {
			checkAttributes(t, n)
		}
	})
}

func checkAttributes(t *testing.T, n *html.Node) {
	t.Helper()
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
		case a.Key == "src" || a.Key == "action" || (a.Key == "href" && n.Data == "link"):
			if !strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//") {
				t.Errorf("<%s %s=%q> is not of this host", n.Data, a.Key, a.Val)
			}
		}
	}
}

func TestEveryPage_CarriesTheHeaders(t *testing.T) {
	everyPage(t, func(t *testing.T, world *portaltest.World, a *answer) {
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"X-Robots-Tag": "noindex, nofollow", "Cross-Origin-Opener-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
		} {
			if name == "Content-Security-Policy" && a.page().Count("#ending") == 1 {
				want += "; script-src 'self'"
			}
			if name == "Content-Security-Policy" && a.page().Count("script[src^=/assets/pay-]") == 1 {
				want += "; script-src 'self'; connect-src 'self'"
			}
			if got := a.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		want := "same-origin"
		if strings.Contains(a.path, "/portal/l/") || strings.Contains(a.path, "/portal/preview/") {
			want = "no-referrer"
		}
		if got := a.Header().Get("Referrer-Policy"); got != want {
			t.Errorf("Referrer-Policy: %q, want %q", got, want)
		}
	})
}

func TestTestPage_IsAlwaysTheSame(t *testing.T) {
	world := plainWorld()
	a := newBrowser(t, world, portaltest.Full).get("/portal/test").wants(http.StatusOK, "Session not found")
	if b := newBrowser(t, world, "").get("/portal/test"); b.Body.String() != a.Body.String() {
		t.Error("it depends on who looks")
	}
}

func TestPaths_LeadToThePortal(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.Full)
	b.get("/").leadsTo("/portal/")
	b.get("/portal").leadsTo("/portal/")
	for _, path := range []string{"/nothing", "/portal/nothing", "/portal/invoices/", "//portal/", "/portal/invoices/" + portaltest.InvoiceID(999),
		"/portal/invoices/inv_1", "/portal/invoices/..%2f..", "/.git/config", "/metrics", "/brand/x.css", "/brand/logo/" + strings.Repeat("a", 64), "/assets/portal.css"} {
		b.get(path).wants(http.StatusNotFound, "There is nothing at this address")
	}
	b.post("/portal/invoices", url.Values{}).wants(http.StatusMethodNotAllowed, "That does not work here")
}

func TestRoutes_AreAllListed(t *testing.T) {
	server, err := portal.New(config(plainWorld()))
	if err != nil {
		t.Fatal(err)
	}
	want := []route.Route{
		{Method: "GET", Pattern: "/"}, {Method: "GET", Pattern: "/assets/:file"}, {Method: "GET", Pattern: "/brand/:file"},
		{Method: "GET", Pattern: "/brand/:file/:hash"}, {Method: "GET", Pattern: "/favicon.ico"}, {Method: "GET", Pattern: "/portal"},
		{Method: "GET", Pattern: "/portal/"}, {Method: "GET", Pattern: "/portal/access-asked"}, {Method: "GET", Pattern: "/portal/account"},
		{Method: "POST", Pattern: "/portal/account/details"}, {Method: "GET", Pattern: "/portal/account/email"},
		{Method: "POST", Pattern: "/portal/account/email"}, {Method: "POST", Pattern: "/portal/account/email/code"},
		{Method: "POST", Pattern: "/portal/account/sessions/:id/sign-out"}, {Method: "POST", Pattern: "/portal/account/sign-out-everywhere"},
		{Method: "GET", Pattern: "/portal/activity"}, {Method: "GET", Pattern: "/portal/activity.csv"},
		{Method: "GET", Pattern: "/portal/add-method/:kind"}, {Method: "POST", Pattern: "/portal/add-method/:kind"}, {Method: "GET", Pattern: "/portal/companies"}, {Method: "POST", Pattern: "/portal/companies/:id"},
		{Method: "GET", Pattern: "/portal/confirm"}, {Method: "POST", Pattern: "/portal/confirm"}, {Method: "POST", Pattern: "/portal/confirm/send"},
		{Method: "POST", Pattern: "/portal/end-preview"}, {Method: "GET", Pattern: "/portal/invoices"}, {Method: "GET", Pattern: "/portal/invoices/:id"},
		{Method: "GET", Pattern: "/portal/l/:token"}, {Method: "POST", Pattern: "/portal/l/:token"}, {Method: "GET", Pattern: "/portal/l/:token/ask"},
		{Method: "POST", Pattern: "/portal/l/:token/ask"}, {Method: "POST", Pattern: "/portal/l/:token/resend"},
		{Method: "GET", Pattern: "/portal/method-back"}, {Method: "GET", Pattern: "/portal/methods"}, {Method: "GET", Pattern: "/portal/methods/:id"}, {Method: "POST", Pattern: "/portal/methods/:id"},
		{Method: "POST", Pattern: "/portal/methods/:id/default"}, {Method: "GET", Pattern: "/portal/methods/:id/remove"},
		{Method: "POST", Pattern: "/portal/methods/:id/remove"}, {Method: "POST", Pattern: "/portal/more"}, {Method: "GET", Pattern: "/portal/pay"}, {Method: "POST", Pattern: "/portal/pay"},
		{Method: "GET", Pattern: "/portal/payments"}, {Method: "GET", Pattern: "/portal/payments/:id"},
		{Method: "POST", Pattern: "/portal/payments/:id/cancel"}, {Method: "GET", Pattern: "/portal/payments/:id/confirm"}, {Method: "GET", Pattern: "/portal/payments/:id/state"},
		{Method: "GET", Pattern: "/portal/people"}, {Method: "POST", Pattern: "/portal/people"}, {Method: "GET", Pattern: "/portal/preview-ended"},
		{Method: "GET", Pattern: "/portal/preview/:token"}, {Method: "POST", Pattern: "/portal/preview/:token"},
		{Method: "GET", Pattern: "/portal/sign-in"}, {Method: "POST", Pattern: "/portal/sign-in"}, {Method: "POST", Pattern: "/portal/sign-in/code"},
		{Method: "GET", Pattern: "/portal/sign-in/sent"},
		{Method: "POST", Pattern: "/portal/sign-out"}, {Method: "GET", Pattern: "/portal/signed-out"}, {Method: "GET", Pattern: "/portal/test"},
		{Method: "GET", Pattern: "/robots.txt"},
	}
	if got := server.Routes(); !slices.Equal(got, want) {
		t.Errorf("routes: %v", got)
	}
}

func TestAssets_StayWhereTheyAreForEver(t *testing.T) {
	b := newBrowser(t, portaltest.NewWorld(portaltest.Bold()), "")
	doc := b.get("/portal/sign-in").page()
	addresses := []string{doc.Attr(".plate img", "src")}
	for _, link := range doc.All("link[rel=stylesheet]") {
		addresses = append(addresses, htmlcheck.Attr(link, "href"))
	}
	if len(addresses) != 3 {
		t.Fatalf("assets: %q", addresses)
	}
	for _, address := range addresses {
		a := b.get(address)
		if a.Code != http.StatusOK || a.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || a.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", address, a.Code, a.Header())
		}
	}
	logo := b.get(addresses[0])
	if got := logo.Header().Get("Content-Security-Policy"); got != "default-src 'none'; sandbox" || logo.Header().Get("Content-Type") != "image/png" {
		t.Errorf("the logo's policy is %q", got)
	}
	other := newBrowser(t, plainWorld(), "")
	if got := other.get(addresses[0]).Code; got != http.StatusNotFound {
		t.Errorf("another tenant serves the logo: %d", got)
	}
	for _, address := range addresses[1:] {
		if !strings.HasPrefix(address, "/brand/") {
			continue
		}
		theirs, ours := other.get(address), b.get(address)
		if theirs.Body.String() == ours.Body.String() || theirs.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("another tenant serves this one's colours under %s, or lets them be kept", address)
		}
	}
	if a := b.get("/favicon.ico"); a.Code != http.StatusOK || a.Header().Get("Content-Type") != "image/png" {
		t.Errorf("the icon: %d", a.Code)
	}
	if a := b.get("/robots.txt"); a.Body.String() != "User-agent: *\nDisallow: /\n" {
		t.Errorf("robots.txt: %q", a.Body)
	}
}

func TestHead_AnswersLikeGETAndIsNoView(t *testing.T) {
	world := plainWorld()
	server := httptest.NewTLSServer(world.Handler())
	defer server.Close()
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+firstPage, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "__Host-bp", Value: portaltest.Full})
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK || answer.ContentLength < 1000 {
			t.Errorf("%s: %d, %d bytes", method, answer.StatusCode, answer.ContentLength)
		}
	}
	if len(world.Viewed) != 1 {
		t.Errorf("viewed %v, want once", world.Viewed)
	}
}

// A browser that guesses where its reader goes next shows nobody anything.
func TestPrefetch_IsNoView(t *testing.T) {
	world := plainWorld()
	handler := world.Handler()
	open := func(path, header, value string) {
		r := httptest.NewRequest(http.MethodGet, "https://plain.portal.test"+path, nil)
		r.Header.Set(header, value)
		r.AddCookie(&http.Cookie{Name: "__Host-bp", Value: portaltest.Full})
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Errorf("%s with %s: %d", path, header, w.Code)
		}
	}
	link := "/portal/l/" + portaltest.Token(access.LinkReady)
	for _, path := range []string{firstPage, link} {
		for header, value := range map[string]string{"Sec-Purpose": "prefetch", "sec-purpose": "prefetch;prerender", "Purpose": "prefetch", "X-Purpose": "preview", "X-Moz": "Prefetch"} {
			open(path, header, value)
		}
	}
	if len(world.Viewed)+len(world.Seen) != 0 {
		t.Errorf("viewed %v, seen %v", world.Viewed, world.Seen)
	}
	open(firstPage, "Sec-Purpose", "something else")
	open(link, "Sec-Fetch-Mode", "navigate")
	if len(world.Viewed) != 1 || len(world.Seen) != 1 {
		t.Errorf("opened by a person: viewed %v, seen %v", world.Viewed, world.Seen)
	}
}

// hostile are texts that try to be more than text.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>` + "\u202e" + `'onfocus='alert(1)` + ` javascript:alert(1) {tenant} &lt;b&gt; </title></textarea></style><!--`

func TestHTMLInjection(t *testing.T) {
	tn := portaltest.Plain()
	tn.Name, tn.Brand.Footer, tn.Policy.PaymentInstructions = hostile, hostile+"\n\nhttps://x.example/\"onclick=alert(1) mailto:a@b.example?subject=<b>", hostile
	tn.Brand.SupportEmail = hostile
	world := portaltest.NewWorld(tn)
	for cookie, member := range world.Sessions {
		member.Contact.Name, member.Company.Name, member.Company.TaxID, member.Contact.Locale = hostile, hostile, hostile, hostile
		member.Company.Address = access.Address{Line1: hostile, Line2: hostile, City: hostile, Region: hostile, PostalCode: hostile, Country: hostile}
		world.Sessions[cookie] = member
	}
	for token, landing := range world.Links {
		landing.MaskedEmail, landing.DocumentNumber, landing.DocumentKind = hostile, hostile, hostile
		world.Links[token] = landing
	}
	world.Text = hostile
	for _, p := range portaltest.AllPages() {
		doc := newBrowser(t, world, p.Cookie).get(p.Path).page()
		if n := len(doc.All("script")) - doc.Count("script[src^=/assets/session-]") - doc.Count("script[src^=/assets/pay-]") + doc.Count("img") + doc.Count("b") + doc.Count("textarea"); n != 0 {
			t.Errorf("%s: %d elements were made of text", p.Name, n)
		}
		for _, n := range doc.All("*") {
			checkAttributes(t, n)
			if href := htmlcheck.Attr(n, "href"); strings.HasPrefix(strings.TrimSpace(strings.ToLower(href)), "javascript:") {
				t.Errorf("%s: a link to %q", p.Name, href)
			}
		}
		if !strings.Contains(doc.Text("header"), "<script>alert(1)</script>") && !strings.HasPrefix(p.Name, "error-421") {
			t.Errorf("%s: the name is not shown as it was typed: %q", p.Name, doc.Text("header"))
		}
	}
}

// forwarded are headers that some proxy somewhere believes in.
var forwarded = []string{"X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Forwarded-Server",
	"X-Host", "X-Original-Url", "X-Rewrite-Url", "X-Real-Ip", "Forwarded", "Via", "Referer", "Origin", "User-Agent", "Accept-Language", "X-Request-Id",
	"X-Http-Method-Override", "X-Original-Host", "True-Client-Ip", "Cf-Connecting-Ip", "X-Api-Version", "Traceparent", "If-None-Match", "Range"}

func TestAnswers_ReflectNoHeader(t *testing.T) {
	const canary = "canary-7f3a.example"
	handler := plainWorld().Handler()
	for _, p := range portaltest.AllPages() {
		r := httptest.NewRequest(http.MethodGet, "https://plain.portal.test"+p.Path, nil)
		for _, name := range forwarded {
			r.Header.Set(name, canary)
		}
		r.AddCookie(&http.Cookie{Name: "__Host-bp", Value: p.Cookie})
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if strings.Contains(w.Body.String()+headerText(w.Header()), canary) {
			t.Errorf("%s gives back what a header said", p.Name)
		}
	}
}
