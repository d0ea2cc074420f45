package api

import (
	"context"
	"errors"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/route"
	"tollhouse/tenant"
)

// Payments is what was paid through a processor, and the way back.
type Payments interface {
	// Payment returns one of any company ("") or of one, or payments.ErrNotFound.
	Payment(ctx context.Context, t *tenant.Tenant, companyID, id string) (payments.Payment, error)
	// Payments lists them, newest first. Errors: payments.ErrBadCursor.
	Payments(ctx context.Context, t *tenant.Tenant, f payments.PaymentFilter) (payments.PaymentPage, error)
	// Refund gives money back. Errors: *payments.ValidationError, payments.ErrNotRefundable, ErrNotFound.
	Refund(ctx context.Context, t *tenant.Tenant, in payments.RefundInput) (payments.Refund, error)
	// ApplyCredit settles an invoice with the client's credit.
	ApplyCredit(ctx context.Context, t *tenant.Tenant, in payments.CreditInput) (payments.Payment, error)
	// Credit returns what stands to a client's credit.
	Credit(ctx context.Context, t *tenant.Tenant, companyID string) ([]ledger.Money, error)
}

// PaymentEvents takes the messages of processors.
type PaymentEvents interface {
	// ByToken returns the connection that an address belongs to, or payments.ErrNotFound.
	ByToken(ctx context.Context, processor, token string) (tenant.ID, payments.Connection, error)
	// TakeEvent keeps a message. After nil it will not be lost. Errors: payments.ErrForged.
	TakeEvent(ctx context.Context, t tenant.ID, c payments.Connection, header map[string][]string, body []byte) error
}

// OnlinePayment is a payment as the API shows it: with what the processor said of it.
type OnlinePayment struct {
	ID           string           `json:"id"`
	CompanyID    string           `json:"company_id"`
	ContactID    *string          `json:"contact_id"`
	Status       string           `json:"status"`
	Standing     string           `json:"standing"`
	Kind         string           `json:"kind"`
	Live         bool             `json:"live"`
	Amount       Money            `json:"amount"`
	Refunded     Money            `json:"refunded"`
	Refunding    Money            `json:"refunding"`
	Reversed     Money            `json:"reversed"`
	Credited     Money            `json:"credited"`
	Method       string           `json:"method"`
	Reference    string           `json:"reference"`
	ReceivedOn   ledger.Date      `json:"received_on"`
	Allocations  []AllocationPart `json:"allocations"`
	ConnectionID *string          `json:"connection_id"`
	ProcessorID  *string          `json:"processor_id"`
	FailureCode  *string          `json:"failure_code"`
	UnknownSince *time.Time       `json:"unknown_since"`
	NextLookAt   *time.Time       `json:"next_look_at"`
	Attention    *string          `json:"attention"`
	Receipt      *string          `json:"receipt_number"`
	Refunds      []RefundView     `json:"refunds"`
	Disputes     []DisputeView    `json:"disputes"`
	CreatedAt    time.Time        `json:"created_at"`
	ChangedAt    time.Time        `json:"changed_at"`
}

// AllocationPart is the part of a payment for one invoice.
type AllocationPart struct {
	InvoiceID string `json:"invoice_id"`
	Amount    Money  `json:"amount"`
}

// RefundView is a refund as the API shows it.
type RefundView struct {
	ID          string    `json:"id"`
	PaymentID   string    `json:"payment_id"`
	Amount      Money     `json:"amount"`
	Status      string    `json:"status"`
	Reason      string    `json:"reason"`
	Reopens     bool      `json:"reopens"`
	Outside     bool      `json:"made_at_processor"`
	FailureCode *string   `json:"failure_code"`
	CreatedAt   time.Time `json:"created_at"`
	ChangedAt   time.Time `json:"changed_at"`
}

// DisputeView is money that a bank took back, as the API shows it.
type DisputeView struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Amount    Money     `json:"amount"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason"`
	OpenedAt  time.Time `json:"opened_at"`
	ChangedAt time.Time `json:"changed_at"`
}

func showOnline(p payments.Payment) OnlinePayment {
	money := func(n int64) Money { return Money{n, string(p.Currency)} }
	out := OnlinePayment{ID: p.ID, CompanyID: p.CompanyID, ContactID: textOrNull(p.ContactID), Status: p.Status, Standing: p.Standing(), Kind: p.Kind, Live: p.Live,
		Amount: money(p.Amount), Refunded: money(p.Refunded), Refunding: money(p.Refunding), Reversed: money(p.Reversed), Credited: money(p.Credited),
		Method: p.Method, Reference: p.Reference, ReceivedOn: p.ReceivedOn, ConnectionID: textOrNull(p.ConnectionID), ProcessorID: textOrNull(p.ObjectID),
		FailureCode: textOrNull(p.Failure.Code), UnknownSince: timeOrNull(p.UnknownSince), NextLookAt: timeOrNull(p.NextLook), Attention: textOrNull(p.Quarantine),
		Receipt: textOrNull(p.Receipt), CreatedAt: p.CreatedAt.UTC(), ChangedAt: p.ChangedAt.UTC(),
		Refunds: each(p.Refunds, showRefund), Disputes: each(p.Disputes, showDispute)}
	out.Allocations = each(p.Allocations, func(a ledger.Allocation) AllocationPart { return AllocationPart{a.InvoiceID, money(a.Amount)} })
	return out
}

