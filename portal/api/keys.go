package api

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"tollhouse/tenant"
)

// Key is an API key, as the API shows it.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	Secret     string     `json:"key,omitempty"` // only in the answer that makes it
}

func showKey(k tenant.APIKey) Key {
	scopes := make([]string, len(k.Scopes))
	for i, s := range k.Scopes {
		scopes[i] = string(s)
	}
	return Key{ID: k.ID, Name: k.Name, Scopes: scopes, CreatedAt: k.CreatedAt.UTC(), LastUsedAt: timeOrNull(k.LastUsedAt), RevokedAt: timeOrNull(k.RevokedAt)}
}

type keyInput struct {
	Name   *string  `json:"name"`
	Scopes []string `json:"scopes"`
}

// createKey makes a key that has no right which the caller's own key has not.
func (s *Server) createKey(c *call) (reply, error) {
	var in keyInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	var name string
	check.require("name", in.Name != nil)
	check.line(&name, "name", in.Name, 1, 120)
	scopes := in.scopes(check, c.key.Scopes)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	secret, key, err := s.Keys.CreateKey(c.Context(), c.tenant.ID, name, scopes)
	if err != nil {
		return reply{}, err
	}
	out := showKey(key)
	out.Secret = secret
	return created(out)
}

func (in keyInput) scopes(check *checker, own []tenant.Scope) []tenant.Scope {
	if len(in.Scopes) == 0 {
		check.add("scopes", "required", "name at least one scope")
	}
	var out []tenant.Scope
	for i, given := range in.Scopes {
		scope, field := tenant.Scope(given), "scopes["+strconv.Itoa(i)+"]"
		switch {
		case !slices.Contains(tenant.Scopes, scope):
			check.add(field, "invalid_value", fmt.Sprintf("there is no such scope; there are %v", tenant.Scopes))
		case !slices.Contains(own, scope):
			check.add(field, "scope_missing", "your own key lacks this scope and cannot give it")
		case !slices.Contains(out, scope):
			out = append(out, scope)
		}
	}
	return out
}

func (s *Server) listKeys(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	keys, err := s.Keys.Keys(c.Context(), c.tenant.ID)
	if err != nil {
		return reply{}, err
	}
	id := func(k tenant.APIKey) string { return k.ID }
	if after != "" { // a tenant has few keys; they are read as a whole and cut here
		keys = keys[1+slices.IndexFunc(keys, func(k tenant.APIKey) bool { return k.ID == after }):]
	}
	return ok(listed(keys, limit, id, showKey))
}

func (s *Server) revokeKey(c *call) (reply, error) {
	if err := s.Keys.RevokeKey(c.Context(), c.tenant.ID, c.id()); err != nil {
		return reply{}, err
	}
	return noContent()
}
