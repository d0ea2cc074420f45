package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tollhouse/tenant/seal"
)

func ring(t *testing.T, text string) *seal.Ring {
	t.Helper()
	r, err := seal.ParseRing(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	oldKey = "k1:" + strings.Repeat("11", 32)
	newKey = "k2:" + strings.Repeat("22", 32)
)

func TestRing_RotationOpensTheOldAndSealsWithTheNew(t *testing.T) {
	before, after := ring(t, oldKey), ring(t, newKey+",\n"+oldKey)
	sealed := before.Seal([]byte("a private key"), []byte("here"))
	if plain, err := after.Open(sealed, []byte("here")); err != nil || string(plain) != "a private key" {
		t.Errorf("after the rotation: %q, %v", plain, err)
	}
	again := after.Seal([]byte("x"), nil)
	if id, ok := seal.KeyID(again); !ok || id != "k2" {
		t.Errorf("sealed with %q, want k2", id)
	}
	if _, err := before.Open(again, nil); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("a ring without the key: %v", err)
	}
}

func TestOpen_RefusesEveryChangedByteAndEveryOtherPlace(t *testing.T) {
	r := ring(t, oldKey)
	sealed := r.Seal([]byte("secret"), []byte("certificates/a.example"))
	if _, err := r.Open(sealed, []byte("certificates/a.example")); err != nil {
		t.Fatalf("control: %v", err)
	}
	if _, err := r.Open(sealed, []byte("certificates/b.example")); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("moved to another row: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := r.Open(bad, []byte("certificates/a.example")); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := r.Open(sealed[:i], []byte("certificates/a.example")); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestSeal_NeverTwiceTheSame(t *testing.T) {
	r := ring(t, oldKey)
	if bytes.Equal(r.Seal([]byte("x"), nil), r.Seal([]byte("x"), nil)) {
		t.Error("two seals of one value are equal")
	}
}

func TestDerive_DependsOnKeyAndOnEachPart(t *testing.T) {
	r := ring(t, newKey+","+oldKey)
	seen := map[[32]byte]string{}
	for _, parts := range [][]string{{"a", "b"}, {"ab"}, {"a", "", "b"}, {"b", "a"}, {"1:a", "b"}} {
		for _, id := range []string{"k1", "k2"} {
			d, ok := r.Derive(id, parts...)
			name := fmt.Sprint(id, len(parts), parts)
			if other, twice := seen[d]; twice || !ok {
				t.Errorf("%s and %s derive the same", name, other)
			}
			seen[d] = name
		}
	}
	first, _ := ring(t, oldKey).Derive("k1", "a", "b")
	if seen[first] == "" {
		t.Error("another ring with the same key derives another value")
	}
	if _, ok := r.Derive("k3", "a"); ok {
		t.Error("a key that is not in the ring derives")
	}
}

func TestParseRing_RefusesWhatIsNoRing(t *testing.T) {
	for _, text := range []string{"", "k1", "k1:", "k1:" + strings.Repeat("1", 63), "k1:" + strings.Repeat("zz", 32), ":" + strings.Repeat("11", 32),
		"K1:" + strings.Repeat("11", 32), oldKey + "," + oldKey} {
		if _, err := seal.ParseRing(text); err == nil {
			t.Errorf("ParseRing(%q) is accepted", text)
		} else if strings.Contains(err.Error(), "1111") {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

func TestRing_PrintsNothing(t *testing.T) {
	r := ring(t, oldKey)
	if s := fmt.Sprintf("%v %s %+v %#v", r, r, r, r); strings.Contains(s, "11") || strings.Contains(s, "17") {
		t.Errorf("prints %s", s)
	}
}

func FuzzOpen(f *testing.F) {
	r := seal.RandomRing()
	f.Add(r.Seal([]byte("x"), nil))
	f.Add([]byte{1, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		plain, err := r.Open(data, []byte("elsewhere"))
		if err == nil {
			t.Errorf("opened %q", plain)
		}
	})
}

func TestKeys_AreListedTheNewestFirst(t *testing.T) {
	r := ring(t, newKey+","+oldKey)
	if got := r.Keys(); len(got) != 2 || got[0] != "k2" || got[0] != r.Newest() || got[1] != "k1" {
		t.Errorf("got %v", got)
	}
	r.Keys()[0] = "changed"
	if r.Keys()[0] != "k2" {
		t.Error("a caller changed the ring")
	}
}
