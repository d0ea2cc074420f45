package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/deploy/migrations"
)

type doctorCmd struct{}

// Help is shown by `tollhouse doctor --help`.
func (doctorCmd) Help() string {
	return "Runs with the settings of serve, changes nothing, and exits with 1 when something is wrong."
}

// finding is what one check found out.
type finding struct {
	name string
	says string // what is well, in a few words
	err  error
	mend string // what to do about err

	advice string // what would be better still, when nothing is wrong
}

// Run checks everything and reports it all, also after a failure.
func (doctorCmd) Run(e *env) error {
	c, err := loadConfig(e.getenv, e.file, false)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.ctx, 60*time.Second)
	defer cancel()
	findings := diagnose(ctx, c)
	failed := report(e.stdout, findings)
	if failed > 0 {
		return exitError(1)
	}
	return nil
}

func report(w io.Writer, findings []finding) (failed int) {
	for _, f := range findings {
		if f.err == nil {
			fmt.Fprintf(w, "ok    %-10s %s\n", f.name, f.says)
			if f.advice != "" {
				fmt.Fprintf(w, "      %-10s → %s\n", "", f.advice)
			}
			continue
		}
		failed++
		fmt.Fprintf(w, "FAIL  %-10s %v\n      %-10s → %s\n", f.name, f.err, "", f.mend)
	}
	return failed
}

func diagnose(ctx context.Context, c Config) []finding {
	findings := []finding{{name: "settings", says: "complete"}, {name: "keys", says: "new values are sealed with " + c.SealKeys.Newest()}}
	pool, err := openPostgres(ctx, c, nil, nil)
	if err != nil {
		return append(findings, finding{name: "postgres", err: err, mend: "correct TOLLHOUSE_POSTGRES_URL"})
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		findings = append(findings, finding{name: "postgres", err: errors.New("no connection: " + reason(err)), mend: "start Postgres, or correct TOLLHOUSE_POSTGRES_URL"})
	} else {
		findings = append(append(findings, checkPostgres(ctx, pool)...), checkConnections(ctx, c, pool))
	}
	findings = append(findings, checkRedis(ctx, c), checkCA(ctx, c), checkSMTP(ctx, c), checkDKIM(c), checkBounces(c))
	account, err := storedAccount(c, pool)
	if err != nil {
		return append(findings, finding{name: "account", err: err, mend: "correct the TOLLHOUSE_ACME_… settings"})
	}
	return append(findings, checkTargets(ctx, c, account)...)
}

// reason leaves out what may hold a password.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "it does not answer"
	}
	var unwrapped error
	for unwrapped = err; errors.Unwrap(unwrapped) != nil; {
		unwrapped = errors.Unwrap(unwrapped)
	}
	return unwrapped.Error()
}

func checkPostgres(ctx context.Context, pool *pgxpool.Pool) []finding {
	var version string
	var server time.Time
	before := time.Now()
	err := pool.QueryRow(ctx, `SELECT current_setting('server_version'), clock_timestamp()`).Scan(&version, &server)
	skew := server.Sub(before.Add(time.Since(before) / 2)).Abs()
	findings := []finding{{name: "postgres", says: "version " + version, err: err, mend: "look at the database's log"}}
	if err := checkRole(ctx, pool); err != nil {
		return append(findings, finding{name: "role", err: err, mend: "see the message; tollhouse migrate makes the group role"})
	}
	findings = append(findings, finding{name: "role", says: "owns nothing and cannot bypass row-level security"})
	findings = append(findings, checkSchema(ctx, pool))
	clock := finding{name: "clock", says: fmt.Sprintf("within %s of the database's", skew.Round(time.Millisecond)), mend: "run NTP on this machine and on the database's"}
	if skew > 2*time.Second {
		clock.err = fmt.Errorf("%s away from the database's", skew.Round(time.Millisecond))
	}
	return append(findings, clock)
}

func checkSchema(ctx context.Context, pool *pgxpool.Pool) finding {
	f := finding{name: "schema", says: "up to date", mend: "run tollhouse migrate"}
	if behind, err := migrations.Behind(ctx, pool); err != nil {
		f.err = errors.New(reason(err))
	} else if behind > 0 {
		f.err = fmt.Errorf("%d migrations behind this program", behind)
	}
	return f
}

func checkRedis(ctx context.Context, c Config) finding {
	f := finding{name: "redis", says: "answers", mend: "start Redis, or correct TOLLHOUSE_REDIS_URL and TOLLHOUSE_REDIS_MODE; portals are served without it, more slowly"}
	client, err := openRedis(c, nil)
	if err != nil {
		f.err = err
		return f
	}
	defer client.Close()
	if err := client.Ping(ctx).Err(); err != nil {
		f.err = errors.New("no answer: " + reason(err))
	}
	return f
}

func checkCA(ctx context.Context, c Config) finding {
	f := finding{name: "ca", says: "answers and tells the same time", mend: "correct TOLLHOUSE_ACME_DIRECTORY and TOLLHOUSE_ACME_CA_FILE, and let this machine reach it"}
	roots, err := readRoots(c.ACME.CAFile)
	if err != nil {
		f.err = err
		return f
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.ACME.Directory, nil)
	if err != nil {
		f.err = err
		return f
	}
	response, err := client.Do(request)
	if err != nil {
		f.err = errors.New("no answer: " + reason(err))
		return f
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		f.err = fmt.Errorf("answers %s", response.Status)
	} else if date, err := http.ParseTime(response.Header.Get("Date")); err == nil && time.Since(date).Abs() > 30*time.Second {
		f.err, f.mend = fmt.Errorf("its clock is %s away from ours", time.Since(date).Abs().Round(time.Second)), "run NTP on this machine"
	}
	return f
}

func checkSMTP(ctx context.Context, c Config) finding {
	f := finding{name: "smtp", says: "takes our login", mend: "correct the TOLLHOUSE_SMTP_… settings; mails wait for up to 24 hours meanwhile"}
	sender, err := mailSender(c)
	if err == nil {
		err = sender.Check(ctx)
	}
	if err != nil {
		f.err = errors.New(reason(err))
	}
	return f
}
