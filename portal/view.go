package portal

import (
	"net/http"
	"strings"
	"time"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/format"
	"tollhouse/portal/lang"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// view is what every page shows around its own content.
type view struct {
	words   *words
	assets  *assets
	tenant  *tenant.Tenant  // nil on a host that is no tenant's
	member  *access.Member  // nil when nobody is signed in
	preview *access.Preview // nil when it is no preview
	title   string
	place   place
	today   ledger.Date
	now     time.Time

	scripts []string // what the page runs, in order; nearly none does
	refresh int      // after how many seconds a browser without scripts loads the page again; 0: never

	wishes  []string // for a language, the best first; not the member's own
	figures string   // the locale that amounts and dates are written in
}

// place is the entry of the menu that a page belongs to.
type place uint8

const (
	nowhere place = iota
	atHome
	atInvoices
	atPayments
	atActivity
	atPeople
	atAccount
)

// view starts the view of a page for whoever may see it, in the language of the browser or else the tenant's. The page says its title.
func (s *Server) view(r *http.Request) view {
	v := view{assets: s.assets, now: s.now(), preview: previewOf(r), wishes: lang.Accepted(r.Header.Get("Accept-Language"))}
	if site := request.From(r.Context()).Site; site != nil && site.Tenant != nil {
		v.tenant = site.Tenant
		v.today = ledger.DateIn(v.now, site.Tenant.TimeZone)
		v.wishes = append(v.wishes, v.tenant.Locale)
	}
	v.speak(v.wishes)
	return v
}

// memberView starts the view of a page for somebody who is signed in, in the language that was set for them.
func (s *Server) memberView(r *http.Request, at place, member access.Member) view {
	v := s.view(r)
	v.signedIn(at, member)
	return v
}

// signedIn tells the view whose page it is, once that is known.
func (v *view) signedIn(at place, member access.Member) {
	v.place, v.member = at, &member
	if own := member.Contact.Locale; own != "" {
		v.speak(append([]string{own}, v.wishes...))
	}
}

func (v *view) speak(wishes []string) {
	reader := lang.Choose(wishes...)
	v.words, v.figures = catalogue[reader.Lang], reader.Locale
}

// locale decides how amounts and dates are written.
func (v view) locale() string { return v.figures }

// count is a sentence that counts, for n.
func (v view) count(sentence lang.Plural, n int) string {
	return fill(v.words.Lang.Pick(sentence, n), "{n}", format.Decimal(int64(n), 0, v.locale()))
}

// brandName is the tenant's name, "" on a host that is no tenant's.
func (v view) brandName() string {
	if v.tenant == nil {
		return ""
	}
	return v.tenant.Name
}

// fullTitle is what the browser's tab says.
func (v view) fullTitle() string {
	if v.tenant == nil {
		return v.title
	}
	return v.title + " – " + v.tenant.Name
}

// colours is the address of the custom properties that the style sheet draws with.
func (v view) colours() string {
	if v.tenant == nil {
		return v.assets.neutral
	}
	return "/brand/" + v.tenant.Style.Hash() + ".css"
}

// home is where the logo leads.
func (v view) home() string {
	if v.member == nil {
		return "/portal/sign-in"
	}
	return "/portal/"
}

func (v view) hasLogo() bool { return v.tenant != nil && v.tenant.Brand.Logo.Hash != "" }

// support is the address that helps, "" when the tenant names none.
func (v view) support() string {
	if v.tenant == nil {
		return ""
	}
	return v.tenant.Brand.SupportEmail
}

// footer is the tenant's own text.
func (v view) footer() string {
	if v.tenant == nil {
		return ""
	}
	return v.tenant.Brand.Footer
}

// sessionEnds is the last day on which the session works, in the tenant's zone.
func (v view) sessionEnds() ledger.Date {
	return ledger.DateIn(v.member.Session.ExpiresAt, v.tenant.TimeZone)
}

// paragraphs splits plain text at its empty lines, so that it keeps the shape it was typed in.
func paragraphs(text string) []string {
	var out []string
	for p := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
