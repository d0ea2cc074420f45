package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// testClock is a clock that can be moved, with --test-mode only. Expiry is judged by the database, so each of its connections is told the
// offset before it is used. It is not told the error, by which the clock is wrong.
type testClock struct {
	offset, wrong atomic.Int64
	also          []func(mux *http.ServeMux) // what else the control socket serves; set before it is opened
}

// Now is the time that the program goes by.
func (c *testClock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load() + c.wrong.Load()))
}

const offsetKey = "app.clock_offset"

// prepare tells a connection the offset unless it knows it. It runs each time a connection is taken from the pool.
func (c *testClock) prepare(ctx context.Context, conn *pgx.Conn) (bool, error) {
	want := c.offset.Load()
	if known, ok := conn.PgConn().CustomData()[offsetKey].(int64); ok && known == want || !ok && want == 0 {
		return true, nil
	}
	if _, err := conn.Exec(ctx, `SELECT set_config($1, $2, false)`, offsetKey, fmt.Sprintf("%d microseconds", want/1000)); err != nil {
		return false, err
	}
	conn.PgConn().CustomData()[offsetKey] = want
	return true, nil
}

// control serves the clock on a socket that only the owner of the process can reach:
//
//	GET  /clock                        {"now": "…"}
//	POST /clock {"advance": "25h"}     move it on (or back, with a minus)
//	POST /clock {"set": "2027-01-01T00:00:00Z"}
//	POST /clock {"wrong": "1h"}        make it an hour fast (slow, with a minus); "0s" mends it
func (c *testClock) control(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("making room for the control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("opening the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clock", c.show)
	mux.HandleFunc("POST /clock", c.move)
	for _, routes := range c.also {
		routes(mux)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (c *testClock) show(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"now\": %q}\n", c.Now().UTC().Format(time.RFC3339Nano))
}

func (c *testClock) move(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Set     time.Time `json:"set"`
		Advance string    `json:"advance"`
		Wrong   string    `json:"wrong"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1024))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		http.Error(w, "send {\"set\": an RFC 3339 time}, {\"advance\": a duration} or {\"wrong\": a duration}", http.StatusBadRequest)
		return
	}
	by, err := time.ParseDuration(cmp.Or(in.Wrong, in.Advance))
	switch {
	case !in.Set.IsZero():
		c.offset.Store(int64(time.Until(in.Set)))
	case err != nil:
		http.Error(w, "advance and wrong are durations like 25h", http.StatusBadRequest)
		return
	case in.Wrong != "":
		c.wrong.Store(int64(by))
	default:
		c.offset.Add(int64(by))
	}
	c.show(w, r)
}

// undefinedObject reports whether err says that a role or another object is not there.
func undefinedObject(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42704"
}
