package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

const floorHost = "floor.test"

// floorReady is the line with which the bare server says that it listens.
type floorReady struct {
	Address string
	Root    []byte // DER
}

// serveFloor is the bare server: it answers until its standard input ends, so that it cannot outlive the program that started it.
func serveFloor(stdin io.Reader, stdout io.Writer) error {
	certificate, root, err := floorChain()
	if err != nil {
		return err
	}
	byName := map[string]*tls.Certificate{floorHost: certificate}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return byName[hello.ServerName], nil
		}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello\n") }),
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		_ = server.Close()
	}()
	ready := floorReady{listener.Addr().String(), root.Raw}
	if err := json.NewEncoder(stdout).Encode(ready); err != nil {
		return err
	}
	if err := server.ServeTLS(listener, "", ""); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// floorChain makes a leaf under an intermediate under a root, as public authorities do: the bytes of the chain are part of a handshake's cost.
func floorChain() (*tls.Certificate, *x509.Certificate, error) {
	root, rootKey, err := sign(&x509.Certificate{IsCA: true, Subject: pkix.Name{CommonName: "floor root"}}, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	between, betweenKey, err := sign(&x509.Certificate{IsCA: true, Subject: pkix.Name{CommonName: "floor intermediate"}}, root, rootKey)
	if err != nil {
		return nil, nil, err
	}
	leaf, key, err := sign(&x509.Certificate{DNSNames: []string{floorHost}}, between, betweenKey)
	if err != nil {
		return nil, nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw, between.Raw}, PrivateKey: key, Leaf: leaf}, root, nil
}

// sign issues a certificate for a new P-256 key; without a parent it signs itself.
func sign(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.SerialNumber, template.BasicConstraintsValid = big.NewInt(time.Now().UnixNano()), true
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

// startFloor runs this program once more as the bare server. The returned function ends it.
func startFloor(ctx context.Context) (target, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return target{}, nil, err
	}
	child := exec.CommandContext(ctx, self, "-floor")
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		return target{}, nil, err
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		return target{}, nil, err
	}
	if err := child.Start(); err != nil {
		return target{}, nil, err
	}
	end := func() {
		_ = stdin.Close()
		_ = child.Wait()
	}
	t, err := floorTarget(stdout, child.Process.Pid)
	if err != nil {
		end()
		return target{}, nil, fmt.Errorf("starting the bare server: %w", err)
	}
	return t, end, nil
}

func floorTarget(stdout io.Reader, pid int) (target, error) {
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		return target{}, err
	}
	var ready floorReady
	if err := json.Unmarshal(line, &ready); err != nil {
		return target{}, err
	}
	certificate, err := x509.ParseCertificate(ready.Root)
	if err != nil {
		return target{}, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return target{address: ready.Address, host: floorHost, roots: roots, pid: pid}, nil
}
