package api_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestDocument_IsValidOpenAPI31(t *testing.T) {
	doc := loadDocument(t)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("the document is OpenAPI %s", doc.OpenAPI)
	}
}

// braces turns the router's :id into the document's {id}.
var braces = regexp.MustCompile(`:(\w+)`)

func TestDocument_HasExactlyTheRoutesOfTheProgram(t *testing.T) {
	var served, described []string
	for _, r := range setup(t).server.Routes() {
		served = append(served, r.Method+" "+braces.ReplaceAllString(r.Pattern, "{$1}"))
	}
	for path, item := range loadDocument(t).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	for _, r := range served {
		if !slices.Contains(described, r) {
			t.Errorf("%s is served and not described", r)
		}
	}
	for _, r := range described {
		if !slices.Contains(served, r) {
			t.Errorf("%s is described and not served", r)
		}
	}
}

func TestDocument_EveryPostTakesAnIdempotencyKey(t *testing.T) {
	for path, item := range loadDocument(t).Paths.Map() {
		if item.Post != nil && !strings.HasPrefix(path, "/webhooks/") && item.Post.Parameters.GetByInAndName("header", "Idempotency-Key") == nil {
			t.Errorf("POST %s does not say that it takes an Idempotency-Key", path)
		}
	}
}

func TestDocument_IsServedWithoutAKey(t *testing.T) {
	b := setup(t)
	a := b.call(party{}, http.MethodGet, "/api/openapi.json", "").want(200)
	if a.Body["openapi"] != "3.1.0" || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("served %v as %s", a.Body["openapi"], a.Header.Get("Content-Type"))
	}
}
