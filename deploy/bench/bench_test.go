package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// bareServer runs the floor in this process until the test ends.
func bareServer(t *testing.T) target {
	t.Helper()
	stdin, end := io.Pipe()
	ready, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- serveFloor(stdin, stdout) }()
	floor, err := floorTarget(ready, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = end.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return floor
}

func TestWorks_AreDoneByTheBareServer(t *testing.T) {
	floor := bareServer(t)
	for _, w := range allWorks {
		rate, err := perCPUSecond(t.Context(), floor, 20*time.Millisecond, w.floor)
		if err != nil || rate <= 0 {
			t.Errorf("%s: %v a second, error %v", w.name, rate, err)
		}
	}
}

func TestWorks_RefuseAServerThatIsNotTheOneNamed(t *testing.T) {
	floor := bareServer(t)
	floor.host = "other.test"
	for _, w := range allWorks {
		if _, err := perCPUSecond(t.Context(), floor, 20*time.Millisecond, w.ours); err == nil {
			t.Errorf("%s: measured a server that does not answer for the name", w.name)
		}
	}
}

func TestPerCPUSecond_NeedsTheServersProcess(t *testing.T) {
	floor := bareServer(t)
	if _, err := perCPUSecond(t.Context(), floor, 20*time.Millisecond, gets(false, "/")); err != nil {
		t.Fatalf("control: %v", err)
	}
	floor.pid = 1 << 22 // one more than Linux gives
	if _, err := perCPUSecond(t.Context(), floor, 20*time.Millisecond, gets(false, "/")); err == nil || !strings.Contains(err.Error(), "processor time") {
		t.Errorf("a process that does not exist: %v", err)
	}
}

func TestSummary_TakesMedians(t *testing.T) {
	got := summary("x", []float64{100, 300, 200}, []float64{50, 300, 20})
	if got != (result{"x", 200, 50, 0.5}) {
		t.Errorf("%+v", got)
	}
}
