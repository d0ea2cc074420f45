package htmlcheck_test

import (
	"strings"
	"testing"

	"tollhouse/portal/portaltest/htmlcheck"
)

func TestDocument_FindsBySelector(t *testing.T) {
	doc, err := htmlcheck.Parse(strings.NewReader(`<main><p class="a b" id=x>one <b>two</b></p><p data-k="v 1">three</p></main><p>four</p>`))
	if err != nil {
		t.Fatal(err)
	}
	for selector, want := range map[string]string{
		"main p": "one two three", "p.b": "one two", "#x b": "two", "p[data-k]": "three", "p[data-k^=v]": "three", "p.c": "", "main #x.a.b": "one two",
		"*[id=x]": "one two",
	} {
		if got := doc.Text(selector); got != want {
			t.Errorf("Text(%q) = %q, want %q", selector, got, want)
		}
	}
	if got := doc.Attr("main p", "class"); got != "a b" {
		t.Errorf("class = %q", got)
	}
}
