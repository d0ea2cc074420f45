package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"sync"
)

// interner keeps one copy of each intermediate certificate: a hundred thousand chains share a handful.
type interner struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte][]byte
}

// internedMost bounds the memory against a CA that signs with ever new intermediates.
const internedMost = 256

func newInterner() *interner { return &interner{seen: map[[sha256.Size]byte][]byte{}} }

func (i *interner) chain(cert *tls.Certificate) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, der := range cert.Certificate[1:] {
		sum := sha256.Sum256(der)
		known, ok := i.seen[sum]
		if !ok && len(i.seen) < internedMost {
			i.seen[sum], known = der, der
		}
		if known != nil {
			cert.Certificate[n+1] = known
		}
	}
}
