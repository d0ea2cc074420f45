package payments

import "time"

// schedule says when a processor is asked again, by status: after the first wait, then the second, …; the last one repeats. A status that is not
// here is final.
var schedule = map[string][]time.Duration{
	Reserved:   {time.Minute},
	Submitting: {time.Minute},
	RequiresAction: {30 * time.Second, 30 * time.Second, 30 * time.Second, 30 * time.Second, 30 * time.Second, 30 * time.Second, 30 * time.Second,
		30 * time.Second, 30 * time.Second, 30 * time.Second, 5 * time.Minute},
	RequiresVerification: {6 * time.Hour},
	Unknown:              {10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, day},
	Processing:           {6 * time.Hour},
	HeldReview:           {time.Hour},
	Succeeded:            {day}, // of what is watched only, for returnsWithin
}

// watched reports whether received money is looked at for returnsWithin: bank debits come back, and Authorize.Net sends no message of what a bank takes back or does not
// settle.
func watched(p *Payment) bool { return p.Kind == Bank || p.Processor == AuthorizeNet }

// refundSchedule is schedule for refunds.
var refundSchedule = map[string][]time.Duration{
	Submitting:    {time.Minute},
	Unknown:       schedule[Unknown],
	RefundPending: {6 * time.Hour},
	Succeeded:     {3 * day, 7 * day, 20 * day}, // a bank may refuse it within a month; the last is the last
}

// eventSchedule is how long a message that could not be dealt with waits; after the last it is parked.
var eventSchedule = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour}

const (
	day           = 24 * time.Hour
	actionTime    = 30 * time.Minute // for the payer to answer the bank; then the attempt is cancelled
	submitTime    = time.Minute      // a process that has not answered by then is dead, or its line is
	confirmTime   = 10 * time.Minute // an attempt that was not submitted by then is cancelled instead: the payer is gone
	replayTime    = 20 * time.Hour   // processors forget keys after 24
	proofTime     = day              // an attempt that was looked for this long, and
	proofLooks    = 5                // this often, and never seen, never happened
	returnsWithin = 90 * day         // a bank debit that arrived may be returned
	callTime      = 45 * time.Second // for all calls of one submit together: less than submitTime
	lookTime      = 60 * time.Second // for all calls of one look
	lookHold      = 5 * time.Minute  // more than lookTime: a node that dies with a look loses nothing but this
	pollTime      = 3 * time.Second  // between two looks for status pages
	resumeTime    = time.Second      // between two looks for those who come back from their bank
)

// nextLook says when the processor is asked of a payment again, zero for never. A look that was not the schedule's own does not put the next one off.
func nextLook(p *Payment, before string, now time.Time, counted bool) time.Time {
	if counted && p.Status == before {
		p.Looks++
	}
	waits := schedule[p.Status]
	ends := p.ChangedAt.Add(returnsWithin)
	switch {
	case len(waits) == 0, p.Status == Succeeded && (!watched(p) || !now.Before(ends)):
		return time.Time{}
	case !counted && p.Status == before && !p.NextLook.IsZero():
		return p.NextLook
	}
	next := now.Add(waits[min(p.Looks, len(waits)-1)])
	if ttl := p.ChangedAt.Add(actionTime); p.Status == RequiresAction && now.Before(ttl) && ttl.Before(next) {
		return ttl
	}
	return next
}

// refundLook is nextLook for a refund that was looked at n times since it came to its status.
func refundLook(r Refund, n int, now time.Time) RefundLook {
	l := RefundLook{RefundID: r.ID, Status: r.Status, Since: r.ChangedAt}
	if waits := refundSchedule[r.Status]; len(waits) > 0 && (r.Status != Succeeded || n < len(waits)) {
		l.Due = now.Add(waits[min(n, len(waits)-1)])
	}
	return l
}
