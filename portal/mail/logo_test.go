package mail_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
)

func TestSend_CarriesTheLogoInside(t *testing.T) {
	sink := startSink(t, mailsink.Config{})
	logo, err := mail.FitLogo(picture(t, 2000, 600))
	if err != nil {
		t.Fatal(err)
	}
	l := letter(mail.Invoice, tenants()["plain"])
	l.Logo = logo
	if err := newSender(t, to(sink)).Send(t.Context(), render(t, l)); err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()[0]
	if len(got.Inline) != 1 || got.Inline[0].CID != "logo" || got.Inline[0].ContentType != "image/png" || !bytes.Equal(got.Inline[0].Bytes, logo.Bytes) {
		t.Errorf("inline parts = %+v", got.Inline)
	}
	if !strings.Contains(got.HTML, `<img src="cid:logo" width="120" height="36" alt="Acme"`) {
		t.Error("the HTML does not show the logo at its size")
	}
}

func TestFitLogo_MakesLargeOnesSmallAndLeavesSmallOnes(t *testing.T) {
	large, err := mail.FitLogo(picture(t, 4000, 400))
	if err != nil {
		t.Fatal(err)
	}
	if config, err := png.DecodeConfig(bytes.NewReader(large.Bytes)); err != nil || config.Width != 480 || config.Height != 48 || large.Width != 240 || large.Height != 24 {
		t.Errorf("large: %d × %d shown at %d × %d, %v", config.Width, config.Height, large.Width, large.Height, err)
	}
	stored := picture(t, 60, 30)
	small, err := mail.FitLogo(stored)
	if err != nil || !bytes.Equal(small.Bytes, stored) || small.Width != 60 || small.Height != 30 {
		t.Errorf("small: %d × %d, %v", small.Width, small.Height, err)
	}
	if _, err := mail.FitLogo([]byte("<svg/>")); err == nil {
		t.Error("what is no picture was taken")
	}
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		img.Set(x, h/2, color.NRGBA{R: uint8(x), G: 80, B: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
