package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	calmRounds = 5
	calmTime   = 1500 * time.Millisecond
	// calmEvery is the pace of the known host's handshakes: slow enough to leave the machine idle between them.
	calmEvery = 10 * time.Millisecond
)

// calm is how a server's known host fares while nobody floods it, and while somebody does: medians over rounds of the 99th percentile.
type calm struct {
	quiet     time.Duration
	elsewhere time.Duration // while the flood goes to the sink: what the flood costs the machine that it shares with the server
	flooded   time.Duration
	ratio     float64       // flooded to quiet, as the rounds had it
	own       float64       // flooded to elsewhere: the server's part in it
	perHello  time.Duration // processor time of the server for one refused hello
	rate      float64       // hellos a second that the flood really sent
}

// calmness measures both servers in interleaved rounds.
func calmness(ctx context.Context, floor, ours target) (ofFloor, ofOurs calm, err error) {
	sink, endSink, err := startSink(ctx)
	if err != nil {
		return calm{}, calm{}, err
	}
	defer endSink()
	sides := [2]struct {
		t      target
		rounds []calm
	}{{t: floor}, {t: ours}}
	for range calmRounds {
		for i := range sides {
			round, err := calmRound(ctx, calmTime, sides[i].t, sink)
			if err != nil {
				return calm{}, calm{}, fmt.Errorf("%s: %w", sides[i].t.host, err)
			}
			sides[i].rounds = append(sides[i].rounds, round)
		}
	}
	return medianCalm(sides[0].rounds), medianCalm(sides[1].rounds), nil
}

func calmRound(ctx context.Context, each time.Duration, t target, sink string) (round calm, err error) {
	var quietTime, floodedTime time.Duration
	if round.quiet, quietTime, err = slowest(ctx, each, t); err != nil {
		return round, err
	}
	if round.elsewhere, _, _, err = besideFlood(ctx, each, t, sink); err != nil {
		return round, err
	}
	var came flooded
	if round.flooded, floodedTime, came, err = besideFlood(ctx, each, t, t.address); err != nil {
		return round, err
	}
	round.ratio = float64(round.flooded) / float64(round.quiet)
	round.own = float64(round.flooded) / float64(round.elsewhere)
	round.rate = float64(came.Sent) / came.Seconds
	// What the known host costs is the same with and without.
	round.perHello = max(0, floodedTime-quietTime) / time.Duration(came.Sent)
	return round, nil
}

// besideFlood is slowest while a flood goes to an address.
func besideFlood(ctx context.Context, each time.Duration, t target, to string) (p99, used time.Duration, came flooded, err error) {
	f, err := startFlood(ctx, to)
	if err != nil {
		return 0, 0, came, err
	}
	p99, used, err = slowest(ctx, each, t)
	came, err = f.endWith(err)
	return p99, used, came, err
}

// endWith ends the flood also when what it was for has failed.
func (f *part) endWith(errs ...error) (flooded, error) {
	came, err := f.end()
	for _, e := range append(errs, err) {
		if e != nil {
			return came, e
		}
	}
	return came, nil
}

// slowest makes full handshakes at a steady pace and returns the 99th percentile of the time that one takes, connecting included, and the
// processor time that the server used meanwhile.
func slowest(ctx context.Context, during time.Duration, t target) (p99, used time.Duration, err error) {
	before, err := cpuTime(t.pid)
	if err != nil {
		return 0, 0, err
	}
	config := &tls.Config{RootCAs: t.roots, ServerName: t.host, CurvePreferences: modern, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS13}
	var mu sync.Mutex
	var spent []time.Duration
	var failed error
	var running sync.WaitGroup
	tick := time.NewTicker(calmEvery)
	defer tick.Stop()
	for until := time.Now().Add(during); time.Now().Before(until); <-tick.C {
		running.Go(func() {
			begun := time.Now()
			err := handshake(ctx, t.address, config)
			mu.Lock()
			defer mu.Unlock()
			spent = append(spent, time.Since(begun))
			if err != nil {
				failed = err
			}
		})
	}
	running.Wait()
	after, err := cpuTime(t.pid)
	if err = errors.Join(failed, err); err != nil {
		return 0, 0, err
	}
	return percentile(spent, 99), after - before, nil
}

// percentile sorts v, which must not be empty.
func percentile(v []time.Duration, p int) time.Duration {
	slices.Sort(v)
	return v[(len(v)-1)*p/100]
}

func medianCalm(rounds []calm) calm {
	of := func(value func(calm) float64) float64 {
		all := make([]float64, len(rounds))
		for i, r := range rounds {
			all[i] = value(r)
		}
		return median(all)
	}
	return calm{
		quiet:     time.Duration(of(func(c calm) float64 { return float64(c.quiet) })),
		elsewhere: time.Duration(of(func(c calm) float64 { return float64(c.elsewhere) })),
		flooded:   time.Duration(of(func(c calm) float64 { return float64(c.flooded) })),
		ratio:     of(func(c calm) float64 { return c.ratio }),
		own:       of(func(c calm) float64 { return c.own }),
		perHello:  time.Duration(of(func(c calm) float64 { return float64(c.perHello) })),
		rate:      of(func(c calm) float64 { return c.rate }),
	}
}

func printCalm(out io.Writer, floor, ours calm) {
	_, _ = fmt.Fprintf(out, "\na known host's full handshake, 99th percentile, while %d hellos a second name hosts that nobody has; medians of %d rounds\n", floodRate, calmRounds)
	_, _ = fmt.Fprintf(out, "%-14s %9s %15s %11s %10s %14s %16s %9s\n", "", "quiet", "flood elsewhere", "flood here", "to quiet", "to elsewhere", "CPU per unknown", "hellos/s")
	for _, side := range []struct {
		name string
		calm
	}{{"bare server", floor}, {"tollhouse", ours}} {
		_, _ = fmt.Fprintf(out, "%-14s %9s %15s %11s %9.2fx %13.2fx %16s %9.0f\n", side.name, ms(side.quiet), ms(side.elsewhere), ms(side.flooded), side.ratio, side.own,
			side.perHello.Round(time.Microsecond), side.rate)
	}
	_, _ = fmt.Fprintln(out, "\"elsewhere\" goes to a process that answers a hello with seven fixed bytes: what the flood itself takes of this machine. Promised: 1.2x at most.")
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2fms", d.Seconds()*1000) }
