package core

import (
	"bytes"
	"maps"
	"net/http"
)

// Answer is a response held in memory, to be stored, dropped or sent later. The zero value is ready; Status is 0 until one is written.
type Answer struct {
	Status int
	Body   bytes.Buffer
	header http.Header
	wrote  bool
}

// Header implements http.ResponseWriter.
func (a *Answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

// WriteHeader implements http.ResponseWriter; only the first call counts.
func (a *Answer) WriteHeader(status int) {
	if !a.wrote {
		a.Status, a.wrote = status, true
	}
}

func (a *Answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.Body.Write(b)
}

// Send writes the answer to w as it was written here. It may be called again, and by several at once.
func (a *Answer) Send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	if a.wrote {
		w.WriteHeader(a.Status)
	}
	_, _ = w.Write(a.Body.Bytes()) // a client that left does not matter
}
