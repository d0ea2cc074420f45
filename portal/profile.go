package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"tollhouse/portal/access"
	"tollhouse/portal/lang"
)

// Profiles lets a contact say what it is called and how it reads. Implemented by access.Service.
type Profiles interface {
	// SaveProfile writes it. access.ErrName: that is no name; access.ErrNoSession: s has ended meanwhile.
	SaveProfile(ctx context.Context, s access.Session, p access.Profile, v access.Visitor) error
}

const (
	accountPath = "/portal/account"
	emailPath   = "/portal/account/email"
)

var (
	detailsForm   = &keptForm{name: "account.details", fields: []string{"name", "language"}, page: onPage(accountPath)}
	newEmailForm  = &keptForm{name: "account.email", fields: []string{"email"}, page: onPage(emailPath)}
	emailCodeForm = &keptForm{name: "account.email.code", page: onPage(emailPath)} // a code is never kept
)

// profileForm is what a contact typed of itself.
type profileForm struct {
	name, language string
	message        string // what is wrong with the name; "" when nothing is
	kept           bool   // it was typed before its session ended
}

// ownNames are the languages as their readers write them.
var ownNames = [lang.Count]string{lang.English: "English", lang.Spanish: "Español", lang.French: "Français", lang.German: "Deutsch",
	lang.Portuguese: "Português", lang.Japanese: "日本語", lang.Arabic: "العربية"}

// language is the tag of the language that a contact's locale reads in, "" for none of its own.
func language(locale string) string {
	if locale == "" {
		return ""
	}
	return lang.Choose(locale).Lang.Tag()
}

// localeFor is the contact's locale after it chose a language: the one it has when that is of the language already, so that British dates stay
// British. ok is false for a language that there are no words for.
func localeFor(has, chosen string) (locale string, ok bool) {
	if chosen == language(has) {
		return has, true
	}
	for id := range lang.Count {
		if id.Tag() == chosen {
			return chosen, true
		}
	}
	return "", chosen == ""
}

func (p accountPage) languages() []choice {
	choices := []choice{{value: "", text: p.words.Profile.AsBrowser, chosen: p.form.language == ""}}
	for id, name := range ownNames {
		tag := lang.ID(id).Tag()
		choices = append(choices, choice{tag, name, tag == p.form.language})
	}
	return choices
}

// profileOf fills the form with what the contact has, or with what was kept of it.
func profileOf(c access.Contact, kept url.Values) profileForm {
	if kept == nil {
		return profileForm{name: c.Name, language: language(c.Locale)}
	}
	return profileForm{name: kept.Get("name"), language: kept.Get("language"), kept: true}
}

// saveDetails changes name and language. That needs no code: neither opens anything.
func (s *Server) saveDetails(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	data, err := s.pages.Account(r.Context(), session)
	if err != nil {
		return err
	}
	form := profileForm{name: r.PostFormValue("name"), language: r.PostFormValue("language")}
	locale, ok := localeFor(data.Member.Contact.Locale, form.language)
	if !ok {
		return &badFormError{errors.New("a language that is not in the list")}
	}
	err = s.access.SaveProfile(r.Context(), session, access.Profile{Name: form.name, Locale: locale}, visitor(r))
	if errors.Is(err, access.ErrName) {
		page := s.accountPage(r, data, form)
		page.form.message = page.words.Profile.NameWanted
		page.title = page.words.ErrorPrefix + page.title
		return s.write(w, r, http.StatusUnprocessableEntity, accountView(page))
	}
	if err != nil {
		return err
	}
	seeOther(w, accountPath+"?done=details")
	return nil
}

// emailPage changes the contact's address: a form for the new one, and once a code is on its way to it, a form for that.
type emailPage struct {
	view
	form        emailForm
	newEmail    string // where a code is on its way to, "" for none
	codeMessage string
	kept        bool
	limited     bool
}

func (s *Server) showEmail(w http.ResponseWriter, r *http.Request, session access.Session) error {
	kept, err := s.typed(r, session, newEmailForm)
	if err != nil {
		return err
	}
	return s.writeEmail(w, r, session, http.StatusOK, func(p *emailPage) { p.form.email, p.kept = kept.Get("email"), kept != nil })
}

func (s *Server) writeEmail(w http.ResponseWriter, r *http.Request, session access.Session, status int, change func(*emailPage)) error {
	data, err := s.pages.Codes(r.Context(), session)
	if err != nil {
		return err
	}
	page := emailPage{view: s.memberView(r, atAccount, data.Member), newEmail: data.NewEmail}
	page.title = page.words.Profile.EmailTitle
	change(&page)
	if page.form.message != "" || page.codeMessage != "" {
		page.title = page.words.ErrorPrefix + page.title
	}
	return s.write(w, r, status, emailView(page))
}

// askEmail mails a code to the new address. That somebody at the company has it already is not said: only that it cannot be used.
func (s *Server) askEmail(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	email := strings.TrimSpace(r.PostFormValue("email"))
	wrong := func(says func(*words) string) error {
		return s.writeEmail(w, r, session, http.StatusUnprocessableEntity, func(p *emailPage) { p.form = emailForm{email, says(p.words)} })
	}
	if !looksLikeAddress(email) {
		return wrong(func(w *words) string { return w.EmailWanted })
	}
	err := s.access.SendEmailCode(r.Context(), session, email, visitor(r))
	switch {
	case errors.Is(err, access.ErrConflict):
		return wrong(func(w *words) string { return w.Profile.EmailTaken })
	case errors.Is(err, access.ErrLimited):
		return s.writeEmail(w, r, session, http.StatusTooManyRequests, func(p *emailPage) { p.form.email, p.limited = email, true })
	case err != nil:
		return err
	}
	seeOther(w, emailPath)
	return nil
}

// confirmEmail takes the code that the new address got.
func (s *Server) confirmEmail(w http.ResponseWriter, r *http.Request, session access.Session) error {
	if err := parseForm(w, r); err != nil {
		return err
	}
	err := s.access.ConfirmEmail(r.Context(), session, r.PostFormValue("code"), visitor(r))
	if says := wrongCode(err); says != nil {
		return s.writeEmail(w, r, session, http.StatusUnprocessableEntity, func(p *emailPage) {
			if p.codeMessage = says(p.view); p.newEmail == "" { // there is no field for a code any more
				p.codeMessage, p.form.message = "", p.codeMessage
			}
		})
	}
	if errors.Is(err, access.ErrConflict) {
		return s.writeEmail(w, r, session, http.StatusUnprocessableEntity, func(p *emailPage) { p.form.message = p.words.Profile.EmailTaken })
	}
	if err != nil {
		return err
	}
	seeOther(w, accountPath+"?done=email")
	return nil
}
