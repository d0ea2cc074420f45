package payments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/tenant"
)

// Statuses of a saved method.
const (
	MethodActive  = "active"
	MethodPending = "pending_verification" // small deposits are on their way, or its bank wants to hear from its owner
	MethodRemoved = "removed"
	MethodGone    = "gone" // the processor does not know it any more
)

// Method is a saved way to pay of a client. It exists here only because the processor said that it exists there; its number is known to the processor
// alone.
type Method struct {
	ID           string
	ConnectionID string
	CompanyID    string
	AddedBy      string // contact, "" for one that no person added in the portal
	AddedByName  string
	Ref          string // at the processor
	SetupRef     string // what a verification is asked of, while MethodPending
	Kind         string // Card or Bank
	Brand        string // "visa", or the bank's name
	Last4        string
	ExpMonth     int // 0 for a bank account
	ExpYear      int
	Status       string
	Default      bool
	ArrivesAt    time.Time // of the small deposits, zero when unknown
	Mandate      string    // the text that was agreed to
	Visitor      Visitor   // who agreed to it, from where; zero when it is not kept
	CreatedAt    time.Time
	ChangedAt    time.Time
}

// ExpiresIn is how many days a card is still good on a day, counted to the end of its month; ok is false for what does not expire. It is negative for an
// expired card.
func (m Method) ExpiresIn(today ledger.Date) (days int, ok bool) {
	if m.ExpYear == 0 || m.ExpMonth == 0 {
		return 0, false
	}
	last := ledger.DateIn(time.Date(m.ExpYear, time.Month(m.ExpMonth)+1, 0, 0, 0, 0, 0, time.UTC), time.UTC)
	return today.DaysUntil(last), true
}

// Expired reports whether a card's month is over.
func (m Method) Expired(today ledger.Date) bool {
	days, ok := m.ExpiresIn(today)
	return ok && days < 0
}

// Usable reports whether a payment can be made with it through a connection.
func (m Method) Usable(connectionID string, today ledger.Date) bool {
	return m.Status == MethodActive && m.ConnectionID == connectionID && !m.Expired(today)
}

// MethodStore keeps saved methods. Every method sees one tenant's rows only; what is not there is ErrNotFound. Implemented by paymentsdb.
type MethodStore interface {
	// Methods lists a client's methods that are active or pending, the default first, then the oldest.
	Methods(ctx context.Context, t tenant.ID, companyID string) ([]Method, error)
	// Client returns what a processor is told of a client, and who the client is at a connection's processor ("" when it does not know it yet). ErrNotFound also
	// when contactID is given and is not the client's.
	Client(ctx context.Context, t tenant.ID, connectionID, companyID, contactID string) (facts CustomerFacts, customerID string, err error)
	// KeepCustomer writes a client's id at a processor, and returns the one that is kept.
	KeepCustomer(ctx context.Context, t tenant.ID, connectionID, companyID, customerID string) (string, error)
	// AddMethod writes a method, and makes it the default if it is active and there is none at its connection. One that is known already is returned as it is;
	// ErrNotFound when it was removed since.
	AddMethod(ctx context.Context, t tenant.ID, m Method) (Method, error)
	// ChangeMethods locks a client's methods and writes those that decide changes; what is noted in the audit log with about's id, "" for nothing.
	ChangeMethods(ctx context.Context, t tenant.ID, companyID string, decide func(all []*Method) (what, about string, err error)) error
}

// Methods saves ways to pay, verifies, prefers and removes them. It is safe for concurrent use.
type Methods struct {
	store       MethodStore
	connections *Connections
	now         func() time.Time
}

// NewMethods returns the service over a store and the tenant's connections.
func NewMethods(store MethodStore, connections *Connections, now func() time.Time) *Methods {
	return &Methods{store, connections, func() time.Time { return now().UTC().Truncate(time.Microsecond) }}
}

// Errors of saved methods.
var (
	// ErrDisconnected says that there is no working connection to save a method at.
	ErrDisconnected = errors.New("no processor is connected")
	// ErrNotPending says that a method waits for no verification.
	ErrNotPending = errors.New("the method waits for no verification")
)

// List returns a client's methods, the default first.
func (s *Methods) List(ctx context.Context, t tenant.ID, companyID string) ([]Method, error) {
	if !tenant.ValidID("com", companyID) {
		return nil, nil
	}
	return s.store.Methods(ctx, t, companyID)
}

