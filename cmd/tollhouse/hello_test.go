package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// dial opens a TLS connection to a node for a name; change adjusts the configuration first.
func (f *fleet) dial(t *testing.T, n *fleetNode, sni string, change func(*tls.Config)) *tls.Conn {
	t.Helper()
	c, err := f.tryDial(n, sni, change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (f *fleet) tryDial(n *fleetNode, sni string, change func(*tls.Config)) (*tls.Conn, error) {
	config := &tls.Config{RootCAs: f.ca.Roots(), ServerName: sni, NextProtos: []string{"http/1.1"}}
	if change != nil {
		change(config)
	}
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", n.listeners.HTTPS().String(), config)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(10 * time.Second))
}

// What a node can answer to a hello, in the words of RFC 8446 and RFC 6066.
const (
	serverHello      = "server_hello"
	unrecognizedName = "unrecognized_name"
	decodeError      = "decode_error"
	internalError    = "internal_error"
	closed           = "closed without a word"
)

// greet sends a hello as bytes and says what came back first.
func (f *fleet) greet(t *testing.T, n *fleetNode, hello []byte) string {
	t.Helper()
	c, err := net.Dial("tcp", n.listeners.HTTPS().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = c.Write(hello) }() // the node may answer before it has read all
	record := make([]byte, 7)
	if _, err := io.ReadFull(c, record); err != nil {
		return closed
	}
	if record[0] == 22 {
		return serverHello
	}
	return map[byte]string{112: unrecognizedName, 50: decodeError, 80: internalError}[record[6]]
}

// hello is a client's first message, in as many records as it takes. extra are bytes of padding (RFC 7685).
func hello(t *testing.T, extensions []byte, extra int) []byte {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	extensions = append(extensions, extension(0x000a, lengthy(2, []byte{0, 0x1d}))...)          // groups: X25519
	extensions = append(extensions, extension(0x000d, lengthy(2, []byte{4, 3, 8, 4, 4, 1}))...) // signatures
	extensions = append(extensions, extension(0x002b, lengthy(1, []byte{3, 4, 3, 3}))...)       // TLS 1.3, 1.2
	share := append([]byte{0, 0x1d}, lengthy(2, key.PublicKey().Bytes())...)
	extensions = append(extensions, extension(0x0033, lengthy(2, share))...)
	if extra > 0 {
		extensions = append(extensions, extension(0x0015, make([]byte, extra))...)
	}
	body := append([]byte{3, 3}, make([]byte, 32)...)                           // legacy version, random
	body = append(body, 0)                                                      // no session
	body = append(body, lengthy(2, []byte{0x13, 1, 0xc0, 0x2b, 0xc0, 0x2f})...) // suites
	body = append(body, 1, 0)                                                   // no compression
	body = append(body, lengthy(2, extensions)...)
	message := append([]byte{1, byte(len(body) >> 16)}, lengthy(2, body)...)
	if len(body) > 0xffff {
		message = append([]byte{1, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	}
	var records []byte
	for len(message) > 0 {
		part := message[:min(len(message), 1<<14)]
		records = append(append(records, 22, 3, 1), lengthy(2, part)...)
		message = message[len(part):]
	}
	return records
}

// lengthy puts its length, in one or two bytes, before some bytes.
func lengthy(size int, b []byte) []byte {
	if size == 1 {
		return append([]byte{byte(len(b))}, b...)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func extension(kind uint16, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, kind), lengthy(2, data)...)
}

// sni is the extension that names a server, however wrong the name is.
func sni(name string) []byte {
	return extension(0, lengthy(2, append([]byte{0}, lengthy(2, []byte(name))...)))
}

func TestBadInput_HellosAreRefusedByTheRightAlert(t *testing.T) {
	b := besiege(t)
	if _, err := b.nodes[0].tenants.AddDomain(t.Context(), b.alpha.ID, hostsOf(t, "bücher.test")[0]); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the new host", func() bool { _, ok := b.nodes[0].directory.Lookup(hostsOf(t, "bücher.test")[0]); return ok })
	_ = b.dial(t, b.nodes[0], "xn--bcher-kva.test", nil).Close()
	b.settle(t)
	orders := b.ca.Orders()
	host := b.alpha.host
	for _, tt := range []struct {
		name  string
		hello []byte
		want  string
	}{
		{"a served host", hello(t, sni(host), 0), serverHello},
		{"upper case", hello(t, sni(strings.ToUpper(host)), 0), serverHello},
		{"punycode", hello(t, sni("xn--bcher-kva.test"), 0), serverHello},
		{"with padding of 8 KB", hello(t, sni(host), 8<<10), serverHello},
		{"unknown", hello(t, sni(marker+".test"), 0), unrecognizedName},
		{"no name", hello(t, nil, 0), unrecognizedName},
		{"an empty name", hello(t, sni(""), 0), decodeError},
		{"IPv4", hello(t, sni("127.0.0.1"), 0), unrecognizedName},
		{"IPv6", hello(t, sni("::1"), 0), unrecognizedName},
		{"a trailing dot", hello(t, sni(host+"."), 0), decodeError}, // RFC 6066, section 3
		{"with a port", hello(t, sni(host+":443"), 0), unrecognizedName},
		{"unknown punycode", hello(t, sni("xn--maana-pta.test"), 0), unrecognizedName},
		{"invalid punycode", hello(t, sni("xn--"+marker+"-0.test"), 0), unrecognizedName},
		{"NUL", hello(t, sni(host+"\x00."+marker), 0), unrecognizedName},
		{"5,000 labels", hello(t, sni(strings.Repeat("a.", 5000)+marker), 0), unrecognizedName},
		{"a name of 12 KB", hello(t, sni(strings.Repeat(marker, 12<<10/len(marker))), 0), unrecognizedName},
		{"64 KB for a served host", hello(t, sni(host), 64<<10-400), decodeError},
		{"64 KB for nobody", hello(t, sni(marker+".test"), 64<<10-400), decodeError},
		{"a name of 64 KB", hello(t, sni(strings.Repeat("a.", 32_600)), 0), decodeError},
		{"a name under its length", hello(t, extension(0, []byte{0, 9, 0, 0, 200, 'a'}), 0), decodeError},
	} {
		if got := b.greet(t, b.nodes[0], tt.hello); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if n := b.ca.Orders(); n != orders {
		t.Errorf("%d orders", n-orders)
	}
	waitFor(t, "the three hellos that are too large to be counted as such", func() bool { // which is done after the alert
		_, metrics := b.nodes[0].ops(t, "/metrics")
		return strings.Contains(metrics, `tollhouse_edge_refused_connections_total{reason="hello_too_large"} 3`)
	})
	b.unharmed(t)
}
