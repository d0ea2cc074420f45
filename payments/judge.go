package payments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// judge makes of what a processor says what is written. It is called with the payment's rows locked, and is the one place where an Outcome becomes
// state: what is final stays final, whatever comes late, and money that is not what was asked for is never booked.
func (s *Service) judge(f *File, o Outcome, counted bool) (*Turn, error) {
	now := s.now()
	t := &Turn{Payment: f.Payment, Sealed: f.Sealed}
	if f.Attempt == nil {
		return nil, fmt.Errorf("payment %s was never tried: %w", f.Payment.ID, ErrStale)
	}
	why := ""
	if f.Payment.Quarantine == "" {
		why = mismatch(f, o)
	}
	if why != "" {
		s.quarantine(f, t, o, why, now)
	}
	if t.Payment.Quarantine != "" { // only a person ends it
		if Live(t.Payment.Status) {
			t.Look = now.Add(day)
		}
		return t, nil
	}
	b := newBooks(f, ledger.DateIn(now, f.Zone))
	b.file.Payment.Refunds, b.file.Payment.Disputes = slices.Clone(f.Payment.Refunds), slices.Clone(f.Payment.Disputes)
	s.learn(t, f, o)
	if err := s.move(t, b, o, now); err != nil {
		return nil, err
	}
	if t.Payment.Status == Succeeded && t.Payment.Quarantine == "" {
		s.refunds(t, b, append(o.Refunds, voided(f, o)...), now)
		s.disputes(t, b, o.Disputes, now)
	}
	if waited := b.file.Payment.Status == RequiresAction; waited && counted && (t.Payment.Status == Canceled || t.Payment.Status == Failed) {
		t.Notices = append(t.Notices, s.notice(&t.Payment, NoticeFailed, "")) // the payer went away, and hears it by mail
	}
	t.Entries, t.Payment.Credited = b.fresh, b.standing("")
	t.Look = nextLook(&t.Payment, f.Payment.Status, now, counted)
	return t, nil
}

// mismatch says in what the processor's object is not the attempt's, "" when it is.
func mismatch(f *File, o Outcome) string {
	a := f.Attempt
	differs := func(got, want string) bool { return got != "" && want != "" && got != want }
	switch {
	case o.ObjectID == "" && o.Received == 0:
		return "" // there is nothing to compare
	case differs(o.Account, f.Account):
		return "another account: " + o.Account
	case o.Live != a.Live:
		return "another mode: live " + strconv.FormatBool(o.Live)
	case differs(o.Code, a.Code):
		return "another attempt: " + o.Code
	case differs(o.Customer, a.CustomerID):
		return "another customer: " + o.Customer
	case differs(o.ObjectID, a.ObjectID):
		return "another object: " + o.ObjectID
	case o.Currency != "" && o.Currency != a.Currency:
		return "another currency: " + string(o.Currency)
	case o.Status == Succeeded && o.Received != a.Amount, o.Received > a.Amount:
		return fmt.Sprintf("another amount: %s", ledger.Money{Amount: o.Received, Currency: a.Currency})
	case o.refunded() > a.Amount:
		return "more was given back than was taken"
	}
	return ""
}

// refunded is what was given back by all refunds that are done.
func (o Outcome) refunded() (done int64) {
	for _, r := range o.Refunds {
		if r.Status == Succeeded {
			done += r.Amount
		}
	}
	return done
}

// quarantine leaves everything as it is, for a person to look at.
func (s *Service) quarantine(f *File, t *Turn, o Outcome, why string, now time.Time) {
	t.Payment.Quarantine = cut(why, 200)
	currency := o.Currency
	if currency == "" {
		currency = f.Payment.Currency
	}
	object := o.ObjectID
	if object == "" {
		object = f.Attempt.Code
	}
	t.Orphan = &Orphan{ObjectID: object, Kind: "mismatch", Money: ledger.Money{Amount: o.Received, Currency: currency}, Why: t.Payment.Quarantine,
		PaymentID: f.Payment.ID, FoundAt: now}
	t.Notes = append(t.Notes, "payment.quarantined")
}

// learn keeps what is told about the object and the method; what is known already stays.
func (s *Service) learn(t *Turn, f *File, o Outcome) {
	p := &t.Payment
	set := func(to *string, value string, most int) {
		if value != "" {
			*to = cut(value, most)
		}
	}
	if p.ObjectID == "" {
		set(&p.ObjectID, o.ObjectID, 120)
	}
	set(&p.ChargeID, o.ChargeID, 120)
	set(&p.Reference, o.ChargeID, 120)
	set(&p.Brand, o.Method.Brand, 60)
	if len(o.Method.Last4) == 4 {
		p.Last4 = o.Method.Last4
	}
	if f.Attempt.Kind == Hosted && (o.Method.Kind == Card || o.Method.Kind == Bank) {
		p.Kind = o.Method.Kind
	}
	if p.Last4 != "" { // pages have words of their own; this one is for lists of any language
		p.Method = cut(strings.TrimSpace(capital(p.Brand)+" •••• "+p.Last4), 120)
	}
	if !o.SettlesOn.IsZero() {
		p.SettlesOn = o.SettlesOn
	}
}

