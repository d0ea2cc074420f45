package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
)

func TestOwnAccess_IsOfferedWhereALinkMayHaveBeenPassedOn(t *testing.T) {
	offers := map[access.LinkState]bool{access.LinkReady: true, access.LinkUsed: true, access.LinkExpired: true, access.LinkSuperseded: true, access.LinkElsewhere: true}
	for _, state := range []access.LinkState{access.LinkReady, access.LinkUsed, access.LinkExpired, access.LinkSuperseded, access.LinkElsewhere, access.LinkRevoked,
		access.LinkVoided, access.LinkPortalOff, access.LinkUnknown} {
		path := "/portal/l/" + portaltest.Token(state)
		body := newBrowser(t, plainWorld(), "").get(path).Body.String()
		if got := strings.Contains(body, `href="`+path+`/ask"`); got != offers[state] {
			t.Errorf("%s: offered %t, want %t", state, got, offers[state])
		}
	}
}

func TestOwnAccess_AnswersAlikeForEveryLinkAndAddress(t *testing.T) {
	var pages, answers, headers []string
	for _, state := range []access.LinkState{access.LinkReady, access.LinkUsed, access.LinkRevoked, access.LinkPortalOff, access.LinkUnknown, "short"} {
		world := plainWorld()
		b := newBrowser(t, world, "")
		path := "/portal/l/" + portaltest.Token(state) + "/ask"
		page := b.get(path).wants(http.StatusOK, "Ask for your own access")
		pages = append(pages, strings.ReplaceAll(page.Body.String(), portaltest.Token(state), "TOKEN"))
		a := b.post(path, url.Values{"email": {" new@acme.example "}, "name": {"Bo"}}).leadsTo("/portal/access-asked")
		answers = append(answers, a.Body.String()+b.get("/portal/access-asked").wants(http.StatusOK, "Thank you, your request is on its way").Body.String())
		a.Header().Del("Set-Cookie")
		var names []string
		for name, values := range a.Header() {
			names = append(names, name+strings.Join(values, ","))
		}
		slices.Sort(names)
		headers = append(headers, strings.Join(names, "\n"))
		if want := []string{portaltest.Token(state) + " Bo <new@acme.example>"}; !slices.Equal(world.Wished, want) {
			t.Errorf("%s: passed on %q, want %q", state, world.Wished, want)
		}
	}
	for what, list := range map[string][]string{"page": pages, "answer": answers, "headers": headers} {
		if len(slices.Compact(list)) != 1 {
			t.Errorf("the %s differs between links", what)
		}
	}
}

func TestOwnAccess_FindsFaultWithTheFormOnly(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	path := "/portal/l/" + portaltest.Token(access.LinkUsed) + "/ask"
	page := b.post(path, url.Values{"email": {"bo.example"}, "name": {`<b>"Bo"`}}).wants(http.StatusUnprocessableEntity, "Ask for your own access").page()
	if got := page.Text(".message"); got != "Enter an email address, like name@example.com." {
		t.Errorf("the field says %q", got)
	}
	if page.Attr("#email", "value") != "bo.example" || page.Attr("#name", "value") != `<b>"Bo"` {
		t.Errorf("what was typed is gone: %q %q", page.Attr("#email", "value"), page.Attr("#name", "value"))
	}
	b.post(path, url.Values{"email": {"a@b.example"}, "name": {strings.Repeat("é", 500)}}).leadsTo("/portal/access-asked")
	if len(world.Wished) != 1 || strings.Count(world.Wished[0], "é") != 80 {
		t.Errorf("passed on %q", world.Wished)
	}
}

func TestPeople_ListsTheCompanysPeopleToWhoPays(t *testing.T) {
	world := plainWorld()
	text := newBrowser(t, world, portaltest.Full).get("/portal/people").wants(http.StatusOK, "People").page().Text("main")
	for _, want := range []string{"Accounts payable", "That is you", "Bo Li", "Sees and downloads everything", "Never signed in", "new.colleague@acme.example"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, role := range []access.Role{access.Viewer, access.Signer} {
		member := world.Sessions[portaltest.Full]
		member.Contact.Role = role
		world.Sessions[portaltest.Full] = member
		b := newBrowser(t, world, portaltest.Full)
		b.get("/portal/people").wants(http.StatusNotFound, "")
		if menu := b.get("/portal/").page().Text(".menu"); strings.Contains(menu, "People") {
			t.Errorf("%s: the menu says %q", role, menu)
		}
	}
}

func TestPeople_AsksForAColleague(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	for email, want := range map[string]string{"x": "Enter an email address", portaltest.KnownColleague: "This address belongs to somebody at your company already"} {
		page := b.post("/portal/people", url.Values{"email": {email}}).wants(http.StatusUnprocessableEntity, "People").page()
		if got := page.Text(".message"); !strings.HasPrefix(got, want) || page.Attr("#email", "value") != email {
			t.Errorf("%s: the field says %q and holds %q", email, got, page.Attr("#email", "value"))
		}
	}
	if len(world.Wished) != 0 {
		t.Fatalf("passed on %q", world.Wished)
	}
	b.post("/portal/people", url.Values{"email": {"dana@acme.example"}, "name": {"Dana"}}).leadsTo("/portal/people?asked")
	if got := b.get("/portal/people?asked").wants(http.StatusOK, "People").page().Text(".notice"); !strings.HasPrefix(got, "Your request was passed on to") {
		t.Errorf("the notice says %q", got)
	}
	if want := world.Sessions[portaltest.Full].Contact.ID + " Dana <dana@acme.example>"; !slices.Equal(world.Wished, []string{want}) {
		t.Errorf("passed on %q, want %q", world.Wished, want)
	}
	b.site = "cross-site"
	b.post("/portal/people", url.Values{"email": {"eve@evil.example"}}).wants(http.StatusForbidden, "")
}

func TestDeadLink_HasOneButtonThatWorksOrNone(t *testing.T) {
	for state, want := range map[access.LinkState]string{
		access.LinkUsed: "Email a new link to p•••@acme.example", access.LinkExpired: "Email a new link to p•••@acme.example",
		access.LinkSuperseded: "Email a new link to p•••@acme.example", access.LinkVoided: "Email me a sign-in link",
		access.LinkRevoked: "", access.LinkPortalOff: "", access.LinkElsewhere: "",
	} {
		world := plainWorld()
		page := newBrowser(t, world, "").get("/portal/l/" + portaltest.Token(state)).page()
		if got := strings.TrimSpace(page.Text("main .main")); got != want {
			t.Errorf("%s: the button says %q, want %q", state, got, want)
		}
		if text := page.Text("body"); !strings.Contains(text, world.Tenant.Name) || !strings.Contains(text, world.Tenant.Brand.SupportEmail) {
			t.Errorf("%s: without the brand or whom to ask", state)
		}
	}
}
