package edge

import (
	"crypto/tls"
	"errors"
	"io"

	"tollhouse/tenant"
)

// acmeTLS is the protocol of TLS-ALPN-01 (RFC 8737): the handshake itself is the answer, nothing follows it.
const acmeTLS = "acme-tls/1"

// unrecognizedName is the alert of RFC 6066, section 3, fatal, in a record of its own.
const unrecognizedName = "\x15\x03\x03\x00\x02\x02\x70"

var errUnknown = errors.New("unknown_name")

// hello is what tls.Config.GetConfigForClient is set to. It ties the connection to its host's epoch before any certificate or ticket is
// looked at, so that a host which changes hands during the handshake leaves the connection on the old side. And it refuses a name that
// nobody serves before the key exchange, which crypto/tls does first and which costs a hundred times what the look-up does.
func (h *handshaker) hello(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	c, ours := hello.Conn.(*conn)
	if !ours {
		return nil, nil
	}
	host, err := tenant.ParseHostname(hello.ServerName)
	if err == nil {
		c.host = host
	}
	if entry, known := h.directory.Lookup(host); known && err == nil {
		c.epoch = entry.Site().Epoch
		return nil, nil
	}
	return nil, h.refuse(c, hello)
}

// refuse ends a hello for a name that is not in the Directory, unless it is the CA's or whoever has the certificates knows better.
func (h *handshaker) refuse(c *conn, hello *tls.ClientHelloInfo) error {
	if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acmeTLS || h.config.GetCertificate == nil {
		return nil
	}
	if cert, err := h.config.GetCertificate(hello); cert != nil || err != nil {
		return nil
	}
	_, _ = io.WriteString(c, unrecognizedName)
	c.silent = true // or crypto/tls would add internal_error
	return errUnknown
}