// Find returns one of the client's methods, or ErrNotFound.
func (s *Methods) Find(ctx context.Context, t tenant.ID, companyID, id string) (Method, error) {
	all, err := s.List(ctx, t, companyID)
	if err != nil {
		return Method{}, err
	}
	for _, m := range all {
		if m.ID == id {
			return m, nil
		}
	}
	return Method{}, ErrNotFound
}

// AddMethodInput is a method to save.
type AddMethodInput struct {
	Nonce       string // made when the form was shown: the same again is the same method
	CompanyID   string // of the session, never of the form
	ContactID   string
	Currency    ledger.Currency // the client's: the connection must take it
	Kind        string          // Card or Bank
	Source      string          // the processor's single-use name; never a number
	MandateText string          // that was shown and agreed to
	ReturnURL   string
	Visitor     Visitor
}

// Add saves a method at the processor, and then here. action is where its owner must go first when the method is pending. Errors: *DeclinedError,
// ErrDisconnected, *ValidationError, ErrNotFound for other clients' people and for a nonce whose method was removed since, and ErrLost: then the same nonce again finds
// what was made.
func (s *Methods) Add(ctx context.Context, t *tenant.Tenant, in AddMethodInput) (m Method, action Action, err error) {
	if err := in.check(); err != nil {
		return Method{}, Action{}, err
	}
	c, processor, err := s.processor(ctx, t.ID, in.Currency)
	if err != nil {
		return Method{}, Action{}, err
	}
	customer, err := s.customer(ctx, t.ID, c.ID, processor, in)
	if err != nil {
		return Method{}, Action{}, err
	}
	facts, err := processor.AddMethod(ctx, NewMethod{Key: in.Nonce, CustomerID: customer, Kind: in.Kind, Source: in.Source, ReturnURL: in.ReturnURL,
		MandateIP: in.Visitor.IP, MandateUA: in.Visitor.UserAgent, CustomerRef: in.CompanyID})
	if err != nil {
		return Method{}, Action{}, s.trouble(ctx, t.ID, c.ID, fmt.Errorf("saving a method: %w", err))
	}
	m = in.method(c.ID, facts, s.now())
	kept, err := s.store.AddMethod(ctx, t.ID, m)
	return kept, Action{URL: facts.VerifyURL}, err
}

// trouble marks a connection whose credentials were refused as broken.
func (s *Methods) trouble(ctx context.Context, t tenant.ID, connectionID string, err error) error {
	var refused *RefusedError
	if errors.As(err, &refused) && refused.Credentials {
		if _, broke := s.connections.Trouble(ctx, t, connectionID, refused.Code); broke != nil {
			return errors.Join(err, broke)
		}
	}
	return err
}

func (in *AddMethodInput) check() error {
	var wrong faults
	if in.Kind != Card && in.Kind != Bank {
		wrong.add("kind", "invalid", "Choose a card or a bank account.")
	}
	if in.Source == "" || len(in.Source) > 255 || strings.ContainsFunc(in.Source, func(r rune) bool { return r <= ' ' || r > '~' }) {
		wrong.add("source", "required", "Enter the card or the bank account.")
	}
	if len(in.Nonce) < 16 || len(in.Nonce) > 64 {
		wrong.add("nonce", "required", "Open the page again.")
	}
	if in.Kind == Bank && in.MandateText == "" {
		wrong.add("mandate", "required", "Agree to the debits first.")
	}
	wrong.text("mandate", in.MandateText, 0, 2000, severalLines)
	if err := wrong.err(); err != nil {
		return err
	}
	if !tenant.ValidID("com", in.CompanyID) || in.ContactID != "" && !tenant.ValidID("con", in.ContactID) {
		return ErrNotFound
	}
	return nil
}

func (in *AddMethodInput) method(connectionID string, f MethodFacts, now time.Time) Method {
	m := Method{ID: tenant.NewID("pmt", now), ConnectionID: connectionID, CompanyID: in.CompanyID, AddedBy: in.ContactID, Ref: f.Ref, SetupRef: f.SetupRef, Kind: f.Kind,
		Brand: cut(f.Brand, 60), Last4: f.Last4, ExpMonth: f.ExpMonth, ExpYear: f.ExpYear, Status: MethodActive, ArrivesAt: f.ArrivesAt,
		Mandate: in.MandateText, Visitor: in.Visitor, CreatedAt: now, ChangedAt: now}
	if f.Kind == "" {
		m.Kind = in.Kind
	}
	if f.Pending {
		m.Status = MethodPending
	}
	if m.Ref == "" { // not the client's until it is verified; the set-up stands for it
		m.Ref = f.SetupRef
	}
	return m
}

