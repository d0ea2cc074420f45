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
	What  Deed
	Who   string // a contact of the company
	After string // cursor: opaque, "" for the first page
	Limit int
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
	query TrailQuery
	data  TrailData
}

func (s *Server) showActivity(w http.ResponseWriter, r *http.Request, session access.Session) error {
	page := activityPage{view: s.view(r), query: trailQuery(r.URL.Query())}
	if len(page.query.After) > longestCursor {
		return access.ErrNotFound
	}
	data, err := s.pages.Trail(r.Context(), session, page.query)
	if err != nil {
		return err
	}
	page.signedIn(atActivity, data.Member)
	page.title, page.data = page.words.Trail.Title, data
	return s.write(w, r, http.StatusOK, activityView(page))
}

// trailQuery reads the form above the list; what is no filter is none.
func trailQuery(form url.Values) TrailQuery {
	q := TrailQuery{What: Deed(form.Get("what")), Who: form.Get("who"), After: form.Get("after"), Limit: pageSize}
	if !slices.Contains([]Deed{Viewed, Paid, Sent, Entered}, q.What) {
		q.What = AnyDeed
	}
	if !tenant.ValidID("con", q.Who) {
		q.Who = ""
	}
	return q
}

func (p activityPage) filtered() bool { return p.query.What != AnyDeed || p.query.Who != "" }

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
func (p activityPage) address(after string) string {
	form := url.Values{}
	for name, value := range map[string]string{"what": string(p.query.What), "who": p.query.Who, "after": after} {
		if value != "" {
			form.Set(name, value)
		}
	}
	if len(form) == 0 {
		return "/portal/activity"
	}
	return "/portal/activity?" + form.Encode()
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
	case "link.used":
		return w.SignedIn
	case "link.requested":
		return w.LinkAsked
	}
	if e.Why == "signed out" {
		return w.SignedOut
	}
	return w.SessionEnded
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
