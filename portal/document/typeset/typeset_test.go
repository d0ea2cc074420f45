package typeset_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tollhouse/portal/document/typeset"
)

// fontDirs are those that `make tools` fills.
var fontDirs = []string{"/usr/share/fonts/truetype/noto", "/usr/share/fonts/truetype/wqy"}

var library = sync.OnceValue(func() *typeset.Library {
	l, err := typeset.NewLibrary(fontDirs...)
	if err != nil {
		panic(err)
	}
	return l
})

const size = 10 * typeset.Point

// setLines breaks a text and returns what each line says.
func setLines(text string, width typeset.Length) []string {
	s := library().Setter("en")
	defer s.Done()
	var said []string
	for _, l := range s.Shape(text, typeset.Regular, typeset.Auto).Lines(size, width) {
		said = append(said, l.String())
	}
	return said
}

func TestLines_BreakWhereTheLanguageLets(t *testing.T) {
	for _, c := range []struct {
		text  string
		width typeset.Length
		want  []string
	}{
		{"", 100 * typeset.Point, nil},
		{"one line", 100 * typeset.Point, []string{"one line"}},
		{"well-known words  here", 70 * typeset.Point, []string{"well-known", "words  here"}},
		{"a price of $1,204.50 stays whole", 95 * typeset.Point, []string{"a price of", "$1,204.50 stays", "whole"}},
		{strings.Repeat("7", 25), 64 * typeset.Point, []string{"7777777777", "7777777777", "77777"}},
		{"see 88888888888888888888 then", 64 * typeset.Point, []string{"see", "8888888888", "8888888888", "then"}},
		{"請求書をご確認ください。", 52 * typeset.Point, []string{"請求書をご", "確認くださ", "い。"}},
		{"W", typeset.Point, []string{"W"}}, // wider than the line, and still set
	} {
		if got := setLines(c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%q breaks into %q, want %q", c.text, got, c.want)
		}
	}
}

// Whatever is set: no line is wider than its box unless it is one cluster, nothing is lost but spaces at breaks, and every character is in one cluster.
func TestLines_HoldInTheirBox(t *testing.T) {
	alphabet := []rune("ab W7.,-()/ \u00a0éß шЖ Ωω שלום ًمرحبا لا नमस्ते कि ไทยน้ำ 漢字、。カナ 한글 🙂👨\u200d\u0301\u200e\u2067\u2069\u202fﬁ")
	rapid.Check(t, func(t *rapid.T) {
		text := typeset.OneLine(string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 80).Draw(t, "text")))
		width := typeset.Length(rapid.IntRange(1, 200).Draw(t, "width")) * typeset.Point
		s := library().Setter("ar")
		defer s.Done()
		shaped := s.Shape(text, typeset.Weight(rapid.IntRange(0, 1).Draw(t, "weight")), typeset.Direction(rapid.IntRange(0, 2).Draw(t, "direction")))
		next := 0
		for _, c := range shaped.Clusters {
			if c.Start != next || c.End <= c.Start {
				t.Fatalf("%q: a cluster of %d to %d follows %d", text, c.Start, c.End, next)
			}
			next = c.End
		}
		if next != utf8.RuneCountInString(text) {
			t.Fatalf("%q: %d characters are in clusters", text, next)
		}
		var all strings.Builder
		for _, l := range shaped.Lines(size, width) {
			all.WriteString(l.String())
			clusters := 0
			for c := range l.Visual {
				if c.Advance > 0 {
					clusters++
				}
			}
			if l.Width.At(size) > width && clusters > 1 {
				t.Fatalf("%q is %d wide, its box %d", l.String(), l.Width.At(size), width)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", "")), "") }
		if squeeze(all.String()) != squeeze(text) {
			t.Fatalf("%q became %q", text, all.String())
		}
		if cut := shaped.Cut(size, width, typeset.Regular); cut.Width.At(size) > width && utf8.RuneCountInString(cut.String()) > 1 {
			t.Fatalf("%q, cut to %q, is %d wide, its box %d", text, cut.String(), cut.Width.At(size), width)
		}
	})
}

func TestVisual_OrdersBothDirections(t *testing.T) {
	for _, c := range []struct {
		text string
		way  typeset.Direction
		want string // from left to right
	}{
		{"abc", typeset.Auto, "abc"},
		{"שלום", typeset.Auto, "םולש"},
		{"ab שלום cd", typeset.Auto, "ab םולש cd"},
		{"שלום ab 12", typeset.Auto, "ab 12 םולש"},
		{"ab שלום", typeset.RTL, "םולש ab"},
		{"12 שלום", typeset.Auto, "םולש 12"},
		{"\u2068שלום\u2069, ab", typeset.LTR, "םולש, ab"},
		{"1,204.50 ₪", typeset.LTR, "1,204.50 ₪"},
	} {
		s := library().Setter("en")
		var got []rune
		for _, line := range s.Shape(c.text, typeset.Regular, c.way).Lines(size, 1000*typeset.Point) {
			for cluster := range line.Visual {
				for _, r := range line.Runes(cluster) {
					if !typeset.Directs(r) {
						got = append(got, r)
					}
				}
			}
		}
		s.Done()
		if string(got) != c.want {
			t.Errorf("%q stands as %q, want %q", c.text, string(got), c.want)
		}
	}
}

