package portal

import (
	"net/http"
	"time"

	"tollhouse/portal/access"
)

// A page warns of the end of its session: from warnBefore on by itself, and before that, when the end is near enough that the page may still be
// open then, by a script. No other page has one.
const (
	warnBefore = 5 * time.Minute
	watchFor   = 12 * time.Hour
)

// scriptPolicy is the policy of the pages that watch for their session's end.
const scriptPolicy = contentPolicy + "; script-src 'self'"

// allowWatching lets the page run its script when it has one.
func (s *Server) allowWatching(w http.ResponseWriter, session access.Session) {
	if session.ExpiresAt.Sub(s.now()) <= watchFor {
		w.Header().Set("Content-Security-Policy", scriptPolicy)
	}
}

// sessionLeft is how long the reader stays signed in.
func (v view) sessionLeft() time.Duration { return v.member.Session.ExpiresAt.Sub(v.now) }

// watches reports whether the page looks out for its session's end.
func (v view) watches() bool {
	return v.member != nil && v.preview == nil && v.sessionLeft() <= watchFor
}

// ending reports whether the end is near already.
func (v view) ending() bool { return v.sessionLeft() <= warnBefore }

// warnAfter is in how many seconds the script must warn.
func (v view) warnAfter() int { return max(0, int((v.sessionLeft()-warnBefore)/time.Second)) }
