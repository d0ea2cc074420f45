package certs

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// Why a CA gave no certificate, as a code.
const (
	CodeRateLimited = "ca.rate_limited"        // a limit of the CA is reached, by its word or by our ledger
	CodePaused      = "ca.paused"              // the CA does not validate the name until somebody has looked after it
	CodeRejected    = "ca.rejected_identifier" // the CA does not issue for such a name
	CodeUnavailable = "ca.unavailable"         // the CA does not answer, is broken, or does not know our account
	CodeCAA         = "caa.forbids"            // the name's CAA records forbid this CA
	CodeValidation  = "validation.failed"      // the CA did not see what it asked for
)

// Refusal is why a CA gives no certificate, for all nodes to know.
type Refusal struct {
	CA      int
	Code    string
	Reason  string        // in the CA's words; cut at 500 bytes
	RetryIn time.Duration // that the CA asks for; zero leaves it to us
}

// reach says for whom a refusal goes.
type reach uint8

const (
	nobody    reach = iota // this attempt alone
	oneHost                // the host
	oneDomain              // all hosts of its registered domain
	everyHost              // all hosts: it is about the CA, or about our account there
)

// shortLimit is how long a limit is waited for before another CA is asked.
const shortLimit = 3 * time.Minute

// verdict is what an attempt that failed comes to.
type verdict struct {
	Refusal
	reach reach
}

// elsewhere reports whether another CA may be asked at once: not after a validation that failed, nor for a name that CAs do not issue for,
// and not because of a limit that is over in a moment.
func (v verdict) elsewhere() bool {
	switch v.Code {
	case CodeValidation, CodeRejected:
		return false
	case CodeRateLimited:
		return v.RetryIn == 0 || v.RetryIn > shortLimit
	}
	return true
}

// judge reads what an attempt ended with. waited is what the CA said about when to come again.
func judge(err error, waited time.Duration) verdict {
	var problem acme.Problem
	if errors.As(err, &problem) {
		return judgeProblem(problem, waited)
	}
	v := verdict{Refusal: Refusal{Code: CodeUnavailable, Reason: plainly(err), RetryIn: waited}}
	if outOfReach(err) {
		v.reach = everyHost
	}
	return v
}

func judgeProblem(p acme.Problem, waited time.Duration) verdict {
	v := verdict{Refusal: Refusal{Reason: p.Detail, Code: CodeUnavailable}}
	switch kind := innermost(p); {
	case p.Type == acme.ProblemTypeRateLimited || p.Status == 429:
		return judgeLimit(p, waited)
	case kind == acme.ProblemTypeCAA:
		v.Code, v.reach = CodeCAA, oneHost
	case kind == acme.ProblemTypeRejectedIdentifier || kind == acme.ProblemTypeUnsupportedIdentifier || kind == acme.ProblemTypeCompound:
		v.Code, v.reach = CodeRejected, oneHost
	case kind == acme.ProblemTypeServerInternal || p.Status >= 500:
		v.RetryIn, v.reach = waited, everyHost
	case validated(p):
		v.Code, v.reach = CodeValidation, oneHost
	case aboutAccount(kind):
		v.reach = everyHost
	}
	v.Reason = strings.TrimPrefix(p.Type, acme.ProblemTypeNamespace) + ": " + p.Detail
	return v
}

// innermost is the type of the first subproblem of a compound, or of the problem itself.
func innermost(p acme.Problem) string {
	if p.Type == acme.ProblemTypeCompound && len(p.Subproblems) > 0 {
		return p.Subproblems[0].Type
	}
	return p.Type
}

// judgeLimit tells by the words whose limit it is; RFC 8555 has one type for all of them.
func judgeLimit(p acme.Problem, waited time.Duration) verdict {
	v := verdict{Refusal: Refusal{Code: CodeRateLimited, Reason: p.Detail, RetryIn: cmp.Or(waitInWords(p.Detail), waited)}, reach: everyHost}
	switch words := strings.ToLower(p.Detail); {
	case strings.Contains(words, "prevented from requesting"), strings.Contains(words, "paused"):
		v.Code, v.reach = CodePaused, oneHost
	case strings.Contains(words, "failed authorization"), strings.Contains(words, "exact set of"):
		v.reach = oneHost
	case strings.Contains(words, "already issued for"):
		v.reach = oneDomain
	default:
		v.RetryIn = min(v.RetryIn, longestForAll)
	}
	return v
}

// longestForAll bounds for how long one order's refusal keeps all other names from a CA: its words may be about one name after all.
const longestForAll = 3 * time.Hour

// validated reports whether the problem came out of a validation: then it names the authorization that it is about.
func validated(p acme.Problem) bool {
	_, ok := p.Resource.(acme.Authorization)
	return ok
}

func aboutAccount(kind string) bool {
	switch kind {
	case acme.ProblemTypeAccountDoesNotExist, acme.ProblemTypeExternalAccountRequired, acme.ProblemTypeUserActionRequired, acme.ProblemTypeUnauthorized:
		return true
	}
	return false
}

// outOfReach reports whether the CA could not be talked to. A deadline that passed while a name was being validated may be the name's fault.
func outOfReach(err error) bool {
	text := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		return !strings.Contains(text, "solving challenge")
	}
	var unreachable *url.Error
	var network net.Error
	return errors.As(err, &unreachable) || errors.As(err, &network) || brokenServer.MatchString(text)
}

// brokenServer is how acmez words an answer that is no problem document.
var brokenServer = regexp.MustCompile(`\bHTTP 5\d\d\b`)

// aside is what certmagic and acmez append.
var aside = regexp.MustCompile(` \((ca|order)=[^)]*\)$`)

// plainly says the last cause, without who called whom.
func plainly(err error) string {
	var unreachable *url.Error
	if errors.As(err, &unreachable) {
		return unreachable.Error()
	}
	if said := brokenServer.FindStringIndex(err.Error()); said != nil {
		return strings.TrimSpace(aside.ReplaceAllString(err.Error()[said[0]:], ""))
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err.Error()
}

// notMade reports whether the CA made no order.
func notMade(err error) bool {
	text := err.Error()
	for _, later := range []string{"solving challenge", "validating order", "getting CSR", "finalizing order", "downloading certificate", "saving assets"} {
		if strings.Contains(text, later) {
			return false
		}
	}
	return !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}