func showRefund(r payments.Refund) RefundView {
	return RefundView{ID: r.ID, PaymentID: r.PaymentID, Amount: Money{r.Amount, string(r.Currency)}, Status: r.Status, Reason: r.Reason, Reopens: r.Reopen,
		Outside: r.Outside, FailureCode: textOrNull(r.FailureCode), CreatedAt: r.CreatedAt.UTC(), ChangedAt: r.ChangedAt.UTC()}
}

func showDispute(d payments.Dispute) DisputeView {
	return DisputeView{ID: d.ID, Kind: d.Kind, Amount: Money{d.Amount, string(d.Currency)}, Status: d.Status, Reason: d.Reason, OpenedAt: d.OpenedAt.UTC(),
		ChangedAt: d.ChangedAt.UTC()}
}

func (s *Server) listPayments(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	f := payments.PaymentFilter{CompanyID: c.URL.Query().Get("company_id"), InvoiceID: c.URL.Query().Get("invoice_id"), After: after, Limit: limit}
	if status := c.URL.Query().Get("status"); status != "" {
		f.Statuses = []string{status}
	}
	page, err := s.Payments.Payments(c.Context(), c.tenant, f)
	if err != nil {
		return reply{}, err
	}
	return ok(list[OnlinePayment]{Data: each(page.Payments, showOnline), NextCursor: textOrNull(encodeCursor(page.Next))})
}

func (s *Server) showOnePayment(c *call) (reply, error) {
	p, err := s.Payments.Payment(c.Context(), c.tenant, "", c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(showOnline(p))
}

func (s *Server) refundPayment(c *call) (reply, error) {
	var in struct {
		Amount *int64  `json:"amount"`
		Reason *string `json:"reason"`
		Reopen *bool   `json:"reopen_invoices"`
	}
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	asked := payments.RefundInput{PaymentID: c.id(), Key: c.paymentKey()}
	if in.Amount != nil && *in.Amount <= 0 {
		check.add("amount", "out_of_range", "the amount must be above zero; leave it out to give back all that is left")
	} else if in.Amount != nil {
		asked.Amount = *in.Amount
	}
	check.line(&asked.Reason, "reason", in.Reason, 0, 500)
	flag(&asked.Reopen, in.Reopen)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	r, err := s.Payments.Refund(c.Context(), c.tenant, asked)
	if err != nil {
		return reply{}, err
	}
	return created(showRefund(r))
}

func (s *Server) showCredit(c *call) (reply, error) {
	if _, err := s.Clients.Company(c.Context(), c.tenant.ID, c.id()); err != nil {
		return reply{}, err
	}
	credit, err := s.Payments.Credit(c.Context(), c.tenant, c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(list[Money]{Data: each(credit, func(m ledger.Money) Money { return Money{m.Amount, string(m.Currency)} })})
}

// applyCredit settles an invoice with what its client has to its credit.
func (s *Server) applyCredit(c *call) (reply, error) {
	var in struct {
		Amount *int64 `json:"amount"`
	}
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	if in.Amount != nil && *in.Amount <= 0 {
		check.add("amount", "out_of_range", "the amount must be above zero; leave it out to use as much as there is")
	}
	if err := check.err(); err != nil {
		return reply{}, err
	}
	inv, err := s.Invoices.Invoice(c.Context(), c.tenant, c.id())
	if err != nil {
		return reply{}, err
	}
	asked := payments.CreditInput{CompanyID: inv.CompanyID, InvoiceID: inv.ID, Key: c.paymentKey()}
	if in.Amount != nil {
		asked.Amount = *in.Amount
	}
	used, err := s.Payments.ApplyCredit(c.Context(), c.tenant, asked)
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		Used Money `json:"used"`
	}{Money{used.Amount, string(used.Currency)}})
}

// takeEvent hears a processor. It answers 200 once the message cannot be lost; what it says is looked at afterwards. The token in the address tells whose it is, and
// the signature over the raw body that it is the processor's.
func (s *Server) takeEvent(processor string) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		t, connection, err := s.PaymentEvents.ByToken(c.Context(), processor, route.Param(c.Request, "token"))
		if err != nil {
			return reply{}, err
		}
		if err := s.PaymentEvents.TakeEvent(c.Context(), t, connection, c.Header, c.body); err != nil {
			return reply{}, err
		}
		return ok(struct{}{})
	}
}

func fromPayments(err error) (*Problem, bool) {
	var refused *payments.RefusedError
	var stopped *payments.PayRefusal
	switch {
	case errors.As(err, &stopped):
		return problem(409, "payment_refused", "This cannot be paid now", upperFirst(stopped.Error())+". Read the invoice again and look at its state."), true
	case errors.Is(err, payments.ErrForged):
		return problem(400, "bad_signature", "The signature does not fit",
			"The message was not signed with a secret of this connection, or too long ago. Check the signing secret and the clock."), true
	case errors.Is(err, payments.ErrRefunding):
		return problem(409, "refund_unanswered", "Another refund is not answered yet",
			"The processor's answer to an earlier refund of this payment was lost. It is asked again by itself; read the payment, and try again once that refund has ended."), true
	case errors.Is(err, payments.ErrStale):
		return problem(409, "changed_meanwhile", "The payment has changed meanwhile", "Read the payment again and look at its status."), true
	case errors.Is(err, payments.ErrNotRefundable):
		return problem(409, "not_refundable", "This payment cannot be refunded here",
			"Only a payment that a processor received can be given back through it. Give other money back by yourself."), true
	case errors.As(err, &refused):
		return problem(502, "processor_refused", "The processor refused",
			"It answered "+refused.Code+". Look at the connection, by POST /api/payment-connections/:id/test."), true
	}
	return nil, false
}
