// Command edgebench measures what a running Tollhouse costs beside the least that Go can do: a bare crypto/tls and net/http server with its
// certificates in a map, started as a child of this program. Both are driven over loopback in interleaved rounds, and what is compared is
// work per second of the server's own processor time, so that a busy machine changes both sides alike. Read the ratios, not the figures.
//
// It measures; it judges nothing and changes nothing but one portal session and its link.
//
//	tollhouse dev &
//	edgebench -guide .dev/dev.json
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"
)

// options is what the command line says.
type options struct {
	guide  string        // the file that `tollhouse dev` writes
	rounds int           // of which the median is taken
	each   time.Duration // how long one kind of work runs in one round
	floor  bool          // be the bare server

	target // what the guide would say, when there is no guide
	caFile string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "edgebench:", err)
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
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	gateway, err := o.gateway(ctx)
	if err != nil {
		return err
	}
	floor, end, err := startFloor(ctx)
	if err != nil {
		return err
	}
	defer end()
	results, err := measure(ctx, o, floor, gateway)
	if err != nil {
		return err
	}
	print(stdout, o, results)
	return nil
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("edgebench", flag.ContinueOnError)
	flags.StringVar(&o.guide, "guide", "", "the dev.json of a running `tollhouse dev`; the other flags replace what it says")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds; the median counts")
	flags.DurationVar(&o.each, "each", time.Second, "time for each kind of work in each round")
	flags.BoolVar(&o.floor, "floor", false, "be the bare server that is compared with; for this program's own use")
	flags.StringVar(&o.address, "https", "", "address of the TLS listener, as host:port")
	flags.StringVar(&o.caFile, "ca", "", "PEM file that the server is trusted by")
	flags.StringVar(&o.host, "host", "", "a tenant's host")
	flags.StringVar(&o.cookie, "cookie", "", "a portal session of that host, as name=value")
	flags.IntVar(&o.pid, "pid", 0, "process id of the server")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.each <= 0 {
		return o, fmt.Errorf("-rounds and -each must be positive")
	}
	return o, nil
}

// work is one thing that both servers do.
type work struct {
	name        string
	floor, ours func(ctx context.Context, t target, until time.Time) (int, error)
}

// result is what one work came to: the medians of all rounds.
type result struct {
	name               string
	floor, ours, ratio float64 // the first two per second of the server's processor time
}

// measure runs every work on both servers, round by round, so that whatever else the machine does falls on both.
func measure(ctx context.Context, o options, floor, ours target) ([]result, error) {
	works := []work{
		{"full handshake, X25519MLKEM768", handshakes(modern), handshakes(modern)},
		{"full handshake, X25519", handshakes(classic), handshakes(classic)},
		{"small GET, HTTP/1.1: /portal/test", gets(false, "/"), gets(false, "/portal/test")},
		{"small GET, HTTP/2: /portal/test", gets(true, "/"), gets(true, "/portal/test")},
		{"invoice list, HTTP/1.1", gets(false, "/"), gets(false, invoices)},
		{"invoice list, HTTP/2", gets(true, "/"), gets(true, invoices)},
	}
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
