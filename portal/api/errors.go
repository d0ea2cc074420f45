package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// The refusals that many routes share. Each detail says what to do.
var (
	errUnauthorized = problem(401, "unauthorized", "The API key is missing or not valid",
		"Send a current key in the header Authorization: Bearer thk_live_… (or thk_test_…). A key in the URL is never accepted.").
		sending("WWW-Authenticate", `Bearer realm="api"`)
	errSuspended = problem(403, "tenant_suspended", "The account is suspended",
		"The account behind this key is suspended; ask the operator of the platform.")
	errNotFound = problem(404, "not_found", "Not found",
		"There is nothing with this id in your account. Check the id, and that the key belongs to the right account.")
	errUnknownPath = problem(404, "unknown_path", "No such path",
		"The API has no such path; /api/openapi.json lists them all. A trailing slash counts.")
	errMethod = problem(405, "method_not_allowed", "The method is not allowed here",
		"The Allow header names the methods that this path answers.")
	errTooLarge = problem(413, "body_too_large", "The body is too large",
		"The body may have at most 1,048,576 bytes.")
	errMediaType = problem(415, "unsupported_media_type", "The content type is not supported",
		"Send the header Content-Type: application/json.")
	errEncoding = problem(415, "unsupported_encoding", "The content encoding is not supported",
		"Send the body as it is, without a Content-Encoding header.")
	errInvalid = problem(422, "invalid", "Some fields are not valid",
		"Mend the fields listed under errors and send the request again.")
	errUnavailable = problem(503, "unavailable", "The service cannot answer at the moment",
		"Nothing was decided about this request. Send it again after the time in Retry-After, with the same Idempotency-Key.").sending("Retry-After", "5")
	errInternal = problem(500, "internal", "Something went wrong on our side",
		"The request failed and it is not your doing. Try again later with the same Idempotency-Key; if it stays, tell us the request id.")
)

func lacksScope(scope tenant.Scope) *Problem {
	return problem(403, "scope_missing", "The key lacks a scope",
		fmt.Sprintf("This needs the scope %s; make a key that has it.", scope))
}

func limited(wait time.Duration) *Problem {
	seconds := strconv.Itoa(retryAfter(wait))
	return problem(429, "rate_limited", "Too many requests", "Wait "+seconds+" s, as Retry-After says, and try again.").
		sending("Retry-After", seconds)
}

// public is the one place where errors become public text. What it does not know is a plain 500.
func public(err error) *Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, access.ErrNotFound), errors.Is(err, tenant.ErrNotFound):
		return errNotFound
	case errors.Is(err, access.ErrLimited):
		return limited(time.Minute)
	case errors.Is(err, tenant.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return errUnavailable
	}
	if p, ok := fromBrand(err); ok {
		return p
	}
	if p, ok := fromClients(err); ok {
		return p
	}
	if p, ok := fromInvoices(err); ok {
		return p
	}
	if p, ok := fromDomains(err); ok {
		return p
	}
	if p, ok := fromSenders(err); ok {
		return p
	}
	if p, ok := fromConnections(err); ok {
		return p
	}
	if p, ok := fromPayments(err); ok {
		return p
	}
	return errInternal
}
