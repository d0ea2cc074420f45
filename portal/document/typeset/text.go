package typeset

import "github.com/go-text/typesetting/font"

// Glyph is one glyph, placed relative to where the one before it ended.
type Glyph struct {
	ID      font.GID
	Advance Em // to the next glyph
	X, Y    Em // how far it is drawn from its place
}

// Cluster is the least part of a text that can be placed by itself: one or more characters that became one or more glyphs together.
type Cluster struct {
	Font       *Font   // nil: no font has it, and there are no glyphs
	Glyphs     []Glyph // from left to right
	Start, End int     // its characters, Text.Runes[Start:End]
	Level      uint8   // of embedding (UAX 9): odd runs from right to left
	Heavier    bool    // bold was wanted, and the font has none: whoever draws it makes it so
	Advance    Em
}

// Text is a shaped paragraph. It is not changed after it was made.
type Text struct {
	Runes    []rune
	Clusters []Cluster // in reading order
	RTL      bool      // the paragraph runs from right to left
	Width    Em        // on one line
	breaks   []bool    // before which rune a line may end; nil until they are wanted
	setter   *Setter
}

// Line is a part of a text that is set on one line.
type Line struct {
	text     *Text
	from, to int // clusters, without the spaces at the end
	Width    Em
}

// String is what the line says, in reading order.
func (l Line) String() string {
	if l.from >= l.to {
		return ""
	}
	return string(l.text.Runes[l.text.Clusters[l.from].Start:l.text.Clusters[l.to-1].End])
}

// RTL reports whether the line belongs to a paragraph that runs from right to left.
func (l Line) RTL() bool { return l.text.RTL }

// Runes returns the characters of one of the line's clusters.
func (l Line) Runes(c *Cluster) []rune { return l.text.Runes[c.Start:c.End] }

// Visual calls yield for each cluster from left to right (UAX 9, rule L2).
func (l Line) Visual(yield func(*Cluster) bool) {
	order := l.order()
	for _, i := range order {
		if !yield(&l.text.Clusters[i]) {
			return
		}
	}
}

// order lists the line's clusters from left to right: from the highest level down, each stretch of clusters at or above it is turned around.
func (l Line) order() []int {
	order := make([]int, l.to-l.from)
	highest, lowestOdd := uint8(0), uint8(255)
	for i := range order {
		order[i] = l.from + i
		level := l.text.Clusters[order[i]].Level
		highest = max(highest, level)
		if level%2 == 1 {
			lowestOdd = min(lowestOdd, level)
		}
	}
	for level := highest; level >= lowestOdd; level-- {
		for i := 0; i < len(order); i++ {
			start := i
			for i < len(order) && l.text.Clusters[order[i]].Level >= level {
				i++
			}
			for a, b := start, i-1; a < b; a, b = a+1, b-1 {
				order[a], order[b] = order[b], order[a]
			}
		}
	}
	return order
}
