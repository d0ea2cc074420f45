package domaindoctor

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
)

// The last line of defence is tried by itself, because the lines before it let nothing through: whatever a name means by the time of the
// connection, the address that is connected to is looked at.
func TestDialer_ConnectsToOurAddressesAndPortsOnly(t *testing.T) {
	ours, visits := counted(t, "127.0.0.1:0")
	other, _ := counted(t, "127.0.0.1:0")
	canary, stray := counted(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), ours.Port()).String())
	e := exam{Config: &Config{Targets: Targets{Addresses: []netip.Addr{ours.Addr()}}, Probe: Probe{HTTPPort: ours.Port(), TLSPort: ours.Port()}}}
	for _, address := range []string{canary.String(), other.String(), netip.AddrPortFrom(netip.MustParseAddr("169.254.169.254"), ours.Port()).String(),
		netip.AddrPortFrom(netip.MustParseAddr("0.0.0.0"), ours.Port()).String()} {
		if conn, err := e.dialer().Dial("tcp", address); !errors.Is(err, errNotOurs) {
			t.Errorf("%s: %v, want a refusal", address, err)
			if conn != nil {
				_ = conn.Close()
			}
		}
	}
	conn, err := e.dialer().Dial("tcp", ours.String())
	if err != nil {
		t.Fatalf("our own door: %v", err)
	}
	_ = conn.Close()
	if stray.Load() != 0 {
		t.Errorf("%d visits to the canary", stray.Load())
	}
	probe, err := net.Dial("tcp", canary.String())
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	if _, err := probe.Read(make([]byte, 1)); stray.Load() != 1 || err == nil {
		t.Errorf("the canary counts %d, want 1; ours %d", stray.Load(), visits.Load())
	}
}

// counted listens and counts, and closes each connection once it is counted.
func counted(t *testing.T, address string) (netip.AddrPort, *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	n := new(atomic.Int64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			_ = conn.Close()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String()), n
}
