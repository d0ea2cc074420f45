package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
)

func TestCompanies_AreChosenByNameAndShowNothingElse(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Several)
	if b.get("/portal/").wants(http.StatusOK, "").page().Count("header a[href=/portal/companies]") != 1 {
		t.Error("no page leads to the others")
	}
	page := b.get("/portal/companies").wants(http.StatusOK, "Which company?").page()
	if page.Count(".sessions li") != 3 || page.Count(".sessions form") != 2 || strings.Contains(page.Text("main"), "$") {
		t.Errorf("the page shows %s", page.Text("main"))
	}
	a := b.post("/portal/companies/con_third", url.Values{}).leadsTo("/portal/")
	if !strings.HasPrefix(a.cookie("__Host-bp"), "__Host-bp=session-switched; ") || !slices.Equal(world.Ended, []string{"ses_" + portaltest.Several}) {
		t.Errorf("cookie %q, ended %v", a.cookie("__Host-bp"), world.Ended)
	}
	if who := b.get("/portal/").wants(http.StatusOK, "").page().Text(".who"); !strings.Contains(who, "Globex") {
		t.Errorf("after the switch: %s", who)
	}
}

func TestCompanies_AreSkippedWhenThereIsOne(t *testing.T) {
	b := newBrowser(t, plainWorld(), portaltest.Full)
	b.get("/portal/companies").leadsTo("/portal/")
	if b.get("/portal/").page().Count("a[href=/portal/companies]") != 0 {
		t.Error("it offers a choice of one")
	}
	b.post("/portal/companies/con_third", url.Values{}).wants(http.StatusNotFound, "")
}

func TestCompanies_AreChangedByNoOtherSiteAndNoGet(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Several)
	b.get("/portal/companies/con_third").wants(http.StatusMethodNotAllowed, "")
	b.site = "cross-site"
	b.post("/portal/companies/con_third", url.Values{}).wants(http.StatusForbidden, "")
	if len(world.Ended) != 0 {
		t.Errorf("ended %v", world.Ended)
	}
}
