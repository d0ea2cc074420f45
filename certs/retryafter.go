package certs

import (
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"
)

// retryAfter knows when the CA last said when to come again. acmez tells the header to its log and to nobody else, so this is a log that
// listens. An order that fails takes the latest since it began: of two that are refused in the same moment one may get the other's.
type retryAfter struct {
	zapcore.Core // the log that everything goes on to

	last *lastAnswer
}

type lastAnswer struct {
	mu   sync.Mutex
	at   time.Time
	wait time.Duration
}

func listenTo(log zapcore.Core) *retryAfter { return &retryAfter{Core: log, last: &lastAnswer{}} }

// Enabled, With, Check and Write implement zapcore.Core: everything is listened to and only what the log takes goes on.
func (r *retryAfter) Enabled(zapcore.Level) bool { return true }

func (r *retryAfter) With(fields []zapcore.Field) zapcore.Core {
	return &retryAfter{Core: r.Core.With(fields), last: r.last}
}

func (r *retryAfter) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return checked.AddCore(e, r)
}

func (r *retryAfter) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if e.Message == "http request" {
		r.last.hear(fields)
	}
	if !r.Core.Enabled(e.Level) {
		return nil
	}
	return r.Core.Write(e, fields)
}

func (l *lastAnswer) hear(fields []zapcore.Field) {
	var status int64
	var header http.Header
	for _, f := range fields {
		switch f.Key {
		case "status_code":
			status = f.Integer
		case "response_headers":
			header, _ = f.Interface.(http.Header)
		}
	}
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return
	}
	if wait := waitOf(header.Get("Retry-After")); wait > 0 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.at, l.wait = time.Now(), wait
	}
}

// waitOf reads the header (RFC 9110 section 10.2.3); zero when it says nothing.
func waitOf(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(longestWait/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(time.Until(at), 0), longestWait)
}

// longestWait bounds what a CA can keep us away for.
const longestWait = 7 * 24 * time.Hour

// since returns what was said after begun; zero when nothing was.
func (r *retryAfter) since(begun time.Time) time.Duration {
	r.last.mu.Lock()
	defer r.last.mu.Unlock()
	if r.last.at.Before(begun) {
		return 0
	}
	return r.last.wait
}

// Let's Encrypt says it in words too, which belong to this order for certain.
var retryWords = regexp.MustCompile(`retry after (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC`)

func waitInWords(detail string) time.Duration {
	found := retryWords.FindStringSubmatch(detail)
	if found == nil {
		return 0
	}
	at, err := time.Parse(time.DateTime, found[1])
	if err != nil {
		return 0
	}
	return min(max(time.Until(at), 0), longestWait)
}
