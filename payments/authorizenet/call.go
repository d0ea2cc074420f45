package authorizenet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// maxAnswer is how much of an answer is read: a page of a thousand transactions takes about one megabyte.
const maxAnswer = 8 << 20

// call sends one request under its name and reads the answer into it. Its errors are about the way there and back: ErrNotSent, or ErrUnknown
// once there was a connection. Whether the answer is a good one is the caller's to see.
func (c *Client) call(ctx context.Context, name string, request any, into interface{ result() *messages }) error {
	payload, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	body := make([]byte, 0, len(payload)+len(name)+5)
	body = append(append(append(body, `{"`...), name...), `":`...)
	body = append(append(body, payload...), '}')
	raw, status, err := c.roundTrip(ctx, http.MethodPost, c.cfg.Endpoint, body, nil)
	if err != nil {
		return fmt.Errorf("calling %s: %w", name, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("calling %s: %w (HTTP status %d)", name, ErrUnknown, status)
	}
	if err := decode(raw, into); err != nil {
		return fmt.Errorf("calling %s: %w: %w", name, ErrUnknown, err)
	}
	return nil
}

// ask is call for what changes nothing, or may be repeated: an answer that says Error is its error.
func (c *Client) ask(ctx context.Context, name string, request any, into interface{ result() *messages }) error {
	if err := c.call(ctx, name, request, into); err != nil {
		return err
	}
	if err := into.result().err(); err != nil {
		return fmt.Errorf("calling %s: %w", name, err)
	}
	return nil
}

// roundTrip makes one HTTP exchange and tells apart what was never sent from what may have arrived. Nothing of it is logged.
func (c *Client) roundTrip(ctx context.Context, method, url string, body []byte, prepare func(*http.Request)) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, WorkerTimeout)
	defer cancel()
	// The transport may make a connection after the caller gave up on it, on a goroutine of its own.
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), method, url, bytes.NewReader(body))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if prepare != nil {
		prepare(req)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, 0, lost(connected.Load(), err)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, 0, lost(true, err)
	}
	if len(raw) > maxAnswer {
		return nil, 0, fmt.Errorf("%w: the answer is longer than %d bytes", ErrUnknown, maxAnswer)
	}
	return raw, res.StatusCode, nil
}

// lost names a failed exchange. A connection that there was may have carried the request, whatever went wrong on it.
func lost(connected bool, err error) error {
	if connected {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return fmt.Errorf("%w: %w", ErrNotSent, err)
}
