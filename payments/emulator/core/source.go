package core

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// Source gives ids and decisions that repeat with the seed. Safe for concurrent use; what repeats is the sequence, not who takes which part.
type Source struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func newSource(seed uint64) *Source {
	if seed == 0 {
		var b [8]byte
		_, _ = crand.Read(b[:]) // never fails: it ends the program instead
		seed = binary.LittleEndian.Uint64(b[:])
	}
	return &Source{rand: rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))}
}

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// ID is the prefix followed by n random letters and digits.
func (s *Source) ID(prefix string, n int) string { return prefix + s.Letters(idAlphabet, n) }

// Digits are n random digits, the first of them not 0.
func (s *Source) Digits(n int) string {
	return s.Letters("123456789", min(n, 1)) + s.Letters("0123456789", n-1)
}

// Letters are n random bytes of the alphabet. None for an n below 1.
func (s *Source) Letters(alphabet string, n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, max(n, 0))
	for i := range b {
		b[i] = alphabet[s.rand.IntN(len(alphabet))]
	}
	return string(b)
}

// PerMille is true n times in a thousand: never for 0, always for 1000.
func (s *Source) PerMille(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(1000) < n
}