// processor opens the connection that takes new payments.
func (s *Methods) processor(ctx context.Context, t tenant.ID, currency ledger.Currency) (Connection, Processor, error) {
	c, err := s.connections.Current(ctx, t, currency)
	if errors.Is(err, ErrNotFound) {
		return Connection{}, nil, ErrDisconnected
	}
	if err != nil {
		return Connection{}, nil, err
	}
	p, err := s.connections.OpenConnection(ctx, t, c)
	return c, p, err
}

// customer finds the client at the processor, or makes it known there.
func (s *Methods) customer(ctx context.Context, t tenant.ID, connectionID string, p Processor, in AddMethodInput) (string, error) {
	facts, id, err := s.store.Client(ctx, t, connectionID, in.CompanyID, in.ContactID)
	if err != nil || id != "" {
		return id, err
	}
	facts.Ref = customerRef(t, in.CompanyID)
	if id, err = p.Customer(ctx, facts); err != nil {
		return "", s.trouble(ctx, t, connectionID, fmt.Errorf("making the client known: %w", err))
	}
	return s.store.KeepCustomer(ctx, t, connectionID, in.CompanyID, id)
}

// Verify tries what a person read on the bank statement. Errors: *DeclinedError for other amounts or too many tries, ErrNotPending, ErrNotFound, ErrLost.
func (s *Methods) Verify(ctx context.Context, t tenant.ID, companyID, id string, v Verification) (Method, error) {
	m, p, _, err := s.open(ctx, t, companyID, id)
	if err != nil {
		return Method{}, err
	}
	if m.Status != MethodPending {
		return Method{}, ErrNotPending
	}
	facts, err := p.VerifyMethod(ctx, m.SetupRef, v)
	if err != nil {
		return Method{}, s.trouble(ctx, t, m.ConnectionID, fmt.Errorf("verifying a method: %w", err))
	}
	return s.take(ctx, t, m, facts)
}

// Check asks the processor what became of a method that was pending, as when its owner comes back from the bank's page.
func (s *Methods) Check(ctx context.Context, t tenant.ID, companyID, id string) (Method, error) {
	m, _, err := s.Look(ctx, t, companyID, id)
	return m, err
}

// Look is Check that also says where the owner of a method that is still pending must go, as far as the processor has a page for it. A method that was
// refused there comes back as MethodGone.
func (s *Methods) Look(ctx context.Context, t tenant.ID, companyID, id string) (Method, Action, error) {
	m, p, _, err := s.open(ctx, t, companyID, id)
	if err != nil || m.Status != MethodPending {
		return m, Action{}, err
	}
	looker, ok := p.(interface {
		LookSetup(ctx context.Context, setupRef string) (MethodFacts, error)
	})
	if !ok {
		return m, Action{}, nil
	}
	facts, err := looker.LookSetup(ctx, m.SetupRef)
	var declined *DeclinedError
	if errors.As(err, &declined) {
		m.Status = MethodGone
		return m, Action{}, s.drop(ctx, t, companyID, id, MethodGone, "method.refused")
	}
	if err != nil {
		return m, Action{}, s.trouble(ctx, t, m.ConnectionID, err)
	}
	m, err = s.take(ctx, t, m, facts)
	return m, Action{URL: facts.VerifyURL}, err
}

// open finds a method, and opens the processor that has it and who the client is there.
func (s *Methods) open(ctx context.Context, t tenant.ID, companyID, id string) (Method, Processor, string, error) {
	m, err := s.Find(ctx, t, companyID, id)
	if err != nil {
		return Method{}, nil, "", err
	}
	c, err := s.connections.Show(ctx, t, m.ConnectionID)
	if err != nil {
		return Method{}, nil, "", err
	}
	p, err := s.connections.OpenConnection(ctx, t, c)
	if err != nil {
		return Method{}, nil, "", err
	}
	_, customer, err := s.store.Client(ctx, t, c.ID, companyID, "")
	return m, p, customer, err
}

