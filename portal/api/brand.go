package api

import (
	"context"
	"errors"

	"tollhouse/tenant"
)

// Brands keeps how a tenant's portal looks and behaves. Every method is about one tenant; tenant.ErrNotFound stands for what is not there.
type Brands interface {
	// Tenant returns the tenant as the record has it now: the Directory may be a moment behind a change.
	Tenant(ctx context.Context, t tenant.ID) (*tenant.Tenant, error)
	// UpdateBrand locks the tenant, lets change alter its brand (the logo apart) and writes it.
	UpdateBrand(ctx context.Context, t tenant.ID, change func(*tenant.Brand) error) (*tenant.Tenant, error)
	// UpdatePolicy does the same for its policy.
	UpdatePolicy(ctx context.Context, t tenant.ID, change func(*tenant.Policy) error) (*tenant.Tenant, error)
	// PutLogo makes a checked logo the tenant's.
	PutLogo(ctx context.Context, t tenant.ID, logo *tenant.EncodedLogo) (*tenant.Tenant, error)
	// RemoveLogo leaves the tenant without one; a second time changes nothing.
	RemoveLogo(ctx context.Context, t tenant.ID) (*tenant.Tenant, error)
	// Logo returns a stored logo by its hash.
	Logo(ctx context.Context, t tenant.ID, hash string) (image []byte, contentType string, err error)
}

// Brand is how the portal looks, as the API shows it.
type Brand struct {
	PrimaryColor string `json:"primary_color"`
	AccentColor  string `json:"accent_color"`
	FooterText   string `json:"footer_text"`
	SupportEmail string `json:"support_email"`
	Logo         *Logo  `json:"logo"` // null: the name is set in type
}

// Logo describes the stored logo; its bytes are at /api/brand/logo.
type Logo struct {
	Hash   string `json:"sha256"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func showBrand(b tenant.Brand) Brand {
	out := Brand{PrimaryColor: b.Primary.String(), AccentColor: b.Accent.String(), FooterText: b.Footer, SupportEmail: b.SupportEmail}
	if b.Logo.Hash != "" {
		out.Logo = &Logo{Hash: b.Logo.Hash, Width: b.Logo.Width, Height: b.Logo.Height}
	}
	return out
}

type brandInput struct {
	PrimaryColor *string `json:"primary_color"`
	AccentColor  *string `json:"accent_color"`
	FooterText   *string `json:"footer_text"`
	SupportEmail *string `json:"support_email"`
}

func (in brandInput) apply(check *checker, b *tenant.Brand) {
	check.color(&b.Primary, "primary_color", in.PrimaryColor)
	check.color(&b.Accent, "accent_color", in.AccentColor)
	check.text(&b.Footer, "footer_text", in.FooterText, 1000)
	check.email(&b.SupportEmail, "support_email", in.SupportEmail, 0)
}

func (c *checker) color(to *tenant.Color, field string, from *string) {
	if from == nil {
		return
	}
	color, err := tenant.ParseColor(*from)
	if err != nil {
		c.add(field, "invalid_color", "this must be a colour as #RRGGBB, like #1f5fbf")
		return
	}
	*to = color
}

func (s *Server) showBrand(c *call) (reply, error) {
	t, err := s.Brands.Tenant(c.Context(), c.tenant.ID)
	if err != nil {
		return reply{}, err
	}
	return ok(showBrand(t.Brand))
}

func (s *Server) changeBrand(c *call) (reply, error) {
	var in brandInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	in.apply(check, &tenant.Brand{})
	if err := check.err(); err != nil {
		return reply{}, err
	}
	t, err := s.Brands.UpdateBrand(c.Context(), c.tenant.ID, func(b *tenant.Brand) error {
		in.apply(&checker{}, b)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(showBrand(t.Brand))
}

var errNoLogo = problem(404, "not_found", "Not found", "The account has no logo; PUT one here.")

func fromBrand(err error) (*Problem, bool) {
	var bad *tenant.LogoError
	if errors.As(err, &bad) {
		return errInvalid.with(FieldError{Field: "logo", Code: bad.Code, Message: bad.Reason}), true
	}
	if fields := tenant.Fields(err); len(fields) > 0 {
		p := *errInvalid
		for _, f := range fields {
			p.Errors = append(p.Errors, FieldError{Field: f.Field, Code: "invalid", Message: "This " + f.Reason + "."})
		}
		return &p, true
	}
	return nil, false
}
