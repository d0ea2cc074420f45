// Package htmlcheck finds elements of an HTML document by a small part of the selectors of CSS, so that a test can say what a page shows without
// fixing how it is written. It checks nothing by itself.
//
//	doc, err := htmlcheck.Parse(body)
//	doc.Text("main h1")                         // "Invoice INV-2026-000042"
//	doc.Attr("form input[name=nonce]", "value") // the nonce
package htmlcheck

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Document is one parsed page.
type Document struct{ root *html.Node }

// Parse reads a page as a browser would.
func Parse(r io.Reader) (Document, error) {
	root, err := html.Parse(r)
	if err != nil {
		return Document{}, fmt.Errorf("parsing a page: %w", err)
	}
	return Document{root}, nil
}

// All returns every element that a selector matches, in the order of the page. A selector is a list of steps with spaces between them, each
// inside the one before; a step is a tag, .class, #id and [name], [name=value] or [name^=value], in any combination, or * for every element.
func (d Document) All(selector string) []*html.Node {
	found := []*html.Node{d.root}
	for step := range strings.FieldsSeq(selector) {
		want, next := parseStep(step), []*html.Node(nil)
		for _, n := range found {
			for child := range n.Descendants() {
				if want.matches(child) && !slices.Contains(next, child) {
					next = append(next, child)
				}
			}
		}
		found = next
	}
	return found
}

// Count is how many elements a selector matches.
func (d Document) Count(selector string) int { return len(d.All(selector)) }

// Text is the text of all that a selector matches, its white space made single spaces.
func (d Document) Text(selector string) string {
	var words []string
	for _, n := range d.All(selector) {
		words = append(words, Text(n))
	}
	return strings.Join(words, " ")
}

// Attr is an attribute of the first element that a selector matches, "" when there is none.
func (d Document) Attr(selector, name string) string {
	if found := d.All(selector); len(found) > 0 {
		return Attr(found[0], name)
	}
	return ""
}

// blocks are the elements that stand apart from what is beside them.
const blocks = " address article br caption dd div dl dt fieldset footer form h1 h2 h3 header hr label li main nav ol p section table td th tr ul "

// Text is the text of one element as it is read: its white space made single spaces, a space where a block begins or ends.
func Text(n *html.Node) string {
	var b strings.Builder
	appendText(&b, n)
	return strings.Join(strings.Fields(b.String()), " ")
}

func appendText(b *strings.Builder, n *html.Node) {
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
	}
	apart := n.Type == html.ElementNode && strings.Contains(blocks, " "+n.Data+" ")
	if apart {
		b.WriteByte(' ')
	}
	for child := range n.ChildNodes() {
		appendText(b, child)
	}
	if apart {
		b.WriteByte(' ')
	}
}

// Attr is an attribute of one element, "" when it has none.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// step is one part of a selector.
type step struct {
	tag   string
	attrs []condition
}

// condition is what an attribute must be.
type condition struct {
	name, value string
	kind        byte // 0: is there; '=': is value; '^': begins with value; '~': has the word value
}

func parseStep(s string) step {
	var want step
	end := strings.IndexAny(s, ".#[")
	if end < 0 {
		end = len(s)
	}
	want.tag, s = s[:end], s[end:]
	for s != "" {
		kind := s[0]
		s = s[1:]
		stop := strings.IndexAny(s, ".#[")
		if kind == '[' {
			stop = strings.IndexByte(s, ']') + 1
		}
		if stop <= 0 {
			stop = len(s)
		}
		want.attrs = append(want.attrs, parseCondition(kind, s[:stop]))
		s = s[stop:]
	}
	return want
}

func parseCondition(kind byte, s string) condition {
	switch kind {
	case '.':
		return condition{"class", s, '~'}
	case '#':
		return condition{"id", s, '='}
	}
	name, value, found := strings.Cut(strings.TrimSuffix(s, "]"), "=")
	if !found {
		return condition{name: name}
	}
	if before, ok := strings.CutSuffix(name, "^"); ok {
		return condition{before, value, '^'}
	}
	return condition{name, value, '='}
}

func (w step) matches(n *html.Node) bool {
	if n.Type != html.ElementNode || (w.tag != "" && w.tag != "*" && w.tag != n.Data) {
		return false
	}
	for _, c := range w.attrs {
		if !c.holds(n) {
			return false
		}
	}
	return true
}

func (c condition) holds(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key != c.name {
			continue
		}
		switch c.kind {
		case '=':
			return a.Val == c.value
		case '^':
			return strings.HasPrefix(a.Val, c.value)
		case '~':
			return slices.Contains(strings.Fields(a.Val), c.value)
		}
		return true
	}
	return false
}
