package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

// withStore runs an operator's command on the record of tenants, as the server's role.
func withStore(e *env, do func(ctx context.Context, s *tenantdb.Store, c Config) error) error {
	return withPool(e, func(ctx context.Context, pool *pgxpool.Pool, c Config) error { return do(ctx, tenantStore(pool, c), c) })
}

func tenantStore(pool *pgxpool.Pool, c Config) *tenantdb.Store {
	return tenantdb.New(pool, c.PlatformDomain, tenantdb.Hooks{Note: noteChange, Lost: revokeLost})
}

// withPool runs an operator's command on the database, as the server's role. need names settings that it cannot do without beside those.
func withPool(e *env, do func(ctx context.Context, pool *pgxpool.Pool, c Config) error, need ...string) error {
	c, err := loadConfig(e.getenv, e.file, false, append(need, "PLATFORM_DOMAIN", "POSTGRES_URL")...)
	if err != nil {
		return err
	}
	pool, err := openPostgres(e.ctx, c, nil, nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(e.ctx, 2*time.Minute) // for lists of 100,000 hosts; each statement has a limit of its own
	defer cancel()
	if err := checkDatabase(ctx, pool); err != nil {
		return err
	}
	return do(access.WithActor(ctx, access.Actor{Kind: string(audit.Operator), ID: operatorName()}), pool, c)
}

// operatorName is the user of this machine who runs the command, for the audit log.
func operatorName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// plain says a store's refusal as an operator reads it.
func plain(err error, what string) error {
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return fmt.Errorf("there is no %s", what)
	case errors.Is(err, tenant.ErrTaken):
		return fmt.Errorf("%s is already in use", what)
	}
	return err
}

type tenantCmd struct {
	Create  tenantCreateCmd  `cmd:"" help:"Create a tenant; its default host is served at once."`
	List    tenantListCmd    `cmd:"" help:"List all tenants."`
	Show    tenantShowCmd    `cmd:"" help:"Show one tenant with its hosts and keys."`
	Suspend tenantSuspendCmd `cmd:"" help:"Stop serving a tenant; sessions end."`
	Resume  tenantResumeCmd  `cmd:"" help:"Serve a suspended tenant again."`
}

type tenantCreateCmd struct {
	Slug     string `arg:"" help:"First label of its default host: 3 to 40 of a-z, 0-9 and hyphens."`
	Name     string `arg:"" help:"Name that clients read."`
	TimeZone string `help:"IANA time zone of its dates." default:"UTC"`
	Country  string `help:"ISO 3166-1 code, like US." default:"US"`
	Locale   string `help:"BCP 47 tag, like en-US." default:"en-US"`
	Currency string `help:"ISO 4217 code of new invoices." default:"USD"`
	Test     bool   `help:"Make it for rehearsal: its keys are thk_test_…"`
}

// Run creates a tenant.
func (t tenantCreateCmd) Run(e *env) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		made, err := s.Create(ctx, tenant.Draft{Slug: t.Slug, Name: t.Name, TimeZone: t.TimeZone, Country: t.Country, Locale: t.Locale, Currency: t.Currency, Test: t.Test})
		if err != nil {
			return plain(err, fmt.Sprintf("the slug %q", t.Slug))
		}
		host, err := s.DefaultHost(made.Slug)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s\nIts portal is https://%s/portal/\nNext: tollhouse key create %s KEY-NAME\n", made.ID, host, made.Slug)
		return nil
	})
}

type tenantListCmd struct{}

// Run lists tenants.
func (tenantListCmd) Run(e *env) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "SLUG\tNAME\tSTATUS\tID\tCREATED")
		for after := tenant.ID(""); ; {
			page, err := s.List(ctx, after, 200)
			if err != nil {
				return err
			}
			for _, t := range page {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Slug, t.Name, t.Status, t.ID, t.CreatedAt.UTC().Format(time.DateOnly))
				after = t.ID
			}
			if len(page) < 200 {
				return w.Flush()
			}
		}
	})
}

type tenantShowCmd struct {
	Tenant string `arg:"" help:"Slug or id."`
}

