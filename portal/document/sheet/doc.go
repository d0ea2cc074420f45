// Package sheet writes pages of placed text, lines, panels and pictures as a PDF. It knows no invoice and decides no layout.
//
// It is the one package that uses fpdf, which keeps the pages, the links, the pictures and what the file says of itself. fpdf cannot place glyphs: its
// fonts are written by character, and what it calls right-to-left is a string turned around, so Arabic does not join and no fallback is
// possible within a line. Text is therefore written here as PDF's own text operators, straight into the pages, with fonts of our own: for each
// font a subset of the glyphs that are used, as a CIDFontType2 with a map back to Unicode.
//
// fpdf has no door for objects of others that comes out the same each time (its imported objects are in the order of a Go map). So the file that it
// writes is taken apart by its own cross-reference table, three dictionaries are completed, the fonts are added, the pages compressed, and it is put
// together again with a new table: one revision, as if it had been written at once, and the same bytes for the same pages. Writing the fonts as an
// incremental update would be shorter, but leaves every document with a revision before its last, which those who check signatures have to explain.
//
// Copying gives back what was set. Whatever shaping makes of a character, or of several that belong together, is one glyph of the subset, composed of the
// font's where it has to be, and the map takes it back to just that text. Spans of actual text (ISO 32000, 14.9.4), which are meant for the same,
// were tried: several readers ignore them, and poppler tears the words apart that they are in.
package sheet
