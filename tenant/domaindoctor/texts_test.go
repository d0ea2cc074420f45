package domaindoctor_test

import (
	"slices"
	"testing"
	"time"

	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/domaindoctor/dnstest"
)

func TestTexts_SaysWhatEachResolverShows(t *testing.T) {
	w := newWard(t)
	w.cfg.QueryTime = 500 * time.Millisecond
	doctor, err := domaindoctor.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.set("th1._domainkey.acme.com", "CNAME th1.keys.example.")
	w.set("th1.keys.example", `TXT "v=DKIM1; " "p=AAAA"`, `TXT "b"`)
	for _, v := range doctor.Texts(t.Context(), "TH1._domainkey.acme.com") {
		if !v.Known || !slices.Equal(v.Values, []string{"b", "v=DKIM1; p=AAAA"}) {
			t.Errorf("behind an alias: %+v", v)
		}
	}
	for _, v := range doctor.Texts(t.Context(), "_dmarc.acme.com") {
		if !v.Known || len(v.Values) != 0 {
			t.Errorf("a name without records: %+v", v)
		}
	}
	w.dns[0].Break("acme.com", dnstest.Silent)
	views := doctor.Texts(t.Context(), "th1._domainkey.acme.com")
	if views[0].Known || !views[1].Known || views[0].Resolver != w.dns[0].Addr {
		t.Errorf("one resolver is silent: %+v", views)
	}
}
