package certs_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
)

func BenchmarkGetCertificate(b *testing.B) {
	_, n := warm(b)
	for name, host := range map[string]string{"warm": billing, "unknown": "nobody.acme.test", "malformed": "127.0.0.1"} {
		h := hello(host, "h2", "http/1.1")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = n.manager.GetCertificate(h)
			}
		})
	}
}

// BenchmarkUnknownNames asks for 100,000 names that are not ours and were never asked for, and reports what that leaves in memory.
func BenchmarkUnknownNames(b *testing.B) {
	_, n := warm(b)
	hellos := make([]*tls.ClientHelloInfo, 100_000)
	for i := range hellos {
		hellos[i] = hello(fmt.Sprintf("scan-%d.acme.test", i), "h2", "http/1.1")
	}
	before := heap()
	for _, h := range hellos {
		_, _ = n.manager.GetCertificate(h)
	}
	kept := max(0, float64(heap())-float64(before))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = n.manager.GetCertificate(hellos[i%len(hellos)])
	}
	b.ReportMetric(kept, "kept-B")
	runtime.KeepAlive(hellos)
}

// BenchmarkHandshake shows whole handshakes, client and server, beside those of bare crypto/tls with the same certificate.
func BenchmarkHandshake(b *testing.B) {
	f, n := warm(b)
	bare := n.config.Clone()
	bare.GetCertificate, bare.WrapSession, bare.UnwrapSession = nil, nil, nil
	bare.Certificates = []tls.Certificate{*f.entry(billing).Certificate.Load()}
	for _, c := range []struct {
		name   string
		config *tls.Config
	}{{"bare", bare}, {"ours", n.config}} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			b.Run(fmt.Sprintf("%s/%s", c.name, tls.VersionName(version)), func(b *testing.B) {
				client := &tls.Config{ServerName: billing, RootCAs: f.roots, MaxVersion: version}
				b.ReportAllocs()
				for b.Loop() {
					handshake(b, client, c.config)
				}
			})
		}
	}
}

func handshake(b *testing.B, client, server *tls.Config) {
	left, right := net.Pipe()
	done := make(chan error, 1)
	go func() {
		conn := tls.Server(right, server)
		if err := conn.Handshake(); err != nil {
			done <- err
			return
		}
		_, err := conn.Write([]byte("x"))
		done <- err
	}()
	conn := tls.Client(left, client)
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	_ = left.Close()
	_ = right.Close()
}
