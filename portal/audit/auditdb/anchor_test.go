package auditdb_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant/seal"
)

var day = time.Date(2026, 5, 4, 13, 30, 0, 0, time.UTC)

// Any number of nodes anchor a day once.
func TestMakeAnchor_OncePerTenantAndDay(t *testing.T) {
	ctx := context.Background()
	l := newLog(t)
	l.append(t, acme, event(1))
	var made atomic.Int64
	var nodes sync.WaitGroup
	for range 8 {
		nodes.Go(func() {
			_, first, err := auditdb.MakeAnchor(ctx, l.App, l.ring, acme, day)
			if err != nil {
				t.Error(err)
			}
			if first {
				made.Add(1)
			}
		})
	}
	nodes.Wait()
	if ids, err := auditdb.Unanchored(ctx, l.App, day, 9); err != nil || len(ids) != 0 {
		t.Errorf("without an anchor: %v, %v", ids, err)
	}
	if ids, err := auditdb.Unanchored(ctx, l.App, day.Add(24*time.Hour), 9); err != nil || len(ids) != 1 || ids[0] != acme {
		t.Errorf("without an anchor the next day: %v, %v", ids, err)
	}
	if made.Load() != 1 {
		t.Errorf("%d anchors were made", made.Load())
	}
	if a, first, err := auditdb.MakeAnchor(ctx, l.App, l.ring, acme, day.Add(24*time.Hour)); err != nil || !first || a.N != 1 || a.Day.Hour() != 0 {
		t.Errorf("the next day: %+v, %v, %v", a, first, err)
	}
	l.verify(t, acme, 1)
}

func TestVerify_HoldsTheChainToItsAnchors(t *testing.T) {
	tests := map[string]struct{ tamper, want string }{
		"the tail is cut off behind an anchor": {`WITH a AS (DELETE FROM audit_chain WHERE n > 1), b AS (DELETE FROM audit_events WHERE id > 'evt_000001')
			UPDATE audit_heads SET n = 1, hash = (SELECT hash FROM audit_chain WHERE n = 1)`, "whose hash was kept"},
		"the anchor is forged": {`UPDATE audit_anchors SET hash = sha256('other')`, "was forged"},
		"the anchor is moved":  {`UPDATE audit_anchors SET day = day - 1`, "was forged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			l := newLog(t)
			l.append(t, acme, event(1), event(2), event(3))
			if _, _, err := auditdb.MakeAnchor(ctx, l.App, l.ring, acme, day); err != nil {
				t.Fatal(err)
			}
			l.tamper(t, test.tamper)
			if _, err := auditdb.Verify(ctx, l.App, l.ring, acme); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Verify: %v, want %q", err, test.want)
			}
		})
	}
}

// After the key of an anchor has left the ring, what the anchor says still has to hold.
func TestVerify_HeedsAnchorsOfOldKeys(t *testing.T) {
	ctx := context.Background()
	l := newLog(t)
	l.append(t, acme, event(1), event(2))
	if _, _, err := auditdb.MakeAnchor(ctx, l.App, l.ring, acme, day); err != nil {
		t.Fatal(err)
	}
	other, err := seal.ParseRing("new:" + strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auditdb.Verify(ctx, l.App, other, acme); err != nil {
		t.Errorf("with another ring: %v", err)
	}
	l.tamper(t, `UPDATE audit_anchors SET hash = sha256('other')`)
	if _, err := auditdb.Verify(ctx, l.App, other, acme); err == nil {
		t.Error("an anchor that does not hold was passed over")
	}
}
