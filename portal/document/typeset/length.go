package typeset

// Length is a length on paper in thousandths of a point; sizes of type are lengths too. Em is a width in thousandths of the type's size.
type (
	Length int64
	Em     int32
)

// Point is 1/72 inch.
const Point Length = 1000

// At is the width at a size of type, rounded to the nearest.
func (e Em) At(size Length) Length {
	if e < 0 {
		return -(-e).At(size)
	}
	return (Length(e)*size + 500) / 1000
}
