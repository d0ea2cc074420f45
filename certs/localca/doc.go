// Package localca runs a real ACME certificate authority and a DNS server in this process, on loopback, for development and tests. The CA
// is Pebble, the one that Let's Encrypt tests with: it speaks the whole protocol and does connect back to validate. Nothing that it signs
// is trusted by anybody who was not handed its root.
//
// It refuses to be a lasting CA: Pebble makes a new root and forgets every account each time it starts. Whoever keeps certificates across
// starts must check them against RootPEM and treat the others as absent.
//
//	ca, err := localca.Start(ctx, localca.Options{HTTPPort: 8080, TLSPort: 8443})
//	defer ca.Close()
//	manager, err := certs.New(certs.Config{CA: certs.Authority{Directory: ca.DirectoryURL, …}, …})
package localca
