package api_test

import (
	"bytes"
	"image"
	encode "image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// png draws an opaque picture.
func png(width, height int) []byte {
	var b bytes.Buffer
	if err := encode.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func upload(p party, contentType string, data []byte) *http.Request {
	r := httptest.NewRequest("PUT", "/api/brand/logo", bytes.NewReader(data))
	r.Header.Set("Authorization", "Bearer "+p.key)
	r.Header.Set("Content-Type", contentType)
	return r
}

// form wraps data as a browser's upload of the named field.
func form(p party, field string, data []byte) *http.Request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, _ := w.CreateFormFile(field, "logo.png")
	_, _ = part.Write(data)
	_ = w.Close()
	return upload(p, w.FormDataContentType(), b.Bytes())
}

func TestBrand_ChangesWhatIsGivenAndReadsBackAtOnce(t *testing.T) {
	b := setup(t)
	b.call(b.acme, "PATCH", "/api/brand", `{"primary_color":"#FFAA00","footer_text":"Acme\r\nhelp@acme.example"}`).want(200)
	got := b.call(b.acme, "GET", "/api/brand", "").want(200)
	want := map[string]any{"primary_color": "#ffaa00", "accent_color": "#0f766e", "footer_text": "Acme\nhelp@acme.example", "support_email": "", "logo": nil}
	if diff := cmp.Diff(want, got.Body); diff != "" {
		t.Errorf("brand (-want +got):\n%s", diff)
	}
	if got := b.call(b.bolt, "GET", "/api/brand", ""); got.Body["primary_color"] == "#ffaa00" {
		t.Error("another tenant's brand changed")
	}
	bad := b.call(b.acme, "PATCH", "/api/brand", `{"primary_color":"red","accent_color":"#12345g","support_email":"x","footer_text":"`+strings.Repeat("x", 1001)+`"}`)
	if got := bad.problem(422, "invalid").fields(); len(got) != 4 {
		t.Errorf("four wrong fields give %v", got)
	}
}

func TestLogo_IsPutReadAndRemoved(t *testing.T) {
	b := setup(t)
	b.call(b.acme, "GET", "/api/brand/logo", "").problem(404, "not_found")
	for name, r := range map[string]*http.Request{"bare": upload(b.acme, "image/png", png(40, 20)), "by a form": form(b.acme, "logo", png(40, 20)),
		"untyped": upload(b.acme, "application/octet-stream", png(40, 20))} {
		logo, _ := b.send(r).want(200).Body["logo"].(map[string]any)
		if logo["width"] != 40.0 || logo["height"] != 20.0 {
			t.Errorf("%s: stored %v", name, logo)
		}
	}
	got := b.call(b.acme, "GET", "/api/brand/logo", "").want(200)
	if got.Header.Get("Content-Type") != "image/png" || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("served as %v", got.Header)
	}
	if _, err := encode.Decode(strings.NewReader(got.Raw)); err != nil {
		t.Errorf("the stored logo does not decode: %v", err)
	}
	b.call(b.acme, "DELETE", "/api/brand/logo", "").want(204)
	b.call(b.acme, "GET", "/api/brand/logo", "").problem(404, "not_found")
}

func TestLogo_RefusesWhatIsNone(t *testing.T) {
	b := setup(t)
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	for name, r := range map[string]*http.Request{"an SVG": upload(b.acme, "image/svg+xml", svg), "an SVG named PNG": upload(b.acme, "image/png", svg),
		"half a PNG": upload(b.acme, "image/png", png(40, 20)[:40]), "nothing": upload(b.acme, "image/png", nil), "an SVG in a form": form(b.acme, "logo", svg)} {
		got := b.send(r).problem(422, "invalid")
		if got.fields()["logo"] == "" {
			t.Errorf("%s: %s", name, got.Raw)
		}
	}
	b.send(upload(b.acme, "text/html", png(4, 2))).problem(415, "unsupported_media_type")
	b.send(upload(b.acme, "", png(4, 2))).problem(415, "unsupported_media_type")
	b.send(form(b.acme, "file", png(4, 2))).problem(400, "invalid_form")
	b.send(upload(b.acme, "multipart/form-data", png(4, 2))).problem(400, "invalid_form")
	b.send(upload(b.acme, "multipart/form-data; boundary=x", []byte("--x"))).problem(400, "invalid_form")
	big := append(png(4, 2), make([]byte, 1<<20)...)
	b.send(upload(b.acme, "image/png", big)).problem(413, "body_too_large")
	b.send(form(b.acme, "logo", big)).problem(413, "body_too_large")
	b.send(upload(b.acme, "image/png", make([]byte, 2<<20))).problem(413, "body_too_large")
	if got := b.call(b.acme, "GET", "/api/brand", ""); got.Body["logo"] != nil {
		t.Errorf("a refused upload left %v", got.Body["logo"])
	}
}

