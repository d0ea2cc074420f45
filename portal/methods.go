package portal

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// Methods changes a client's saved ways to pay, at the processor and here. Implemented by payments.Methods, whose comments say what each returns; its
// audit entries name the actor of the context.
type Methods interface {
	Add(ctx context.Context, t *tenant.Tenant, in payments.AddMethodInput) (payments.Method, payments.Action, error)
	Verify(ctx context.Context, t tenant.ID, companyID, id string, v payments.Verification) (payments.Method, error)
	Look(ctx context.Context, t tenant.ID, companyID, id string) (payments.Method, payments.Action, error)
	SetDefault(ctx context.Context, t tenant.ID, companyID, id string) error
	Remove(ctx context.Context, t tenant.ID, companyID, id string) error
}

// MethodPages is where the pages of saved methods get their data. Implemented by portaldb.
type MethodPages interface {
	// SavedMethods returns the company's methods. access.ErrNotFound: who only signs is told of none.
	SavedMethods(ctx context.Context, s access.Session) (MethodsData, error)
}

// MethodsData is what the company has saved to pay with.
type MethodsData struct {
	Member     access.Member
	Methods    []payments.Method   // also those that were removed, the default first; without what the processor knows them by; at most 100
	Connection payments.Connection // that takes payments in the company's currency now, without its credentials; ID is "" for none
}

// Addresses of saved methods.
const (
	methodsPath   = "/portal/methods"
	addMethodPath = "/portal/add-method"
)

// methodsPage lists the ways to pay that are saved.
type methodsPage struct {
	view
	data MethodsData
	done string // what was done a moment ago: "added", "verified", "preferred" or "removed"; "" for nothing
}

// savedMethod is one of them, as its reader sees it.
type savedMethod struct {
	payments.Method
	page *methodsPage
}

func (s *Server) showMethods(w http.ResponseWriter, r *http.Request, session access.Session) error {
	page, err := s.methodsPage(r, session)
	if err != nil {
		return err
	}
	page.title, page.done = page.words.Methods.Title, r.URL.Query().Get("done")
	return s.write(w, r, http.StatusOK, methodsView(page))
}

func (s *Server) methodsPage(r *http.Request, session access.Session) (methodsPage, error) {
	data, err := s.pages.SavedMethods(r.Context(), session)
	if err != nil {
		return methodsPage{}, err
	}
	return methodsPage{view: s.memberView(r, atPayments, data.Member), data: data}, nil
}

// saved are the methods that are still there.
func (p *methodsPage) saved() (all []savedMethod) {
	for _, m := range p.data.Methods {
		if m.Status == payments.MethodActive || m.Status == payments.MethodPending {
			all = append(all, savedMethod{m, p})
		}
	}
	return all
}

// changes reports whether the reader may change anything: who pays may.
func (p *methodsPage) changes() bool { return p.member.Contact.Role == access.Payer }

// takes reports whether something new can be saved.
func (p *methodsPage) takes() bool { return p.data.Connection.ID != "" }

// says is what was done a moment ago, "" for nothing.
func (p *methodsPage) says() string {
	w := p.words.Methods
	return map[string]string{"added": w.Added, "verified": w.Verified, "preferred": w.Preferred, "removed": w.Removed}[p.done]
}

// name is what a method is called, like "Visa ending 4242".
func (m savedMethod) name() string { return methodName(m.page.words, m.Kind, m.Brand, m.Last4) }

// methodName is what a way to pay is called, like "Visa ending 4242"; "" when nothing is known of it.
func methodName(w *words, kind, brand, last4 string) string {
	name := brandNames[strings.ToLower(brand)]
	switch {
	case kind == payments.Bank:
		name = cmp.Or(brand, w.Methods.Bank)
	case kind == payments.Card:
		name = cmp.Or(name, w.Methods.Card)
	default:
		name = cmp.Or(name, brand)
	}
	if last4 == "" || name == "" {
		return name
	}
	return fill(w.Methods.Ending, "{name}", name, "{digits}", last4)
}

// brandNames are the cards' names as they are printed on them, by what processors call them.
var brandNames = map[string]string{"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "americanexpress": "American Express", "discover": "Discover",
	"diners": "Diners Club", "dinersclub": "Diners Club", "jcb": "JCB", "unionpay": "UnionPay", "maestro": "Maestro", "cartes_bancaires": "Cartes Bancaires", "eftpos_au": "eftpos"}

