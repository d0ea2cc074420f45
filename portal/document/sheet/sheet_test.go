package sheet_test

import (
	"bytes"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"tollhouse/portal/document/sheet"
	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// hardNames are what software breaks on: several scripts in one name, letters that join, marks that stack, signs of several characters.
var hardNames = []string{
	"Plain & Sons, Ltd.",
	"Groß & Müller GmbH",
	"Ångström Zoë-Café AB",
	"Hors-d'Œuvre Façade SARL",
	"Łódź Żółć S.A.",
	"Công ty Phượng Hoàng",
	"İstanbul Ağaç Işığı",
	"Đačko šumarstvo d.o.o.",
	"Þórshöfn Ðagur ehf.",
	"Ελληνική Εταιρεία Α.Ε.",
	"ООО «Ромашка»",
	"Київ Їжак Ґудзик",
	"Հայաստան ՍՊԸ",
	"საქართველო",
	"شركة النور للتجارة",
	"الله لا إله",
	"مُدَرِّسَة",
	"شركة Acme العالمية",
	"خدمات 2026 (مايو)",
	"پارسی گچ\u200cپژ",
	"اردو ٹیکسٹائل",
	"שלום עולם בע״מ",
	"שָׁלוֹם",
	"Acme שירותי תוכנה Ltd",
	"हिन्दी कम्पनी",
	"श्री क्षत्रिय ज्ञान",
	"किताब कुटीर",
	"ภาษาไทย จำกัด",
	"น้ำแข็ง กู้ภัย",
	"株式会社カブシキ",
	"东方贸易有限公司",
	"臺灣電力公司",
	"ひらがなカタカナ漢字",
	"ﾊﾝｶｸ ガギグゲゴ",
	"주식회사 한글",
	"Acme 日本 שלום مرحبا नमस्ते ไทย",
	"e\u0301a\u0308o\u0302 Z\u0351\u034bA\u0337",
	"🙂 Smile & Co ☎",
	"👨\u200d👩\u200d👧 Family 🏳\ufe0f\u200d🌈",
	"ﬁnance oﬃce ½ ™ № ₪ ₹ € ₿",
}

func library(t testing.TB) *typeset.Library {
	t.Helper()
	l, err := typeset.NewLibrary("/usr/share/fonts/truetype/noto", "/usr/share/fonts/truetype/wqy") // which `make tools` fills
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// extracted runs pdftotext.
func extracted(t *testing.T, pdf []byte, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", append(append([]string{"-enc", "UTF-8"}, args...), path, "-")...).CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext: %v: %s", err, out)
	}
	return string(out)
}

// unseen removes what a copy may leave out or add: marks of direction, joiners, selectors.
var unseen = strings.NewReplacer("\u200c", "", "\u200d", "", "\u200e", "", "\u200f", "", "\u202a", "", "\u202b", "", "\u202c", "", "\ufe0f", "")

func normalised(s string) string {
	return norm.NFKC.String(strings.Join(strings.Fields(unseen.Replace(s)), " "))
}

// letters are the characters of a line in order of their numbers. Whoever copies a line of both directions guesses where its pieces belong.
func letters(s string) string {
	list := []rune(strings.ReplaceAll(normalised(s), " ", ""))
	slices.Sort(list)
	return string(list)
}

// bothWays are the names of both directions of which pdftotext puts the pieces in another order, or drops the space between them.
var bothWays = []string{"خدمات 2026 (مايو)", "Acme שירותי תוכנה Ltd", "شركة Acme العالمية", "Acme 日本 שלום مرحبا नमस्ते ไทย"}

func TestText_IsCopiedBackAsItWasWritten(t *testing.T) {
	lib := library(t)
	setter := lib.Setter("en")
	defer setter.Done()
	s := sheet.New(595276, 841890, lib, sheet.Info{Title: "Names", Language: "en", Made: time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC)})
	for _, weight := range []typeset.Weight{typeset.Regular, typeset.Bold} {
		s.AddPage()
		for i, name := range hardNames {
			line := setter.Shape(name, weight, typeset.LTR).Lines(12000, 500000)[0]
			s.Text(line, 40000, sheet.Length(40000+i*19000), 12000, tenant.Color{})
		}
	}
	pdf, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "names", pdf)
	pages := strings.Split(extracted(t, pdf, "-layout"), "\f")
	for _, page := range pages[:2] {
		lines := slices.DeleteFunc(strings.Split(page, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
		if len(lines) != len(hardNames) {
			t.Fatalf("%d lines come back for %d names:\n%s", len(lines), len(hardNames), page)
		}
		for i, name := range hardNames {
			same := normalised(lines[i]) == normalised(name)
			if slices.Contains(bothWays, name) {
				same = letters(lines[i]) == letters(name)
			}
			if !same {
				t.Errorf("%q comes back as %q", normalised(name), normalised(lines[i]))
			}
		}
	}
	if got, want := string(s.Missing()), "🌈👧👨👩🙂"; got != want {
		t.Errorf("missing: %q, want %q", got, want)
	}
}

// keep writes a document where TOLLHOUSE_PAPERS says, for people to look at.
func keep(t *testing.T, name string, pdf []byte) {
	t.Helper()
	if dir := os.Getenv("TOLLHOUSE_PAPERS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What is composed of several glyphs is drawn where it is set: its ink lies within its advance.
func TestText_ComposedGlyphsStandInTheirPlace(t *testing.T) {
	lib := library(t)
	setter := lib.Setter("hi")
	defer setter.Done()
	const x, size = 200, 40
	for _, text := range []string{"कि", "A\u0337", "น้ำ"} {
		s := sheet.New(400000, 100000, lib, sheet.Info{Title: text, Language: "hi"})
		s.AddPage()
		line := setter.Shape(text, typeset.Regular, typeset.LTR).Lines(size*1000, 300000)[0]
		s.Text(line, x*1000, 60000, size*1000, tenant.Color{})
		pdf, err := s.Finish()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.pdf")
		if err := os.WriteFile(path, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("pdftoppm", "-r", "72", "-gray", "-png", "-singlefile", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		page, err := png.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		left, right := page.Bounds().Max.X, 0
		for px := range page.Bounds().Max.X {
			for py := range page.Bounds().Max.Y {
				if r, _, _, _ := page.At(px, py).RGBA(); r < 0x8000 {
					left, right = min(left, px), max(right, px)
				}
			}
		}
		if end := x + int(line.Width.At(size*1000)/1000); left < x-3 || right > end+3 || right-left < (end-x)/2 {
			t.Errorf("%q is drawn from %d to %d, its place is %d to %d", text, left, right, x, end)
		}
	}
}
