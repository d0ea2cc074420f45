package payments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Report compares a day at the processor with the ledger, a currency each.
type Report struct {
	Day         ledger.Date
	Sums        []Sums       // by currency
	Differences []Difference // none: all is well
}

// Sums is what moved in one currency.
type Sums struct {
	Currency ledger.Currency
	Captured int64 // at the processor
	Posted   int64 // in the ledger, of what was captured then
	Refunded int64 // at the processor
	Reversed int64 // at the processor
}

// Difference is money that stands on one side only, or not alike.
type Difference struct {
	Kind      string // "charge", "refund", "dispute": not ours, or not alike; "ghost": posted, and the processor did not take it
	ObjectID  string
	PaymentID string // "" when it is none of ours
	Processor ledger.Money
	Ledger    ledger.Money
}

// Compare asks the processor for all that moved on a day in the tenant's zone, and looks for each in the ledger. What differs it refetches first,
// so that a lost message mends itself. What belongs to no payment is kept for the tenant to match. A tenant without a connection has an empty report.
func (s *Service) Compare(ctx context.Context, t *tenant.Tenant, on ledger.Date) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, compareTime)
	defer cancel()
	report := Report{Day: on}
	all, err := s.cfg.Store.Connections(ctx, t.ID)
	if err != nil {
		return report, err
	}
	for _, c := range all {
		if err := s.compare(ctx, t.ID, t.TimeZone, c, &report); err != nil {
			return report, fmt.Errorf("comparing with connection %s: %w", c.ID, err)
		}
	}
	slices.SortFunc(report.Sums, func(a, b Sums) int { return cmp.Compare(a.Currency, b.Currency) })
	return report, nil
}

// comparison is one connection's day.
type comparison struct {
	*Service
	tenant    tenant.ID
	c         Connection
	processor Processor
	report    *Report
	seen      map[string]bool // payments whose charge is among the movements
	orphans   []Orphan
}