// capital writes a brand as a name: "visa" is Visa.
func capital(brand string) string {
	if brand == "" {
		return ""
	}
	return strings.ToUpper(brand[:1]) + brand[1:]
}

// move takes the payment to the status that the processor tells, if it may come there from where it is.
func (s *Service) move(t *Turn, b *books, o Outcome, now time.Time) error {
	p, from := &t.Payment, b.file.Payment.Status
	late := o.Status == Succeeded && o.Received > 0 && !Live(from) && from != Succeeded
	switch {
	case late: // it was given up on the processor's own word, and took money after all
		s.quarantine(b.file, t, o, "received after it was "+from, now)
		return nil
	case o.Status == from:
		return s.wait(t, b.file, o)
	case o.Status == Submitting, !May(from, o.Status):
		return nil // no news, or an old tale
	}
	p.Status, p.ChangedAt, p.Looks, p.UnknownSince = o.Status, now, 0, time.Time{}
	if o.Status == Unknown {
		p.UnknownSince = now
	}
	p.Failure = Failure{}
	t.Sealed = nil
	t.Notes = append(t.Notes, "payment."+o.Status)
	switch o.Status {
	case Succeeded:
		s.receive(t, b, o)
	case Failed, Canceled:
		p.Failure = o.Failure
		if o.Failure.Code == neverSeen {
			t.Notes = append(t.Notes, "payment.presumed_canceled") // the tenant hears that nobody confirmed it
		}
		if p.Failure.Kind == "" {
			p.Failure.Kind = FailedAbandoned
		}
		if from != Submitting && from != RequiresAction {
			t.Notices = append(t.Notices, s.notice(p, NoticeFailed, ""))
		}
	}
	return s.wait(t, b.file, o)
}

// receive books the money, once.
func (s *Service) receive(t *Turn, b *books, o Outcome) {
	p := &t.Payment
	p.ReceivedOn = b.today
	b.release()
	b.capture(b.effect(orElse(p.ObjectID, b.file.Attempt.Code), "capture"))
	t.Receipt = true
	t.Notices = append(t.Notices, s.notice(p, NoticeReceipt, ""))
	if b.file.Attempt.SaveMethod && o.Method.Ref != "" {
		t.Method = &o.Method
	}
}

// wait keeps what the payer must do, sealed: it lets its holder go on with the payment.
func (s *Service) wait(t *Turn, f *File, o Outcome) error {
	status := t.Payment.Status
	if status != RequiresAction && status != RequiresVerification || o.Action == (Action{}) {
		return nil
	}
	sealed, err := s.sealAction(f, o.Action)
	t.Sealed = sealed
	return err
}

func (s *Service) notice(p *Payment, kind, refundID string) Notice {
	return Notice{Kind: kind, PaymentID: p.ID, CompanyID: p.CompanyID, ContactID: p.ContactID, RefundID: refundID}
}

// refunds takes over what the processor says of refunds, also of those that were made elsewhere.
func (s *Service) refunds(t *Turn, b *books, all []RefundOutcome, now time.Time) {
	for _, o := range all {
		known := b.file.Payment.Refunds
		at := slices.IndexFunc(known, func(r Refund) bool {
			return o.Ref != "" && r.ID == o.Ref || r.ObjectID != "" && r.ObjectID == o.ObjectID
		})
		if at < 0 {
			if unanswered(known, o) || o.ObjectID == "" || o.Amount <= 0 || o.Status == Failed || o.Currency != "" && o.Currency != b.file.Payment.Currency {
				continue
			}
			r := Refund{ID: tenant.NewID("ref", now), PaymentID: t.Payment.ID, Amount: o.Amount, Currency: t.Payment.Currency, Status: Submitting, Outside: true,
				ObjectID: o.ObjectID, CreatedAt: now, ChangedAt: now}
			b.file.Payment.Refunds = append(known, r)
			at = len(known)
		}
		s.refund(t, b, &b.file.Payment.Refunds[at], o, now)
	}
	t.Payment.Refunded, t.Payment.Refunding = refundSums(b.file.Payment.Refunds)
}

// unanswered reports whether a refund that carries no name of ours may be one of ours, whose answer is not here yet.
func unanswered(known []Refund, o RefundOutcome) bool {
	return o.Ref == "" && slices.ContainsFunc(known, func(r Refund) bool {
		return (r.Status == Submitting || r.Status == Unknown) && r.ObjectID == "" && r.Amount == o.Amount
	})
}

// voided is what was received and taken back before it was settled: the processor says that there was nothing. By other hands than ours it is a refund like others; one of
// ours that is open says itself what became of it.
func voided(f *File, o Outcome) []RefundOutcome {
	p := &f.Payment
	open := func(r Refund) bool { return r.Status == Submitting || r.Status == Unknown }
	if p.Status != Succeeded || o.Status != Canceled || o.Received != 0 || p.ChargeID == "" || slices.ContainsFunc(p.Refunds, open) {
		return nil
	}
	return []RefundOutcome{{ObjectID: p.ChargeID, Amount: p.Amount - p.Refunded, Currency: p.Currency, Status: Succeeded}}
}

