package api_test

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBody_IsReadStrictly(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	tests := []struct {
		name, body, code, field string
	}{
		{"empty", " ", "invalid_json", ""},
		{"no JSON", "name=x", "invalid_json", ""},
		{"cut off", `{"name":"x"`, "invalid_json", ""},
		{"array", `[]`, "invalid_type", ""},
		{"null", `null`, "invalid_type", ""},
		{"string", `"x"`, "invalid_type", ""},
		{"unknown", `{"nmae":"x"}`, "unknown_field", "nmae"},
		{"unknown deeper", `{"name":"x","billing_address":{"zip":"1"}}`, "unknown_field", "billing_address.zip"},
		{"other case", `{"Name":"x"}`, "unknown_field", "Name"},
		{"twice", `{"name":"x","name":"y"}`, "duplicate_field", "name"},
		{"twice deeper", `{"name":"x","billing_address":{"city":"a","city":"b"}}`, "duplicate_field", "billing_address.city"},
		{"number for text", `{"name":1}`, "invalid_type", "name"},
		{"text for flag", `{"name":"x","tax_exempt":"true"}`, "invalid_type", "tax_exempt"},
		{"array for object", `{"name":"x","billing_address":[]}`, "invalid_type", "billing_address"},
		{"null for text", `{"name":null}`, "invalid_type", "name"},
		{"escaped NUL", `{"name":"a\u0000"}`, "invalid_text", "name"},
		{"raw NUL", "{\"name\":\"a\x00\"}", "invalid_json", ""},
		{"not UTF-8", "{\"name\":\"a\xff\"}", "invalid_text", ""},
		{"lone surrogate", `{"name":"a\ud800"}`, "invalid_json", ""},
		{"trailing object", `{"name":"x"}{}`, "trailing_data", ""},
		{"trailing text", `{"name":"x"} x`, "trailing_data", ""},
		{"deep", `{"name":` + strings.Repeat("[", 20000), "invalid_json", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := b.call(b.acme, "POST", companies, tt.body)
			got.t = t
			got.problem(400, tt.code)
			if tt.field != "" && got.fields()[tt.field] != tt.code {
				t.Errorf("fields %v, want %s", got.fields(), tt.field)
			}
		})
	}
	got := b.call(b.acme, "POST", invoices, `{"company_id":"`+company+`","lines":[{"description":"x","unit_amount":{"amount":1.5,"currency":"USD"}}]}`)
	if got.problem(400, "invalid_type").fields()["lines[0].unit_amount.amount"] == "" {
		t.Errorf("half a cent: %s", got.Raw)
	}
	if n := len(b.call(b.acme, "GET", companies, "").data()); n != 1 {
		t.Errorf("refused requests left %d companies", n)
	}
}

func TestBody_TypeAndSize(t *testing.T) {
	b := setup(t)
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx", "application/json;;"} {
		b.call(b.acme, "POST", companies, `{"name":"x"}`, "Content-Type", contentType).problem(415, "unsupported_media_type")
	}
	b.call(b.acme, "POST", companies, `{"name":"x"}`, "Content-Type", "application/json; charset=UTF-8").want(201)
	b.call(b.acme, "POST", companies, `{"name":"x"}`, "Content-Encoding", "gzip").problem(415, "unsupported_encoding")

	fill := func(size int) string { return `{"name":"x"` + strings.Repeat(" ", size-12) + `}` }
	b.call(b.acme, "POST", companies, fill(1<<20)).want(201)
	b.call(b.acme, "POST", companies, fill(1<<20+1)).problem(413, "body_too_large")
}

func TestPaths_AreRightOrUnknown(t *testing.T) {
	b := setup(t)
	for _, path := range []string{"/", "/api", "/api/crm/company", companies + "/", "/API/brand", "/api/brand/logo.png", "/api//brand", "/api/x/../brand"} {
		b.call(b.acme, "GET", path, "").problem(404, "unknown_path")
	}
	got := b.call(b.acme, "PUT", companies, `{}`).problem(405, "method_not_allowed")
	if allow := got.Header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
		t.Errorf("Allow: %q", allow)
	}
	b.call(b.acme, "OPTIONS", companies, "").problem(405, "method_not_allowed")
	head := httptest.NewRequest("HEAD", companies, nil)
	head.Header.Set("Authorization", "Bearer "+b.acme.key)
	if got := b.send(head); got.Status != 200 {
		t.Errorf("HEAD answers %d", got.Status)
	}
}