// Run shows one tenant.
func (c tenantShowCmd) Run(e *env) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		t, err := s.Show(ctx, c.Tenant)
		if err != nil {
			return plain(err, fmt.Sprintf("tenant %q", c.Tenant))
		}
		host, err := s.DefaultHost(t.Slug)
		if err != nil {
			return err
		}
		domains, err := s.Domains(ctx, t.ID)
		if err != nil {
			return err
		}
		keys, err := s.Keys(ctx, t.ID)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "id\t%s\nslug\t%s\nname\t%s\nstatus\t%s\ntime zone\t%s\ncountry\t%s\nlocale\t%s\ncurrency\t%s\n",
			t.ID, t.Slug, t.Name, t.Status, t.TimeZone, t.Country, t.Locale, t.Currency)
		fmt.Fprintf(w, "session\t%s\nhost\t%s (default)\n", t.Policy.SessionLifetime, host)
		for _, d := range domains {
			fmt.Fprintf(w, "host\t%s (%s)\n", d.Host, d.Status)
		}
		for _, k := range keys {
			fmt.Fprintf(w, "key\t%s %q%s\n", k.ID, k.Name, revoked(k))
		}
		return w.Flush()
	})
}

func revoked(k tenant.APIKey) string {
	if k.RevokedAt.IsZero() {
		return ""
	}
	return " (revoked)"
}

type tenantSuspendCmd struct {
	Tenant string `arg:"" help:"Slug or id."`
}

// Run suspends a tenant.
func (c tenantSuspendCmd) Run(e *env) error { return setStatus(e, c.Tenant, (*tenantdb.Store).Suspend) }

type tenantResumeCmd struct {
	Tenant string `arg:"" help:"Slug or id."`
}

// Run resumes a tenant.
func (c tenantResumeCmd) Run(e *env) error { return setStatus(e, c.Tenant, (*tenantdb.Store).Resume) }

func setStatus(e *env, name string, set func(*tenantdb.Store, context.Context, tenant.ID) (*tenant.Tenant, error)) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		t, err := s.Show(ctx, name)
		if err != nil {
			return plain(err, fmt.Sprintf("tenant %q", name))
		}
		if t, err = set(s, ctx, t.ID); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s is %s.\n", t.Slug, t.Status)
		return nil
	})
}

type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Make an API key and show it, once."`
	Revoke keyRevokeCmd `cmd:"" help:"Make a key useless, at once and everywhere."`
}

type keyCreateCmd struct {
	Tenant string   `arg:"" help:"Slug or id."`
	Name   string   `arg:"" help:"What it is for, like \"invoicing\"."`
	Scope  []string `help:"What it may do; all by default. Repeat or separate with commas."`
}

// Help lists the scopes.
func (keyCreateCmd) Help() string {
	names := make([]string, len(tenant.Scopes))
	for i, s := range tenant.Scopes {
		names[i] = string(s)
	}
	return "Scopes: " + strings.Join(names, ", ")
}

// Run makes a key.
func (c keyCreateCmd) Run(e *env) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		t, err := s.Show(ctx, c.Tenant)
		if err != nil {
			return plain(err, fmt.Sprintf("tenant %q", c.Tenant))
		}
		scopes := make([]tenant.Scope, len(c.Scope))
		for i, name := range c.Scope {
			scopes[i] = tenant.Scope(name)
		}
		secret, key, err := s.CreateKey(ctx, t.ID, c.Name, scopes)
		if err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, secret)
		fmt.Fprintf(e.stderr, "This is key %s. It is shown only now: only its hash is kept.\n", key.ID)
		return nil
	})
}

type keyRevokeCmd struct {
	Tenant string `arg:"" help:"Slug or id."`
	Key    string `arg:"" help:"The key's id, like key_…; tenant show lists them."`
}

// Run revokes a key.
func (c keyRevokeCmd) Run(e *env) error {
	return withStore(e, func(ctx context.Context, s *tenantdb.Store, _ Config) error {
		t, err := s.Show(ctx, c.Tenant)
		if err != nil {
			return plain(err, fmt.Sprintf("tenant %q", c.Tenant))
		}
		if err := s.RevokeKey(ctx, t.ID, c.Key); err != nil {
			return plain(err, fmt.Sprintf("key %q of %s", c.Key, t.Slug))
		}
		fmt.Fprintf(e.stdout, "%s is revoked.\n", c.Key)
		return nil
	})
}
