package tenant

import "time"

// Scope is one right of an API key.
type Scope string

const (
	ScopeClientsRead   Scope = "clients:read"   // companies and contacts
	ScopeClientsWrite  Scope = "clients:write"  //
	ScopeInvoicesRead  Scope = "invoices:read"  //
	ScopeInvoicesWrite Scope = "invoices:write" // create, send, void
	ScopeSessionsRead  Scope = "sessions:read"  // portal sessions and their audit trail
	ScopeSessionsWrite Scope = "sessions:write" // mint and revoke links and sessions
	ScopeBrandRead     Scope = "brand:read"     //
	ScopeBrandWrite    Scope = "brand:write"    // logo, colours, footer
	ScopeSettingsRead  Scope = "settings:read"  // policy: how long sessions and links live, how to pay
	ScopeSettingsWrite Scope = "settings:write" // apart from brand: who may change where money goes should be a choice of its own
	ScopeKeysRead      Scope = "keys:read"      // API keys, without their secrets
	ScopeKeysWrite     Scope = "keys:write"     // make and revoke keys, never with more scopes than the caller has
)

// Scopes lists every scope; a key made without a choice has them all.
var Scopes = []Scope{ScopeClientsRead, ScopeClientsWrite, ScopeInvoicesRead, ScopeInvoicesWrite,
	ScopeSessionsRead, ScopeSessionsWrite, ScopeBrandRead, ScopeBrandWrite, ScopeSettingsRead, ScopeSettingsWrite,
	ScopeKeysRead, ScopeKeysWrite}

// APIKey is a key as it is listed: without its secret.
type APIKey struct {
	ID         string
	Tenant     ID
	Name       string
	Scopes     []Scope
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
	RevokedAt  time.Time // zero: works
}