// refundSteps is the life of a refund.
var refundSteps = map[string][]string{
	Submitting:    {Unknown, RefundPending, Succeeded, Failed},
	Unknown:       {RefundPending, Succeeded, Failed},
	RefundPending: {Succeeded, Failed},
	Succeeded:     {Failed}, // a bank may refuse it days later
}

// refund takes one refund to where the processor says that it is.
func (s *Service) refund(t *Turn, b *books, r *Refund, o RefundOutcome, now time.Time) {
	if r.ObjectID == "" {
		r.ObjectID = cut(o.ObjectID, 120)
	}
	if !slices.Contains(refundSteps[r.Status], o.Status) {
		return
	}
	if o.Amount != 0 && o.Amount != r.Amount {
		t.Orphan = &Orphan{ObjectID: orElse(r.ObjectID, r.ID), Kind: "mismatch", Money: ledger.Money{Amount: o.Amount, Currency: r.Currency},
			Why: "another amount than refund " + r.ID, PaymentID: t.Payment.ID, FoundAt: now}
		return
	}
	before := r.Status
	r.Status, r.ChangedAt, r.FailureCode, r.Looks = o.Status, now, cut(o.Code, 60), 0
	effect := b.effect(orElse(r.ObjectID, r.ID), "refund")
	switch {
	case o.Status == Succeeded:
		b.refund(effect, r.Amount, r.Reopen)
		t.Notices = append(t.Notices, s.notice(&t.Payment, NoticeRefunded, r.ID))
	case o.Status == Failed && before == Succeeded:
		b.undo(effect, effect+"/failed")
	}
	t.Notes = append(t.Notes, "refund."+o.Status)
	t.Refunds = append(slices.DeleteFunc(t.Refunds, func(x Refund) bool { return x.ID == r.ID }), *r)
	t.RefundLooks = append(slices.DeleteFunc(t.RefundLooks, func(x RefundLook) bool { return x.RefundID == r.ID }), refundLook(*r, 0, now))
}

func refundSums(all []Refund) (done, open int64) {
	for _, r := range all {
		switch r.Status {
		case Succeeded:
			done += r.Amount
		case Failed:
		default:
			open += r.Amount
		}
	}
	return done, open
}

// disputes takes over what banks took back and gave again.
func (s *Service) disputes(t *Turn, b *books, all []DisputeFacts, now time.Time) {
	for _, o := range all {
		known := slices.Contains([]string{"open", "won", "lost"}, o.Status)
		if !known || o.ObjectID == "" || o.Amount <= 0 || o.Currency != "" && o.Currency != b.file.Payment.Currency {
			continue // a warning, or what the night's comparison shows to a person
		}
		before := b.file.Payment.Disputes
		at := slices.IndexFunc(before, func(d Dispute) bool { return d.ObjectID == o.ObjectID })
		if at < 0 {
			b.file.Payment.Disputes = append(before, s.opened(t, b, o, now))
			at = len(before)
		}
		s.dispute(t, b, &b.file.Payment.Disputes[at], o, now)
	}
	t.Payment.Reversed = 0
	for _, d := range b.file.Payment.Disputes {
		if d.Status != "won" {
			t.Payment.Reversed += d.Amount
		}
	}
}

// opened posts what the bank took, on the day we hear of it.
func (s *Service) opened(t *Turn, b *books, o DisputeFacts, now time.Time) Dispute {
	kind := "dispute"
	if o.Kind == "return" {
		kind = "return"
	}
	b.takeBack(ledger.EntryReversal, o.Amount, b.effect(o.ObjectID, "reversal"))
	t.Notes = append(t.Notes, "payment."+kind+"_opened")
	if kind == "return" {
		t.Notices = append(t.Notices, s.notice(&t.Payment, NoticeReturned, ""))
	}
	d := Dispute{ID: tenant.NewID("dsp", now), PaymentID: t.Payment.ID, Kind: kind, ObjectID: cut(o.ObjectID, 120), Amount: o.Amount, Currency: t.Payment.Currency,
		Status: "open", Reason: cut(o.Reason, 120), OpenedAt: orNow(o.At, now), ChangedAt: now}
	t.Disputes = append(t.Disputes, d)
	return d
}

// dispute takes one dispute on: open, lost, won. What is won stays so.
func (s *Service) dispute(t *Turn, b *books, d *Dispute, o DisputeFacts, now time.Time) {
	if d.Status == o.Status || d.Status == "won" || o.Status == "open" {
		return
	}
	d.Status, d.ChangedAt = o.Status, now
	if d.Status == "won" {
		reversal := b.effect(d.ObjectID, "reversal")
		b.undo(reversal, b.effect(d.ObjectID, "reinstatement"))
	}
	t.Notes = append(t.Notes, "payment."+d.Kind+"_"+d.Status)
	t.Disputes = append(slices.DeleteFunc(t.Disputes, func(x Dispute) bool { return x.ID == d.ID }), *d)
}

func orNow(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at.UTC()
}
