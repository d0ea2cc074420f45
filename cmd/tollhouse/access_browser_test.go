package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollhouse/portal/access"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/portal/portaltest"
)

// phone is the narrowest screen that pages are made for.
var phone = portaltest.Look{Width: 320, Height: 640}

// walker is a reader who looks closely at each page: nothing is wider than the screen, and axe finds nothing, in light and in dark.
type walker struct {
	reader
	axe string // its source; "" where scripts do not run
}

// axeSource is axe-core, which `make tools` brings.
func axeSource(t *testing.T) string {
	t.Helper()
	path := os.Getenv("TOLLHOUSE_AXE")
	if path == "" {
		path = filepath.Join("..", "..", ".dev", "tools", "node_modules", "axe-core", "axe.min.js")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("axe-core is missing: run make tools (%v)", err)
	}
	return string(source)
}

func (w *walker) at(t *testing.T, path string, texts ...string) {
	t.Helper()
	w.reader.at(t, path, texts...)
	if over, err := w.tab.Overflow(); err != nil || over > 0 {
		t.Errorf("%s is %d pixels too wide (%v)", path, over, err)
	}
	if w.axe == "" {
		return
	}
	for _, dark := range []bool{false, true} {
		look := phone
		look.Dark = dark
		if err := w.tab.SetLook(look); err != nil {
			t.Fatal(err)
		}
		findings, err := w.tab.Audit(w.axe)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			t.Errorf("%s, dark %t: %s", path, dark, f)
		}
	}
}

func (w *walker) types(t *testing.T, selector, text string) {
	t.Helper()
	if err := w.tab.Type(selector, text); err != nil {
		t.Fatal(err)
	}
}

// walkers calls walk with and without scripts; each time in a browser of its own.
func (f *fleet) walkers(t *testing.T, b *business, walk func(t *testing.T, w *walker, who client)) {
	t.Helper()
	for i, name := range []string{"with scripts", "without scripts"} {
		t.Run(name, func(t *testing.T) {
			w := &walker{reader: reader{tab: f.browse(t, f.nodes[i%len(f.nodes)], f.ca.RootPEM), base: "https://" + b.host}, axe: axeSource(t)}
			if i == 1 {
				if err := w.tab.DisableScripts(); err != nil {
					t.Fatal(err)
				}
				w.axe = ""
			}
			if err := w.tab.SetLook(phone); err != nil {
				t.Fatal(err)
			}
			walk(t, w, b.clients[i])
		})
	}
}

// asksForLink asks for a link and returns the mail's link and code.
func (f *fleet) asksForLink(t *testing.T, w *walker, address string) (link, code string) {
	t.Helper()
	w.opens(t, w.base+"/portal/sign-in")
	w.at(t, "/portal/sign-in", "Get a sign-in link")
	w.types(t, "#email", address)
	w.presses(t, "main button")
	w.at(t, "/portal/sign-in/sent")
	link = f.mailTo(t, address, "sign-in link")
	for _, m := range f.sink.Messages() {
		if found := codeInMail.FindStringSubmatch(m.Text); m.To[0] == address && found != nil && strings.Contains(m.Text, link) {
			code = found[1]
		}
	}
	if code == "" {
		t.Fatal("the mail holds no code")
	}
	return link, code
}

func TestWalk_InByACodeThatIsTypedAsPeopleType(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	f.walkers(t, b, func(t *testing.T, w *walker, who client) {
		_, code := f.asksForLink(t, w, who.contact.Email)
		w.types(t, "#code", "nonsense that is no code")
		w.presses(t, "main form button")
		w.at(t, "/portal/sign-in/code", "Please check one thing")
		w.types(t, "#code", " "+strings.ToLower(strings.ReplaceAll(code, "-", " "))+" ")
		w.presses(t, "main form button")
		w.at(t, "/portal/", "Due now", "$100.00")
	})
}

func TestWalk_WrongCodesRunOut(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	f.walkers(t, b, func(t *testing.T, w *walker, who client) {
		link, code := f.asksForLink(t, w, who.contact.Email)
		for _, says := range []string{"4 more times", "3 more times", "2 more times", "1 more time", "Ask for a new email"} {
			w.types(t, "#code", "2222-2222")
			w.presses(t, "main form button")
			w.at(t, "/portal/sign-in/code", "Please check one thing", says)
		}
		w.types(t, "#code", code)
		w.presses(t, "main form button")
		w.at(t, "/portal/sign-in/code", "Please check one thing")
		// The link itself was mailed to its owner, and whoever asked for it is at this browser: it still works.
		w.opens(t, link)
		w.presses(t, "main button")
		w.at(t, "/portal/", "Due now")
	})
}

