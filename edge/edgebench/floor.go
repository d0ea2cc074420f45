package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
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
	Address     string
	Certificate []byte // DER
}

// serveFloor is the bare server: it answers until its standard input ends, so that it cannot outlive the program that started it.
func serveFloor(stdin io.Reader, stdout io.Writer) error {
	certificate, err := floorCertificate()
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
	ready := floorReady{listener.Addr().String(), certificate.Certificate[0]}
	if err := json.NewEncoder(stdout).Encode(ready); err != nil {
		return err
	}
	if err := server.ServeTLS(listener, "", ""); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func floorCertificate() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{floorHost}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
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
	certificate, err := x509.ParseCertificate(ready.Certificate)
	if err != nil {
		return target{}, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return target{address: ready.Address, host: floorHost, roots: roots, pid: pid}, nil
}
