package api

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkQuery refuses parameters that the endpoint does not know, and repeated ones: a filter with a typo must not return everything.
func (c *call) checkQuery(known []string) error {
	values, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return badParameter("", "invalid_parameter", "the query is not well-formed; encode it as a form does")
	}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			return badParameter(name, "unknown_parameter", "there is no such parameter here")
		case len(given) > 1:
			return badParameter(name, "duplicate_parameter", "the parameter is given more than once")
		case !utf8.ValidString(given[0]) || strings.ContainsRune(given[0], 0):
			return badParameter(name, "invalid_text", "the parameter must be UTF-8 without NUL")
		}
	}
	return nil
}

func (c *call) param(name string) string { return c.URL.Query().Get(name) }

func badParameter(name, code, message string) *Problem {
	p := problem(400, code, "The query is not what this needs", upperFirst(message)+".")
	if name == "" {
		return p
	}
	name = cut(name, 80)
	return p.saying("Parameter " + strconv.Quote(name) + ": " + message + ".").with(FieldError{Field: name, Code: code, Message: upperFirst(message) + "."})
}

var errCursor = badParameter("cursor", "invalid_cursor",
	"this is not a cursor of this list; take next_cursor of the page before, or leave it out to begin")

const (
	defaultLimit = 50
	maxLimit     = 200
)

// limit reads how many rows a page may have.
func (c *call) limit() (int, error) {
	given := c.param("limit")
	if !c.URL.Query().Has("limit") {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 || n > maxLimit {
		return 0, badParameter("limit", "invalid_parameter", fmt.Sprintf("this must be a number from 1 to %d", maxLimit))
	}
	return n, nil
}

// cursorPrefix lets the form of cursors change without an old one being misread.
const cursorPrefix = "1:"

// encodeCursor hides a place in a list from being taken for something to build on.
func encodeCursor(place string) string {
	if place == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + place))
}

// after reads the cursor: the place of the last row that the caller has seen, "" for the first page.
func (c *call) after() (string, error) {
	given := c.param("cursor")
	if !c.URL.Query().Has("cursor") {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(given)
	place, found := strings.CutPrefix(string(raw), cursorPrefix)
	if err != nil || !found || len(place) > 200 || !utf8.ValidString(place) || strings.ContainsRune(place, 0) {
		return "", errCursor
	}
	return place, nil
}

// page reads limit and cursor together.
func (c *call) page() (after string, limit int, err error) {
	if limit, err = c.limit(); err != nil {
		return "", 0, err
	}
	after, err = c.after()
	return after, limit, err
}

// list is the answer to every list request.
type list[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"` // null on the last page
}

// listed cuts rows, of which one more than limit was asked for, and puts the cursor at the last row that is shown.
func listed[Row, T any](rows []Row, limit int, place func(Row) string, show func(Row) T) list[T] {
	out := list[T]{Data: make([]T, 0, min(len(rows), limit))}
	for i, row := range rows {
		if i == limit {
			next := encodeCursor(place(rows[limit-1]))
			out.NextCursor = &next
			break
		}
		out.Data = append(out.Data, show(row))
	}
	return out
}
