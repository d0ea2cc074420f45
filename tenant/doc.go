// Package tenant answers one question for the whole house: whose host is this? It holds tenants, their brand and policy, the hosts
// they are served on, their API keys, and the Directory, which keeps every served host in memory so that "unknown" is a final answer
// without any look-up.
//
// It is the ground floor: it imports the standard library and small leaf packages only. Its SQL is in tenantdb.
//
//	host, err := tenant.ParseHostname("Billing.ACME.com.") // billing.acme.com
//	entry, ok := directory.Lookup(host)
package tenant
