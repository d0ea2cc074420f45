package sheet

import (
	"slices"
	"time"

	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// Length is a length on paper, from the left or from the top.
type Length = typeset.Length

// Info is what the file says of itself.
type Info struct {
	Title    string
	Author   string
	Language string    // BCP 47
	Made     time.Time // never the clock: the same document has the same date
}

// Sheet is a document that is being written. It is for one goroutine. The zero value is not usable: see New.
type Sheet struct {
	Width, Height Length

	info    Info
	library *typeset.Library
	pages   []*page
	at      *page
	fonts   []*embedded
	byFont  map[*typeset.Font]*embedded
	missing map[rune]bool
	unsaid  []string // the texts that hold missing characters
}

// page is the content of one page, in PDF's operators, and what is laid over or under it.
type page struct {
	ops    []byte
	links  []link
	images []placed
}

// link is a place that leads to an address.
type link struct {
	x, y, w, h Length
	url        string
}

// placed is a picture on a page.
type placed struct {
	x, y, w, h Length
	picture    *Picture
}

// New begins a document of pages of a size. The library's own font draws the numbers of characters that no font has.
func New(width, height Length, library *typeset.Library, info Info) *Sheet {
	return &Sheet{
		Width: width, Height: height, info: info, library: library,
		byFont: map[*typeset.Font]*embedded{}, missing: map[rune]bool{},
	}
}

// AddPage adds an empty page and goes to it.
func (s *Sheet) AddPage() {
	s.pages = append(s.pages, &page{})
	s.at = s.pages[len(s.pages)-1]
}

// Pages is how many there are.
func (s *Sheet) Pages() int { return len(s.pages) }

// Go goes to a page, counted from 1, so that what depends on all pages can be written at the end.
func (s *Sheet) Go(n int) { s.at = s.pages[n-1] }

// Missing lists, in ascending order, the characters so far that no font has.
func (s *Sheet) Missing() []rune {
	var list []rune
	for r := range s.missing {
		list = append(list, r)
	}
	slices.Sort(list)
	return list
}

// Link makes a place lead to an address.
func (s *Sheet) Link(x, y, w, h Length, url string) {
	s.at.links = append(s.at.links, link{x, y, w, h, url})
}

// Picture places a picture.
func (s *Sheet) Picture(p *Picture, x, y, w, h Length) {
	s.at.images = append(s.at.images, placed{x, y, w, h, p})
}

// Fill paints a rectangle.
func (s *Sheet) Fill(x, y, w, h Length, c tenant.Color) {
	o := (*ops)(&s.at.ops)
	o.color(c, "rg")
	o.rect(x, s.Height-y-h, w, h)
	o.op("f")
}

// Cells paints the squares of a grid that dark says, sides squares wide and high, as one shape: with a gap between two of them a QR code is hard to
// read.
func (s *Sheet) Cells(x, y, side Length, sides int, c tenant.Color, dark func(col, row int) bool) {
	o := (*ops)(&s.at.ops)
	o.color(c, "rg")
	for row := range sides {
		for col := 0; col < sides; col++ {
			from := col
			for col < sides && dark(col, row) {
				col++
			}
			if col > from {
				o.rect(x+side*Length(from), s.Height-y-side*Length(row+1), side*Length(col-from), side)
			}
		}
	}
	o.op("f")
}

// Panel paints a rectangle with round corners.
func (s *Sheet) Panel(x, y, w, h, radius Length, c tenant.Color) {
	o := (*ops)(&s.at.ops)
	o.color(c, "rg")
	low, high, left, right := s.Height-y-h, s.Height-y, x, x+w
	k := radius * 448 / 1000 // what a quarter circle's control points leave of the radius
	o.points(left+radius, low).op("m")
	o.points(right-radius, low).op("l")
	o.points(right-k, low, right, low+k, right, low+radius).op("c")
	o.points(right, high-radius).op("l")
	o.points(right, high-k, right-k, high, right-radius, high).op("c")
	o.points(left+radius, high).op("l")
	o.points(left+k, high, left, high-k, left, high-radius).op("c")
	o.points(left, low+radius).op("l")
	o.points(left, low+k, left+k, low, left+radius, low).op("c")
	o.op("f")
}
