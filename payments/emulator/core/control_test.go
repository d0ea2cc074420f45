package core_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestControl_DoesWhatGoCallersDo(t *testing.T) {
	emu := frozen(nil)
	control := emu.Control()
	call := func(method, path, body string, want int) string {
		t.Helper()
		w := httptest.NewRecorder()
		control.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		text, err := io.ReadAll(w.Result().Body)
		if err != nil || w.Code != want {
			t.Errorf("%s %s: got %d %s, want %d", method, path, w.Code, text, want)
		}
		return string(text)
	}
	if got := call("POST", "/_emulator/clock", `{"advance_seconds": 86400}`, 200); !strings.Contains(got, "2026-03-03T09:00:00Z") {
		t.Error(got)
	}
	call("POST", "/_emulator/clock", `{"advance_seconds": -1}`, 400)
	call("POST", "/_emulator/clock", `{"days": 1}`, 400)
	if got := call("POST", "/_emulator/clock", `{"set": "2026-01-01T00:00:00Z"}`, 200); !strings.Contains(got, "2026-01-01T00:00:00Z") {
		t.Error(got)
	}
	call("POST", "/_emulator/faults", `{"kind": "cut_after", "times": 1}`, 201)
	if got := call("POST", "/_emulator/faults", `{"kind": "flood"}`, 400); !strings.Contains(got, "timeout_after") {
		t.Errorf("the mend is missing: %s", got)
	}
	if got := call("GET", "/_emulator/faults", "", 200); !strings.Contains(got, "cut_after") {
		t.Error(got)
	}
	call("DELETE", "/_emulator/faults/all", "", 204)
	call("POST", "/_emulator/rules", `{"lose": true}`, 201)
	call("POST", "/_emulator/rules", `{"copies": -1}`, 400)
	call("DELETE", "/_emulator/rules/all", "", 204)
	call("POST", "/_emulator/deliveries/dlv_1/resend", "", 404)
	if len(emu.Faults.Armed()) != 0 || len(emu.Deliveries.Rules()) != 0 {
		t.Error("something is left armed")
	}
	if now := emu.Clock.Now(); now.After(start.Add(time.Hour)) {
		t.Errorf("the clock shows %s", now)
	}
}

func TestControl_RefusesOtherSites(t *testing.T) {
	emu := frozen(nil)
	r := httptest.NewRequest(http.MethodPost, "/_emulator/clock", strings.NewReader(`{"advance_seconds": 1}`))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	emu.Control().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || !emu.Clock.Now().Equal(start) {
		t.Errorf("got %d", w.Code)
	}
}