// expiry is the month in which a card ends, as it is printed on it; "" for what does not expire.
func (m savedMethod) expiry() string {
	if _, expires := m.ExpiresIn(m.page.today); !expires {
		return ""
	}
	text := []byte("00/")
	text[0], text[1] = byte('0'+m.ExpMonth/10), byte('0'+m.ExpMonth%10)
	return string(appendPadded(text, m.ExpYear, 1000))
}

// Days before a card's end from which it is told of, each more plainly than the one before.
const (
	warnEarly = 60
	warnSoon  = 30
	warnNow   = 7
)

// warning is what to say of a card that ends soon, "" for nothing; urgent when it ends within days or has ended.
func (m savedMethod) warning() (text string, urgent bool) {
	days, expires := m.ExpiresIn(m.page.today)
	w := m.page.words.Methods
	switch {
	case !expires || days > warnEarly:
		return "", false
	case days < 0:
		return w.Expired, true
	case days == 0:
		return w.ExpiresToday, true
	case days <= warnNow:
		return m.page.count(w.ExpiresNow, days), true
	case days <= warnSoon:
		return m.page.count(w.ExpiresSoon, days), false
	}
	return w.ExpiresEarly, false
}

// stranded reports whether a method belongs to an account that the tenant does not use any more.
func (m savedMethod) stranded() bool {
	c := m.page.data.Connection.ID
	return c != "" && c != m.ConnectionID
}

// pending reports whether its owner must still show that it is theirs.
func (m savedMethod) pending() bool { return m.Status == payments.MethodPending }

// prefers reports whether it can be made the default.
func (m savedMethod) prefers() bool {
	return m.page.changes() && !m.Default && m.page.takes() && m.Usable(m.page.data.Connection.ID, m.page.today)
}

// path is where the method's pages are.
func (m savedMethod) path() string { return methodsPath + "/" + url.PathEscape(m.ID) }

// added is the day on which it was saved, in the tenant's zone.
func (m savedMethod) added() ledger.Date { return ledger.DateIn(m.CreatedAt, m.page.tenant.TimeZone) }

// arrives is the day on which small deposits are expected, zero when nobody knows.
func (m savedMethod) arrives() ledger.Date {
	if m.ArrivesAt.IsZero() {
		return ledger.Date{}
	}
	return ledger.DateIn(m.ArrivesAt, m.page.tenant.TimeZone)
}

// methodHandler answers for one of the company's own methods.
type methodHandler func(w http.ResponseWriter, r *http.Request, session access.Session, m savedMethod) error

// ofMethod finds the method of the path among the company's. One of anybody else is not there; who may only read is told so.
func (s *Server) ofMethod(h methodHandler) memberHandler {
	return func(w http.ResponseWriter, r *http.Request, session access.Session) error {
		page, err := s.methodsPage(r, session)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(page.data.Methods, func(m payments.Method) bool { return m.ID == route.Param(r, "id") })
		switch {
		case at < 0:
			return access.ErrNotFound
		case !page.changes():
			s.Error(w, r, http.StatusForbidden)
			return nil
		}
		return h(w, r, session, savedMethod{page.data.Methods[at], &page})
	}
}

// changesMethod is a route that changes a method. It is found before a code is asked for, so that nobody is asked for one in vain, or learns by it
// which ids there are.
func (s *Server) changesMethod(f *keptForm, h methodHandler) http.Handler {
	return s.memberForm(f, s.ofMethod(func(w http.ResponseWriter, r *http.Request, session access.Session, m savedMethod) error {
		return s.steppedUp(f, func(w http.ResponseWriter, r *http.Request, session access.Session) error { return h(w, r, session, m) })(w, r, session)
	}))
}

// acting is the request's context with who acts in it, for what is noted in the audit log.
func (s *Server) acting(r *http.Request, session access.Session) context.Context {
	by := access.Actor{Kind: "contact", ID: session.ContactID}
	if site := request.From(r.Context()).Site; site.Tenant.Policy.LogVisitors {
		by.Visitor = visitor(r)
	}
	return access.WithActor(r.Context(), by)
}
