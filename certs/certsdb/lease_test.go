package certsdb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/deploy/services/pgtest"
)

// TestMain is also the program of a second holder, which gets killed and stopped.
func TestMain(m *testing.M) {
	if os.Getenv("CERTSDB_TEST_HOLDER") != "" {
		holder()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const shortTTL = 600 * time.Millisecond

func short(c *certsdb.Config) { c.LeaseTTL = shortTTL }

// holder takes the lease, puts two of three pieces aside, says so, and commits when it is told to.
func holder() {
	pool := must(pgxpool.New(ctx, os.Getenv("CERTSDB_TEST_HOLDER")))
	s := must(certsdb.New(config(pool, short)))
	c := newAuthority().issue(billing, time.Hour)
	if err := errors.Join(s.Lock(ctx, lease), s.Store(ctx, site+".key", c.key), s.Store(ctx, site+".crt", c.chain)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("staged")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	if err := s.Store(ctx, site+".json", c.meta); err != nil {
		fmt.Println("refused:", errors.Is(err, certsdb.ErrLeaseLost))
		return
	}
	fmt.Println("committed")
}

type process struct {
	t   *testing.T
	cmd *exec.Cmd
	in  interface{ Write([]byte) (int, error) }
	out *bufio.Reader
}

func startHolder(t *testing.T, db pgtest.DB) *process {
	t.Helper()
	cmd := exec.Command(must(os.Executable()))
	cmd.Env = append(os.Environ(), "CERTSDB_TEST_HOLDER="+db.AppURL)
	in, out := must(cmd.StdinPipe()), must(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p := &process{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
	if line := p.line(); line != "staged" {
		t.Fatalf("the holder said %q", line)
	}
	return p
}

func (p *process) line() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("the holder said nothing: %v", err)
	}
	return strings.TrimSpace(line)
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func TestLease_KilledBetweenPiecesCommitsNothingAndFreesTheName(t *testing.T) {
	_, db := setup(t)
	s := open(t, db, short)
	startHolder(t, db).signal(syscall.SIGKILL)
	if taken, err := s.TryLock(ctx, lease); taken || err != nil {
		t.Errorf("its lease was free at once: %v", err)
	}
	if err := s.Lock(ctx, lease); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, site+".key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a certificate is stored: %v", err)
	}
	if err := write(ctx, s, newAuthority().issue(billing, time.Hour)); err != nil {
		t.Errorf("the next holder: %v", err)
	}
	unlock(t, s, lease)
}

func TestLease_StoppedHolderCannotCommitWhenItWakes(t *testing.T) {
	_, db := setup(t)
	s := open(t, db, short)
	p := startHolder(t, db)
	p.signal(syscall.SIGSTOP)
	newer := newAuthority().issue(billing, time.Hour)
	put(t, s, newer) // waits until the lease has run out
	p.signal(syscall.SIGCONT)
	_, _ = p.in.Write([]byte("\n"))
	if line := p.line(); line != "refused: true" {
		t.Errorf("the holder that overslept said %q", line)
	}
	if got, err := s.Load(ctx, site+".key"); err != nil || string(got) != string(newer.key) {
		t.Errorf("the newer certificate was overwritten: %v", err)
	}
}

func TestLease_RunningHolderKeepsItsLeaseAndCommits(t *testing.T) {
	_, db := setup(t)
	s := open(t, db, short)
	p := startHolder(t, db)
	wait, cancel := context.WithTimeout(ctx, 3*shortTTL)
	defer cancel()
	if err := s.Lock(wait, lease); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a living holder's lease was taken: %v", err)
	}
	_, _ = p.in.Write([]byte("\n"))
	if line := p.line(); line != "committed" {
		t.Errorf("the holder said %q", line)
	}
}

func TestLease_OneHolderAtATimeAndFencesGrow(t *testing.T) {
	_, db := setup(t)
	stores := []*certsdb.Store{open(t, db, nil), open(t, db, nil)}
	var inside, most atomic.Int32
	var mu sync.Mutex
	var fences []int64
	var group sync.WaitGroup
	for i := range 40 {
		s := stores[i%2]
		group.Go(func() {
			if err := s.Lock(ctx, "name"); err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), inside.Add(1)))
			var fence int64
			if err := db.Owner.QueryRow(ctx, `SELECT fence FROM certificate_leases WHERE name = 'name'`).Scan(&fence); err != nil {
				t.Error(err)
			}
			mu.Lock()
			fences = append(fences, fence)
			mu.Unlock()
			inside.Add(-1)
			if err := s.Unlock(ctx, "name"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if most.Load() != 1 {
		t.Errorf("%d held it at once", most.Load())
	}
	for i, fence := range fences {
		if fence != int64(i+1) {
			t.Fatalf("fences %v do not grow by one", fences)
		}
	}
}

func TestLease_LostCancelsItsWorkAndUnlockLeavesTheOtherHolderAlone(t *testing.T) {
	_, db := setup(t)
	s := open(t, db, short)
	work, done := certs.WithTask(ctx)
	defer done()
	if err := s.Lock(work, lease); err != nil {
		t.Fatal(err)
	}
	const steal = `UPDATE certificate_leases SET holder = 'another', fence = fence + 1, expires_at = now() + interval '1 hour'`
	if _, err := db.Owner.Exec(ctx, steal); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the work is cancelled", func() bool { return work.Err() != nil })
	if cause := context.Cause(work); !errors.Is(cause, certsdb.ErrLeaseLost) {
		t.Errorf("its cause is %v", cause)
	}
	if err := s.RenewLockLease(work, lease, time.Minute); !errors.Is(err, certsdb.ErrLeaseLost) {
		t.Errorf("renewing: %v", err)
	}
	if err := s.Store(work, site+".key", []byte("k")); !errors.Is(err, certsdb.ErrLeaseLost) {
		t.Errorf("storing: %v", err)
	}
	if err := s.Unlock(work, lease); err != nil {
		t.Errorf("unlocking what is lost: %v", err)
	}
	var holder string
	if err := db.Owner.QueryRow(ctx, `SELECT holder FROM certificate_leases`).Scan(&holder); err != nil || holder != "another" {
		t.Errorf("the other holder's lease is %q, %v", holder, err)
	}
}

func TestLease_RenewProlongsAndNeverShortens(t *testing.T) {
	s, db := setup(t)
	if err := s.Lock(ctx, "name"); err != nil {
		t.Fatal(err)
	}
	defer unlock(t, s, "name")
	for _, d := range []time.Duration{time.Hour, time.Second} {
		if err := s.RenewLockLease(ctx, "name", d); err != nil {
			t.Fatal(err)
		}
		var left float64
		const q = `SELECT EXTRACT(EPOCH FROM expires_at - now())::float8 FROM certificate_leases`
		if err := db.Owner.QueryRow(ctx, q).Scan(&left); err != nil || left < 3500 {
			t.Errorf("after %s: %v s left, %v", d, left, err)
		}
	}
	if err := s.RenewLockLease(ctx, "not held", time.Hour); !errors.Is(err, certsdb.ErrLeaseLost) {
		t.Errorf("renewing what is not held: %v", err)
	}
	if err := s.Unlock(ctx, "not held"); err == nil {
		t.Error("what is not held was released")
	}
}

// A release is announced, so the next holder need not poll.
func TestListen_HearsCommitsChallengesAndReleases(t *testing.T) {
	s, db := setup(t)
	other := open(t, db, nil)
	events, ready := make(chan certs.Event, 16), make(chan struct{})
	listening, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Listen(listening, func() { close(ready) }, func(e certs.Event) { events <- e }) }()
	<-ready
	token := "acme/" + issuer + "/challenge_tokens/" + billing + ".json"
	if err := errors.Join(other.Store(ctx, token, []byte("{}")), other.Delete(ctx, token)); err != nil {
		t.Fatal(err)
	}
	put(t, other, newAuthority().issue(billing, time.Hour))
	if err := other.Delete(ctx, "certificates/"+issuer+"/"+billing); err != nil {
		t.Fatal(err)
	}
	for _, want := range []certs.Event{
		{Kind: certs.Presented, Host: host}, {Kind: certs.Answered, Host: host},
		{Kind: certs.Committed, Host: host, Version: 1}, {Kind: certs.Dropped, Host: host},
	} {
		if got := <-events; got != want {
			t.Errorf("heard %+v, want %+v", got, want)
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("listening ended with %v", err)
	}
}

func TestListen_LostConnectionIsAnError(t *testing.T) {
	s, db := setup(t)
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Listen(ctx, func() { close(ready) }, func(certs.Event) {}) }()
	<-ready
	admin := must(pgxpool.New(ctx, db.AdminURL))
	defer admin.Close()
	const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN certificates'`
	if _, err := admin.Exec(ctx, kill); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("listening ended without an error")
	}
}
