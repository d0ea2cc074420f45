package certs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Limit allows Count events in any span of Per. The zero value allows any number.
type Limit struct {
	Count int
	Per   time.Duration
}

// None reports whether everything is allowed.
func (l Limit) None() bool { return l.Count == 0 }

// Limits are what a CA allows one account. The zero value limits nothing.
type Limits struct {
	Orders     Limit // new orders of the account
	Registered Limit // certificates for one registered domain, like acme.com
	Names      Limit // certificates for one exact set of names; ours hold one name each
	Failed     Limit // failed validations of one name
}

// PerTenant is the part of Orders that one tenant may use up while others may want them.
func (l Limits) PerTenant() Limit {
	return Limit{Count: l.Orders.Count / tenantShare, Per: l.Orders.Per}
}

// LetsEncrypt are the limits that Let's Encrypt publishes (https://letsencrypt.org/docs/rate-limits/).
func LetsEncrypt() Limits {
	const week = 7 * 24 * time.Hour
	return Limits{Orders: Limit{300, 3 * time.Hour}, Registered: Limit{50, week}, Names: Limit{5, week}, Failed: Limit{5, time.Hour}}
}

// ParseLimits reads "letsencrypt", "none", or a list like "orders=300/3h registered=50/168h names=5/168h failed=5/1h", of which any part may
// be left out: what is not named is not limited.
func ParseLimits(text string) (Limits, error) {
	switch text {
	case "letsencrypt":
		return LetsEncrypt(), nil
	case "none":
		return Limits{}, nil
	}
	var ls Limits
	into := map[string]*Limit{"orders": &ls.Orders, "registered": &ls.Registered, "names": &ls.Names, "failed": &ls.Failed}
	for part := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(part, "=")
		limit, known := into[name]
		if !known {
			return Limits{}, fmt.Errorf("%q is not letsencrypt, none, or each of orders, registered, names and failed at most once, with =", part)
		}
		delete(into, name)
		var err error
		if *limit, err = parseLimit(value); err != nil {
			return Limits{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return ls, nil
}

func parseLimit(text string) (Limit, error) {
	number, span, _ := strings.Cut(text, "/")
	count, err := strconv.Atoi(number)
	per, spanErr := time.ParseDuration(span)
	if err != nil || spanErr != nil || count < 1 || count > 1_000_000_000 || per < time.Second || per > 366*24*time.Hour {
		return Limit{}, fmt.Errorf("%q is not a count and a time like 300/3h", text)
	}
	return Limit{Count: count, Per: per}, nil
}
