package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// floodRate is how many hellos with made-up names a flood sends in a second.
const floodRate = 2000

// flooded is what a flood came to.
type flooded struct {
	Sent, Refused int // Refused: answered with the alert unrecognized_name, or closed
	Seconds       float64
}

// serveFlood is the flood, in a process of its own: hellos with ever new names from ever new networks of loopback, until standard input ends.
// It sends bytes that were made before and reads one alert, so that it takes as little of the machine from the server as it can.
func serveFlood(address string, stdin io.Reader, stdout io.Writer) error {
	hello, at, err := recordHello()
	if err != nil {
		return err
	}
	var sent, refused atomic.Int64
	var running sync.WaitGroup
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, stdin); close(ended) }()
	begun := time.Now()
	for tick := time.NewTicker(2 * time.Millisecond); ; {
		for due := int64(time.Since(begun).Seconds() * floodRate); sent.Load() < due; {
			sent.Add(1)
			running.Go(func() {
				if shout(address, hello, at) {
					refused.Add(1)
				}
			})
		}
		select {
		case <-ended:
			tick.Stop()
			running.Wait()
			return json.NewEncoder(stdout).Encode(flooded{int(sent.Load()), int(refused.Load()), time.Since(begun).Seconds()})
		case <-tick.C:
		}
	}
}

const floodName = "0123456789abcdef.flood.test"

// recordHello returns the bytes of a browser-like hello for floodName, and where in them the name stands.
func recordHello() (hello []byte, at int, err error) {
	near, far := net.Pipe()
	go func() {
		config := &tls.Config{ServerName: floodName, CurvePreferences: []tls.CurveID{tls.X25519MLKEM768, tls.X25519}, NextProtos: []string{"h2", "http/1.1"}}
		_ = tls.Client(near, config).Handshake() // ends when far is closed
		_ = near.Close()
	}()
	defer func() { _ = far.Close() }()
	header := make([]byte, 5)
	if _, err := io.ReadFull(far, header); err != nil {
		return nil, 0, err
	}
	body := make([]byte, int(header[3])<<8|int(header[4]))
	if _, err := io.ReadFull(far, body); err != nil {
		return nil, 0, err
	}
	hello = append(header, body...)
	if at = bytes.Index(hello, []byte(floodName)); at < 0 {
		return nil, 0, errors.New("the recorded hello does not name its host")
	}
	return hello, at, nil
}

// shout sends one hello with a new name and reports whether it was refused.
func shout(address string, hello []byte, at int) bool {
	from := &net.TCPAddr{IP: net.IPv4(127, byte(64+rand.IntN(128)), byte(rand.IntN(256)), 1)}
	c, err := (&net.Dialer{LocalAddr: from, Timeout: 5 * time.Second}).Dial("tcp4", address)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	name := bytes.Clone(hello)
	var fresh [8]byte
	for i := range fresh {
		fresh[i] = byte(rand.Uint32())
	}
	hex.Encode(name[at:], fresh[:])
	if _, err := c.Write(name); err != nil {
		return false
	}
	got := make([]byte, len(unknownAlert))
	_, err = io.ReadFull(c, got)
	_ = c.(*net.TCPConn).SetLinger(0) // no TIME_WAIT, of which there would soon be too many
	return err == nil && got[0] == unknownAlert[0] && got[6] == unknownAlert[6]
}

// unknownAlert is unrecognized_name, fatal. A server may write another version than TLS 1.2 into the record.
const unknownAlert = "\x15\x03\x03\x00\x02\x02\x70"

// serveSink answers every hello with the same few bytes, which is the least that a server can do, until standard input ends.
func serveSink(stdin io.Reader, stdout io.Writer) error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		_ = listener.Close()
	}()
	if _, err := fmt.Fprintln(stdout, listener.Addr()); err != nil {
		return err
	}
	for {
		c, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, unknownAlert)
			_ = c.Close()
		}()
	}
}

// startSink runs this program once more as the sink. The returned function ends it.
func startSink(ctx context.Context) (address string, end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	f, err := startPart(exec.CommandContext(ctx, self, "-sink"))
	if err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(f.out).ReadString('\n')
	end = func() {
		_ = f.stdin.Close()
		_ = f.child.Wait()
	}
	if err != nil {
		end()
		return "", nil, fmt.Errorf("the sink: %w", err)
	}
	return strings.TrimSpace(line), end, nil
}

// part is this program, running once more as something else.
type part struct {
	child *exec.Cmd
	stdin io.Closer
	out   io.Reader
}

// startFlood starts a flood that gives way to the server and to whoever measures it: on a machine of two processors it would else be the
// greatest burden itself.
func startFlood(ctx context.Context, address string) (*part, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startPart(exec.CommandContext(ctx, "nice", "-n", "10", self, "-flood", address))
}

func startPart(child *exec.Cmd) (f *part, err error) {
	f = &part{child: child}
	f.child.Stderr = os.Stderr
	if f.stdin, err = f.child.StdinPipe(); err != nil {
		return nil, err
	}
	if f.out, err = f.child.StdoutPipe(); err != nil {
		return nil, err
	}
	return f, f.child.Start()
}

// end stops a flood and says what it came to. A flood that was not refused hello for hello measured something else.
func (f *part) end() (flooded, error) {
	_ = f.stdin.Close()
	var came flooded
	text, readErr := bufio.NewReader(f.out).ReadBytes('\n')
	if err := errors.Join(readErr, f.child.Wait()); err != nil {
		return came, fmt.Errorf("the flood: %w", err)
	}
	if err := json.Unmarshal(text, &came); err != nil {
		return came, fmt.Errorf("the flood: %w", err)
	}
	if came.Refused < came.Sent*95/100 {
		return came, fmt.Errorf("the flood: of %d hellos %d were refused", came.Sent, came.Refused)
	}
	return came, nil
}