// One mailbox of three companies of the same tenant.
func TestWalk_ChoosesBetweenThreeCompanies(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	third := f.addClient(t, b, 2)
	address := b.clients[0].contact.Email
	for _, who := range []client{b.clients[1], third} {
		_, err := f.nodes[0].clients.UpdateContact(t.Context(), b.ID, access.Actor{Kind: "operator"}, who.contact.ID,
			func(c *access.Contact) error { c.Email = address; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	b.clients[1].contact.Email = address
	known := ""
	f.walkers(t, b, func(t *testing.T, w *walker, _ client) {
		w.opens(t, w.base+"/portal/sign-in")
		w.types(t, "#email", strings.ToUpper(address))
		w.presses(t, "main button")
		if known == "" {
			known = f.mailTo(t, address, "sign-in link")
		} else {
			known = f.loginAfter(t, address, known)
		}
		w.opens(t, known)
		w.presses(t, "main button")
		w.at(t, "/portal/companies", "Company "+b.clients[0].canary, "Company "+b.clients[1].canary, "Company "+third.canary)
		w.presses(t, `form[action="/portal/companies/`+third.contact.ID+`"] button`)
		w.at(t, "/portal/", "Company "+third.canary)
		w.opens(t, w.base+"/portal/companies")
		w.at(t, "/portal/companies", "Company "+b.clients[0].canary)
		w.opens(t, w.base+"/portal/activity")
		w.at(t, "/portal/activity", "came over from another company")
		w.opens(t, w.base+"/portal/invoices/"+b.clients[0].invoice)
		w.at(t, "/portal/invoices/"+b.clients[0].invoice, "There is nothing at this address")
	})
}

func TestWalk_EndsOneSessionThenAll(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	f.walkers(t, b, func(t *testing.T, w *walker, who client) {
		c := f.client(f.nodes[0])
		other, third := f.signIn(t, c, b, who), f.signIn(t, c, b, who)
		w.opens(t, f.mint(t, b, who).URL)
		w.presses(t, "main button")
		w.opens(t, w.base+"/portal/account")
		w.at(t, "/portal/account", "Contact "+who.canary)
		w.presses(t, ".sessions li:nth-child(2) button")
		w.at(t, "/portal/account")
		alive := 0
		for _, session := range []string{other, third} {
			if f.pageOn(t, f.nodes[1], b, session).StatusCode == 200 {
				alive++
			}
		}
		if alive != 1 {
			t.Errorf("%d of two other sessions are left, want 1", alive)
		}
		w.presses(t, "form.after button")
		w.at(t, "/portal/signed-out", "You are signed out")
		for _, session := range []string{other, third} {
			if r := f.pageOn(t, f.nodes[1], b, session); r.StatusCode != 401 {
				t.Errorf("a session after signing out everywhere: %s", r.Status)
			}
		}
		w.opens(t, w.base+"/portal/account")
		w.at(t, "/portal/account", "Please sign in again")
	})
}

// A session in its last minutes says so before its reader begins anything.
func TestWalk_IsWarnedBeforeTheSessionEnds(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "acme")
	f.walkers(t, b, func(t *testing.T, w *walker, who client) {
		w.opens(t, f.mint(t, b, who).URL)
		w.presses(t, "main button")
		w.at(t, "/portal/", "Due now")
		if text := w.reads(t); strings.Contains(text, "in a few minutes") {
			t.Fatalf("control: it is announced a week before: %s", text)
		}
		f.exec(t, b, `UPDATE crm_client_portal_sessions SET expires_at = now() + interval '4 minutes' WHERE tenant_id = $1`, b.ID)
		f.forgetCopies(t)
		w.opens(t, w.base+"/portal/")
		w.at(t, "/portal/")
		if shown, err := portaltest.Evaluate[bool](w.tab, `!document.getElementById("ending").hidden`); err != nil || !shown {
			t.Errorf("nothing says that the session is about to end (%v): %s", err, w.reads(t))
		}
	})
}

// forgetCopies empties Redis, so that every session is read from the record.
func (f *fleet) forgetCopies(t *testing.T) {
	t.Helper()
	if err := f.nodes[0].redis.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// loginAfter waits for the sign-in link that comes after one that is known.
func (f *fleet) loginAfter(t *testing.T, address, known string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	m, err := f.sink.Wait(ctx, func(m mailsink.Message) bool {
		link := linkInMail.FindString(m.Text)
		return m.To[0] == address && isLogin(m) && link != "" && link != known
	})
	if err != nil {
		t.Fatalf("no second sign-in link to %s: %v", address, err)
	}
	return linkInMail.FindString(m.Text)
}
