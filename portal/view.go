package portal

import (
	"net/http"
	"strings"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// view is what every page shows around its own content.
type view struct {
	words  *words
	assets *assets
	tenant *tenant.Tenant // nil on a host that is no tenant's
	member *access.Member // nil when nobody is signed in
	title  string
	place  place
	today  ledger.Date
}

// place is the entry of the menu that a page belongs to.
type place uint8

const (
	nowhere place = iota
	atHome
	atInvoices
)

// view starts the view of a page for whoever may see it.
func (s *Server) view(r *http.Request, title string) view {
	v := view{words: &english, assets: s.assets, title: title}
	if site := request.From(r.Context()).Site; site != nil && site.Tenant != nil {
		v.tenant = site.Tenant
		v.today = ledger.DateIn(s.now(), site.Tenant.TimeZone)
	}
	return v
}

// memberView starts the view of a page for somebody who is signed in.
func (s *Server) memberView(r *http.Request, title string, at place, member access.Member) view {
	v := s.view(r, title)
	v.place, v.member = at, &member
	return v
}

// locale decides how amounts and dates are written: the contact's own, else the tenant's.
func (v view) locale() string {
	switch {
	case v.member != nil && v.member.Contact.Locale != "":
		return v.member.Contact.Locale
	case v.tenant != nil:
		return v.tenant.Locale
	}
	return ""
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
