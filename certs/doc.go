// Package certs gives each handshake the certificate of the host that it names, and sees to it that there is one: from memory, else from the
// sealed store, else by an ACME order, of which the whole cluster makes one however many handshakes and nodes ask at once. It renews
// without waiting for traffic, issues ahead of the first visitor, and answers the CA's challenges on any node.
//
// It tells the fleet which certificate this node was seen serving, in a handshake with itself, and revokes what is given up.
//
// It refuses every name that is not in the Directory, with unrecognized_name, without a read and without keeping anything. It never takes
// trouble of ours (the database, the CA) for an answer about a host: a certificate that is held goes on being served.
//
// The ACME protocol is certmagic's; the cache in front of it, the store under it and the schedule are this package's. A *Manager is made by
// New and works while Run runs:
//
//	manager, err := certs.New(certs.Config{CA: certs.Authority{Directory: url, Email: "ops@example.com"}, Directory: directory, Store: store, Ring: ring})
//	go manager.Run(ctx)
//	listener := tls.NewListener(plain, manager.TLSConfig())
package certs
