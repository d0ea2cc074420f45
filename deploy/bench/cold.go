package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"

	"tollhouse/certs/localca"
)

// coldNames is how many names nobody has asked for before are served, one after the other.
const coldNames = 50

// cold is the time from a name's first moment to what is asked of it.
type cold struct{ median, p99 time.Duration }

// coldness measures a bare ACME client, which gets a certificate as fast as the CA gives one, and our server, which is asked for a page of a
// host from the moment that the record has it.
func coldness(ctx context.Context, w *world, ours target) (ofCA, ofOurs cold, err error) {
	bare, err := startBareClient(ctx)
	if err != nil {
		return cold{}, cold{}, fmt.Errorf("the bare ACME client: %w", err)
	}
	defer bare.close()
	record, err := pgx.Connect(ctx, w.record)
	if err != nil {
		return cold{}, cold{}, err
	}
	defer func() { _ = record.Close(ctx) }()
	var spent [2][]time.Duration
	for i := range coldNames {
		name := fmt.Sprintf("cold-%d.bench.test", i)
		for side, serve := range []func() error{
			func() error { return bare.obtain(ctx, name) },
			func() error { return firstPage(ctx, record, name, ours) },
		} {
			begun := time.Now()
			if err := serve(); err != nil {
				return cold{}, cold{}, fmt.Errorf("the cold name %s: %w", name, err)
			}
			spent[side] = append(spent[side], time.Since(begun))
		}
	}
	summed := func(v []time.Duration) cold { return cold{percentile(v, 50), percentile(v, 99)} }
	return summed(spent[0]), summed(spent[1]), nil
}

// firstPage adds a host and asks for a page of it until it is served. A visitor who is too early is turned away and comes again at once.
func firstPage(ctx context.Context, record *pgx.Conn, name string, t target) error {
	const q = `INSERT INTO domains (tenant_id, id, host, status, epoch, proven_at)
		VALUES ((SELECT t.id FROM tenants t WHERE t.slug = 'bench'), $1, $1, 'active', (SELECT h.seq + 1 FROM directory_head h), now())`
	if _, err := record.Exec(ctx, q, name); err != nil {
		return err
	}
	t.host = name
	transport := t.transport(true)
	defer transport.CloseIdleConnections()
	for late := time.Now().Add(time.Minute); ; {
		r, err := t.request(ctx, "/portal/test")
		if err != nil {
			return err
		}
		err = fetch(transport, r)
		if err == nil || ctx.Err() != nil || time.Now().After(late) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// bareClient is an ACME client with nothing around it, and a CA of its own that is like the server's.
type bareClient struct {
	acmez.Client
	ca        *localca.CA
	listener  net.Listener
	transport *http.Transport
	account   acme.Account

	mu      sync.Mutex
	answers map[string]*tls.Certificate
}

// impatience is how often the bare client asks whether the CA is done, so that hardly any of its time is waiting.
const impatience = 5 * time.Millisecond

func startBareClient(ctx context.Context) (b *bareClient, err error) {
	b = &bareClient{answers: map[string]*tls.Certificate{}}
	config := &tls.Config{NextProtos: []string{acmez.ACMETLS1Protocol}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.answers[hello.ServerName], nil
	}}
	if b.listener, err = tls.Listen("tcp4", "127.0.0.1:0", config); err != nil {
		return nil, err
	}
	go b.answer()
	port := b.listener.Addr().(*net.TCPAddr).Port
	if b.ca, err = localca.Start(ctx, localca.Options{HTTPPort: port, TLSPort: port}); err != nil {
		_ = b.listener.Close()
		return nil, err
	}
	b.transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.ca.EndpointRoots()}}
	b.Client = acmez.Client{Client: &acme.Client{Directory: b.ca.DirectoryURL, HTTPClient: &http.Client{Transport: b.transport}, PollInterval: impatience},
		ChallengeSolvers: map[string]acmez.Solver{acme.ChallengeTypeTLSALPN01: b}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err == nil {
		b.account, err = b.NewAccount(ctx, acme.Account{PrivateKey: key, TermsOfServiceAgreed: true})
	}
	if err != nil {
		b.close()
	}
	return b, err
}

func (b *bareClient) close() {
	_ = b.listener.Close()
	b.transport.CloseIdleConnections()
	_ = b.ca.Close()
}

// answer makes handshakes with the CA until the listener is closed.
func (b *bareClient) answer() {
	for {
		c, err := b.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}()
	}
}

// Present implements acmez.Solver.
func (b *bareClient) Present(_ context.Context, challenge acme.Challenge) error {
	cert, err := acmez.TLSALPN01ChallengeCert(challenge)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers[challenge.Identifier.Value] = cert
	return nil
}

// CleanUp implements acmez.Solver.
func (b *bareClient) CleanUp(_ context.Context, challenge acme.Challenge) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.answers, challenge.Identifier.Value)
	return nil
}

func (b *bareClient) obtain(ctx context.Context, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	_, err = b.ObtainCertificateForSANs(ctx, b.account, key, []string{name})
	return err
}

func printCold(out io.Writer, ca, ours cold) {
	_, _ = fmt.Fprintf(out, "\na name that nobody asked for before, %d of them one after the other\n%-52s %10s %10s\n", coldNames, "", "median", "p99")
	_, _ = fmt.Fprintf(out, "%-52s %10s %10s\n", "the CA's own share: a bare client, asking every 5 ms", ms(ca.median), ms(ca.p99))
	_, _ = fmt.Fprintf(out, "%-52s %10s %10s\n", "tollhouse: from the record to a page", ms(ours.median), ms(ours.p99))
	_, _ = fmt.Fprintf(out, "%-52s %9.1fx %9.1fx\n", "in times of the CA's share", float64(ours.median)/float64(ca.median), float64(ours.p99)/float64(ca.p99))
}
