package seal

import (
	"context"
	"fmt"
)

// Place is one column of sealed values, wherever it is stored. A rotation of the keys goes through all places, so that the oldest key
// can be taken from the ring. Safe for concurrent use.
type Place interface {
	// Name names the place, like "certificates.key_sealed".
	Name() string
	// Tally counts the values by the id of the key that opens them; "" is of those that tell none.
	Tally(ctx context.Context) (map[string]int, error)
	// Reseal goes over about limit values after a position ("" is the beginning) and seals with the newest key what was sealed with another,
	// bound to the same place. A value that changed meanwhile is left as it is: whoever changed it sealed it.
	Reseal(ctx context.Context, after string, limit int) (Step, error)
}

// Step is what became of some values of a Place.
type Step struct {
	After      string   // where the next step begins; "": this was the last
	Resealed   int      // values
	Unreadable []string // places of values that no key of the ring opens; they are left as they are
}

// Reseal returns the value sealed with the newest key, and whether that is another value than before.
func (r *Ring) Reseal(sealed, aad []byte) (fresh []byte, changed bool, err error) {
	if id, ok := KeyID(sealed); ok && id == r.newest {
		return sealed, false, nil
	}
	plain, err := r.Open(sealed, aad)
	if err != nil {
		return nil, false, err
	}
	return r.Seal(plain, aad), true, nil
}

// Mark is how every value begins that the newest key sealed and no other does.
func (r *Ring) Mark() []byte { return append([]byte{version, byte(len(r.newest))}, r.newest...) }

// Progress is what a pass over a place did.
type Progress struct {
	Resealed   int
	Unreadable []string // the first few
}

// mostNamed bounds how many unreadable values are named.
const mostNamed = 20

// ResealAll goes over a whole place in steps of limit values; after each it calls rest, which may wait.
func ResealAll(ctx context.Context, p Place, limit int, rest func(ctx context.Context)) (Progress, error) {
	var total Progress
	for after := ""; ; {
		step, err := p.Reseal(ctx, after, limit)
		if err != nil {
			return total, fmt.Errorf("sealing %s anew: %w", p.Name(), err)
		}
		total.Resealed += step.Resealed
		total.Unreadable = append(total.Unreadable, step.Unreadable...)
		total.Unreadable = total.Unreadable[:min(len(total.Unreadable), mostNamed)]
		if after = step.After; after == "" {
			return total, nil
		}
		rest(ctx)
		if err := ctx.Err(); err != nil {
			return total, err
		}
	}
}
