package certs

import (
	"errors"
	"sync"
	"time"

	"tollhouse/tenant"
)

// failures remembers for a while which names failed, so that asking for them again costs nothing.
type failures struct {
	pause   Backoff
	longest time.Duration // that a refusal is remembered; 0: as long as it says
	now     func() time.Time

	mu   sync.Mutex
	last map[tenant.Hostname]failure
}

// failure answers for a name until a time.
type failure struct {
	err   error
	until time.Time
	times int
}

// failuresKept bounds the memory. Only served hosts come in, so it takes that many broken ones to fill it.
const failuresKept = 16384

func newFailures(pause Backoff, longest time.Duration, now func() time.Time) *failures {
	return &failures{pause: pause, longest: longest, now: now, last: map[tenant.Hostname]failure{}}
}

// note remembers a failure: a refusal by the CA for as long as it says, trouble, of ours or of the CA's, for a pause that doubles at least.
func (fs *failures) note(host tenant.Hostname, err error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if len(fs.last) >= failuresKept {
		for old := range fs.last { // any: the order of a map is random enough
			delete(fs.last, old)
			break
		}
	}
	times := fs.last[host].times + 1
	wait := min(fs.pause.Base<<min(times-1, 16), fs.pause.Max)
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.code == CodeUnavailable:
		wait = max(wait, refused.retryIn)
	case refused != nil:
		wait = refused.retryIn
	}
	if fs.longest > 0 {
		wait = min(wait, fs.longest)
	}
	fs.last[host] = failure{err: reason(err), until: fs.now().Add(wait), times: times}
}

// reason returns with which of the exported errors an attempt ended.
func reason(err error) error {
	var refused *refusal
	if errors.As(err, &refused) && refused.code != CodeUnavailable {
		return ErrRefused
	}
	return ErrTrouble
}

// recently returns why the name failed, or nil when it did not or when it is time to try again.
func (fs *failures) recently(host tenant.Hostname) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if failed, ok := fs.last[host]; ok && fs.now().Before(failed.until) {
		return failed.err
	}
	return nil
}

// forget ends the memory: the name succeeded here or elsewhere, or is gone.
func (fs *failures) forget(host tenant.Hostname) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.last, host)
}
