package access

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// A token has one form: whatever is taken for one is what its 32 bytes are written as, so no two texts open the same link.
func FuzzHashToken(f *testing.F) {
	good, _ := newToken()
	for _, seed := range []string{good, "", "A", good[:42], good + "A", good + "=", good[:42] + "+", good[:42] + "\x00", good[:42] + "\xff",
		strings.Repeat("A", 43), strings.Repeat("A", 42) + "B", " " + good[:42], good[:21] + "\n" + good[:21], strings.Repeat("é", 22)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		hash, ok := hashToken(token)
		if !ok {
			if hash != [32]byte{} {
				t.Errorf("%q is none and has a hash", token)
			}
			return
		}
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || base64.RawURLEncoding.EncodeToString(raw) != token || hash != sha256.Sum256(raw) {
			t.Errorf("%q is taken for a token", token)
		}
	})
}

func TestHashToken_TakesWhatNewTokenMakes(t *testing.T) {
	for range 100 {
		token, want := newToken()
		if got, ok := hashToken(token); !ok || got != want {
			t.Fatalf("%q is not taken", token)
		}
	}
}
