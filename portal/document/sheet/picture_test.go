package sheet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"tollhouse/portal/document/sheet"
)

func TestNewPicture_MakesItFitForPaper(t *testing.T) {
	wide := image.NewNRGBA(image.Rect(0, 0, 2000, 100))
	wide.Set(0, 0, color.NRGBA{A: 255})
	var asPNG, asJPEG bytes.Buffer
	if err := png.Encode(&asPNG, wide); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, image.NewCMYK(image.Rect(0, 0, 100, 1000)), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data          []byte
		width, height int
	}{"png": {asPNG.Bytes(), 640, 32}, "jpeg": {asJPEG.Bytes(), 24, 240}} {
		p, err := sheet.NewPicture(c.data)
		if err != nil || p.Width != c.width || p.Height != c.height {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// A picture is judged by its header before its pixels are made.
func TestNewPicture_RefusesWhatIsNoneOrTooLarge(t *testing.T) {
	var small bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	huge := bytes.Clone(small.Bytes())
	binary.BigEndian.PutUint32(huge[16:], 60_000)
	binary.BigEndian.PutUint32(huge[20:], 60_000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("<svg/>"), "cut": small.Bytes()[:40], "huge": huge} {
		if _, err := sheet.NewPicture(data); !errors.Is(err, sheet.ErrPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
