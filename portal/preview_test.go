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

const previewLink = "/portal/preview/" + portaltest.PreviewToken

// previewing is a browser with an open preview, and the session of its own that it had before.
func previewing(t *testing.T, world *portaltest.World) *browser {
	b := newBrowser(t, world, portaltest.Empty)
	nonce := b.get(previewLink).wants(http.StatusOK, "Preview of the portal").page().Attr("main input[name=nonce]", "value")
	b.post(previewLink, url.Values{"nonce": {nonce}}).leadsTo(firstPage)
	return b
}

func TestPreview_OpensOnItsButtonOnlyAndNamesNobodyBefore(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, "")
	for range 20 {
		page := b.get(previewLink).wants(http.StatusOK, "Preview of the portal")
		for _, secret := range []string{"Accounts payable", "Acme Ltd", "acme.example"} {
			if strings.Contains(page.Body.String(), secret) {
				t.Fatalf("the page behind the link names %q before anybody pressed", secret)
			}
		}
	}
	b.post(previewLink, url.Values{"nonce": {strings.Repeat("A", 43)}}).wants(http.StatusForbidden, "Preview of the portal")
	if world.PreviewsOpened != 0 {
		t.Fatal("looking opened it")
	}
	nonce := b.get(previewLink).page().Attr("main input[name=nonce]", "value")
	a := b.post(previewLink, url.Values{"nonce": {nonce}}).leadsTo(firstPage)
	if got := a.cookie("__Host-bp-preview"); !strings.Contains(got, "HttpOnly; Secure; SameSite=Lax") || !strings.Contains(got, "Path=/") {
		t.Errorf("cookie %q", got)
	}
	b.get(previewLink).wants(http.StatusNotFound, "This preview link does not work any more")
	b.get("/portal/preview/unknown").wants(http.StatusNotFound, "This preview link does not work any more")
}

func TestPreview_LeavesTheBrowsersOwnSessionAlone(t *testing.T) {
	world := plainWorld()
	b := previewing(t, world)
	if b.cookies["__Host-bp"] != portaltest.Empty {
		t.Fatalf("the browser's own session is now %q", b.cookies["__Host-bp"])
	}
	a := b.post("/portal/end-preview", nil).leadsTo("/portal/preview-ended")
	if !strings.Contains(a.cookie("__Host-bp-preview"), "Max-Age=0") || a.cookie("__Host-bp") != "" {
		t.Errorf("ending sets %q and %q", a.cookie("__Host-bp-preview"), a.cookie("__Host-bp"))
	}
	b.get("/portal/preview-ended").wants(http.StatusOK, "The preview has ended")
	if home := b.get("/portal/").wants(http.StatusOK, "").Body.String(); strings.Contains(home, "Nothing you do here") {
		t.Error("the browser's own page is still a preview")
	}
	if world.PreviewsEnded != 1 || len(world.Ended) != 0 {
		t.Errorf("%d previews and the sessions %v ended", world.PreviewsEnded, world.Ended)
	}
}

func TestPreview_StandsAboveEveryPage(t *testing.T) {
	world := plainWorld()
	b := previewing(t, world)
	for _, path := range []string{"/portal/", "/portal/invoices", firstPage, "/portal/account", "/portal/activity", "/portal/people", "/portal/sign-in", "/portal/test",
		"/portal/nowhere", "/portal/invoices/inv_none"} {
		page := b.get(path).page()
		if text := page.Text(".preview"); !strings.Contains(text, "Preview as Accounts payable of Acme Ltd.") || !strings.Contains(text, "End preview") {
			t.Errorf("%s: the banner says %q", path, text)
		}
	}
}

func TestPreview_NotesWhatItShowedAndIsNoView(t *testing.T) {
	world := plainWorld()
	b := previewing(t, world)
	b.get(firstPage).wants(http.StatusOK, "")
	b.get("/portal/invoices/inv_none").wants(http.StatusNotFound, "")
	b.do(http.MethodHead, firstPage, nil)
	b.get("/portal/").wants(http.StatusOK, "")
	want := []string{"/portal/invoices/:id " + portaltest.InvoiceID(1), "/portal/ "}
	if !slices.Equal(world.Previewed, want) {
		t.Errorf("noted %q, want %q", world.Previewed, want)
	}
	if len(world.Viewed) != 0 {
		t.Errorf("the contact is said to have viewed %v", world.Viewed)
	}
}

func TestPreview_ChangesNothing(t *testing.T) {
	world := plainWorld()
	b := previewing(t, world)
	for _, path := range []string{"/portal/sign-out", "/portal/sign-in", "/portal/sign-in/code", ready, ready + "/resend", ready + "/ask", "/portal/people",
		"/portal/account/sign-out-everywhere", "/portal/account/sessions/ses_phone/sign-out", "/portal/companies/con_second", "/portal/nowhere"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, "BREW"} {
			a := b.do(method, path, url.Values{"email": {"a@b.example"}, "nonce": {b.cookies["__Host-bp-form"]}})
			if a.Code != http.StatusForbidden || len(a.Result().Cookies()) != 0 {
				t.Errorf("%s %s: %d %v", method, path, a.Code, a.Result().Cookies())
			}
		}
	}
	b.post("/portal/sign-out", nil).wants(http.StatusForbidden, "A preview changes nothing")
	if n := len(world.Ended) + len(world.Redeemed) + len(world.Resent) + len(world.Asked) + len(world.Wished) + len(world.Tried); n != 0 {
		t.Errorf("%d things were changed", n)
	}
}

// What a form of a preview asks for must not be done by the session that the browser goes back to.
func TestPreview_ThatIsOverSaysSoBeforeAnythingIsDone(t *testing.T) {
	world := plainWorld()
	b := previewing(t, world)
	world.PreviewsEnded = 1
	a := b.post("/portal/account/sign-out-everywhere", nil).wants(http.StatusForbidden, "This preview is over")
	if len(world.Ended) != 0 || !strings.Contains(a.cookie("__Host-bp-preview"), "Max-Age=0") {
		t.Errorf("ended %v, cookie %q", world.Ended, a.cookie("__Host-bp-preview"))
	}
	b.get("/portal/").wants(http.StatusOK, "")
}

func TestPreview_OfAPortalThatIsOffShowsThat(t *testing.T) {
	b := newBrowser(t, plainWorld(), "")
	b.cookies["__Host-bp-preview"] = portaltest.GonePreview
	a := b.get("/portal/").wants(http.StatusForbidden, "The portal is not available to you")
	if !strings.Contains(a.page().Text(".preview"), "Preview as") {
		t.Error("without the banner")
	}
}

func TestPreview_FollowsNoLinkOfTheContact(t *testing.T) {
	world := plainWorld()
	b := previewing(t, world)
	b.get(ready).wants(http.StatusOK, "Invoice")
	if len(world.Seen) != 0 {
		t.Errorf("opening the link's page is noted: %v", world.Seen)
	}
	b.post(ready, url.Values{"nonce": {b.cookies["__Host-bp-form"]}}).wants(http.StatusForbidden, "A preview changes nothing")
	if world.Links[portaltest.Token(access.LinkReady)].State != access.LinkReady {
		t.Error("the link was spent")
	}
}
