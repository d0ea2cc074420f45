// Package certsdb keeps certificates, ACME accounts, challenge answers and leases in Postgres. It implements certs.Store, and with it
// certmagic's storage.
//
// Private keys, accounts and challenge answers are sealed before they leave the process, each bound to its storage key. It refuses to
// commit half a certificate, one whose key or name does not fit, or one under a lease that was lost; the generation before stays as it is
// then. It refuses to say "absent" when it could not ask.
//
//	store, err := certsdb.New(certsdb.Config{Pool: pool, Ring: ring, CA: directoryURL, Log: log})
package certsdb
