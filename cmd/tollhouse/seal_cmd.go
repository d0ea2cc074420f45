package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/certs/certsdb"
	"tollhouse/portal/access/accessdb"
	"tollhouse/tenant/seal"
)

type sealCmd struct {
	Status sealStatusCmd `cmd:"" help:"Count which keys of SEAL_KEYS are still needed, and for what."`
	Rotate sealRotateCmd `cmd:"" help:"Seal everything anew with the newest key, now."`
}

// Help is shown by `tollhouse seal --help`.
func (sealCmd) Help() string {
	return "To rotate: add the new key as the second of SEAL_KEYS on every node, then put it first on every node. What older keys sealed is then " +
		"sealed anew in the background. What runs out by itself, like links and kept forms, is waited for. An old key may be removed once `seal status` says so."
}

// withSeal runs a command with the database and the key ring.
func withSeal(e *env, do func(ctx context.Context, pool *pgxpool.Pool, ring *seal.Ring) error) error {
	c, err := loadConfig(e.getenv, e.file, false, "PLATFORM_DOMAIN", "POSTGRES_URL", "SEAL_KEYS")
	if err != nil {
		return err
	}
	pool, err := openPostgres(e.ctx, c, nil, nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := checkDatabase(e.ctx, pool); err != nil {
		return err
	}
	return do(e.ctx, pool, c.SealKeys)
}

type sealStatusCmd struct{}

// Run prints what needs which key, and then what may be done.
func (sealStatusCmd) Run(e *env) error {
	return withSeal(e, func(ctx context.Context, pool *pgxpool.Pool, ring *seal.Ring) error {
		needed := map[string]int{}
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "WHERE\tKEY\tVALUES\t")
		row := func(where string, tally map[string]int) {
			for _, id := range slices.Sorted(maps.Keys(tally)) {
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", where, orNone(id), tally[id], standing(ring, id))
				needed[id] += tally[id]
			}
		}
		for _, p := range sealedPlaces(pool, ring) {
			tally, err := p.Tally(ctx)
			if err != nil {
				return err
			}
			row(p.Name(), tally)
		}
		links, err := accessdb.LinkKeys(ctx, pool)
		if err != nil {
			return err
		}
		row("portal_links (run out)", links)
		drafts, err := accessdb.DraftKeys(ctx, pool)
		if err != nil {
			return err
		}
		row("form_drafts (run out within the hour)", drafts)
		nodes, err := certsdb.SealingKeys(ctx, pool)
		if err != nil {
			return err
		}
		row("living nodes", nodes)
		if err := w.Flush(); err != nil {
			return err
		}
		for _, id := range ring.Keys() {
			fmt.Fprintln(e.stdout, verdict(ring, id, needed[id]))
		}
		return nil
	})
}

// standing says what the ring knows of a key.
func standing(ring *seal.Ring, id string) string {
	switch {
	case id == ring.Newest():
		return ""
	case slices.Contains(ring.Keys(), id):
		return "old"
	}
	return "not in SEAL_KEYS"
}

func orNone(id string) string {
	if id == "" {
		return "(none)"
	}
	return id
}

func verdict(ring *seal.Ring, id string, needed int) string {
	switch {
	case id == ring.Newest():
		return fmt.Sprintf("%s: the newest, seals", id)
	case needed > 0:
		return fmt.Sprintf("%s: needed by %d, keep it", id, needed)
	}
	const free = "%s: needed by nothing here; remove it once every node has run for 6 h with %s first (local copies follow by then)"
	return fmt.Sprintf(free, id, ring.Newest())
}

type sealRotateCmd struct{}

// Run seals anew, and fails when something could not be read: an old key must not go then.
func (sealRotateCmd) Run(e *env) error {
	return withSeal(e, func(ctx context.Context, pool *pgxpool.Pool, ring *seal.Ring) error {
		if err := agreed(ctx, pool, ring); err != nil {
			return err
		}
		unreadable := 0
		for _, p := range sealedPlaces(pool, ring) {
			done, err := seal.ResealAll(ctx, p, rotationStep, func(context.Context) {})
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s: %d sealed anew\n", p.Name(), done.Resealed)
			for _, where := range done.Unreadable {
				fmt.Fprintf(e.stdout, "%s: no key opens %s\n", p.Name(), where)
			}
			unreadable += len(done.Unreadable)
		}
		if unreadable > 0 {
			return errors.New("some values open with no key of SEAL_KEYS; they were left as they are")
		}
		return nil
	})
}
