package payments

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tollhouse/tenant"
)

// PayRequest is what a payer, or autopay, asks for.
type PayRequest struct {
	// Nonce was made when the form was shown, 16 to 64 characters of A-Z, a-z, 0-9, - and _. The same nonce again is the same payment.
	Nonce       string
	CompanyID   string    // of the session, never of the form
	ContactID   string    // of the session; "" only when OffSession
	Session     Session   // zero only when OffSession
	Items       []PayItem // 1 to 100 invoices of one currency
	UseCredit   bool      // the client's credit goes first; what it covers is settled at once and stays so
	MethodID    string    // a saved method, or
	Source      string    // the processor's single-use name of a new one,
	Kind        string    // and that one's Card or Bank; or Hosted, which has no source
	SaveMethod  bool      //
	MandateText string    // that was shown and agreed to, for a bank debit that is saved
	OffSession  bool      // nobody is there to answer the bank
	// ReturnURL makes the address of the payment's own page. Required unless OffSession.
	ReturnURL func(paymentID string) string
	Visitor   Visitor // zero when it is not kept
}

// Session says who is at the portal.
type Session struct {
	ID        string
	Confirmed bool // a person pressed a button; a scanner's session is not
}

// Visitor says where from.
type Visitor struct{ IP, UserAgent string }

// PayItem is one invoice to pay, as the payer saw it.
type PayItem struct {
	InvoiceID string
	Version   int   // that was shown; 0: whatever it is
	Amount    int64 // 0: all that is due
}

var nonceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)

// Pay takes a payment: it reserves it on its invoices, asks the processor, and writes what that said. The payment that it returns says what
// became of it: also when it was declined, and when the answer was lost (Unknown: "do not pay again yet"), which are no errors. What is refused
// before anything is asked is a *PayRefusal, or a *ValidationError for a malformed request; an invoice or method that is not the company's is
// ErrNotFound; a nonce that stood for another wish is ErrKeyReused. With an error nothing was charged, unless it is tenant.ErrUnavailable:
// then ask for the nonce again. The context's end does not interrupt a charge.
func (s *Service) Pay(ctx context.Context, t *tenant.Tenant, in PayRequest) (Payment, error) {
	if err := in.check(); err != nil {
		return Payment{}, err
	}
	q := in.query(s.now())
	facts, err := s.cfg.Store.PayFacts(ctx, t.ID, q)
	switch {
	case err != nil:
		return Payment{}, fmt.Errorf("preparing a payment: %w", err)
	case facts.Known != nil:
		return s.known(ctx, t.ID, &in, facts.Known)
	}
	if err := in.refuse(facts); err != nil {
		return Payment{}, err
	}
	d := desk{Service: s, tenant: t, in: &in}
	if facts.Connection != nil {
		if err := d.open(ctx, facts); err != nil {
			return Payment{}, err
		}
		q.ConnectionID = facts.Connection.ID
	}
	s.cfg.Crash(CrashBeforeReserve)
	return d.reserve(ctx, q)
}

// known returns the payment that was asked for before under the nonce, if it is the same wish.
func (s *Service) known(ctx context.Context, t tenant.ID, in *PayRequest, k *KnownPayment) (Payment, error) {
	hash := in.hash()
	if !slices.Equal(hash[:], k.Hash) {
		return Payment{}, ErrKeyReused
	}
	return s.read(ctx, t, in.CompanyID, k.ID)
}

// desk is where one request is dealt with.
type desk struct {
	*Service
	tenant    *tenant.Tenant
	in        *PayRequest
	processor Processor // nil: there is none
	customer  string
	broken    bool // the processor could not be asked even for the client's name
}

// open gets the client's name at the processor. When that fails the client's credit may still cover everything.
func (d *desk) open(ctx context.Context, f PayFacts) (err error) {
	if d.processor, err = d.cfg.Open(ctx, d.tenant.ID, *f.Connection); err != nil {
		return fmt.Errorf("opening connection %s: %w", f.Connection.ID, err)
	}
	if d.customer = f.CustomerID; d.customer != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	facts := CustomerFacts{Ref: customerRef(d.tenant.ID, d.in.CompanyID), Name: f.Company}
	if f.Contact != nil {
		facts.Email = f.Contact.Email
	}
	id, err := d.processor.Customer(ctx, facts)
	if err != nil {
		d.broken = true
		d.trouble(ctx, d.tenant.ID, f.Connection.ID, err)
		return nil
	}
	d.customer, err = d.cfg.Store.KeepCustomer(ctx, d.tenant.ID, f.Connection.ID, d.in.CompanyID, id)
	return err
}

// customerRef is a client's name for processors, which take 20 characters.
func customerRef(t tenant.ID, companyID string) string {
	sum := sha256.Sum256([]byte(string(t) + "/" + companyID))
	return "C" + codeLetters.EncodeToString(sum[:10])
}

