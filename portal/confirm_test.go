package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
)

func TestProvisional_SeesItsDocumentOnly(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Scanned)
	own := "/portal/invoices/" + portaltest.InvoiceID(1)
	for range 3 {
		b.get(own).wants(http.StatusOK, "")
	}
	for _, path := range []string{"/portal/", "/portal/invoices", "/portal/activity", "/portal/account", "/portal/invoices/" + portaltest.InvoiceID(2)} {
		page := b.get(path).wants(http.StatusForbidden, "One moment, please").page()
		if got := page.Attr("main a.main", "href"); got != path {
			t.Errorf("%s: the button leads to %q", path, got)
		}
	}
	b.post("/portal/account/sign-out-everywhere", url.Values{}).wants(http.StatusForbidden, "One moment, please")
	if len(world.Confirmed) != 0 {
		t.Error("it was confirmed")
	}
}

func TestProvisional_IsConfirmedByWhoGoesOn(t *testing.T) {
	world := plainWorld()
	world.Settled = true
	b := newBrowser(t, world, portaltest.Scanned)
	own := "/portal/invoices/" + portaltest.InvoiceID(1)
	b.get(own).wants(http.StatusOK, "")
	b.do(http.MethodHead, "/portal/", nil)
	b.do(http.MethodHead, own, nil)
	if len(world.Confirmed) != 0 {
		t.Fatal("the document, or a HEAD, confirmed the session")
	}
	b.get("/portal/").wants(http.StatusOK, "Overview")
	if !slices.Equal(world.Confirmed, []string{"ses_" + portaltest.Scanned}) {
		t.Errorf("confirmed %v", world.Confirmed)
	}
	if b.cookies["__Host-bp"] != portaltest.Full {
		t.Error("the cookie stayed the same")
	}
	b.get("/portal/invoices").wants(http.StatusOK, "")
	if len(world.Confirmed) != 1 {
		t.Error("it was confirmed again")
	}
}

func TestCodeWanted_IsOfferedForEverythingButTheDocument(t *testing.T) {
	world := plainWorld()
	world.Tenant.Policy.StepUpLinks = true
	b := newBrowser(t, world, portaltest.Scanned)
	b.get(firstPage).wants(http.StatusOK, "Invoice")
	page := b.get("/portal/invoices").wants(http.StatusForbidden, "Show that it is you").page()
	if got := page.Attr("main .aside a", "href"); got != firstPage {
		t.Errorf("the way back leads to %q", got)
	}
	path := page.Attr("main form", "action")
	b.post(path, nil).wants(http.StatusForbidden, "One moment, please")
	world.Settled = true
	a := b.post(path, nil).leadsTo("/portal/sign-in/sent")
	if !strings.HasPrefix(a.cookie("__Host-bp-ask"), "__Host-bp-ask=") || !slices.Equal(world.Wished, []string{"more of ses_" + portaltest.Scanned}) || len(world.Confirmed) != 0 {
		t.Errorf("cookie %q, wished %v, confirmed %v", a.cookie("__Host-bp-ask"), world.Wished, world.Confirmed)
	}
	newBrowser(t, world, portaltest.Full).post("/portal/more", nil).leadsTo("/portal/")
	newBrowser(t, world, "").post("/portal/more", nil).wants(http.StatusUnauthorized, "Please sign in again")
}
