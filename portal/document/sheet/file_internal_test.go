package sheet

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

func emptySheet(t testing.TB) *Sheet {
	t.Helper()
	library, err := typeset.NewLibrary()
	if err != nil {
		t.Fatal(err)
	}
	return New(595276, 841890, library, Info{Title: "T", Language: "en", Made: time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC)})
}

// A file of fpdf's that is not as it was when this was written is refused rather than put together wrong.
func TestComplete_RefusesAnotherFile(t *testing.T) {
	s := emptySheet(t)
	s.AddPage()
	var plain bytes.Buffer
	f := s.begin()
	f.AddPage()
	f.RawWriteStr("0 g")
	if err := f.Output(&plain); err != nil {
		t.Fatal(err)
	}
	file := plain.String()
	if _, err := s.complete([]byte(file)); err != nil {
		t.Fatal(err)
	}
	for name, changed := range map[string]string{
		"empty": "", "no table": strings.Replace(file, "startxref\n", "startwhat\n", 1), "no number": strings.Replace(file, "startxref\n", "startxref\nx", 1),
		"another table": strings.Replace(file, "xref\n0 ", "xref\n1 ", 1), "moved": "%" + file, "no fonts": strings.Replace(file, "/Font <<", "/Fons <<", 1),
		"no catalogue": strings.Replace(file, "/Type /Catalog", "/Type /Catalug", 1), "longer stream": strings.Replace(file, "/Length ", "/Length 99", 1),
	} {
		if _, err := s.complete([]byte(changed)); !errors.Is(err, errFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a page draws may look like the end of its object. Its length decides.
func TestObjects_TrustTheLengthOfAStream(t *testing.T) {
	s := emptySheet(t)
	s.AddPage()
	s.at.ops = append(s.at.ops, "% \nendstream\nendobj\n7 0 obj\n"...)
	s.Fill(0, 0, 10, 10, tenant.Color{})
	file, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	bodies := bytes.Count(file, []byte("\nendobj\n"))
	if !bytes.HasPrefix(file, []byte("%PDF-1.7\n")) || bodies != 6 {
		t.Errorf("%d objects", bodies)
	}
}

func FuzzObjects(f *testing.F) {
	s := emptySheet(f)
	s.AddPage()
	p := s.begin()
	p.AddPage()
	var plain bytes.Buffer
	if err := p.Output(&plain); err != nil {
		f.Fatal(err)
	}
	f.Add(plain.Bytes())
	f.Add([]byte("xref\n0 2\n0000000000 65535 f \n0000000000 00000 n \nstartxref\n0\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		bodies, err := objects(file)
		if err == nil && bodies == nil {
			t.Error("no objects and no reason")
		}
	})
}

func TestOps_WritesLengthsExactly(t *testing.T) {
	for l, want := range map[Length]string{0: "0 ", 1: "0.001 ", 1500: "1.5 ", -1050: "-1.05 ", 595276: "595.276 ", 72000: "72 "} {
		var o ops
		if o.length(l); string(o) != want {
			t.Errorf("%d is %q, want %q", l, string(o), want)
		}
	}
	var o ops
	if o.utf16([]rune("A漢🙂")); string(o) != "00416F22D83DDE42" {
		t.Errorf("utf16 = %s", string(o))
	}
}
