package sheet

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-pdf/fpdf"
)

// Finish writes the file. The sheet cannot be used afterwards.
func (s *Sheet) Finish() ([]byte, error) {
	f := s.begin()
	for _, p := range s.pages {
		f.AddPage()
		for _, i := range p.images {
			i.picture.place(f, i)
		}
		for _, l := range p.links {
			f.LinkString(points(l.x), points(l.y), points(l.w), points(l.h), l.url)
		}
		f.RawWriteBuf(bytes.NewReader(p.ops))
	}
	var plain bytes.Buffer
	if err := f.Output(&plain); err != nil {
		return nil, fmt.Errorf("writing the pages: %w", err)
	}
	return s.complete(plain.Bytes())
}

// points is a length as fpdf takes it. It prints two decimals of it, so it comes out the same everywhere.
func points(l Length) float64 { return float64(l) / 1000 }

// begin sets up a file that says nothing of the program, the machine or the clock.
func (s *Sheet) begin() *fpdf.Fpdf {
	f := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: points(s.Width), Ht: points(s.Height)}})
	f.SetCatalogSort(true)
	f.SetCompression(false) // done afterwards, with tables that are kept
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(0, 0, 0)
	f.SetProducer("", false)
	f.SetTitle(s.info.Title, true)
	f.SetAuthor(s.info.Author, true)
	f.SetLang(s.info.Language)
	f.SetCreationDate(s.info.Made)
	f.SetModificationDate(s.info.Made)
	if len(s.unsaid) > 0 { // what could not be drawn is kept as text
		f.SetKeywords(strings.Join(s.unsaid, "\n"), true)
	}
	return f
}

// complete adds the fonts to fpdf's file, and says how the title is shown.
func (s *Sheet) complete(plain []byte) ([]byte, error) {
	bodies, err := objects(plain)
	if err != nil {
		return nil, err
	}
	z := compressors.Get().(*compressor)
	defer compressors.Put(z)
	for i := range bodies {
		bodies[i] = z.deflated(bodies[i])
	}
	const resources = 2                      // fpdf's number for what all pages share
	root, info := len(bodies), len(bodies)-1 // its last two
	fonts := make([]string, 0, len(s.fonts))
	for _, e := range s.fonts {
		n := len(bodies) + 1
		fonts = append(fonts, fmt.Sprintf("/%s %d 0 R", e.name, n))
		written := e.write(n, z)
		bodies = append(bodies, written[:]...)
	}
	if err := put(bodies, resources, "/Font <<\n", strings.Join(fonts, " ")); err != nil {
		return nil, err
	}
	if err := put(bodies, root, "/Type /Catalog\n", "/ViewerPreferences <</DisplayDocTitle true>>\n"); err != nil {
		return nil, err
	}
	return assemble(bodies, root, info), nil
}

// put sets more behind a mark in an object.
func put(bodies [][]byte, n int, mark, more string) error {
	before, after, found := bytes.Cut(bodies[n-1], []byte(mark))
	if !found {
		return fmt.Errorf("object %d: %w", n, errFile)
	}
	bodies[n-1] = bytes.Join([][]byte{before, []byte(mark), []byte(more), after}, nil)
	return nil
}
