// Package typeset turns text of any script into lines of placed glyphs: which font has each character, how its letters join, which way each part of it
// runs, where it may be broken. It draws nothing, and knows no page.
//
// A string is first cleaned of what is no text, then split where the direction (UAX 9), the script or the font changes. The font is chosen for each
// grapheme, not for each string: a name of Latin, Arabic and Han letters takes three. The pieces are shaped by HarfBuzz. What no font has becomes a
// cluster without glyphs, so that whoever draws it can show that something is missing.
//
// All lengths are whole numbers, so that every machine comes to the same lines: widths of glyphs in thousandths of an em, lengths on paper in
// thousandths of a point.
//
// Thai, Lao, Khmer and Burmese are broken at spaces, and within a word only where a line is full: there are no dictionaries of their words here.
//
//	library, err := typeset.NewLibrary("/usr/share/fonts")
//	setter := library.Setter("ar")
//	defer setter.Done()
//	text := setter.Shape("مرحبا Acme", typeset.Regular, typeset.Auto)
//	for _, line := range text.Lines(9*typeset.Point, 200*typeset.Point) { … }
package typeset
