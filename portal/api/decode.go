package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tollhouse/payments/panguard"
)

// decode reads the call's JSON object into the struct that in points to, and returns a checker for its fields. Member names must match
// exactly; unknown and repeated members, null, NUL, text that is not UTF-8 and anything after the object are refused.
func (c *call) decode(in any) (*checker, error) {
	body := c.body
	if len(body) == 0 {
		body = []byte("{}") // read has let nothing through where an object is needed
	}
	check := &checker{}
	if err := scan(body, check); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, in, json.RejectUnknownMembers(true)); err != nil {
		return nil, mismatch(err)
	}
	return check, nil
}

// scan walks the raw body once: form, null, NUL, and card numbers, which no field has a use for.
func scan(body []byte, check *checker) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for first := true; ; first = false {
		done := !first && d.StackDepth() == 0
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) && done {
			return nil
		}
		if done {
			return badBody("trailing_data", "there is something after the JSON object; send one object and nothing else")
		}
		if err != nil {
			return malformed(err)
		}
		if first && token.Kind() != '{' {
			return badBody("invalid_type", "the body must be a JSON object")
		}
		if err := look(token, path(d.StackPointer()), check); err != nil {
			return err
		}
	}
}

func look(token jsontext.Token, field string, check *checker) error {
	switch token.Kind() {
	case 'n':
		return badField("invalid_type", field, `null stands for nothing here: leave the field out to keep or default it, send "" to empty a text`)
	case '"':
		if strings.ContainsRune(token.String(), 0) {
			return badField("invalid_text", field, "text must not contain NUL (U+0000)")
		}
		if panguard.Find(token.String()) {
			check.add(field, "looks_like_card_number", "this looks like a payment card's number; remove it, card numbers do not belong here")
		}
	}
	return nil
}

// malformed tells what is wrong with JSON that is none.
func malformed(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax) {
		return badField("duplicate_field", path(syntax.JSONPointer), "the field is given twice; give it once")
	}
	if errors.As(err, &syntax) && strings.Contains(syntax.Error(), "invalid UTF-8") {
		return badBody("invalid_text", "the body is not UTF-8; encode it as UTF-8")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return badBody("invalid_json", "the JSON ends early; send the whole object")
	}
	if errors.As(err, &syntax) {
		return badBody("invalid_json", fmt.Sprintf("the body is not JSON: see byte %d", syntax.ByteOffset))
	}
	return badBody("invalid_json", "the body is not JSON")
}

// mismatch tells which member does not fit the request's type.
func mismatch(err error) error {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return malformed(err)
	}
	field := path(semantic.JSONPointer)
	if errors.Is(err, json.ErrUnknownName) {
		return badField("unknown_field", field, "there is no such field here; check its spelling and place")
	}
	want := "a value of another type"
	if semantic.GoType != nil {
		want = kindName(semantic.GoType)
	}
	return badField("invalid_type", field, "this must be "+want)
}

func badBody(code, detail string) *Problem {
	return problem(400, code, "The body is not what this needs", upperFirst(detail)+".")
}

func badField(code, field, message string) *Problem {
	if field == "" {
		return badBody(code, message)
	}
	return badBody(code, "field "+strconv.Quote(field)+": "+message).with(FieldError{Field: field, Code: code, Message: upperFirst(message) + "."})
}

// path writes a JSON pointer the way people write it in programs: lines[0].quantity.
func path(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		if _, err := strconv.ParseUint(token, 10, 31); err == nil && b.Len() > 0 {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(cut(token, 80))
	}
	return b.String()
}