// trouble notes that a connection's credentials do not work.
func (s *Service) trouble(ctx context.Context, t tenant.ID, connectionID string, cause error) {
	var refused *RefusedError
	if !errors.As(cause, &refused) || !refused.Credentials {
		return
	}
	_, err := s.cfg.Store.ChangeConnection(ctx, t, connectionID, func(c *Connection) (string, error) {
		if c.Status != ConnectionActive {
			return "", nil
		}
		c.Status, c.TroubleCode, c.TroubleSince, c.CheckedAt = ConnectionBroken, cut(refused.Code, 60), s.now(), s.now()
		return "connection.broken", nil
	})
	if err != nil {
		s.cfg.Log.Error("noting a broken connection", "tenant", t, "connection", connectionID, "error", err)
	}
}

// reserve writes the payment down, and then has it submitted.
func (d *desk) reserve(ctx context.Context, q PayQuery) (Payment, error) {
	var plan *Plan
	var known *KnownPayment
	err := d.cfg.Store.Reserve(ctx, d.tenant.ID, q, func(f PayFacts) (*Plan, error) {
		if known = f.Known; known != nil {
			return nil, nil
		}
		var err error
		plan, err = d.plan(f, q.Now)
		return plan, err
	})
	switch {
	case err != nil:
		return Payment{}, fmt.Errorf("reserving a payment: %w", err)
	case known != nil:
		return d.known(ctx, d.tenant.ID, d.in, known)
	}
	d.cfg.Crash(CrashAfterReserve)
	if plan.Payment == nil {
		return d.read(ctx, d.tenant.ID, d.in.CompanyID, plan.Credit.Payment.ID)
	}
	return d.submit(ctx, d.tenant.ID, d.processor, plan.Attempt)
}

// check returns everything that is wrong with the request itself.
func (in *PayRequest) check() error {
	var wrong faults
	if !nonceForm.MatchString(in.Nonce) {
		wrong.add("nonce", "invalid", "Open the page again: this form is not one of ours.")
	}
	if len(in.Items) == 0 || len(in.Items) > maxAllocations {
		wrong.add("items", "out_of_range", fmt.Sprintf("Choose 1 to %d invoices.", maxAllocations))
	}
	seen := map[string]bool{}
	for i, item := range in.Items {
		if item.Amount < 0 {
			wrong.add(fmt.Sprintf("items[%d].amount", i), "out_of_range", "The amount must be above zero.")
		}
		if seen[item.InvoiceID] {
			wrong.add(fmt.Sprintf("items[%d].invoice_id", i), "duplicate", "Name each invoice once.")
		}
		seen[item.InvoiceID] = true
	}
	in.checkMethod(&wrong)
	if in.ReturnURL == nil && !in.OffSession {
		wrong.add("return_url", "required", "Say where the payer comes back to.")
	}
	if err := wrong.err(); err != nil {
		return err
	}
	if !in.namesRows() {
		return ErrNotFound
	}
	return nil
}

func (in *PayRequest) checkMethod(wrong *faults) {
	wrong.text("source", in.Source, 0, 255, oneLine)
	wrong.text("mandate", in.MandateText, 0, 2000, severalLines)
	isNew := slices.Contains([]string{Card, Bank, Hosted}, in.Kind)
	switch {
	case in.MethodID != "" && (in.Source != "" || in.Kind != ""):
		wrong.add("method", "invalid", "Choose a saved method or give a new one, not both.")
	case in.MethodID == "" && !isNew && !(in.UseCredit && in.Kind == ""):
		wrong.add("method", "required", "Choose how to pay.")
	case (in.Kind == Card || in.Kind == Bank) && in.Source == "":
		wrong.add("source", "required", "Give the card or bank account.")
	case in.Kind == Hosted && (in.Source != "" || in.OffSession):
		wrong.add("source", "invalid", "The method is given on the processor's own page.")
	case in.OffSession && in.MethodID == "":
		wrong.add("method", "required", "Nobody is there to give a new method.")
	}
}

// namesRows reports whether every id has the form of one.
func (in *PayRequest) namesRows() bool {
	for _, item := range in.Items {
		if !tenant.ValidID("inv", item.InvoiceID) {
			return false
		}
	}
	return tenant.ValidID("com", in.CompanyID) && (in.MethodID == "" || tenant.ValidID("pmt", in.MethodID)) &&
		(tenant.ValidID("con", in.ContactID) || in.OffSession && in.ContactID == "")
}

// hash is what makes a wish the same: who, what, and with what.
func (in *PayRequest) hash() [32]byte {
	items := slices.SortedFunc(slices.Values(in.Items), func(a, b PayItem) int { return strings.Compare(a.InvoiceID, b.InvoiceID) })
	said, err := json.Marshal([]any{in.CompanyID, in.ContactID, items, in.UseCredit, in.MethodID, in.Kind, in.OffSession})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return sha256.Sum256(said)
}
