// Package tenantdb keeps tenants, their brands, hosts and API keys in Postgres, and feeds the Directory from there. It checks what is stored
// with the rules of package tenant and adds none of its own; when a domain takes which step is decided by package domains, whose Store
// it is. Every statement on a tenant's data runs as that tenant. Only the operator's lists, the holder of a host and the Directory's feed
// look across tenants, and read only; a host that is taken over is the one change that two tenants share.
//
// Changes lock the tenant first, then its domain, then the directory's head, and a take-over the two tenants in the order of their ids.
//
//	store := tenantdb.New(pool, tenant.MustParseHostname("pay.example"), tenantdb.Hooks{})
//	acme, err := store.Create(ctx, tenant.Draft{Slug: "acme", Name: "Acme Ltd"})
//	go directory.Run(ctx, store.Feed(log))
package tenantdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// Store is the record of tenants. It is safe for concurrent use. A tenant, domain, key or logo that does not exist, or is another
// tenant's, is tenant.ErrNotFound; a slug or host in use is tenant.ErrTaken; what must not be stored is one or more *tenant.FieldError.
type Store struct {
	pool     *pgxpool.Pool
	platform tenant.Hostname
	hooks    Hooks
}

// Hooks are called in the transaction of a change, which then belongs to the tenant whose change it is. Their error undoes the change. Either
// may be nil.
type Hooks struct {
	// Note is called for each change, so that an audit entry can be written beside it.
	Note func(ctx context.Context, tx pgx.Tx, t tenant.ID, e Event) error
	// Lost is called when a host is given up or taken away, so that its certificate can be marked for revocation beside it.
	Lost func(ctx context.Context, tx pgx.Tx, host tenant.Hostname) error
}

// Event is one change.
type Event struct {
	What    string // like "brand.changed", "domain.active"
	Subject string // the key's or domain's id; "" when it is the tenant itself
	From    string // a domain's status before; "" for everything else
	Reason  string // code of why a domain changed its status; may be ""
	ByOther bool   // another tenant brought it about, as one that takes a host over does: who acts must not be told
}

// New returns a store whose tenants have their default hosts below platform, the platform domain. pool belongs to the server's role.
func New(pool *pgxpool.Pool, platform tenant.Hostname, hooks Hooks) *Store {
	if hooks.Note == nil {
		hooks.Note = func(context.Context, pgx.Tx, tenant.ID, Event) error { return nil }
	}
	if hooks.Lost == nil {
		hooks.Lost = func(context.Context, pgx.Tx, tenant.Hostname) error { return nil }
	}
	return &Store{pool: pool, platform: platform, hooks: hooks}
}

// change runs do as the tenant and notes it, both or neither.
func (s *Store) change(ctx context.Context, id tenant.ID, what string, do func(tx pgx.Tx) (subject string, err error)) error {
	return rls.Tx(ctx, s.pool, id, func(tx pgx.Tx) error {
		subject, err := do(tx)
		if err != nil {
			return err
		}
		return s.hooks.Note(ctx, tx, id, Event{What: what, Subject: subject})
	})
}

// DefaultHost returns the host that a tenant has without a domain of its own: <slug>.<platform domain>. It fails when the platform domain
// is so long that the two together are no host name.
func (s *Store) DefaultHost(slug string) (tenant.Hostname, error) {
	host, err := tenant.ParseHostname(slug + "." + s.platform.String())
	if err != nil {
		return tenant.Hostname{}, fmt.Errorf("the default host of %s: %w", slug, err)
	}
	return host, nil
}

// APIHost returns api.<platform domain>.
func (s *Store) APIHost() (tenant.Hostname, error) { return s.DefaultHost("api") }

// tenantColumns are the columns of a tenantRow, of a table called t.
const tenantColumns = `
	t.id, t.slug, t.name, t.status, t.time_zone, t.country, t.locale, t.currency, t.test,
	t.session_seconds, t.document_link_days, t.log_visitors, t.payment_instructions, t.link_mode = 'strict' AS strict_links, t.link_mode = 'step_up' AS step_up_links,
	t.partial_payments, t.partial_minimum,
	t.primary_color, t.accent_color, t.footer_text, t.support_email, t.logo_hash, t.logo_width, t.logo_height,
	t.epoch, t.created_at`

type tenantRow struct {
	ID, Slug, Name, Status, TimeZone, Country, Locale, Currency string

	Test                bool
	SessionSeconds      int64
	DocumentLinkDays    int32
	LogVisitors         bool
	PaymentInstructions string
	StrictLinks         bool
	StepUpLinks         bool
	PartialPayments     bool
	PartialMinimum      int64
	PrimaryColor        string
	AccentColor         string
	FooterText          string
	SupportEmail        string
	LogoHash            *string
	LogoWidth           int
	LogoHeight          int
	Epoch               int64
	CreatedAt           time.Time
}

// toDomain returns the tenant of a row; zone loads its time zone.
func (r tenantRow) toDomain(zone func(string) (*time.Location, error)) (*tenant.Tenant, error) {
	location, zoneErr := zone(r.TimeZone)
	brand, brandErr := r.brand()
	if err := errors.Join(zoneErr, brandErr); err != nil {
		return nil, fmt.Errorf("reading tenant %s: %w", r.ID, err)
	}
	return &tenant.Tenant{
		ID: tenant.ID(r.ID), Slug: r.Slug, Name: r.Name, Status: tenant.Status(r.Status),
		TimeZone: location, Country: r.Country, Locale: r.Locale, Currency: r.Currency, Test: r.Test,
		Brand: brand,
		Policy: tenant.Policy{
			SessionLifetime:      time.Duration(r.SessionSeconds) * time.Second,
			DocumentLinkLifetime: time.Duration(r.DocumentLinkDays) * 24 * time.Hour,
			StrictLinks:          r.StrictLinks,
			StepUpLinks:          r.StepUpLinks,
			LogVisitors:          r.LogVisitors,
			PaymentInstructions:  r.PaymentInstructions,
			PartialPayments:      r.PartialPayments,
			PartialMinimum:       r.PartialMinimum,
		},
		Style:     tenant.NewStyle(brand.Primary, brand.Accent),
		CreatedAt: r.CreatedAt.UTC(),
	}, nil
}

func (r tenantRow) brand() (tenant.Brand, error) {
	primary, err := tenant.ParseColor(r.PrimaryColor)
	if err != nil {
		return tenant.Brand{}, err
	}
	accent, err := tenant.ParseColor(r.AccentColor)
	if err != nil {
		return tenant.Brand{}, err
	}
	brand := tenant.Brand{Primary: primary, Accent: accent, Footer: r.FooterText, SupportEmail: r.SupportEmail}
	if r.LogoHash != nil {
		brand.Logo = tenant.Logo{Hash: *r.LogoHash, Width: r.LogoWidth, Height: r.LogoHeight}
	}
	return brand, nil
}

// one turns "no rows" into tenant.ErrNotFound.
func one(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return tenant.ErrNotFound
	}
	return err
}

// instant is a nullable time as a time; NULL is zero.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// stored is a time as a nullable column; zero is NULL.
func stored(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
