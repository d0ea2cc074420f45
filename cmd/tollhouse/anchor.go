package main

import (
	"context"
	"time"

	"tollhouse/portal/audit/auditdb"
)

const (
	// anchorEvery is how often a node looks for audit logs whose day has no anchor yet. The first look of a day makes them all.
	anchorEvery = 15 * time.Minute
	// anchorsAtOnce bounds one query.
	anchorsAtOnce = 500
)

// anchorDaily keeps each tenant's head of the audit log once a day, on whichever node comes first.
func (h *house) anchorDaily(ctx context.Context) error {
	tick := time.NewTicker(anchorEvery)
	defer tick.Stop()
	for {
		if err := h.anchorToday(ctx); err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "audit logs are not anchored; trying again later", "error", reason(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (h *house) anchorToday(ctx context.Context) error {
	day := h.now()
	for {
		ids, err := auditdb.Unanchored(ctx, h.pool, day, anchorsAtOnce)
		if err != nil {
			return err
		}
		for _, id := range ids {
			a, made, err := auditdb.MakeAnchor(ctx, h.pool, h.config.SealKeys, id, day)
			if err != nil {
				return err
			}
			if made { // the line is a copy that the database's owner cannot take back
				h.log.InfoContext(ctx, "audit log anchored", "tenant", id, "day", a.Day.Format(time.DateOnly), "n", a.N, "hash", a.Hash.String())
			}
		}
		if len(ids) < anchorsAtOnce {
			return nil
		}
	}
}
