package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

// floodFor floods an address from this process for a while.
func floodFor(t *testing.T, address string, hellos int) flooded {
	t.Helper()
	stdin, end := io.Pipe()
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- serveFlood(address, stdin, &out) }()
	time.AfterFunc(time.Duration(hellos)*time.Second/floodRate, func() { _ = end.Close() })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var came flooded
	if err := json.Unmarshal(out.Bytes(), &came); err != nil {
		t.Fatal(err)
	}
	return came
}

func TestFlood_IsRefusedHelloForHello(t *testing.T) {
	if came := floodFor(t, bareServer(t).address, 100); came.Sent < 50 || came.Refused != came.Sent {
		t.Errorf("%+v", came)
	}
}

func TestSink_RefusesAsAServerDoes(t *testing.T) {
	stdin, end := io.Pipe()
	ready, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- serveSink(stdin, stdout) }()
	address, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if came := floodFor(t, strings.TrimSpace(address), 100); came.Sent < 50 || came.Refused != came.Sent {
		t.Errorf("%+v", came)
	}
	_ = end.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFlood_CountsAServerThatTakesItAsNotRefused(t *testing.T) {
	floor := bareServer(t)
	hello, at, err := recordHello()
	if err != nil {
		t.Fatal(err)
	}
	if !shout(floor.address, hello, at) {
		t.Fatal("control: an unknown name is not refused")
	}
	known := bytes.Replace(hello, []byte(floodName), []byte("x.test"), 1) // no hello any more
	if shout(floor.address, known, 0) {
		t.Error("what is no hello counts as refused by name")
	}
}

func TestSlowest_IsThatOfTheNamedServer(t *testing.T) {
	floor := bareServer(t)
	if p99, used, err := slowest(t.Context(), 50*time.Millisecond, floor); err != nil || p99 <= 0 || used <= 0 {
		t.Errorf("%v, %v, %v", p99, used, err)
	}
	floor.host = "other.test"
	if _, _, err := slowest(t.Context(), 50*time.Millisecond, floor); err == nil {
		t.Error("measured a server that does not answer for the name")
	}
}
