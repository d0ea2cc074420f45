package authorizenetemu

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf16"
)

const namespace = "AnetApi/xml/v1/schema/AnetApiSchema.xsd"

// element is one place in a sequence. A choice has alternatives instead of a name.
type element struct {
	name         string
	kind         string // another type of the schema, or "string", "decimal", "numeric", "boolean"
	optional     bool
	repeated     bool
	limit        int // characters, 0 for none
	alternatives []element
}

// parsedSchema reads the table once.
var parsedSchema = sync.OnceValue(func() map[string][]element {
	types := map[string][]element{}
	for _, row := range schema {
		types[row.name] = parseSequence(row.sequence)
	}
	return types
})

// parseSequence reads "name:type?<20 (a:x|b:y) other*": a type, "?" for optional, "*" for repeated, "<n" for a length; string when there is no
// type.
func parseSequence(text string) []element {
	var sequence []element
	for _, word := range strings.Fields(text) {
		if choice, found := strings.CutPrefix(word, "("); found {
			var e element
			choice, e.optional = strings.CutSuffix(choice, "?")
			for _, alternative := range strings.Split(strings.TrimSuffix(choice, ")"), "|") {
				e.alternatives = append(e.alternatives, parseElement(alternative))
			}
			sequence = append(sequence, e)
			continue
		}
		sequence = append(sequence, parseElement(word))
	}
	return sequence
}

func parseElement(word string) element {
	e := element{kind: "string"}
	if head, limit, found := strings.Cut(word, "<"); found {
		_, _ = fmt.Sscanf(limit, "%d", &e.limit) // the table is ours, and a test walks it
		word = head
	}
	word, e.repeated = strings.CutSuffix(word, "*")
	word, e.optional = strings.CutSuffix(word, "?")
	name, kind, typed := strings.Cut(word, ":")
	if typed {
		e.kind = kind
	}
	e.name = name
	return e
}

// check holds an object against a type of the schema and returns the processor's sentence about the first fault, "" for none.
func check(name, typeName string, n *node) string {
	sequence, known := parsedSchema()[typeName]
	if !known {
		return checkScalar(name, typeName, n)
	}
	if n.kind == 's' && n.text == "" {
		n = &node{kind: '{'}
	}
	if n.kind != '{' {
		return fmt.Sprintf("The element '%s' in namespace '%s' cannot contain text.", name, namespace)
	}
	place := 0
	for _, m := range n.members {
		found, at := seek(sequence, place, m.name)
		if found == nil {
			return invalidChild(name, m.name, expected(sequence, place))
		}
		place = at
		if !found.repeated {
			place++
		}
		if fault := checkMember(*found, m.value); fault != "" {
			return fault
		}
	}
	if missing := required(sequence, place, n); missing != "" {
		return fmt.Sprintf("The element '%s' in namespace '%s' has incomplete content. List of possible elements expected: '%s' in namespace '%s'.",
			name, namespace, missing, namespace)
	}
	return ""
}

// seek finds the element of this name at or after a place, passing over optional ones only.
func seek(sequence []element, place int, name string) (*element, int) {
	for i := place; i < len(sequence); i++ {
		e := &sequence[i]
		if e.name == name {
			return e, i
		}
		for k := range e.alternatives {
			if e.alternatives[k].name == name {
				return &e.alternatives[k], i
			}
		}
		if !e.optional {
			return nil, 0
		}
	}
	return nil, 0
}

// expected lists what may stand at a place.
func expected(sequence []element, place int) string {
	var names []string
	for _, e := range sequence[min(place, len(sequence)):] {
		if e.name != "" {
			names = append(names, e.name)
		}
		for _, a := range e.alternatives {
			names = append(names, a.name)
		}
		if !e.optional {
			break
		}
	}
	return strings.Join(names, ", ")
}

func required(sequence []element, place int, n *node) string {
	for i := place; i < len(sequence); i++ {
		if e := sequence[i]; !e.optional && !n.has(e.name) {
			return expected(sequence, i)
		}
	}
	return ""
}

func checkMember(e element, value *node) string {
	if !e.repeated && value.kind == '[' {
		if len(value.items) != 1 { // a list of one is the element itself
			return invalidChild("list", e.name, "")
		}
		value = value.items[0]
	}
	for _, one := range value.all() {
		if fault := check(e.name, e.kind, one); fault != "" {
			return fault
		}
		if e.limit > 0 && len(utf16.Encode([]rune(one.text))) > e.limit {
			return fmt.Sprintf("The '%s:%s' element is invalid - The value %s is invalid according to its datatype 'String' - "+
				"The actual length is greater than the MaxLength value.", namespace, e.name, one.text)
		}
	}
	return ""
}

func checkScalar(name, kind string, n *node) string {
	fault := func(what string) string {
		return fmt.Sprintf("The '%s:%s' element is invalid - The value '%s' is invalid according to its datatype '%s'.", namespace, name, n.text, what)
	}
	digits := strings.Trim(n.text, "0123456789") == ""
	switch {
	case n.kind != 's':
		return fmt.Sprintf("The element '%s' in namespace '%s' cannot contain child elements.", name, namespace)
	case kind == "numeric" && (!digits || n.text == ""):
		return fault("numericString")
	case kind == "boolean" && n.text != "true" && n.text != "false" && n.text != "1" && n.text != "0":
		return fault("Boolean")
	case kind == "decimal" && !isDecimal(n.text):
		return fault("Decimal")
	}
	return ""
}

func isDecimal(s string) bool {
	whole, fraction, dotted := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return whole != "" && (!dotted || fraction != "") && strings.Trim(whole+fraction, "0123456789") == ""
}

func invalidChild(parent, child, expected string) string {
	text := fmt.Sprintf("The element '%s' in namespace '%s' has invalid child element '%s' in namespace '%s'.", parent, namespace, child, namespace)
	if expected != "" {
		text += fmt.Sprintf(" List of possible elements expected: '%s' in namespace '%s'.", expected, namespace)
	}
	return text
}
