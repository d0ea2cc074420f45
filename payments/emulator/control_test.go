package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"
)

// control asks the surface for programs.
func control(t *testing.T, w *world, path, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.server.URL+"/_emulator/"+path, strings.NewReader(body))
	must(t, r, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := w.http.Do(r)
	text := read(t, must(t, answer, err))
	return answer.StatusCode, text
}

func TestControl_DoesOverHTTPWhatGoDoes(t *testing.T) {
	w := newWorld(t)
	pi, err := w.pay("pm_usBankAccount_processing", nil)
	must(t, pi, err)
	account := `"account":"` + w.acct.ID + `"`
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"stripe/settle", `{` + account + `,"id":"` + pi.ID + `"}`, 200},
		{"stripe/settle", `{` + account + `,"id":"` + pi.ID + `"}`, 409},
		{"stripe/dispute", `{` + account + `,"id":"` + pi.ID + `","reason":"insufficient_funds"}`, 200},
		{"stripe/fail_refund", `{` + account + `,"id":"re_none"}`, 409},
		{"stripe/settle", `{"account":"acct_none"}`, 404},
		{"stripe/settle", `{"acount":"acct_none"}`, 400},
		{"stripe/dance", `{` + account + `}`, 404},
		{"faults", `{"kind":"limited","times":1,"route":"GET /v1/account"}`, 201},
	} {
		if status, text := control(t, w, c.path, c.body); status != c.want {
			t.Errorf("%s %s: got %d %s, want %d", c.path, c.body, status, text, c.want)
		}
	}
	_, err = w.api.Accounts.Get()
	if e := wrong(t, err); e.Code != stripe.ErrorCodeRateLimit || e.HTTPStatusCode != 429 {
		t.Errorf("the armed fault: %v", e)
	}
	if shown := get(t, w, w.server.URL+"/_emulator/stripe/captured?account="+w.acct.ID); !contains(shown, `"Disputed": 120450`) {
		t.Errorf("captured %s", shown)
	}
	if status, _ := control(t, w, "stripe/expire_key", `{`+account+`}`); status != 200 {
		t.Errorf("got %d", status)
	}
	_, err = w.api.Accounts.Get()
	if wrong(t, err).HTTPStatusCode != 401 {
		t.Errorf("after the key expired: %v", err)
	}
}

func TestControl_RefusesOtherSites(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"clock", "faults", "stripe/settle"} {
		if status, _ := control(t, w, path, `{}`, "Sec-Fetch-Site", "cross-site"); status != 403 {
			t.Errorf("%s: %d", path, status)
		}
	}
	r, err := http.NewRequest(http.MethodPost, w.server.URL+"/do/advance", strings.NewReader("hours=24"))
	must(t, r, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://elsewhere.test")
	answer, err := w.http.Do(r)
	read(t, must(t, answer, err))
	if answer.StatusCode != 403 || !w.emu.Clock.Now().Equal(start) {
		t.Errorf("a form of another site: %d", answer.StatusCode)
	}
}
