package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"

	"tollhouse/tenant"
)

// Logos checks uploaded logos. Implemented by *tenant.LogoChecker; what it refuses is a *tenant.LogoError.
type Logos interface {
	// Check returns the image drawn anew. It may wait until another image is done, or ctx ends.
	Check(ctx context.Context, data []byte) (*tenant.EncodedLogo, error)
}

// putLogo takes an image, bare or as the field "logo" of a form. What is stored is re-encoded: nothing but the picture survives.
func (s *Server) putLogo(c *call) (reply, error) {
	data, err := c.image()
	if err != nil {
		return reply{}, err
	}
	logo, err := s.Logos.Check(c.Context(), data)
	if err != nil {
		return reply{}, err
	}
	t, err := s.Brands.PutLogo(c.Context(), c.tenant.ID, logo)
	if err != nil {
		return reply{}, err
	}
	return ok(showBrand(t.Brand))
}

func (s *Server) deleteLogo(c *call) (reply, error) {
	if _, err := s.Brands.RemoveLogo(c.Context(), c.tenant.ID); err != nil {
		return reply{}, err
	}
	return noContent()
}

func (s *Server) showLogo(c *call) (reply, error) {
	t, err := s.Brands.Tenant(c.Context(), c.tenant.ID)
	if err != nil {
		return reply{}, err
	}
	if t.Brand.Logo.Hash == "" {
		return reply{}, errNoLogo
	}
	image, contentType, err := s.Brands.Logo(c.Context(), c.tenant.ID, t.Brand.Logo.Hash)
	if err != nil {
		return reply{}, err
	}
	return reply{status: 200, contentType: contentType, body: image}, nil
}

// image unpacks the upload.
func (c *call) image() ([]byte, error) {
	media, parameters, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return nil, errImageType
	case media == "multipart/form-data":
		return imagePart(c.body, parameters["boundary"])
	case media == "image/svg+xml": // refused by what it is, with the reason
	case media != "image/png" && media != "image/jpeg" && media != "image/webp" && media != "application/octet-stream":
		return nil, errImageType
	}
	return withinLimit(c.body)
}

var (
	errImageType = errMediaType.saying("Send the image itself with Content-Type: image/png, image/jpeg or image/webp, or a multipart/form-data upload with the file in the field \"logo\".")
	errForm      = problem(400, "invalid_form", "The form is not what this needs", `Send one multipart/form-data part, the file, in the field "logo".`)
)

// imagePart takes the only part of a form.
func imagePart(body []byte, boundary string) ([]byte, error) {
	if boundary == "" {
		return nil, errForm
	}
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	part, err := form.NextPart()
	if err != nil || part.FormName() != "logo" {
		return nil, errForm
	}
	data, err := io.ReadAll(part)
	if err != nil {
		return nil, errForm
	}
	if _, err := form.NextPart(); !errors.Is(err, io.EOF) {
		return nil, errForm
	}
	return withinLimit(data)
}

func withinLimit(data []byte) ([]byte, error) {
	if len(data) > maxBody {
		return nil, errTooLarge.saying("A logo may have at most 1,048,576 bytes; save it smaller and send it again.")
	}
	return data, nil
}
