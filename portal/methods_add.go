package portal

import (
	"errors"
	"net/http"
	"strings"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/route"
	"tollhouse/tenant/request"
)

// addMethodForm is posted to its own page. What was entered is in the processor's fields; there is nothing of it to keep.
var addMethodForm = &keptForm{name: "method.add", page: ownPath}

// addMethodPage holds the processor's fields.
type addMethodPage struct {
	methodsPage
	kind    string // payments.Card or payments.Bank
	nonce   string // the same again is the same method
	script  string // the processor's
	field   string // what is wrong is in this field
	message string // "" when nothing is
}

// byScript reports whether the processor's fields can stand in a page of ours, so that something is saved without a payment. What another processor
// saves is saved while it is paid with.
func (p *methodsPage) byScript() bool {
	return p.takes() && p.data.Connection.Processor == payments.Stripe
}

// canAdd reports whether a kind of method can be saved here.
func (p *methodsPage) canAdd(kind string) bool {
	return p.byScript() && (kind == payments.Card || kind == payments.Bank && p.data.Connection.BankDebits)
}

// addingMethod is a route of the page that saves a method of the path's kind. Who may not, or cannot now, does not get as far as a code.
func (s *Server) addingMethod(h func(w http.ResponseWriter, r *http.Request, session access.Session, page addMethodPage) error) http.Handler {
	return s.memberForm(addMethodForm, func(w http.ResponseWriter, r *http.Request, session access.Session) error {
		list, err := s.methodsPage(r, session)
		page := addMethodPage{methodsPage: list, kind: route.Param(r, "kind"), script: s.processors.scriptOfStripe()}
		switch {
		case err != nil:
			return err
		case page.kind != payments.Card && page.kind != payments.Bank:
			return access.ErrNotFound
		case !page.changes():
			s.Error(w, r, http.StatusForbidden)
			return nil
		case !page.canAdd(page.kind):
			seeOther(w, methodsPath)
			return nil
		}
		return s.steppedUp(addMethodForm, func(w http.ResponseWriter, r *http.Request, session access.Session) error {
			return h(w, r, session, page)
		})(w, r, session)
	})
}

func (s *Server) showAddMethod(w http.ResponseWriter, r *http.Request, _ access.Session, page addMethodPage) error {
	page.nonce = randomValue()
	return s.writeAddMethod(w, r, http.StatusOK, page)
}

func (s *Server) writeAddMethod(w http.ResponseWriter, r *http.Request, status int, page addMethodPage) error {
	page.title = page.heading()
	if page.message != "" {
		page.title = page.words.ErrorPrefix + page.title
	}
	s.processors.allowStripe(w.Header())
	return s.write(w, r, status, addMethodView(page))
}

// addMethod saves what the processor's fields gave a name to.
func (s *Server) addMethod(w http.ResponseWriter, r *http.Request, session access.Session, page addMethodPage) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	page.nonce = r.PostFormValue("nonce")
	in := payments.AddMethodInput{Nonce: page.nonce, CompanyID: session.CompanyID, ContactID: session.ContactID, Currency: page.currency(), Kind: page.kind,
		Source: r.PostFormValue("source"), ReturnURL: "https://" + r.Host + methodBackPath}
	if page.kind == payments.Bank {
		if r.PostFormValue("agree") != "yes" {
			page.field, page.message = "agree", page.words.Methods.AgreeWanted
			return s.writeAddMethod(w, r, http.StatusUnprocessableEntity, page)
		}
		in.MandateText = page.mandate()
	}
	site := request.From(r.Context()).Site
	if v := visitor(r); site.Tenant.Policy.LogVisitors {
		in.Visitor = payments.Visitor{IP: v.IP.String(), UserAgent: v.UserAgent}
	}
	m, _, err := s.methods.Add(s.acting(r, session), site.Tenant, in)
	switch {
	case err != nil:
		return s.notAdded(w, r, page, err)
	case m.Status == payments.MethodPending:
		seeOther(w, methodsPath+"/"+m.ID)
	default:
		seeOther(w, methodsPath+"?done=added")
	}
	return nil
}

