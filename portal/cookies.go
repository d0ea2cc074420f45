package portal

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant/request"
)

// Both names carry the __Host- prefix: a browser takes such a cookie only over TLS, from this very host, for every path (RFC 6265bis,
// section 4.1.3.2), so a sibling host can neither read nor plant one.
const (
	sessionCookie = "__Host-bp"
	nonceCookie   = "__Host-bp-form"
	askCookie     = "__Host-bp-ask"
)

// maxSessionToken is longer than any token; a longer value is no session and no reason to ask storage.
const maxSessionToken = 128

// session returns who is signed in, in a preview whom it is of. Two cookies of the name are as good as none: taking the first would let whoever planted it choose.
func (s *Server) session(r *http.Request) (access.Session, error) {
	if p := previewOf(r); p != nil {
		return p.Session, nil
	}
	cookies := r.CookiesNamed(sessionCookie)
	if len(cookies) != 1 || cookies[0].Value == "" || len(cookies[0].Value) > maxSessionToken {
		return access.Session{}, access.ErrNoSession
	}
	return s.access.Authenticate(r.Context(), request.From(r.Context()).Site, cookies[0].Value)
}

// rememberedFor is how much longer than its session a cookie stays in the browser. It opens nothing then: it tells whose form it was that somebody
// sent a moment too late.
const rememberedFor = 24 * time.Hour

// setSession signs the browser in until the session ends. Lax, because the first request after a mail comes from elsewhere.
func (s *Server) setSession(w http.ResponseWriter, grant access.Grant) {
	left := int((grant.Session.ExpiresAt.Sub(s.now()) + rememberedFor) / time.Second)
	http.SetCookie(w, hostCookie(sessionCookie, grant.Token, max(left, 1)))
}

func clearSession(w http.ResponseWriter) { http.SetCookie(w, hostCookie(sessionCookie, "", -1)) }

func hostCookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// nonceLife is how long a landing page may stay open before its button asks to be pressed twice.
const nonceLife = 24 * time.Hour

// nonce returns the value that a form must send back beside its cookie. A browser keeps one for all its tabs, so that opening a second
// link does not break the first.
func nonce(w http.ResponseWriter, r *http.Request) string {
	if value, ok := presentedNonce(r); ok {
		return value
	}
	value := randomValue()
	http.SetCookie(w, hostCookie(nonceCookie, value, int(nonceLife/time.Second)))
	return value
}

// askLife is how long after asking for a link a browser is known as the one that asked.
const askLife = 30 * time.Minute

// asking returns the cookie of a browser that asked for a link, "" for none.
func asking(r *http.Request) string {
	value, _ := presented(r, askCookie)
	return value
}

// startAsking makes the browser one that asked, whoever is asked for. One that asked before stays the same, so that the links it asked for keep
// working, and the answer to a request that was one too many is like any other.
func startAsking(w http.ResponseWriter, r *http.Request) string {
	value, ok := presented(r, askCookie)
	if !ok {
		value = randomValue()
	}
	http.SetCookie(w, hostCookie(askCookie, value, int(askLife/time.Second)))
	return value
}

func randomValue() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // crypto/rand.Read never returns an error; it ends the program instead.
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func presentedNonce(r *http.Request) (string, bool) { return presented(r, nonceCookie) }

// presented returns a cookie that holds 32 random bytes. Two of the name are none.
func presented(r *http.Request, name string) (string, bool) {
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 {
		return "", false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookies[0].Value)
	if err != nil || len(raw) != 32 || len(cookies[0].Value) != 43 {
		return "", false
	}
	return cookies[0].Value, true
}

// nonceMatches reports whether the form was shown to this browser: a page of another origin, and a scanner that keeps no cookies, cannot
// know the value.
func nonceMatches(r *http.Request) bool {
	want, ok := presentedNonce(r)
	return ok && subtle.ConstantTimeCompare([]byte(want), []byte(r.PostFormValue("nonce"))) == 1
}