// An empty line of Arabic begins at the right: a text without letters has its language's direction.
func TestShape_WithoutLettersTakesTheLanguagesDirection(t *testing.T) {
	for tag, want := range map[string]bool{"ar": true, "he-IL": true, "en": false, "": false} {
		s := library().Setter(tag)
		if got := s.Shape("12-34", typeset.Regular, typeset.Auto).RTL; got != want {
			t.Errorf("%q: %v", tag, got)
		}
		s.Done()
	}
}

// Isolates that are opened thousands of times and never closed take no longer than other text: what grows with the square of them is not begun.
func TestShape_PassesOverIsolatesBeyondMeasure(t *testing.T) {
	s := library().Setter("en")
	defer s.Done()
	for _, n := range []int{100, 60_000} {
		text := s.Shape(strings.Repeat("\u2067(a", n), typeset.Regular, typeset.LTR)
		if level := text.Clusters[len(text.Clusters)-1].Level; (level == 0) != (n > 125) || len(text.Clusters) != 3*n {
			t.Errorf("after %d isolates: level %d, %d clusters", n, level, len(text.Clusters))
		}
	}
}

func TestShape_JoinsArabicLetters(t *testing.T) {
	s := library().Setter("ar")
	defer s.Done()
	alone := s.Shape("ب", typeset.Regular, typeset.Auto).Clusters[0].Glyphs[0].ID
	joined := s.Shape("ببب", typeset.Regular, typeset.Auto).Clusters
	if len(joined) != 3 || joined[0].Glyphs[0].ID == alone || joined[1].Glyphs[0].ID == joined[0].Glyphs[0].ID || joined[2].Glyphs[0].ID == joined[1].Glyphs[0].ID {
		t.Errorf("three letters stand as %v, one as %d", joined, alone)
	}
	if lamAlef := s.Shape("لا", typeset.Regular, typeset.Auto).Clusters; len(lamAlef) != 1 || len(lamAlef[0].Glyphs) != 1 {
		t.Errorf("lam and alef stand as %v", lamAlef)
	}
}

func TestShape_ChoosesAFontForEachGrapheme(t *testing.T) {
	s := library().Setter("en")
	defer s.Done()
	var fonts []string
	for _, c := range s.Shape("A あ。न", typeset.Bold, typeset.Auto).Clusters {
		fonts = append(fonts, c.Font.Name())
		if hasNone := c.Font.Name() == "wqy-microhei"; c.Heavier != hasNone {
			t.Errorf("%s is to be made heavier: %v", c.Font.Name(), c.Heavier)
		}
	}
	want := []string{"DejaVuSans-Bold", "DejaVuSans-Bold", "wqy-microhei", "wqy-microhei", "NotoSansDevanagari-Bold"}
	if !slices.Equal(fonts, want) {
		t.Errorf("fonts %q, want %q", fonts, want)
	}
	if c := s.Shape("\U00012345\U0010fffd", typeset.Regular, typeset.Auto).Clusters; c[0].Font == nil || c[1].Font != nil || c[1].Advance != typeset.MissingAdvance {
		t.Errorf("a cuneiform sign and a private character stand as %v", c)
	}
}

func TestClean_TakesOutWhatIsNoText(t *testing.T) {
	for text, want := range map[string]string{
		"plain é 漢": "plain é 漢", "a\r\nb\rc\u2028d\u0085e": "a\nb\nc\nd\ne", "a\tb": "a b", "\x00\x1b[1m\x7f\u009b": "[1m", "a\u202eb\u202c": "ab",
		"\ufeffa\u00ad\ufffe\ufdd0": "a", "bad \xff\xfe byte": "bad \ufffd byte", "\u2067keeps\u2069\u200d": "\u2067keeps\u2069\u200d", "": "",
	} {
		if got := typeset.Clean(text); got != want {
			t.Errorf("Clean(%q) = %q, want %q", text, got, want)
		}
	}
	if got := typeset.OneLine("  a\nb\r\nc  "); got != "a b c" {
		t.Errorf("OneLine = %q", got)
	}
}

