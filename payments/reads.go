package payments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tollhouse/tenant"
)

// Payment returns a payment, or ErrNotFound when it is not of the company; "" takes that of any company, for the tenant's own people.
func (s *Service) Payment(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	return s.read(ctx, t.ID, companyID, paymentID)
}

func (s *Service) read(ctx context.Context, t tenant.ID, companyID, paymentID string) (Payment, error) {
	f, err := s.file(ctx, t, companyID, paymentID)
	if err != nil {
		return Payment{}, err
	}
	p := f.Payment
	p.Action = s.openAction(&f)
	return p, nil
}

func (s *Service) file(ctx context.Context, t tenant.ID, companyID, paymentID string) (File, error) {
	if !tenant.ValidID("pay", paymentID) {
		return File{}, ErrNotFound
	}
	f, err := s.cfg.Store.File(ctx, t, paymentID)
	switch {
	case err != nil:
		return File{}, fmt.Errorf("reading payment %s: %w", paymentID, err)
	case companyID != "" && f.Payment.CompanyID != companyID:
		return File{}, ErrNotFound
	}
	return f, nil
}

// Resume asks the processor what became of a payment whose payer comes back from the bank's page.
func (s *Service) Resume(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	return s.poll(ctx, t.ID, companyID, paymentID, resumeTime)
}

// Look returns a payment for its status page; while it is open the processor is asked, at most every three seconds whatever the number of
// nodes and tabs.
func (s *Service) Look(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	return s.poll(ctx, t.ID, companyID, paymentID, pollTime)
}

// poll asks the processor if nobody did lately. When it does not answer the payment is shown as it was.
func (s *Service) poll(ctx context.Context, t tenant.ID, companyID, paymentID string, least time.Duration) (Payment, error) {
	f, err := s.file(ctx, t, companyID, paymentID)
	if err != nil {
		return Payment{}, err
	}
	shown := f.Payment
	shown.Action = s.openAction(&f)
	if f.Attempt == nil || !Live(f.Payment.Status) || f.Payment.Status == Submitting || f.Payment.Status == Reserved {
		return shown, nil
	}
	claimed, err := s.cfg.Store.ClaimLook(ctx, t, paymentID, s.now(), least)
	if err != nil || !claimed {
		return shown, err
	}
	out, err := s.refetch(ctx, t, &f)
	if err != nil {
		if !errors.Is(err, ErrAbsent) {
			s.trouble(ctx, t, f.Payment.ConnectionID, err)
			s.cfg.Log.Warn("a processor did not answer", "tenant", t, "payment", paymentID, "error", err)
		}
		return shown, nil
	}
	if err := s.apply(ctx, t, paymentID, out, false); err != nil {
		return Payment{}, err
	}
	return s.read(ctx, t, companyID, paymentID)
}

// refetch asks the processor for a payment's object.
func (s *Service) refetch(ctx context.Context, t tenant.ID, f *File) (Outcome, error) {
	p, err := s.processorOf(ctx, t, f.Payment.ConnectionID)
	if err != nil {
		return Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	return p.Look(ctx, *f.Attempt)
}

// processorOf opens the connection that a payment was made with, also when it is disconnected since.
func (s *Service) processorOf(ctx context.Context, t tenant.ID, connectionID string) (Processor, error) {
	c, err := s.cfg.Store.Connection(ctx, t, connectionID)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", connectionID, err)
	}
	p, err := s.cfg.Open(ctx, t, c)
	if err != nil {
		return nil, fmt.Errorf("opening connection %s: %w", connectionID, err)
	}
	return p, nil
}

// Cancel gives up a payment that waits for its payer. The payment that it returns says whether it was in time; one that waits for nobody is returned as it is.
func (s *Service) Cancel(ctx context.Context, t *tenant.Tenant, companyID, paymentID string) (Payment, error) {
	f, err := s.file(ctx, t.ID, companyID, paymentID)
	if err != nil {
		return Payment{}, err
	}
	if f.Attempt != nil && (f.Payment.Status == RequiresAction || f.Payment.Status == RequiresVerification) {
		if err := s.giveUp(context.WithoutCancel(ctx), t.ID, &f, false); err != nil {
			return Payment{}, err
		}
	}
	return s.read(ctx, t.ID, companyID, paymentID)
}

// giveUp cancels at the processor. Only its word releases the money: without an answer nothing changes.
func (s *Service) giveUp(ctx context.Context, t tenant.ID, f *File, counted bool) error {
	p, err := s.processorOf(ctx, t, f.Payment.ConnectionID)
	if err != nil {
		return err
	}
	called, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	out, err := s.cancelled(called, p, *f.Attempt, Failure{Kind: FailedAbandoned})
	if err != nil {
		s.cfg.Log.Warn("an attempt could not be cancelled", "tenant", t, "payment", f.Payment.ID, "error", err)
		out = Outcome{Status: f.Payment.Status}
	}
	return s.apply(ctx, t, f.Payment.ID, out, counted)
}

// Payments returns one page of payments. A cursor that no list gave is ErrBadCursor.
func (s *Service) Payments(ctx context.Context, t *tenant.Tenant, f PaymentFilter) (PaymentPage, error) {
	switch {
	case f.After != "" && !tenant.ValidID("pay", f.After):
		return PaymentPage{}, ErrBadCursor
	case f.CompanyID != "" && !tenant.ValidID("com", f.CompanyID), f.InvoiceID != "" && !tenant.ValidID("inv", f.InvoiceID):
		return PaymentPage{}, nil
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	limit := min(max(f.Limit, 1), 200)
	f.Limit = limit + 1 // one more shows whether there is a next page
	found, err := s.cfg.Store.PaymentsBy(ctx, t.ID, f)
	if err != nil || len(found) <= limit {
		return PaymentPage{Payments: found}, err
	}
	return PaymentPage{Payments: found[:limit], Next: found[limit-1].ID}, nil
}

// Presence tells who is paying the company's invoices, the longest first. Without ids it is about all of them.
func (s *Service) Presence(ctx context.Context, t *tenant.Tenant, companyID string, invoiceIDs ...string) ([]Presence, error) {
	if !tenant.ValidID("com", companyID) {
		return nil, nil
	}
	return s.cfg.Store.Presence(ctx, t.ID, companyID, invoiceIDs)
}

// standing tells the last that happened to received money.
func standing(p Payment) string {
	if p.Status != Succeeded {
		return p.Status
	}
	for _, d := range slices.Backward(p.Disputes) {
		switch {
		case d.Status == "won":
		case d.Kind == "return":
			return "returned"
		case d.Status == "lost":
			return "lost"
		default:
			return "disputed"
		}
	}
	switch {
	case p.Reversed > 0: // a list does not say by what
		return "disputed"
	case p.Refunded >= p.Amount:
		return "refunded"
	case p.Refunded > 0:
		return "partially_refunded"
	}
	return p.Status
}

func timeline(p Payment) []Moment {
	all := []Moment{{What: "started", At: p.CreatedAt}, {What: p.Status, At: p.ChangedAt}}
	if p.Receipt != "" {
		all = append(all, Moment{What: "receipt", At: p.ReceiptAt})
	}
	for _, r := range p.Refunds {
		all = append(all, Moment{What: "refund." + r.Status, At: r.ChangedAt, Amount: r.Amount})
	}
	for _, d := range p.Disputes {
		all = append(all, Moment{What: d.Kind + ".open", At: d.OpenedAt, Amount: d.Amount})
		if d.Status != "open" {
			all = append(all, Moment{What: d.Kind + "." + d.Status, At: d.ChangedAt, Amount: d.Amount})
		}
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return all
}
