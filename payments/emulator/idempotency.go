package emulator

import (
	"crypto/sha256"
	"net/http"
	"time"

	"tollhouse/payments/emulator/core"
)

const (
	keyLife       = 24 * time.Hour
	longestKey    = 255
	startedHeader = "X-Emulator-Started" // never leaves the process
)

// kept is one key of the idempotency store. Guarded by Emulator.mu.
type kept struct {
	name    string // account and key
	route   string // method and path
	hash    [sha256.Size]byte
	at      time.Time
	request string // id of the request that had the effect
	answer  *core.Answer
	busy    bool
}

// once serves a write under its idempotency key: the first time truly, then again from the store. An answer is kept when the endpoint began to work: success,
// a decline, a 5xx. A refusal before that leaves the key as good as new.
func (c *call) once(w http.ResponseWriter, serve func(http.ResponseWriter)) {
	key := c.r.Header.Get("Idempotency-Key")
	if key == "" || c.r.Method != http.MethodPost {
		serve(w)
		return
	}
	w.Header().Set("Idempotency-Key", key)
	mine := &kept{name: c.acct.ID + " " + key, route: c.r.Method + " " + c.r.URL.Path, hash: sha256.Sum256(c.body), at: c.e.now(), request: c.id, busy: true}
	found, wrong := c.e.claim(mine, len(key))
	switch {
	case wrong != nil:
		writeError(w, wrong)
		return
	case found != nil:
		w.Header().Set("Idempotent-Replayed", "true")
		w.Header().Set("Original-Request", found.request)
		found.answer.Send(w)
		return
	}
	answer := &core.Answer{}
	finished := false
	defer func() { // a fault may cut the connection from within
		if !finished {
			c.e.release(mine, nil)
		}
	}()
	serve(answer)
	finished = true
	started := answer.Header().Get(startedHeader) != ""
	answer.Header().Del(startedHeader)
	if answer.Status == 0 || answer.Status < 300 || answer.Status >= 500 || answer.Status == http.StatusPaymentRequired || started {
		c.e.release(mine, answer)
	} else {
		c.e.release(mine, nil)
	}
	answer.Send(w)
}

// claim takes the key, or says what holds it: the answer to replay, or why it cannot be used.
func (e *Emulator) claim(mine *kept, length int) (replay *kept, wrong *apiError) {
	if length > longestKey {
		return nil, invalid("", "", "Idempotency keys can be at most 255 characters long.")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forgetKeys(mine.at)
	old := e.keys[mine.name]
	switch {
	case old == nil:
		e.keys[mine.name] = mine
		e.keyOrder = append(e.keyOrder, mine)
		return nil, nil
	case old.route != mine.route:
		return nil, &apiError{Type: keyReused, Message: "Keys for idempotent requests can only be used for the same endpoint they were first used for ('" +
			mine.route + "' vs '" + old.route + "'). Try using a key other than that if you meant to execute a different request."}
	case old.hash != mine.hash:
		return nil, &apiError{Type: keyReused, Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
			"Try using a key other than that if you meant to execute a different request."}
	case old.busy:
		return nil, &apiError{Status: http.StatusConflict, Type: keyReused, Code: "idempotency_key_in_use",
			Message: "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice)."}
	}
	return old, nil
}

// release ends a claim: with the answer to replay, or without one, and the key is free again.
func (e *Emulator) release(mine *kept, answer *core.Answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	mine.busy, mine.answer = false, answer
	if answer == nil && e.keys[mine.name] == mine {
		delete(e.keys, mine.name)
	}
}

// forgetKeys drops what is older than a day. A key whose first request is still under way stays.
func (e *Emulator) forgetKeys(now time.Time) {
	for len(e.keyOrder) > 0 {
		oldest := e.keyOrder[0]
		tooMany := e.forget > 0 && len(e.keyOrder) > 4*e.forget
		if oldest.busy || (now.Sub(oldest.at) < keyLife && !tooMany) {
			return
		}
		if e.keys[oldest.name] == oldest {
			delete(e.keys, oldest.name)
		}
		e.keyOrder[0] = nil
		e.keyOrder = e.keyOrder[1:]
	}
}
