package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Invoices is the billing service. Implemented by *payments.Invoices, whose documentation says what each refuses.
type Invoices interface {
	CreateInvoice(ctx context.Context, t *tenant.Tenant, in payments.NewInvoice) (ledger.Invoice, error)
	Invoice(ctx context.Context, t *tenant.Tenant, id string) (ledger.Invoice, error)
	Payments(ctx context.Context, t *tenant.Tenant, invoiceID string) ([]ledger.Payment, error)
	List(ctx context.Context, t *tenant.Tenant, f payments.InvoiceFilter) (payments.InvoicePage, error)
	Send(ctx context.Context, t *tenant.Tenant, id string) (ledger.Invoice, error)
	Void(ctx context.Context, t *tenant.Tenant, id, reason string) (ledger.Invoice, error)
	RecordPayment(ctx context.Context, t *tenant.Tenant, in payments.NewPayment) (ledger.Payment, error)
}

var _ Invoices = (*payments.Invoices)(nil)

// fromInvoices is the public text of what billing refuses.
func fromInvoices(err error) (*Problem, bool) {
	var (
		invalid *payments.ValidationError
		paid    *payments.PaidError
	)
	switch {
	case errors.As(err, &invalid):
		return errInvalid.with(invoiceFields(invalid.Fields)...), true
	case errors.As(err, &paid):
		return problem(409, "invoice_has_payments", "The invoice has payments", upperFirst(paid.Error())+". An invoice with payments cannot be voided."), true
	case errors.Is(err, payments.ErrNotFound):
		return errNotFound, true
	case errors.Is(err, payments.ErrNotDraft):
		return problem(409, "invoice_not_draft", "The invoice cannot be sent", "The invoice was voided or given up; create a new one."), true
	case errors.Is(err, payments.ErrNotSent):
		return problem(409, "invoice_not_open", "The invoice is not open", "The invoice is a draft, voided or given up; look at its status."), true
	case errors.Is(err, payments.ErrNumberTaken):
		return problem(409, "invoice_number_taken", "The invoice number is taken", "Another invoice has this number; choose another or leave it out."), true
	case errors.Is(err, payments.ErrKeyReused):
		return problem(409, "idempotency_mismatch", "The key belongs to another request", "Use a fresh Idempotency-Key for each new payment."), true
	case errors.Is(err, payments.ErrBadCursor):
		return errCursor, true
	}
	return nil, false
}

// invoiceFields names the service's fields as this API does.
func invoiceFields(fields []payments.FieldError) []FieldError {
	out := make([]FieldError, len(fields))
	for i, f := range fields {
		field := f.Field
		if field == "discount" {
			field = "document_discount"
		} else if strings.HasPrefix(field, "allocations") {
			field = "amount" // a payment here has one allocation: the invoice in the path
		}
		out[i] = FieldError{Field: field, Code: f.Code, Message: f.Message}
	}
	return out
}

// createInvoice writes a draft.
func (s *Server) createInvoice(c *call) (reply, error) {
	var in invoiceInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	asked := in.invoice(check)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	inv, err := s.Invoices.CreateInvoice(c.Context(), c.tenant, asked)
	if err != nil {
		return reply{}, err
	}
	return created(s.showInvoiceOf(c, inv))
}

func (s *Server) listInvoices(c *call) (reply, error) {
	after, limit, err := c.page()
	if err != nil {
		return reply{}, err
	}
	var state ledger.State
	var check checker
	if given := c.param("state"); given != "" {
		oneOf(&check, &state, "state", &given, ledger.StateDraft, ledger.StateOpen, ledger.StateProcessing, ledger.StatePartiallyPaid,
			ledger.StatePaid, ledger.StateOverdue, ledger.StateVoid, ledger.StateUncollectible)
	}
	if len(check.found) > 0 {
		return reply{}, badParameter("state", "invalid_parameter", "there is no such state of an invoice")
	}
	f := payments.InvoiceFilter{CompanyID: c.param("company_id"), State: state, After: after, Limit: limit}
	page, err := s.Invoices.List(c.Context(), c.tenant, f)
	if err != nil {
		return reply{}, err
	}
	out := list[Invoice]{Data: make([]Invoice, len(page.Invoices)), NextCursor: textOrNull(encodeCursor(page.Next))}
	for i, inv := range page.Invoices {
		out.Data[i] = s.showInvoiceOf(c, inv)
	}
	return ok(out)
}

func (s *Server) showInvoice(c *call) (reply, error) {
	inv, err := s.Invoices.Invoice(c.Context(), c.tenant, c.id())
	if err != nil {
		return reply{}, err
	}
	paid, err := s.Invoices.Payments(c.Context(), c.tenant, inv.ID)
	if err != nil {
		return reply{}, err
	}
	out := s.showInvoiceOf(c, inv)
	out.Payments = make([]Payment, len(paid))
	for i, p := range paid {
		out.Payments[i] = showPayment(p, inv.ID, p.Applied)
	}
	return ok(out)
}

// sendInvoice mails a draft and makes it due. Sending again answers the same and mails nothing.
func (s *Server) sendInvoice(c *call) (reply, error) {
	if _, err := c.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	inv, err := s.Invoices.Send(c.Context(), c.tenant, c.id())
	if err != nil {
		return reply{}, err
	}
	return ok(s.showInvoiceOf(c, inv))
}

func (s *Server) voidInvoice(c *call) (reply, error) {
	var in struct {
		Reason *string `json:"reason"`
	}
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	var reason string
	check.line(&reason, "reason", in.Reason, 0, 500)
	if err := check.err(); err != nil {
		return reply{}, err
	}
	inv, err := s.Invoices.Void(c.Context(), c.tenant, c.id(), reason)
	if err != nil {
		return reply{}, err
	}
	return ok(s.showInvoiceOf(c, inv))
}

// recordPayment notes money that the tenant received by itself: a cheque, a transfer, cash.
func (s *Server) recordPayment(c *call) (reply, error) {
	var in paymentInput
	check, err := c.decode(&in)
	if err != nil {
		return reply{}, err
	}
	asked := in.payment(check, c.id())
	if err := check.err(); err != nil {
		return reply{}, err
	}
	asked.Key = c.paymentKey()
	p, err := s.Invoices.RecordPayment(c.Context(), c.tenant, asked)
	if err != nil {
		return reply{}, err
	}
	return created(showPayment(p, c.id(), p.Amount))
}

// paymentKey lets the ledger itself know a repeated request: money is not recorded twice even when a process dies between recording it and
// keeping its answer.
func (c *call) paymentKey() string {
	key := c.Header.Get("Idempotency-Key")
	if key == "" {
		return ""
	}
	hash := c.hash()
	sum := sha256.Sum256(append(hash[:], key...))
	return "api-" + hex.EncodeToString(sum[:])
}

func (s *Server) showInvoiceOf(c *call, inv ledger.Invoice) Invoice {
	return showInvoice(inv, ledger.DateIn(s.Now(), c.tenant.TimeZone))
}