func (s *Service) compare(ctx context.Context, t tenant.ID, zone *time.Location, c Connection, report *Report) error {
	p, err := s.cfg.Open(ctx, t, c)
	if err != nil {
		return err
	}
	at := comparison{Service: s, tenant: t, c: c, processor: p, report: report, seen: map[string]bool{}}
	from := time.Date(report.Day.Year, report.Day.Month, report.Day.Day, 0, 0, 0, 0, zone)
	to := time.Date(report.Day.Year, report.Day.Month, report.Day.Day+1, 0, 0, 0, 0, zone)
	for cursor := ""; ; {
		moves, next, err := p.Movements(ctx, from, to, cursor)
		if err != nil {
			return fmt.Errorf("listing what moved: %w", err)
		}
		for _, m := range moves {
			if err := at.weigh(ctx, m); err != nil {
				return err
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if err := at.ghosts(ctx, from, to); err != nil {
		return err
	}
	return s.cfg.Store.AddOrphans(ctx, t, c.ID, at.orphans)
}

// weigh looks for one movement in the ledger; what is not there is refetched once.
func (at *comparison) weigh(ctx context.Context, m Movement) error {
	sums := at.report.sums(m.Currency)
	switch m.Kind {
	case "charge":
		sums.Captured += m.Amount
	case "refund":
		sums.Refunded += m.Amount
	case "dispute":
		sums.Reversed += m.Amount
	}
	id, err := at.find(ctx, m)
	if errors.Is(err, ErrNotFound) {
		at.orphan(m, "", 0)
		return nil
	}
	if err != nil {
		return err
	}
	posted, err := at.posted(ctx, id, m)
	if err != nil {
		return err
	}
	if posted != m.Amount {
		if err := at.refresh(ctx, at.tenant, at.processor, id); err != nil && !errors.Is(err, ErrAbsent) {
			return err
		}
		if posted, err = at.posted(ctx, id, m); err != nil {
			return err
		}
	}
	if posted == 0 && m.Kind == "refund" { // its charge does not tell of it
		outside := RefundOutcome{ObjectID: m.ObjectID, Amount: m.Amount, Currency: m.Currency, Status: Succeeded}
		if err := at.apply(ctx, at.tenant, id, Outcome{Refunds: []RefundOutcome{outside}}, false); err != nil {
			return err
		}
		if posted, err = at.posted(ctx, id, m); err != nil {
			return err
		}
	}
	if m.Kind == "charge" {
		at.seen[id] = true
		at.report.sums(m.Currency).Posted += posted
	}
	if posted != m.Amount {
		at.orphan(m, id, posted)
	}
	return nil
}

// find returns the payment of a movement. A refund or dispute does not carry a code, and of a payment on the processor's own page it does not name the object that we
// know: then what it does name is asked for its code.
func (at *comparison) find(ctx context.Context, m Movement) (string, error) {
	parent := m.ParentID
	if parent == "" && m.Kind == "charge" {
		parent = m.ObjectID
	}
	id, err := at.cfg.Store.FindPayment(ctx, at.tenant, at.c.ID, parent, m.Code)
	if !errors.Is(err, ErrNotFound) || m.Kind == "charge" || parent == "" || m.Code != "" {
		return id, err
	}
	out, err := at.processor.Look(ctx, Attempt{ObjectID: parent, Live: at.c.Live, Account: at.c.AccountID})
	switch {
	case errors.Is(err, ErrAbsent), err == nil && out.Code == "":
		return "", ErrNotFound
	case err != nil:
		return "", err
	}
	return at.cfg.Store.FindPayment(ctx, at.tenant, at.c.ID, "", out.Code)
}

// posted is what the ledger has of a movement.
func (at *comparison) posted(ctx context.Context, paymentID string, m Movement) (int64, error) {
	f, err := at.cfg.Store.File(ctx, at.tenant, paymentID)
	if err != nil {
		return 0, err
	}
	switch {
	case f.Payment.Currency != m.Currency:
		return 0, nil
	case m.Kind == "charge" && f.Payment.ChargeID != "" && f.Payment.ChargeID != m.ObjectID:
		return 0, nil // a second charge of the same attempt
	case m.Kind == "charge":
		return f.captured(), nil
	case m.Kind == "refund":
		for _, r := range f.Payment.Refunds {
			if r.ObjectID == m.ObjectID {
				return r.Amount, nil
			}
		}
	case m.Kind == "dispute":
		for _, d := range f.Payment.Disputes {
			if d.ObjectID == m.ObjectID {
				return d.Amount, nil
			}
		}
	}
	return 0, nil
}

// captured is what was posted when the money arrived.
func (f *File) captured() (sum int64) {
	for _, e := range f.Entries {
		if e.Kind == ledger.EntryPayment || e.Kind == ledger.EntryCreditGiven {
			sum -= e.Amount
		}
	}
	return sum
}

// orphan reports a difference, and keeps it for the tenant.
func (at *comparison) orphan(m Movement, paymentID string, posted int64) {
	money := ledger.Money{Amount: m.Amount, Currency: m.Currency}
	at.report.Differences = append(at.report.Differences, Difference{Kind: m.Kind, ObjectID: m.ObjectID, PaymentID: paymentID, Processor: money,
		Ledger: ledger.Money{Amount: posted, Currency: m.Currency}})
	kind, why := m.Kind, "of no payment"
	if paymentID != "" {
		kind, why = "mismatch", "the ledger has another amount"
	}
	at.orphans = append(at.orphans, Orphan{ObjectID: m.ObjectID, Kind: kind, Money: money, Why: why, PaymentID: paymentID, FoundAt: at.now()})
}

// ghosts looks for what was posted that day and did not move at the processor: not that day, and not on another.
func (at *comparison) ghosts(ctx context.Context, from, to time.Time) error {
	ids, err := at.cfg.Store.Captured(ctx, at.tenant, at.c.ID, from, to)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if at.seen[id] {
			continue
		}
		f, out, err := at.reread(ctx, id)
		if err != nil {
			return err
		}
		gone := out.Status != Succeeded && out.Status != "" && f.Payment.Refunded+f.Payment.Reversed >= f.captured() // taken back before it was settled
		if out.Received != f.captured() && !gone {
			at.report.Differences = append(at.report.Differences, Difference{Kind: "ghost", ObjectID: f.Payment.ObjectID, PaymentID: id,
				Processor: ledger.Money{Amount: out.Received, Currency: f.Payment.Currency}, Ledger: ledger.Money{Amount: f.captured(), Currency: f.Payment.Currency}})
		}
	}
	return nil
}

// reread refetches a payment that is not among the movements, and writes what the processor says of it. One that it does not know has a zero Outcome.
func (at *comparison) reread(ctx context.Context, id string) (f File, out Outcome, err error) {
	if f, err = at.cfg.Store.File(ctx, at.tenant, id); err != nil {
		return f, out, err
	}
	out, err = at.processor.Look(ctx, *f.Attempt)
	switch {
	case errors.Is(err, ErrAbsent):
		return f, Outcome{}, nil
	case err != nil:
		return f, out, err
	}
	if err := at.apply(ctx, at.tenant, id, out, false); err != nil {
		return f, out, err
	}
	f, err = at.cfg.Store.File(ctx, at.tenant, id)
	return f, out, err
}

func (r *Report) sums(currency ledger.Currency) *Sums {
	for i := range r.Sums {
		if r.Sums[i].Currency == currency {
			return &r.Sums[i]
		}
	}
	r.Sums = append(r.Sums, Sums{Currency: currency})
	return &r.Sums[len(r.Sums)-1]
}

// compareTime bounds the comparison of a day.
const compareTime = 30 * time.Minute

// nightHour is when the night's comparison is made, in the tenant's zone: processors have closed the day by then.
const nightHour = 4

// mostNights is how many days are compared when nobody could for long.
const mostNights = 31

// firstNight is the day that a comparison begins with: the day before yesterday, so that what came late is found by the second time; after nights without a
// comparison, the last day that was compared, which the look's status says; and before there was one, the day of the connection's first payment.
func firstNight(l Look, today ledger.Date, zone *time.Location) ledger.Date {
	first, before := today.AddDays(-2), ledger.DateIn(l.Since, zone)
	if last, err := ledger.ParseDate(l.Status); err == nil {
		before = last
	}
	if before.Before(first) {
		first = before
	}
	if earliest := today.AddDays(-mostNights); first.Before(earliest) {
		first = earliest
	}
	return first
}

// nightly compares each day from firstNight to yesterday.
func (s *Service) nightly(ctx context.Context, l Look) error {
	zone, err := s.cfg.Store.Zone(ctx, l.Tenant)
	if err != nil {
		return err
	}
	c, err := s.cfg.Store.Connection(ctx, l.Tenant, l.Ref)
	if errors.Is(err, ErrNotFound) {
		return s.cfg.Store.PutOff(ctx, l, time.Time{}, "")
	}
	if err != nil {
		return err
	}
	now := s.now()
	today := ledger.DateIn(now, zone)
	for day := firstNight(l, today, zone); day.Before(today); day = day.AddDays(1) {
		report := Report{Day: day}
		if err := s.compare(ctx, l.Tenant, zone, c, &report); err != nil {
			s.cfg.Log.Error("comparing with the processor", "tenant", l.Tenant, "connection", c.ID, "day", report.Day, "error", err)
			return s.cfg.Store.PutOff(ctx, l, now.Add(time.Hour), l.Status)
		}
		s.differences.Add(int64(len(report.Differences)))
		for _, d := range report.Differences {
			s.cfg.Log.Error("the ledger and the processor differ", "tenant", l.Tenant, "connection", c.ID, "day", report.Day, "kind", d.Kind, "object", d.ObjectID,
				"payment", d.PaymentID, "processor", d.Processor.String(), "ledger", d.Ledger.String())
		}
	}
	if c.Status == ConnectionDisconnected && now.Sub(c.DisconnectedAt) > returnsWithin {
		return s.cfg.Store.PutOff(ctx, l, time.Time{}, "")
	}
	return s.cfg.Store.PutOff(ctx, l, nextNight(now, zone), today.AddDays(-1).String())
}

// nextNight is the next time that nightHour is past.
func nextNight(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	next := time.Date(local.Year(), local.Month(), local.Day(), nightHour, 0, 0, 0, zone)
	if !next.After(now) {
		next = time.Date(local.Year(), local.Month(), local.Day()+1, nightHour, 0, 0, 0, zone)
	}
	return next
}
