package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tollhouse/payments/emulator/core"
)

// call is one API request under way. The emulator's lock is held while its handler runs.
type call struct {
	e      *Emulator
	r      *http.Request
	route  *apiRoute
	key    *account // whose key it came with
	acct   *account // for whom it acts
	public bool     // with a publishable key
	p      params
	body   []byte
	id     string // of the request
	now    time.Time
}

// apiRoute is one line of the route table.
type apiRoute struct {
	pattern string
	do      func(*call) (obj, error)
	allowed string // outermost names of its parameters
	public  bool   // may be called with a publishable key
}

const longestBody = 256 << 10

// serveAPI is the way of every request to the API: browser's rules, key, parameters, fault, idempotency, handler.
func (e *Emulator) serveAPI(route *apiRoute) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{e: e, r: r, route: route, id: e.Source.ID("req_", 14)}
		w.Header().Set("Request-Id", c.id)
		w.Header().Set("Stripe-Version", Version)
		allowOrigins(w)
		e.Calls.Count(route.pattern)
		if err := c.read(w); err != nil {
			writeError(w, err)
			return
		}
		fault, struck := e.Faults.Take(core.Request{Route: route.pattern, Account: c.acct.ID, Objects: c.objects()})
		if !struck {
			c.once(w, c.serve)
			return
		}
		refuse := func(w http.ResponseWriter, status int) { writeError(w, faultError(fault.Kind, status)) }
		switch fault.Kind {
		case core.ErrorBefore, core.ErrorAfter, core.Slow: // the answer to these belongs to the key: it is kept and replayed
			c.once(w, func(w http.ResponseWriter) { fault.Around(w, r, c.serve, refuse) })
		default:
			fault.Around(w, r, func(w http.ResponseWriter) { c.once(w, c.serve) }, refuse)
		}
	})
}

func faultError(kind core.Kind, status int) *apiError {
	switch kind {
	case core.Locked:
		return &apiError{Status: status, Type: invalidRequest, Code: "lock_timeout", Message: "This object cannot be accessed right now because another API " +
			"request or Stripe process is currently accessing it. If you see this error intermittently, retry the request."}
	case core.Limited:
		return &apiError{Status: status, Type: invalidRequest, Code: "rate_limit", Message: "Request rate limit exceeded. Retry with a back-off."}
	}
	return &apiError{Status: status, Type: apiTrouble, Message: "An unknown error occurred"}
}

// read takes the request in: who calls, for whom, with what.
func (c *call) read(w http.ResponseWriter) *apiError {
	body, err := io.ReadAll(http.MaxBytesReader(w, c.r.Body, longestBody))
	if err != nil {
		return &apiError{Status: http.StatusRequestEntityTooLarge, Type: invalidRequest, Message: "The request's body is too large or broke off."}
	}
	c.body = body
	if wrong := c.authorize(); wrong != nil {
		return wrong
	}
	if v := c.r.Header.Get("Stripe-Version"); v != "" && v != Version {
		return &apiError{Type: invalidRequest, Message: "Invalid Stripe API version: " + v + ". Only " + Version + " is spoken here."}
	}
	form, err := url.ParseQuery(c.r.URL.RawQuery)
	if err == nil && c.r.Method == http.MethodPost {
		form, err = url.ParseQuery(string(body))
	}
	if err != nil {
		return &apiError{Type: invalidRequest, Message: "The parameters are not form-encoded: " + err.Error()}
	}
	c.p = params(form)
	if name := c.p.unknown(c.route.allowed); name != "" {
		return invalid(name, "parameter_unknown", "Received unknown parameter: "+name)
	}
	return nil
}

// authorize finds whose key it is, and for whom it acts.
func (c *call) authorize() *apiError {
	key := secretOf(c.r)
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.key = c.e.byKey[key]
	switch {
	case key == "":
		return unauthorized("", "You did not provide an API key.")
	case c.key == nil:
		return unauthorized("", "Invalid API Key provided: "+masked(key))
	case c.key.keyGone == "expired":
		return unauthorized("api_key_expired", "Expired API Key provided: "+masked(key))
	}
	c.acct, c.public = c.key, strings.HasPrefix(key, "pk_")
	if c.public && !c.route.public {
		return &apiError{Status: http.StatusForbidden, Type: invalidRequest, Code: "secret_key_required",
			Message: "This API call cannot be made with a publishable API key. Please use a secret API key."}
	}
	if other := c.r.Header.Get("Stripe-Account"); other != "" && other != c.key.ID {
		c.acct = c.e.accounts[other]
		if c.acct == nil || c.acct.Platform != c.key.ID || c.acct.keyGone != "" {
			return &apiError{Status: http.StatusForbidden, Type: invalidRequest, Code: "account_invalid", Message: "The provided key '" + masked(key) +
				"' does not have access to account '" + other + "' (or that account does not exist). Application access may have been revoked."}
		}
	}
	return nil
}

func unauthorized(code, message string) *apiError {
	return &apiError{Status: http.StatusUnauthorized, Type: invalidRequest, Code: code, Message: message}
}

// secretOf is the key of the request, from either kind of Authorization.
func secretOf(r *http.Request) string {
	kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch strings.ToLower(kind) {
	case "bearer":
		return value
	case "basic":
		plain, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return ""
		}
		user, _, _ := strings.Cut(string(plain), ":")
		return user
	}
	return ""
}

// masked shows as much of a key as tells people which one it is.
func masked(key string) string {
	if len(key) < 16 {
		return "****"
	}
	return key[:8] + "****" + key[len(key)-4:]
}

// objects are all ids and other short words that a fault may wait for.
func (c *call) objects() []string {
	parts := strings.Split(c.r.URL.Path, "/")
	for _, values := range c.p {
		for _, v := range values {
			if v != "" && len(v) <= 64 {
				parts = append(parts, v)
			}
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// serve has the effect and writes the answer.
func (c *call) serve(w http.ResponseWriter) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.now = c.e.now()
	o, err := c.route.do(c)
	if err == nil {
		err = c.expand(o)
	}
	if err == nil {
		writeObject(w, http.StatusOK, o)
		return
	}
	var known *apiError
	if !errors.As(err, &known) {
		c.e.log.Error("emulator's own mistake", "route", c.route.pattern, "error", err)
		known = &apiError{Status: http.StatusInternalServerError, Type: apiTrouble, Message: err.Error()}
	}
	if known.started {
		w.Header().Set(startedHeader, "1")
	}
	writeError(w, known)
}

func writeObject(w http.ResponseWriter, status int, o any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(o); err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a client that left does not matter
}

func writeError(w http.ResponseWriter, e *apiError) {
	o := e.render(false)
	if id := w.Header().Get("Request-Id"); id != "" {
		o["request_log_url"] = "/#" + id
	}
	writeObject(w, e.status(), obj{"error": o})
}

// allowOrigins lets pages of any origin call the API and read its answers: they have publishable keys, never cookies.
func allowOrigins(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "Request-Id, Stripe-Should-Retry")
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	allowOrigins(w)
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Stripe-Version, Stripe-Account, Idempotency-Key")
	w.Header().Set("Access-Control-Max-Age", "300")
	w.WriteHeader(http.StatusNoContent)
}
