package certsdb_test

import (
	"testing"
	"time"

	"tollhouse/certs"
)

func TestSurvey_CountsByDaysLeftAndNamesWhatIsLate(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := newAuthority().issue(billing, 24*time.Hour)
	put(t, s, c)
	const more = `INSERT INTO certificates (host, issuer, fence, serial, not_before, not_after, renew_at, chain_pem, key_sealed, metadata, committed_at)
		SELECT 'h' || days || '.acme.test', issuer, 1, 's', now() - interval '50 days', now() + days * interval '1 day',
			CASE WHEN days < 0 THEN now() - interval '6 days' WHEN days < 20 THEN now() - interval '1 day' ELSE now() + interval '1 day' END,
			chain_pem, key_sealed, metadata, now() - interval '2 days'
		FROM certificates, unnest(ARRAY[-1, 2, 6.5, 29, 89, 91, 365]) AS days`
	execute(t, db, more)
	got := must(s.Survey(ctx, 10))
	if want := [len(certs.ExpiryDays) + 1]int{1, 1, 1, 1, 0, 1, 0, 1, 2}; got.Left != want {
		t.Errorf("by days left: %v, want %v", got.Left, want)
	}
	if len(got.Late) != 1 || got.Late[0].String() != "h-1.acme.test" {
		t.Errorf("late: %v", got.Late)
	}
}

func TestSurvey_CountsWhatALivingNodeWasNotSeenServing(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := newAuthority().issue(billing, 24*time.Hour)
	unseen := func(want int, when string) {
		t.Helper()
		if got := must(s.Survey(ctx, 10)).Unseen; got != want {
			t.Errorf("%s: %d, want %d", when, got, want)
		}
	}
	join(t, s, db, "node_a")
	put(t, s, c)
	unseen(0, "a moment after the commit")
	execute(t, db, `UPDATE certificates SET committed_at = now() - interval '11 seconds'`)
	unseen(1, "eleven seconds after the commit")
	saw(t, s, "node_a", c, 1)
	unseen(0, "once it was seen")
	join(t, s, db, "node_b")
	unseen(1, "on one of two nodes")
	execute(t, db, `UPDATE nodes SET seen_at = now() - interval '1 minute' WHERE id = 'node_b'`)
	unseen(0, "when the other is dead")
}
