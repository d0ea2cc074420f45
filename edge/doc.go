// Package edge is the front door: it accepts connections, lets a hello through to certs and the HTTP above it through to the portal or the
// API, and keeps out what should not reach either. It knows hosts and connections; it knows nothing of pages, money or sessions, and it
// touches no storage.
//
// Three listeners: HTTPS (HTTP/1.1 and HTTP/2) for everybody, plain HTTP for ACME challenges and redirects, and one for the operator, on
// loopback by default, with health and metrics.
//
// It refuses: a request whose Host is not the name of its connection's hello (421), a host that the Directory does not hold, forwarding
// headers, TRACE and CONNECT, more connections or handshakes than its limits, and slow senders. It never trusts a header about where a
// client comes from; only the PROXY header of a listed peer is believed.
//
//	listeners, err := edge.Listen(ctx, edge.Addresses{HTTPS: ":443", HTTP: ":80", Ops: "127.0.0.1:9100"})
//	server, err := edge.New(edge.Config{Listeners: listeners, TLS: certificates.TLSConfig(), Directory: directory, …})
//	err = server.Run(ctx) // serves until ctx ends, then lets running requests finish
package edge
