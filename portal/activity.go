package portal

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"tollhouse/portal/access"
	"tollhouse/portal/format"
	"tollhouse/tenant"
)

// Deed is a sort of thing that happens to a company's documents and its access to them.
type Deed string

// The deeds that a client is told of. AnyDeed stands for all.
const (
	AnyDeed Deed = ""
	Viewed  Deed = "viewed"
	Paid    Deed = "paid"
	Sent    Deed = "sent"   // invoices that came, or were voided
	Entered Deed = "access" // who signed in and out
)

// TrailQuery asks for one page of what happened. Empty filters match all.
type TrailQuery struct {
	What     Deed
	Who      string    // a contact of the company
	From, To time.Time // from this moment on, and before that one; zero for no bound
	After    string    // cursor: opaque, "" for the first page
	Limit    int
}

// TrailData is one page of what happened at a company, newest first.
type TrailData struct {
	Member  access.Member
	People  []Person // of the company, by name
	Entries []TrailEntry
	Next    string // cursor of the next page, "" at the end
}

// Person is a contact whose deeds can be asked for.
type Person struct{ ID, Name string }

// TrailEntry is one entry of the audit log, as far as it is the client's to see.
type TrailEntry struct {
	At     time.Time
	Kind   string // of the audit entry
	Why    string // why a session ended
	Who    string // whom it is about, "" when nobody knows
	Own    bool   // it is the reader's own doing
	First  bool   // nobody had viewed the invoice before
	Number string // of the invoice, when there is one
	ID     string // of the invoice, when there is one
	IP     string // of the reader's own doing only, "" when it is not kept
}

// activityPage is one page of what happened.
type activityPage struct {
	view
	trailForm
	data TrailData
}

// trailForm is the form above the list: what was asked for, the days as they were typed, and what is wrong with them.
type trailForm struct {
	query TrailQuery
	dayRange
}

func (s *Server) showActivity(w http.ResponseWriter, r *http.Request, session access.Session) error {
	page := activityPage{view: s.view(r)}
	page.trailForm = readTrailForm(r.URL.Query(), page.tenant.TimeZone)
	if len(page.query.After) > longestCursor {
		return access.ErrNotFound
	}
	data, err := s.pages.Trail(r.Context(), session, page.query)
	if err != nil {
		return err
	}
	page.signedIn(atActivity, data.Member)
	page.title, page.data = page.words.Trail.Title, data
	if page.wrong != "" {
		page.title, page.data.Entries, page.data.Next = page.words.ErrorPrefix+page.title, nil, ""
		return s.write(w, r, http.StatusUnprocessableEntity, activityView(page))
	}
	return s.write(w, r, http.StatusOK, activityView(page))
}

// readTrailForm reads the form above the list. What nobody can choose there is no filter; a day that was typed wrong is told of.
func readTrailForm(form url.Values, zone *time.Location) trailForm {
	f := trailForm{query: TrailQuery{What: Deed(form.Get("what")), Who: form.Get("who"), After: form.Get("after"), Limit: pageSize}}
	if !slices.Contains([]Deed{Viewed, Paid, Sent, Entered}, f.query.What) {
		f.query.What = AnyDeed
	}
	if !tenant.ValidID("con", f.query.Who) {
		f.query.Who = ""
	}
	f.dayRange, f.query.From, f.query.To = readDays(form, zone)
	return f
}

func (p activityPage) filtered() bool {
	return p.query.What != AnyDeed || p.query.Who != "" || p.first != "" || p.last != ""
}

// choice is one line of a list to choose from.
type choice struct {
	value, text string
	chosen      bool
}

func (p activityPage) deeds() []choice {
	w := p.words.Trail
	choices := []choice{{value: "", text: w.AnyDeed}, {value: string(Viewed), text: w.ViewedDeed}, {value: string(Paid), text: w.PaidDeed},
		{value: string(Sent), text: w.SentDeed}, {value: string(Entered), text: w.AccessDeed}}
	for i := range choices {
		choices[i].chosen = choices[i].value == string(p.query.What)
	}
	return choices
}

func (p activityPage) people() []choice {
	choices := []choice{{value: "", text: p.words.Trail.Anybody, chosen: p.query.Who == ""}}
	for _, person := range p.data.People {
		choices = append(choices, choice{person.ID, person.Name, person.ID == p.query.Who})
	}
	return choices
}

// address is where the list begins, or goes on.
func (p activityPage) address(after string) string { return p.at("/portal/activity", after) }

// file is where all that the list shows is to be had as a file.
func (p activityPage) file() string { return p.at(activityFile, "") }

func (f trailForm) at(path, after string) string {
	form := url.Values{}
	for name, value := range map[string]string{"what": string(f.query.What), "who": f.query.Who, "from": f.first, "to": f.last, "after": after} {
		if value != "" {
			form.Set(name, value)
		}
	}
	if len(form) == 0 {
		return path
	}
	return path + "?" + form.Encode()
}

// says is what happened, in words. Who is a place in each sentence but those in which the tenant acts.
func (e TrailEntry) says(w *trailWords) string {
	switch e.Kind {
	case "invoice.viewed":
		if e.First {
			return w.ViewedFirst
		}
		return w.Viewed
	case "invoice.sent":
		return w.Sent
	case "invoice.voided":
		return w.Voided
	case "payment.processing":
		return e.byWhom(w.ProcessingBy, w.Processing)
	case "payment.succeeded":
		return e.byWhom(w.PaidBy, w.Paid)
	case "payment.failed":
		return w.PaymentFailed
	case "activity.downloaded":
		return w.Downloaded
	case "link.used":
		return w.SignedIn
	case "session.switched":
		return e.switched(w)
	case "link.requested":
		return w.LinkAsked
	case "step_up.sent", "step_up.passed", "step_up.refused", "contact.email_changed", "contact.changed":
		return map[string]string{"step_up.sent": w.CodeSent, "step_up.passed": w.CodePassed, "step_up.refused": w.CodeRefused,
			"contact.email_changed": w.EmailChanged, "contact.changed": w.DetailsChanged}[e.Kind]
	case "method.added", "method.verified", "method.preferred", "method.removed", "method.refused":
		return w.method(e)
	case "link.minted":
		return w.LinkMade
	case "preview.started":
		return w.Previewed
	}
	if e.Why == "signed out" || e.Why == "switched to another company" {
		return w.SignedOut
	}
	return w.SessionEnded
}

// switched tells only whoever came that they came from another company: that they have a seat there is not their colleagues' to know.
func (e TrailEntry) switched(w *trailWords) string {
	if e.Own {
		return w.Switched
	}
	return w.SignedIn
}

func (e TrailEntry) byWhom(known, unknown string) string {
	if e.Who == "" {
		return unknown
	}
	return known
}

// clock is the time of day with its zone, as a client's own records would have it.
func (p activityPage) clock(at time.Time) string {
	return format.Clock(at.In(p.tenant.TimeZone), p.locale())
}
