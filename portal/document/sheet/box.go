package sheet

// hexDigits are the digits 0 to F as dots, three wide and five high, a row after the other from the top, the leftmost dot highest.
var hexDigits = [16]uint16{
	0b111_101_101_101_111, 0b010_110_010_010_111, 0b111_001_111_100_111, 0b111_001_111_001_111,
	0b101_101_111_001_001, 0b111_100_111_001_111, 0b111_100_111_101_111, 0b111_001_010_010_010,
	0b111_101_111_101_111, 0b111_101_111_001_111, 0b111_101_111_101_101, 0b110_101_110_101_110,
	0b111_100_100_100_111, 0b110_101_101_101_110, 0b111_100_111_100_111, 0b111_100_111_100_100,
}

// number draws a character's number in two rows around the middle of its box. The digits are drawn, not set: they are no part of the text.
func (w *writer) number(r rune, middle Length) {
	perRow := 2
	if r > 0xffff {
		perRow = 3
	}
	dot := w.size / 100 * 6
	left := middle - dot*Length(perRow*4-1)/2
	for i := range 2 * perRow {
		digit := hexDigits[r>>(4*(2*perRow-1-i))&15]
		x, top := left+dot*Length(i%perRow*4), w.y+w.size/100*68-dot*Length(i/perRow*7)
		for bit := range 15 {
			if digit>>(14-bit)&1 == 1 {
				w.ops.rect(x+dot*Length(bit%3), top-dot*Length(bit/3+1), dot, dot)
			}
		}
	}
	w.ops.op("f")
}
