// Command bench measures what a running `tollhouse serve` costs beside the least that Go can do: a bare crypto/tls and net/http server with
// its certificates in a map. It starts both as children, and everything that the first needs: a private Postgres and Redis, a CA, a mail
// server. Both are driven over loopback in interleaved rounds, and what is compared is work per second of the server's own processor time,
// so that a busy machine changes both sides alike. Read the ratios, not the figures.
//
// What the numbers mean:
//
//   - the works: how often a server does one thing for one second of its own processor time. A page beside the bare server's fixed answer
//     shows what the page costs, the rest what our chain does.
//   - the flood: the 99th percentile of a known host's full handshakes, connecting included, while 2,000 hellos a second name hosts that
//     nobody has, from ever new networks. "To quiet" is what a visitor notices; "to elsewhere" takes out what the flood itself takes of the
//     machine that it shares with the server. The flood runs in a process of its own, at a lower priority.
//   - cold names: from the commit that gives a tenant a host to a page of it, certificate included, with Pebble; beside a bare ACME client
//     that asks every 5 ms whether the CA is done, which is the CA's own share.
//   - the start: from the start of the process to a first handshake, with the hosts of this run and with 100,000 more in Postgres.
//
// It measures and judges nothing. Everything that it starts ends with it. GOGC and GOMEMLIMIT, when set, hold for both servers.
//
//	bench -tollhouse bin/tollhouse
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options is what the command line says.
type options struct {
	program string        // the tollhouse binary
	rounds  int           // of which the median is taken
	each    time.Duration // how long one kind of work runs in one round
	only    string        // part of the names of the works to run; "" for all
	profile string        // folder for profiles of our server; "" for none
	parts   string        // which of "works", "flood", "cold" and "start" to measure, by their first letters
	floor   bool          // be the bare server
	flood   string        // be the flood, against this address
	sink    bool          // be what a flood is sent to instead of a server
}

func main() {
	runtime.LockOSThread() // children end with the thread that started them
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.floor {
		return serveFloor(stdin, stdout)
	}
	if o.sink {
		return serveSink(stdin, stdout)
	}
	if o.flood != "" {
		return serveFlood(o.flood, stdin, stdout)
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	w, ours, endOurs, err := startTollhouse(ctx, o)
	if err != nil {
		return err
	}
	defer endOurs()
	if o.profile != "" {
		return profiles(ctx, o, ours)
	}
	floor, endFloor, err := startFloor(ctx)
	if err != nil {
		return err
	}
	defer endFloor()
	if strings.Contains(o.parts, "w") {
		results, err := measure(ctx, o, floor, ours)
		if err != nil {
			return err
		}
		print(stdout, o, results)
	}
	if strings.Contains(o.parts, "f") {
		ofFloor, ofOurs, err := calmness(ctx, floor, ours)
		if err != nil {
			return err
		}
		printCalm(stdout, ofFloor, ofOurs)
	}
	if strings.Contains(o.parts, "c") {
		ofCA, ofOurs, err := coldness(ctx, w, ours)
		if err != nil {
			return err
		}
		printCold(stdout, ofCA, ofOurs)
	}
	if strings.Contains(o.parts, "s") { // the last, because it ends the server
		few, many, err := startUp(ctx, w, ours)
		if err != nil {
			return err
		}
		printStart(stdout, few, many)
	}
	return nil
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.program, "tollhouse", "bin/tollhouse", "the binary to measure")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds; the median counts")
	flags.DurationVar(&o.each, "each", 700*time.Millisecond, "time for each kind of work in each round")
	flags.StringVar(&o.only, "only", "", "run the works whose name holds this")
	flags.StringVar(&o.profile, "profile", "", "instead of comparing, write a processor profile of our server under each kind of work into this folder")
	flags.StringVar(&o.parts, "parts", "wfcs", "what to measure: w, the works; f, a known host under a flood of unknown names; c, cold names; s, a start with many hosts")
	flags.StringVar(&o.flood, "flood", "", "be the flood of unknown names against this address; for this program's own use")
	flags.BoolVar(&o.sink, "sink", false, "be the sink of a flood; for this program's own use")
	flags.BoolVar(&o.floor, "floor", false, "be the bare server that is compared with; for this program's own use")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.each <= 0 {
		return o, errors.New("-rounds and -each must be positive")
	}
	return o, nil
}

// work is one thing that both servers do.
type work struct {
	name, short string
	floor, ours func(ctx context.Context, t target, until time.Time) (int, error)
}

// works are those that the command line asks for.
func (o options) works() []work {
	return slices.DeleteFunc(slices.Clone(allWorks), func(w work) bool { return !strings.Contains(w.name, o.only) })
}

var allWorks = []work{
	{"full handshake, X25519MLKEM768", "handshake-mlkem", handshakes(modern), handshakes(modern)},
	{"full handshake, X25519", "handshake", handshakes(classic), handshakes(classic)},
	{"resumed handshake, X25519MLKEM768", "resumed", resumptions, resumptions},
	{"small GET, HTTP/1.1: /portal/test", "small-h1", gets(false, "/"), gets(false, "/portal/test")},
	{"small GET, HTTP/2: /portal/test", "small-h2", gets(true, "/"), gets(true, "/portal/test")},
	{"invoice list, HTTP/1.1", "list-h1", gets(false, "/"), gets(false, invoices)},
	{"invoice list, HTTP/2", "list-h2", gets(true, "/"), gets(true, invoices)},
}

// result is what one work came to: the medians of all rounds.
type result struct {
	name               string
	floor, ours, ratio float64 // the first two per second of the server's processor time
}

// measure runs every work on both servers, round by round, so that whatever else the machine does falls on both.
func measure(ctx context.Context, o options, floor, ours target) ([]result, error) {
	works := o.works()
	perFloor, perOurs := make([][]float64, len(works)), make([][]float64, len(works))
	for range o.rounds {
		for i, w := range works {
			a, err := perCPUSecond(ctx, floor, o.each, w.floor)
			if err != nil {
				return nil, fmt.Errorf("bare server, %s: %w", w.name, err)
			}
			b, err := perCPUSecond(ctx, ours, o.each, w.ours)
			if err != nil {
				return nil, fmt.Errorf("tollhouse, %s: %w", w.name, err)
			}
			perFloor[i], perOurs[i] = append(perFloor[i], a), append(perOurs[i], b)
		}
	}
	results := make([]result, len(works))
	for i, w := range works {
		results[i] = summary(w.name, perFloor[i], perOurs[i])
	}
	return results, nil
}

func summary(name string, floor, ours []float64) result {
	ratios := make([]float64, len(floor))
	for i := range floor {
		ratios[i] = ours[i] / floor[i]
	}
	return result{name, median(floor), median(ours), median(ratios)}
}

func median(v []float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

func print(out io.Writer, o options, results []result) {
	_, _ = fmt.Fprintf(out, "per second of the server's processor time; medians of %d interleaved rounds of %v\n", o.rounds, o.each)
	_, _ = fmt.Fprintf(out, "%-36s %12s %12s %8s\n", "", "bare server", "tollhouse", "ratio")
	for _, r := range results {
		_, _ = fmt.Fprintf(out, "%-36s %12.0f %12.0f %7.2fx\n", r.name, r.floor, r.ours, r.ratio)
	}
}
