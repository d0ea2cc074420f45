package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tollhouse/tenant"
)

// Replies remembers the answers to requests that carry an Idempotency-Key, so that a repeated request gets the first one's answer and does
// nothing.
type Replies interface {
	// Begin claims the key for a request with this hash, or returns the answer that is kept for it. ErrInProgress: another request is at work
	// under the key right now. ErrMismatch: the key was used for a different request. A claim that its holder has neither kept nor dropped
	// within a minute is given away, unless something was changed under it: then it is ErrAnswerLost.
	Begin(ctx context.Context, t tenant.ID, key string, hash [32]byte) (Claim, *Reply, error)
	// Bind returns a context for the work under a claim. Each change that is made with it is noted beside the claim in one transaction, so
	// that a process that dies before Keep leaves a trace, and is refused with ErrInProgress when the claim was given away.
	Bind(ctx context.Context, c Claim) context.Context
	// Keep stores the answer for 24 hours. A claim that was given away stores nothing and is no error.
	Keep(ctx context.Context, c Claim, answer Reply) error
	// Drop frees the key of a request that changed nothing.
	Drop(ctx context.Context, c Claim) error
}

// Errors of Replies.Begin.
var (
	ErrInProgress = errors.New("a request with this key is at work")
	ErrMismatch   = errors.New("the key was used for another request")
	ErrAnswerLost = errors.New("the request was carried out and its answer is lost")
)

// Claim is the right to answer under a key.
type Claim struct {
	Tenant tenant.ID
	Key    string
	Hash   [32]byte
	At     time.Time // when it was claimed; tells this claim from one after it
}

// Reply is a kept answer.
type Reply struct {
	Status      int
	ContentType string
	Body        []byte
}

// keepTime bounds how long an answer may take to be stored after its caller has gone.
const keepTime = 10 * time.Second

// once answers a POST, or repeats its answer when the caller repeats its key. Only success is kept: a refusal has changed nothing, and the
// caller may mend the request and send it under the same key.
func (s *Server) once(c *call, handle func(*call) (reply, error)) (reply, error) {
	key, err := c.idempotencyKey()
	if err != nil {
		return reply{}, err
	}
	if key == "" {
		return handle(c)
	}
	claim, kept, err := s.Replies.Begin(c.Context(), c.tenant.ID, key, c.hash())
	if err != nil {
		return reply{}, notClaimed(err)
	}
	if kept != nil {
		return reply{status: kept.Status, contentType: kept.ContentType, body: kept.Body, replayed: true}, nil
	}
	return s.settle(c, claim, handle)
}

// settle runs the request under its claim and never leaves the claim open, not even when the handler panics or the caller hangs up.
func (s *Server) settle(c *call, claim Claim, handle func(*call) (reply, error)) (answer reply, err error) {
	done := false
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), keepTime)
		defer cancel()
		var kept error
		if done && err == nil {
			kept = s.Replies.Keep(ctx, claim, Reply{Status: answer.status, ContentType: answer.contentType, Body: answer.body})
		} else {
			kept = s.Replies.Drop(ctx, claim)
		}
		if kept != nil {
			s.Log.ErrorContext(ctx, "the answer to a request with an Idempotency-Key was not kept", "error", kept)
		}
	}()
	c.Request = c.WithContext(s.Replies.Bind(c.Context(), claim))
	answer, err = handle(c)
	done = true
	if errors.Is(err, ErrInProgress) {
		err = notClaimed(err)
	}
	return answer, err
}

func notClaimed(err error) error {
	switch {
	case errors.Is(err, ErrInProgress):
		return problem(409, "idempotency_in_progress", "The first request with this key is still at work",
			"Wait a second and send the same request again; it will get the first one's answer.").sending("Retry-After", "1")
	case errors.Is(err, ErrMismatch):
		return problem(409, "idempotency_mismatch", "The key belongs to another request",
			"This Idempotency-Key was used for a request with another path or body, or by an API key with other scopes. Use a fresh key for each new request.")
	case errors.Is(err, ErrAnswerLost):
		return problem(409, "idempotency_answer_lost", "The first request was carried out, and its answer was lost",
			"A fault on our side kept the answer from being stored. Look in the list for what the request made; sent under a fresh key it would be done a second time.")
	}
	return fmt.Errorf("claiming the idempotency key: %w", err)
}

// idempotencyKey reads the header: absent, or one value of 1 to 255 visible ASCII characters.
func (c *call) idempotencyKey() (string, error) {
	values := c.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	valid := len(values) == 1 && len(values[0]) >= 1 && len(values[0]) <= 255
	for i := 0; valid && i < len(values[0]); i++ {
		valid = values[0][i] > ' ' && values[0][i] < 0x7f
	}
	if !valid {
		return "", problem(400, "idempotency_key_invalid", "The Idempotency-Key is not valid",
			"Send one Idempotency-Key of 1 to 255 visible ASCII characters without spaces, such as a UUID.")
	}
	return values[0], nil
}

// hash is what makes two requests the same one: method, path, body and what the caller may do. Without the last, a key with few scopes could
// have the answer repeated in which a key with many made another such key.
func (c *call) hash() [32]byte {
	scopes := slices.Sorted(slices.Values(c.key.Scopes))
	h := sha256.New()
	for _, part := range [][]byte{[]byte(c.Method), []byte(c.URL.EscapedPath()), c.body, fmt.Append(nil, scopes)} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":"))
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}
