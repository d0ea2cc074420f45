package tenant

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is the EXIF orientation, 1 to 8: how a stored picture has to be turned to stand upright. It is all that is read of a
// picture's metadata before that is dropped.
type orientation uint8

const upright orientation = 1

// jpegOrientation finds the orientation in a JPEG's EXIF segment; whatever is missing or odd means upright.
func jpegOrientation(data []byte) orientation {
	for rest := data[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		size := int(binary.BigEndian.Uint16(rest[2:4]))
		if rest[1] == 0xda || size < 2 || len(rest) < 2+size {
			break // the picture itself begins, or the file is broken
		}
		if exif, ok := bytes.CutPrefix(rest[4:2+size], []byte("Exif\x00\x00")); ok && rest[1] == 0xe1 {
			return exifOrientation(exif)
		}
		rest = rest[2+size:]
	}
	return upright
}

// exifOrientation reads tag 0x0112 of the first directory of a TIFF header.
func exifOrientation(tiff []byte) orientation {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return upright
	}
	if len(tiff) < 8 {
		return upright
	}
	at := int64(order.Uint32(tiff[4:8]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at : at+2]) {
		if len(entries) < 12 {
			break
		}
		if o := order.Uint16(entries[8:10]); order.Uint16(entries) == 0x0112 && o >= 1 && o <= 8 {
			return orientation(o)
		}
		entries = entries[12:]
	}
	return upright
}

// swapped reports whether width and height change places.
func (o orientation) swapped() bool { return o >= 5 }

func (o orientation) size(p image.Point) image.Point {
	if o.swapped() {
		return image.Pt(p.Y, p.X)
	}
	return p
}

// apply returns the picture turned upright.
func (o orientation) apply(src *image.NRGBA) *image.NRGBA {
	if o == upright {
		return src
	}
	size := src.Bounds().Size()
	dst := image.NewNRGBA(image.Rectangle{Max: o.size(size)})
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			from := o.source(x, y, size)
			dst.SetNRGBA(x, y, src.NRGBAAt(from.X, from.Y))
		}
	}
	return dst
}

// source says which stored pixel is seen at (x, y).
func (o orientation) source(x, y int, size image.Point) image.Point {
	if o.swapped() {
		x, y = y, x
	}
	mirrorX := o == 2 || o == 3 || o == 7 || o == 8
	mirrorY := o == 3 || o == 4 || o == 6 || o == 7
	if mirrorX {
		x = size.X - 1 - x
	}
	if mirrorY {
		y = size.Y - 1 - y
	}
	return image.Pt(x, y)
}
