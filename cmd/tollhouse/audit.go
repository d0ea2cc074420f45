package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Follow the hash chain of audit logs, and name the first entry that is not as it was written."`
	Head   auditHeadCmd   `cmd:"" help:"Print where each chain stands, to be kept somewhere else."`
}

type auditVerifyCmd struct {
	Tenant string `arg:"" optional:"" help:"Slug or id; all tenants by default."`
	Head   string `help:"File that audit head wrote: the chains must go through what it says." type:"existingfile" placeholder:"FILE"`
}

// Help is shown by `tollhouse audit verify --help`.
func (auditVerifyCmd) Help() string {
	return "Reads everything and changes nothing. Without --head, a chain that somebody with full access to the database wrote anew shows only by the daily anchors. Exits with 1 when a chain is broken."
}

// Run verifies one chain or all.
func (c auditVerifyCmd) Run(e *env) error {
	kept, err := readHeads(c.Head)
	if err != nil {
		return err
	}
	return withPool(e, func(_ context.Context, pool *pgxpool.Pool, conf Config) error {
		broken := 0
		err := eachTenant(e.ctx, tenantStore(pool, conf), c.Tenant, func(t *tenant.Tenant) error {
			begun := time.Now()
			head, err := auditdb.Verify(e.ctx, pool, conf.SealKeys, t.ID, kept[t.ID]...)
			var found *audit.BrokenError
			if errors.As(err, &found) {
				broken++
				fmt.Fprintf(e.stdout, "BROKEN  %s: %v\n        the %d entries before it are as they were written\n", t.Slug, found, head.N)
				return nil
			}
			if err == nil {
				fmt.Fprintf(e.stdout, "ok      %s: %d entries, head %s (%s)\n", t.Slug, head.N, head.Hash, time.Since(begun).Round(time.Millisecond))
			}
			return err
		})
		if err == nil && broken > 0 {
			return exitError(1)
		}
		return err
	}, "SEAL_KEYS")
}

// eachTenant calls do with one tenant, or with all in order of their ids when name is empty.
func eachTenant(ctx context.Context, s *tenantdb.Store, name string, do func(*tenant.Tenant) error) error {
	if name != "" {
		t, err := s.Show(ctx, name)
		if err != nil {
			return plain(err, fmt.Sprintf("tenant %q", name))
		}
		return do(t)
	}
	for after := tenant.ID(""); ; {
		page, err := s.List(ctx, after, 200)
		if err != nil {
			return err
		}
		for _, t := range page {
			if err := do(t); err != nil {
				return err
			}
			after = t.ID
		}
		if len(page) < 200 {
			return nil
		}
	}
}

// keptHead is one line of what audit head prints.
type keptHead struct {
	Tenant tenant.ID `json:"tenant"`
	Slug   string    `json:"slug"`
	N      int64     `json:"n"`
	Hash   string    `json:"hash"`
	At     time.Time `json:"at"`
}

type auditHeadCmd struct {
	Tenant string `arg:"" optional:"" help:"Slug or id; all tenants by default."`
}

// Help is shown by `tollhouse audit head --help`.
func (auditHeadCmd) Help() string {
	return "One line of JSON a tenant. Keep the lines where nobody who can write to the database can write, and give them to `audit verify --head` later."
}

// Run prints heads.
func (c auditHeadCmd) Run(e *env) error {
	return withPool(e, func(_ context.Context, pool *pgxpool.Pool, conf Config) error {
		out := json.NewEncoder(e.stdout)
		return eachTenant(e.ctx, tenantStore(pool, conf), c.Tenant, func(t *tenant.Tenant) error {
			head, err := auditdb.Head(e.ctx, pool, t.ID)
			if err != nil {
				return err
			}
			return out.Encode(keptHead{Tenant: t.ID, Slug: t.Slug, N: head.N, Hash: head.Hash.String(), At: time.Now().UTC()})
		})
	})
}

// readHeads reads a file of kept heads; "" has none.
func readHeads(path string) (map[tenant.ID][]audit.Head, error) {
	kept := map[tenant.ID][]audit.Head{}
	if path == "" {
		return kept, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var line keptHead
		err := json.Unmarshal(lines.Bytes(), &line)
		var hash audit.Hash
		if err == nil {
			hash, err = audit.ParseHash(line.Hash)
		}
		if err != nil || line.Tenant == "" {
			return nil, fmt.Errorf("line %d of %s is not what `tollhouse audit head` prints", n, path)
		}
		if line.N > 0 {
			kept[line.Tenant] = append(kept[line.Tenant], audit.Head{N: line.N, Hash: hash})
		}
	}
	return kept, lines.Err()
}
