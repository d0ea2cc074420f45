package api

import (
	"bytes"
	"encoding/json"
	"net/http"

	"tollhouse/tenant/request"
)

// Problem is the body of every refusal, as RFC 9457 has it.
type Problem struct {
	Type      string       `json:"type"` // "urn:tollhouse:problem:" and the code
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Code      string       `json:"code"`   // stable; programs look at this
	Detail    string       `json:"detail"` // what is wrong here, and what to do about it
	RequestID string       `json:"request_id"`
	Errors    []FieldError `json:"errors,omitempty"`

	header map[string]string
}

// FieldError is what is wrong with one field of the request.
type FieldError struct {
	Field   string `json:"field"` // a path like "lines[0].quantity"
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error names the problem's code only: its detail is for the caller, not for logs.
func (p *Problem) Error() string { return p.Code }

// problem returns a refusal; the type and the request id are added when it is written.
func problem(status int, code, title, detail string) *Problem {
	return &Problem{Status: status, Code: code, Title: title, Detail: detail}
}

// with returns a copy that carries field errors.
func (p *Problem) with(fields ...FieldError) *Problem {
	q := *p
	q.Errors = fields
	return &q
}

// saying returns a copy with another detail.
func (p *Problem) saying(detail string) *Problem {
	q := *p
	q.Detail = detail
	return &q
}

// sending returns a copy that sets a header.
func (p *Problem) sending(name, value string) *Problem {
	q := *p
	q.header = map[string]string{name: value}
	return &q
}

// fail writes an error as a problem document. What is not meant for the caller is logged and written as a plain 500.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	info := request.From(r.Context())
	p := public(err)
	if p.Status >= 500 {
		s.Log.ErrorContext(r.Context(), "API request failed", "id", info.ID, "route", info.Route(), "error", err)
	}
	out := *p
	out.Type = "urn:tollhouse:problem:" + p.Code
	out.RequestID = info.ID
	for name, value := range p.header {
		w.Header().Set(name, value)
	}
	reply{status: p.Status, contentType: "application/problem+json", body: encode(out)}.write(w)
}

// reply is a complete answer.
type reply struct {
	status      int
	contentType string
	body        []byte
	replayed    bool
}

func (a reply) write(w http.ResponseWriter) {
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	if a.replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the caller is gone when this fails; nobody is left to tell
}

func ok(v any) (reply, error) { return reply{status: 200, contentType: jsonType, body: encode(v)}, nil }

func created(v any) (reply, error) {
	return reply{status: 201, contentType: jsonType, body: encode(v)}, nil
}

func noContent() (reply, error) { return reply{status: 204}, nil }

const jsonType = "application/json"

// encode writes our own answer types, which always encode. It leaves & < > alone: an answer is never part of a page.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // a programming error in an answer type; the edge turns it into a 500
	}
	return b.Bytes()
}
