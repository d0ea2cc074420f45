package worlds_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"tollhouse/deploy/services/pgtest"
)

var ctx = context.Background()

var seedFlag = flag.Uint64("seed", 0, "play this one world again")

// How many payments the worlds of each processor make. TOLLHOUSE_SOAK sets another number.
const (
	wanted   = 200
	perWorld = 25
	lanes    = 4 // worlds at once; each lane has a database of its own
)

func TestWorlds_Stripe(t *testing.T)       { playAll(t, newStripe) }
func TestWorlds_AuthorizeNet(t *testing.T) { playAll(t, newAuthorize) }

// playAll plays worlds until enough payments were made.
func playAll(t *testing.T, build func(*world) side) {
	t.Parallel()
	first, payments := uint64(1), wanted
	if n, err := strconv.Atoi(os.Getenv("TOLLHOUSE_SOAK")); err == nil {
		first, payments = rand.Uint64N(1<<40), n
	}
	worlds := (payments + perWorld - 1) / perWorld
	if *seedFlag != 0 {
		first, worlds = *seedFlag, 1
	}
	for lane := range min(lanes, worlds) {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			db := pgtest.Clone(t)
			submits, charges := 0, 0
			for i := lane; i < worlds; i += lanes {
				seed := first + uint64(i)
				w := play(t, db, build, seed)
				submits, charges = submits+w.submits, charges+w.charges
				if t.Failed() {
					t.Fatalf("world %d failed: run it again with -seed %d\n%s", seed, seed, w.told())
				}
			}
			t.Logf("%d submits, %d charges", submits, charges)
			if charges == 0 {
				t.Error("nothing was ever paid: the worlds prove nothing")
			}
		})
	}
}
