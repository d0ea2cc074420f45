package tenant_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"tollhouse/tenant"
)

func TestAPIKey_ReadsBackWhatWasMinted(t *testing.T) {
	for _, test := range []bool{false, true} {
		id := tenant.ID(tenant.NewID("ten", time.Now()))
		key, hash := tenant.MintAPIKey(id, test)
		prefix := map[bool]string{false: "thk_live_", true: "thk_test_"}[test]
		if !strings.HasPrefix(key, prefix) || len(key) != 85 || hash != sha256.Sum256([]byte(key)) {
			t.Fatalf("a key of %d characters, want 85 beginning with %s", len(key), prefix)
		}
		gotID, gotHash, gotTest, err := tenant.ParseAPIKey(key)
		if err != nil || gotID != id || gotHash != hash || gotTest != test {
			t.Errorf("ParseAPIKey = %s, %x, %v, %v", gotID, gotHash[:4], gotTest, err)
		}
		if again, _ := tenant.MintAPIKey(id, test); again == key {
			t.Error("the same key twice")
		}
	}
}

func TestParseAPIKey_RefusesEveryChangedCharacter(t *testing.T) {
	key, _ := tenant.MintAPIKey(tenant.ID(tenant.NewID("ten", time.Now())), false)
	for i := range key {
		for _, c := range []byte("aZ0-_ \x00=.") {
			changed := key[:i] + string(c) + key[i+1:]
			if changed == key {
				continue
			}
			if id, hash, _, err := tenant.ParseAPIKey(changed); err == nil || id != "" || hash != [32]byte{} {
				t.Fatalf("a key with %q at %d passes", c, i)
			}
		}
	}
	for _, bad := range []string{"", "thk_live_", key[:84], key + "0", " " + key, key + "\n", strings.ToUpper(key), strings.Repeat("a", 85), strings.Repeat("é", 42) + "a"} {
		if _, _, _, err := tenant.ParseAPIKey(bad); err == nil || strings.Contains(err.Error(), key[10:20]) {
			t.Errorf("ParseAPIKey of %d characters: %v", len(bad), err)
		}
	}
}

func FuzzParseAPIKey(f *testing.F) {
	live, _ := tenant.MintAPIKey("ten_01k9zzzzzzzzzzzzzzzzzzzzzz", false)
	test, _ := tenant.MintAPIKey("ten_00000000000000000000000000", true)
	for _, s := range []string{live, test, "", live[:50], strings.Replace(live, "live", "test", 1)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, hash, isTest, err := tenant.ParseAPIKey(s)
		if err != nil {
			return
		}
		if len(s) != 85 || !tenant.ValidID("ten", string(id)) || hash != sha256.Sum256([]byte(s)) || isTest != strings.HasPrefix(s, "thk_test_") {
			t.Fatalf("%q passes as %s", s, id)
		}
	})
}
