package authorizenet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// text is a value that comes as a string in one answer and as a number or a truth value in the next. A number keeps its digits; null is "".
type text string

// UnmarshalJSON reads any scalar.
func (t *text) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		var s string
		err := json.Unmarshal(b, &s)
		*t = text(s)
		return err
	case '{', '[':
		return fmt.Errorf("a value was expected, not %.20q", b)
	case 'n':
		*t = ""
		return nil
	}
	*t = text(b)
	return nil
}

// list is what the processor makes of repeated XML elements: an array, or the bare element when there is one, or either inside an object that
// has the element's name as its only key, or nothing.
type list[T any] []T

// UnmarshalJSON reads each of the forms.
func (l *list[T]) UnmarshalJSON(b []byte) error { return l.read(b, true) }

func (l *list[T]) read(b []byte, wrapped bool) error {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0 || b[0] == 'n' || bytes.Equal(b, []byte(`""`)):
		*l = nil
		return nil
	case b[0] == '[':
		var all []T
		err := json.Unmarshal(b, &all)
		*l = all
		return err
	case b[0] == '{' && wrapped:
		if inner := onlyValue(b); inner != nil {
			return l.read(inner, false)
		}
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = list[T]{one}
	return err
}

// onlyValue returns the value of an object's only key when that is an array or an object.
func onlyValue(b []byte) []byte {
	var object map[string]json.RawMessage
	if json.Unmarshal(b, &object) != nil || len(object) != 1 {
		return nil
	}
	for _, v := range object {
		if len(v) > 0 && (v[0] == '[' || v[0] == '{') {
			return v
		}
	}
	return nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// decode reads an answer: the byte-order mark that the processor puts before it, then one JSON object. What carries no result code is no
// answer.
func decode(body []byte, into interface{ result() *messages }) error {
	if err := json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), into); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if code := into.result().ResultCode; !strings.EqualFold(string(code), "Ok") && !strings.EqualFold(string(code), "Error") {
		return fmt.Errorf("the answer has no result code")
	}
	return nil
}
