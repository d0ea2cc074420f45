package typeset

// Lines breaks the text into lines of a width at most, at size. A line ends where the language lets it (UAX 14), and within a word only when the word
// alone is wider than the line. A cluster wider than the line stands alone. Empty text has no lines.
func (t *Text) Lines(size, width Length) []Line {
	if len(t.Clusters) == 0 {
		return nil
	}
	if t.Width.At(size) <= width {
		return []Line{t.line(0, len(t.Clusters))}
	}
	var lines []Line
	for from := 0; from < len(t.Clusters); {
		to := t.fill(from, size, width)
		lines = append(lines, t.line(from, to))
		for from = to; from < len(t.Clusters) && t.space(from); from++ { // a line does not begin with the space it was broken at
		}
	}
	return lines
}

// fill returns the end of the line that begins with a cluster.
func (t *Text) fill(from int, size, width Length) (to int) {
	used, possible := Em(0), 0
	for i := from; i < len(t.Clusters); i++ {
		if i > from && t.mayBreak(i) {
			possible = i
		}
		used += t.Clusters[i].Advance
		if used.At(size) <= width || t.space(i) {
			continue
		}
		switch {
		case possible > 0:
			return possible
		case i > from:
			return i
		}
		return from + 1
	}
	return len(t.Clusters)
}

// Cut returns the text's beginning as one line of a width at most, with an ellipsis when that is not all of it.
func (t *Text) Cut(size, width Length, w Weight) Line {
	if t.Width.At(size) <= width || len(t.Clusters) == 0 {
		return t.line(0, len(t.Clusters))
	}
	dots := t.setter.Shape("…", w, LTR)
	end, used := 0, dots.Width
	for end < len(t.Clusters) && (used+t.Clusters[end].Advance).At(size) <= width {
		used += t.Clusters[end].Advance
		end++
	}
	for end > 0 && t.space(end-1) {
		end--
	}
	level := uint8(0)
	if t.RTL {
		level = 1
	}
	short := &Text{RTL: t.RTL, Clusters: append([]Cluster(nil), t.Clusters[:end]...), setter: t.setter}
	if end > 0 {
		short.Runes = append(short.Runes, t.Runes[:t.Clusters[end-1].End]...)
	}
	for _, c := range dots.Clusters {
		c.Start, c.End, c.Level = len(short.Runes), len(short.Runes)+1, level
		short.Clusters = append(short.Clusters, c)
		short.Runes = append(short.Runes, '…')
	}
	return short.line(0, len(short.Clusters))
}

// line is the clusters without the spaces at their end, which have no ink and would push a right-aligned line off its edge.
func (t *Text) line(from, to int) Line {
	for to > from && t.space(to-1) {
		to--
	}
	l := Line{text: t, from: from, to: to}
	for i := from; i < to; i++ {
		l.Width += t.Clusters[i].Advance
	}
	return l
}

// space reports whether a cluster is a space that a line may end with. With a mark on it, it is a letter.
func (t *Text) space(i int) bool {
	c := &t.Clusters[i]
	if c.End-c.Start > 1 {
		return false
	}
	r := t.Runes[c.Start]
	return r == ' ' || r == '\u3000' || r >= 0x2000 && r <= 0x200a && r != 0x2007
}

// mayBreak reports whether a line may end before a cluster.
func (t *Text) mayBreak(i int) bool {
	if t.breaks == nil {
		t.breaks = make([]bool, len(t.Runes)+1)
		t.setter.seg.Init(t.Runes)
		for it := t.setter.seg.LineIterator(); it.Next(); {
			l := it.Line()
			t.breaks[l.Offset+len(l.Text)] = true
		}
	}
	return t.breaks[t.Clusters[i].Start]
}