// take writes what a processor says of a method that was pending.
func (s *Methods) take(ctx context.Context, t tenant.ID, m Method, f MethodFacts) (Method, error) {
	if f.Pending {
		return m, nil
	}
	err := s.store.ChangeMethods(ctx, t, m.CompanyID, func(all []*Method) (string, string, error) {
		one := methodIn(all, m.ID)
		if one == nil {
			return "", "", ErrNotFound
		}
		if one.Status != MethodPending {
			m = *one
			return "", "", nil
		}
		one.Status, one.Ref, one.SetupRef, one.ChangedAt = MethodActive, f.Ref, "", s.now()
		one.Brand, one.Last4, one.ExpMonth, one.ExpYear = cut(f.Brand, 60), f.Last4, f.ExpMonth, f.ExpYear
		prefer(all, one)
		m = *one
		return "method.verified", m.ID, nil
	})
	return m, err
}

func methodIn(all []*Method, id string) *Method {
	for _, m := range all {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// prefer makes a method the default, unless there is one of the same connection.
func prefer(all []*Method, one *Method) {
	for _, m := range all {
		if m.Default && m.ConnectionID == one.ConnectionID {
			return
		}
	}
	for _, m := range all {
		m.Default = m == one
	}
}

// SetDefault makes a method the client's first choice, at the processor and here. Errors: ErrNotFound, also for one that is not active.
func (s *Methods) SetDefault(ctx context.Context, t tenant.ID, companyID, id string) error {
	m, p, customer, err := s.open(ctx, t, companyID, id)
	if err != nil {
		return err
	}
	if m.Status != MethodActive {
		return ErrNotFound
	}
	if m.Default {
		return nil
	}
	if err := p.SetDefault(ctx, customer, m.Ref); errors.Is(err, ErrAbsent) {
		return s.missing(ctx, t, p, customer, m, err)
	} else if err != nil {
		return s.trouble(ctx, t, m.ConnectionID, fmt.Errorf("preferring a method: %w", err))
	}
	return s.store.ChangeMethods(ctx, t, companyID, func(all []*Method) (string, string, error) {
		chosen := methodIn(all, id)
		if chosen == nil || chosen.Status != MethodActive {
			return "", "", ErrNotFound
		}
		for _, other := range all {
			if other.Default != (other == chosen) {
				other.Default, other.ChangedAt = other == chosen, s.now()
			}
		}
		return "method.preferred", id, nil
	})
}

// missing ends a method that the processor does not know any more, if it says so of the method itself.
func (s *Methods) missing(ctx context.Context, t tenant.ID, p Processor, customer string, m Method, cause error) error {
	if _, err := p.LookMethod(ctx, customer, m.Ref); !errors.Is(err, ErrAbsent) {
		return cause
	}
	if err := s.drop(ctx, t, m.CompanyID, m.ID, MethodGone, "method.gone"); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotFound, cause)
}

// Remove forgets a method, at the processor first; one that was removed before is ErrNotFound. The oldest of the others that work becomes the default when it was.
func (s *Methods) Remove(ctx context.Context, t tenant.ID, companyID, id string) error {
	m, p, customer, err := s.open(ctx, t, companyID, id)
	if errors.Is(err, ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	if m.Status == MethodActive {
		if err := p.RemoveMethod(ctx, customer, m.Ref); err != nil {
			return s.trouble(ctx, t, m.ConnectionID, fmt.Errorf("removing a method: %w", err))
		}
	}
	return s.drop(ctx, t, companyID, id, MethodRemoved, "method.removed")
}

func (s *Methods) drop(ctx context.Context, t tenant.ID, companyID, id, status, what string) error {
	return s.store.ChangeMethods(ctx, t, companyID, func(all []*Method) (string, string, error) {
		gone := methodIn(all, id)
		if gone == nil {
			return "", "", nil // somebody was faster
		}
		was := gone.Default
		gone.Status, gone.Default, gone.ChangedAt = status, false, s.now()
		if next := firstActive(all); was && next != nil {
			next.Default, next.ChangedAt = true, s.now()
		}
		return what, id, nil
	})
}

// firstActive returns the oldest method that works; all are in the order of their age.
func firstActive(all []*Method) *Method {
	for _, m := range all {
		if m.Status == MethodActive {
			return m
		}
	}
	return nil
}
