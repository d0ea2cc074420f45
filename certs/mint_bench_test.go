package certs_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"tollhouse/certs"
	"tollhouse/tenant"
)

// mint makes certificates for many hosts quickly. Each leaf is a certificate of its own, with its own name, serial number and signature, under
// one intermediate; the keys are only a few, taken in turn, because a hundred thousand take long and none is dearer to hold than another.
type mint struct {
	roots   *x509.CertPool
	between *x509.Certificate
	signer  *ecdsa.PrivateKey
	molds   []mold
}

// mold is all of a leaf but its own name and number.
type mold struct {
	tbs          []byte
	name, number int // where they stand
	keyPEM       []byte
}

const (
	mintedName   = "customer-000000.bench.test"
	mintedNumber = 0x6162636465666768
)

// mintedHost is the name of the i-th host, as long as all the others.
func mintedHost(i int) string { return fmt.Sprintf("customer-%06d.bench.test", i) }

func newMint(tb testing.TB) *mint {
	tb.Helper()
	root, rootKey := mintedCA("bench root", nil, nil)
	m := &mint{roots: x509.NewCertPool()}
	m.roots.AddCert(root)
	m.between, m.signer = mintedCA("bench intermediate", root, rootKey)
	for range 8 {
		m.molds = append(m.molds, m.newMold())
	}
	return m
}

func mintedCA(name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	if parent == nil {
		parent, parentKey = template, key
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey))
	return must(x509.ParseCertificate(der)), key
}

func (m *mint) newMold() mold {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(mintedNumber), DNSNames: []string{mintedName}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 3, 0)}
	leaf := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, m.between, key.Public(), m.signer))))
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
	number := binary.BigEndian.AppendUint64(nil, mintedNumber)
	tbs := leaf.RawTBSCertificate
	return mold{tbs: tbs, name: bytes.Index(tbs, []byte(mintedName)), number: bytes.Index(tbs, number), keyPEM: keyPEM}
}

// bundle makes one generation of the i-th host's certificate.
func (m *mint) bundle(i int, version int64) *certs.Bundle {
	mold := m.molds[i%len(m.molds)]
	tbs := bytes.Clone(mold.tbs)
	copy(tbs[mold.name:], mintedHost(i))
	binary.BigEndian.PutUint64(tbs[mold.number:], uint64(version)<<32|uint64(i)|1<<62)
	sum := sha256.Sum256(tbs)
	signature := must(ecdsa.SignASN1(rand.Reader, m.signer, sum[:]))
	der := must(asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}}))
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.between.Raw})...)
	return &certs.Bundle{Host: tenant.MustParseHostname(mintedHost(i)), Version: version, ChainPEM: chain, KeyPEM: mold.keyPEM,
		NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, 3, 0), RenewAt: time.Now().AddDate(0, 2, 0)}
}

// pair is a bundle as a bare server holds it.
func (m *mint) pair(i int, version int64) *tls.Certificate {
	b := m.bundle(i, version)
	return new(must(tls.X509KeyPair(b.ChainPEM, b.KeyPEM)))
}