// What is no font, is damaged, or has gone since it was found is done without.
func TestLibrary_LivesWithWhatItFinds(t *testing.T) {
	dir := t.TempDir()
	thai, err := os.ReadFile("/usr/share/fonts/truetype/noto/NotoSansThai-Regular.ttf")
	if err != nil {
		t.Fatal(err)
	}
	restricted := slices.Clone(thai)
	at := slices.Index(restricted[12:], 'O') + 12
	for string(restricted[at:at+4]) != "OS/2" {
		at++
	}
	offset := int(restricted[at+8])<<24 | int(restricted[at+9])<<16 | int(restricted[at+10])<<8 | int(restricted[at+11])
	restricted[offset+9] = 2
	for name, file := range map[string][]byte{
		"a/Text.ttf": []byte("no font at all"), "Cut-Regular.ttf": thai[:len(thai)/3], "Empty.otf": nil, "Restricted-Regular.ttf": restricted, "NotoSansThai-Italic.ttf": thai,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gone := filepath.Join(dir, "Gone-Regular.ttf")
	has := func(l *typeset.Library) bool {
		s := l.Setter("th")
		defer s.Done()
		return s.Shape("ไทย", typeset.Bold, typeset.Auto).Clusters[0].Font != nil
	}
	l, err := typeset.NewLibrary(dir, filepath.Join(dir, "not", "there"))
	if err != nil || has(l) {
		t.Fatalf("there is Thai without a font of it: %v", err)
	}
	if err := os.WriteFile(gone, thai, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, remove := range []bool{false, true} {
		if l, err = typeset.NewLibrary(dir); err != nil {
			t.Fatal(err)
		}
		if remove {
			if err := os.Remove(gone); err != nil {
				t.Fatal(err)
			}
		}
		if has(l) == remove {
			t.Errorf("Thai: %v, after the font was removed: %v", has(l), remove)
		}
	}
}

func TestSubset_HoldsWhatWasAskedFor(t *testing.T) {
	f := library().BuiltIn()
	plain := typeset.Drawn{Glyphs: []typeset.Glyph{{ID: f.Glyph('A')}}}
	accented := typeset.Drawn{Glyphs: []typeset.Glyph{{ID: f.Glyph('é')}}} // a composite of the font's own
	ours := typeset.Drawn{Glyphs: []typeset.Glyph{{ID: f.Glyph('A'), Advance: 700}, {ID: f.Glyph('é'), X: -100, Y: 200}}, Advance: 700}
	one := f.Subset([]typeset.Drawn{{}, plain})
	all := f.Subset([]typeset.Drawn{{}, plain, accented, ours, {Advance: 500}})
	if len(one) < 200 || len(all) <= len(one) || len(all) > 8000 {
		t.Errorf("subsets of %d and %d bytes", len(one), len(all))
	}
	tables := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(all[4:])) {
		entry := all[12+16*i:]
		at, length := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		tables[string(entry[:4])] = all[at : at+length]
	}
	for i := 1; i < 4; i++ { // a glyph whose bearing is not its left side is moved by the difference
		at := binary.BigEndian.Uint32(tables["loca"][4*i:])
		left, bearing := binary.BigEndian.Uint16(tables["glyf"][at+2:]), binary.BigEndian.Uint16(tables["hmtx"][4*i+2:])
		if left != bearing || left == 0 {
			t.Errorf("glyph %d begins at %d, its bearing is %d", i, int16(left), int16(bearing))
		}
	}
	if width := binary.BigEndian.Uint16(tables["hmtx"][12:]); width != 1434 { // 700 of 1000, in units of 2048
		t.Errorf("what we composed is %d wide", width)
	}
	if again := f.Subset([]typeset.Drawn{{}, plain, accented, ours, {Advance: 500}}); string(again) != string(all) {
		t.Error("the same glyphs make another font")
	}
	if beyond := f.Subset([]typeset.Drawn{{Glyphs: []typeset.Glyph{{ID: 1 << 20}}}}); len(beyond) == 0 {
		t.Error("a glyph that is not there is no font")
	}
}

func FuzzShape(f *testing.F) {
	for _, s := range []string{"Acme Ltd", "مُدَرِّسَة لا", "हिन्दी कि", "👨‍👩‍👧", "\u2067\u0301\u200d", "ﷺ", strings.Repeat("א1", 40)} {
		f.Add(s, byte(0))
	}
	f.Fuzz(func(t *testing.T, text string, way byte) {
		if len(text) > 2000 {
			return
		}
		text = typeset.OneLine(text)
		s := library().Setter("en")
		defer s.Done()
		shaped := s.Shape(text, typeset.Regular, typeset.Direction(way%3))
		next := 0
		for _, c := range shaped.Clusters {
			if c.Start != next || c.End <= c.Start {
				t.Fatalf("%q: a cluster of %d to %d follows %d", text, c.Start, c.End, next)
			}
			next = c.End
		}
		if next != utf8.RuneCountInString(text) {
			t.Fatalf("%q: %d characters are in clusters", text, next)
		}
		for _, l := range shaped.Lines(size, 100*typeset.Point) {
			for range l.Visual {
			}
		}
	})
}

func BenchmarkShape(b *testing.B) {
	for name, text := range map[string]string{"latin": "Consulting, May 2026", "arabic": "استشارات، مايو 2026 (Acme)", "devanagari": "हिन्दी कम्पनी"} {
		b.Run(name, func(b *testing.B) {
			s := library().Setter("en")
			defer s.Done()
			b.ReportAllocs()
			for b.Loop() {
				s.Shape(text, typeset.Regular, typeset.Auto)
			}
		})
	}
}