func TestSettings_ChangeWithinBounds(t *testing.T) {
	b := setup(t)
	b.call(b.acme, "PATCH", "/api/settings", `{"session_seconds":3600,"log_visitors":false,"payment_instructions":"Wire to\nDE00"}`).want(200)
	got := b.call(b.acme, "GET", "/api/settings", "").want(200)
	want := map[string]any{"session_seconds": 3600.0, "document_link_days": 30.0, "link_mode": "standard", "log_visitors": false, "payment_instructions": "Wire to\nDE00",
		"partial_payments": false, "partial_minimum": 0.0}
	if diff := cmp.Diff(want, got.Body); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	for _, mode := range []string{"strict", "step_up", "standard"} {
		b.call(b.acme, "PATCH", "/api/settings", `{"link_mode":"`+mode+`"}`).want(200)
		if got := b.call(b.acme, "GET", "/api/settings", "").want(200); got.Body["link_mode"] != mode {
			t.Errorf("link_mode %v, want %s", got.Body["link_mode"], mode)
		}
	}
	if got := b.call(b.acme, "PATCH", "/api/settings", `{"link_mode":"lax"}`).problem(422, "invalid").fields(); got["link_mode"] == "" {
		t.Errorf("an unknown link_mode: %v", got)
	}
	for body, field := range map[string]string{`{"session_seconds":3599}`: "session_seconds", `{"session_seconds":2592001}`: "session_seconds",
		`{"document_link_days":0}`: "document_link_days", `{"document_link_days":181}`: "document_link_days"} {
		if got := b.call(b.acme, "PATCH", "/api/settings", body).problem(422, "invalid").fields(); got[field] != "out_of_range" {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestAudit_KeepsNoAddressWhenVisitorsAreNotLogged(t *testing.T) {
	b := setup(t)
	logged := b.company(b.acme, "Before")
	b.call(b.acme, "PATCH", "/api/settings", `{"log_visitors":false}`).want(200)
	quiet := b.company(b.acme, "After")
	for company, want := range map[string]any{logged: "203.0.113.7", quiet: nil} {
		e := b.call(b.acme, "GET", "/api/crm/audit-events?company_id="+company, "").want(200).data()[0].(map[string]any)
		if e["ip"] != want || e["actor"] != "api" || e["actor_id"] == nil {
			t.Errorf("entry %v, want address %v", e, want)
		}
	}
}

func TestKeys_AreShownOnceAndNeverGrow(t *testing.T) {
	b := setup(t)
	made := b.call(b.acme, "POST", "/api/keys", `{"name":"Export","scopes":["clients:read","keys:write"]}`).want(201)
	secret := made.Body["key"].(string)
	if list := b.call(b.acme, "GET", "/api/keys", "").want(200); strings.Contains(list.Raw, secret) || !strings.Contains(list.Raw, made.id()) {
		t.Errorf("listed %s", list.Raw)
	}
	page := b.call(b.acme, "GET", "/api/keys?limit=1", "").want(200)
	rest := b.call(b.acme, "GET", "/api/keys?limit=1&cursor="+page.Body["next_cursor"].(string), "").want(200)
	if len(rest.data()) != 1 || rest.Body["next_cursor"] != nil || cmp.Equal(rest.data(), page.data()) {
		t.Errorf("second page %s", rest.Raw)
	}
	small := party{b.acme.tenant, secret}
	b.call(small, "GET", companies, "").want(200)
	got := b.call(small, "POST", "/api/keys", `{"name":"More","scopes":["clients:read","clients:write","x"]}`).problem(422, "invalid").fields()
	if diff := cmp.Diff(map[string]string{"scopes[1]": "scope_missing", "scopes[2]": "invalid_value"}, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	b.call(small, "POST", "/api/keys", `{"name":"All"}`).problem(422, "invalid") // no choice must not mean every right
	b.call(b.acme, "DELETE", "/api/keys/"+made.id(), "").want(204)
	b.call(small, "GET", companies, "").problem(401, "unauthorized")
}
