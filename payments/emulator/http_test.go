package emulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// get is a page's text.
func get(t *testing.T, w *world, address string) string {
	t.Helper()
	r, err := w.http.Get(address)
	return read(t, must(t, r, err))
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if closed := r.Body.Close(); err == nil {
		err = closed
	}
	return string(must(t, body, err))
}

// post sends a form as a browser without scripts does, and is where the browser goes next, or what it shows.
func post(t *testing.T, w *world, address string, pairs ...string) string {
	t.Helper()
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	h := *w.http
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err := h.PostForm(address, f)
	body := read(t, must(t, r, err))
	if to := r.Header.Get("Location"); to != "" {
		return to
	}
	return body
}

// call asks the API with any key and is the status and the body.
func call(t *testing.T, w *world, method, path, key, form string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, w.server.URL+path, strings.NewReader(form))
	must(t, r, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := w.http.Do(r)
	body := read(t, must(t, answer, err))
	return answer.StatusCode, body, answer.Header
}

// request is a call for a handler that is asked without a network.
func request(path, form, key string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+key)
	return r
}
