package sheet

import (
	"strconv"

	"tollhouse/portal/document/typeset"
	"tollhouse/tenant"
)

// ops is a page's content as it grows. Numbers are whole thousandths and are written as such, never through a float.
type ops []byte

func (o *ops) str(s string) { *o = append(*o, s...) }

// op ends an operation.
func (o *ops) op(name string) { *o = append(append(*o, name...), '\n') }

// length writes a length in points and a space.
func (o *ops) length(l Length) *ops {
	b := *o
	if l < 0 {
		b, l = append(b, '-'), -l
	}
	b = strconv.AppendInt(b, int64(l/1000), 10)
	if rest := l % 1000; rest != 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	*o = append(b, ' ')
	return o
}

// points writes lengths one after the other.
func (o *ops) points(list ...Length) *ops {
	for _, l := range list {
		o.length(l)
	}
	return o
}

func (o *ops) rect(x, y, w, h Length) { o.points(x, y, w, h).op("re") }

// color writes a colour and the operator that takes it.
func (o *ops) color(c tenant.Color, operator string) {
	for _, channel := range [3]uint8{c.R, c.G, c.B} {
		o.length((Length(channel)*1000 + 127) / 255)
	}
	o.op(operator)
}

// em writes a width in thousandths of an em.
func (o *ops) em(e typeset.Em) { *o = strconv.AppendInt(*o, int64(e), 10) }

const digits = "0123456789ABCDEF"

// cid writes a character of a font as PDF has it between angle brackets.
func (o *ops) cid(c uint16) {
	*o = append(*o, digits[c>>12], digits[c>>8&15], digits[c>>4&15], digits[c&15])
}

// utf16 writes text as hexadecimal UTF-16, with what is needed beyond the first plane.
func (o *ops) utf16(text []rune) {
	for _, r := range text {
		if r > 0xffff {
			r -= 0x10000
			o.cid(uint16(0xd800 + r>>10))
			r = 0xdc00 + r&0x3ff
		}
		o.cid(uint16(r))
	}
}
