package main

import (
	"context"
	"fmt"
	"time"
)

type domainBrakeCmd struct {
	Show    domainBrakeShowCmd    `cmd:"" default:"1" help:"Say whether the brake is set, and how many hosts are bad."`
	Release domainBrakeReleaseCmd `cmd:"" help:"Take the brake off."`
}

type domainBrakeShowCmd struct{}

// Run shows the brake.
func (domainBrakeShowCmd) Run(e *env) error {
	return withDesk(e, func(ctx context.Context, d *desk) error {
		brake, err := d.tenants.Brake(ctx)
		if err != nil {
			return err
		}
		turned, of, err := d.tenants.Turned(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%d of the %d hosts that DNS had proven look bad now.\n", turned, of)
		if brake.TrippedAt.IsZero() {
			fmt.Fprintln(e.stdout, "The brake is not set: a host whose proof stays away is given up after its time.")
			return nil
		}
		fmt.Fprintf(e.stdout, "The brake is set since %s, when %d of %d had turned bad: no host is given up while it is.\n"+
			"Look at the resolvers first: tollhouse domain doctor HOST, with one that is bad.\n"+
			"If they were wrong and are right again: tollhouse domain brake release\n"+
			"If those hosts have really moved away:  tollhouse domain brake release --accept\n", dated(brake.TrippedAt, time.Now()), brake.Turned, brake.Of)
		return nil
	})
}

type domainBrakeReleaseCmd struct {
	Accept bool `help:"The hosts that are bad now are really lost: they do not set the brake again."`
}

// Run takes the brake off.
func (c domainBrakeReleaseCmd) Run(e *env) error {
	return withDesk(e, func(ctx context.Context, d *desk) error {
		brake, err := d.tenants.Brake(ctx)
		if err != nil {
			return err
		}
		if brake.TrippedAt.IsZero() && !c.Accept {
			fmt.Fprintln(e.stdout, "The brake is not set; nothing was changed.")
			return nil
		}
		if err := d.tenants.Release(ctx, c.Accept); err != nil {
			return err
		}
		fmt.Fprint(e.stdout, "The brake is off. ")
		if c.Accept {
			fmt.Fprintln(e.stdout, "Hosts that are bad now go on towards being given up; only others set it again.")
			return nil
		}
		fmt.Fprintln(e.stdout, "It sets itself again if as many hosts are bad at the next check.")
		return nil
	})
}