// notAdded says why nothing was saved, or that it is not known. A refusal takes a new nonce; a lost answer the same one: whoever enters the same again
// gets the one method.
func (s *Server) notAdded(w http.ResponseWriter, r *http.Request, page addMethodPage, err error) error {
	var declined *payments.DeclinedError
	var invalid *payments.ValidationError
	status := http.StatusUnprocessableEntity
	page.field = "processor-fields"
	switch words := page.words.Methods; {
	case errors.As(err, &declined):
		page.nonce, page.message = randomValue(), page.refusal(declined.Failure.Kind)
	case errors.As(err, &invalid):
		page.nonce, page.message = randomValue(), words.SourceWanted
	case errors.Is(err, payments.ErrLost):
		s.logFailure(r, err)
		page.message, status = words.AddLost, http.StatusServiceUnavailable
	case unavailable(err):
		s.logFailure(r, err)
		page.nonce, page.message, status = randomValue(), words.RefusedSetup, http.StatusServiceUnavailable
	default:
		return err
	}
	return s.writeAddMethod(w, r, status, page)
}

// refusal is what a payer is told of a bank's refusal to have a method saved; one that was stolen reads like any other.
func (p addMethodPage) refusal(kind payments.FailureKind) string {
	w := p.words.Methods
	switch kind {
	case payments.FailedNumber, payments.FailedExpiry, payments.FailedCVC, payments.FailedAddress, payments.FailedBankAccount:
		return w.RefusedDetails
	case payments.FailedTryLater:
		return w.RefusedLater
	case payments.FailedUnavailable:
		return w.RefusedSetup
	}
	return w.RefusedOther
}

// methodBackPath is where a bank's page leads back to.
const methodBackPath = "/portal/method-back"

// backFromBank looks what became of the cards that a bank wanted to hear of. It tells nothing by itself: what the address says is not believed.
func (s *Server) backFromBank(w http.ResponseWriter, r *http.Request, session access.Session) error {
	page, err := s.methodsPage(r, session)
	if err != nil {
		return err
	}
	to := methodsPath
	for _, m := range page.saved() {
		if !m.pending() || m.Kind != payments.Card || !page.changes() || viewer(r) == nil {
			continue
		}
		now, _, err := s.methods.Look(s.acting(r, session), session.Tenant, session.CompanyID, m.ID)
		switch {
		case err != nil:
			s.logFailure(r, err) // the list says that it is still open
		case now.Status != payments.MethodPending:
			to = methodsPath + verifiedSuffix(now)
		}
	}
	seeOther(w, to)
	return nil
}

func (p addMethodPage) heading() string {
	if p.kind == payments.Bank {
		return p.words.Methods.AddBankTitle
	}
	return p.words.Methods.AddCardTitle
}

func (p addMethodPage) button() string {
	if p.kind == payments.Bank {
		return p.words.Methods.SaveBank
	}
	return p.words.Methods.SaveCard
}

// stripeType is what Stripe calls the kind.
func (p addMethodPage) stripeType() string {
	if p.kind == payments.Bank {
		return "us_bank_account"
	}
	return "card"
}

// mandate is the text that is agreed to, as it is kept.
func (p addMethodPage) mandate() string {
	return fill(p.words.Methods.Mandate, "{tenant}", p.brandName(), "{company}", p.member.Company.Name)
}

// currency is what the client's payments are in.
func (p *methodsPage) currency() ledger.Currency {
	if own := p.member.Company.Currency; own != "" {
		return ledger.Currency(own)
	}
	return ledger.Currency(p.tenant.Currency)
}

// stripeCurrency is the currency as Stripe's script wants it.
func (p *methodsPage) stripeCurrency() string { return strings.ToLower(string(p.currency())) }
