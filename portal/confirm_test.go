package portal_test

import (
	"net/http"
	"net/url"
	"slices"
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
