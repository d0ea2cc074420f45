package main

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollhouse/portal/mail/mailsink"
)

var mailedCode = regexp.MustCompile(`(?m)^    ([2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4})$`)

// codeTo waits for a mail with a code to an address and returns the code.
func (f *fleet) codeTo(t *testing.T, address, subject string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	m, err := f.sink.Wait(ctx, func(m mailsink.Message) bool { return m.To[0] == address && strings.Contains(m.Subject, subject) })
	if err != nil {
		t.Fatalf("no mail %q to %s: %v", subject, address, err)
	}
	found := mailedCode.FindStringSubmatch(m.Text)
	if found == nil || strings.Contains(m.Text, "/portal/") {
		t.Fatalf("it has no code, or a link:\n%s", m.Text)
	}
	return found[1]
}

// Somebody changes their address: a code to the old one, a code to the new one, on two nodes, by real mails.
func TestJourney_ANewAddressTakesACodeFromBoth(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	who := b.clients[0]
	clients, home := []*http.Client{f.client(f.nodes[0]), f.client(f.nodes[1])}, "https://"+b.host
	session, other := f.signIn(t, clients[0], b, who), f.signIn(t, clients[0], b, who)
	step := 0
	send := func(path, form, to string) answer {
		t.Helper()
		step++
		r := press(t, clients[step%2], home+path, form, session)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != to {
			t.Fatalf("%s: %s to %q, want %q\n%s", path, r.Status, r.Header.Get("Location"), to, r.body)
		}
		return r
	}
	const next = "new-owner@client.test"
	kept := send("/portal/account/email", "email="+url.QueryEscape(next), "/portal/confirm")
	browser := cookieOf(t, kept, "__Host-bp-kept")
	send("/portal/confirm/send", "", "/portal/confirm")
	code := f.codeTo(t, who.contact.Email, "Your code for")
	before := session
	session = sessionCookie(t, send("/portal/confirm", "code="+code, "/portal/account/email"))
	if r := press(t, clients[0], home+"/portal/account/email", "email="+url.QueryEscape(next), before); r.Header.Get("Location") != "/portal/confirm" {
		t.Errorf("the old cookie: %s to %q", r.Status, r.Header.Get("Location"))
	}
	page := ask(t, clients[0], "GET", home+"/portal/account/email", "", session+"; "+strings.TrimPrefix(browser, "Cookie: "))
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `value="`+next+`"`) || !strings.Contains(page.body, "We kept what you typed") {
		t.Errorf("what was typed does not come back: %s\n%s", page.Status, page.body)
	}
	send("/portal/account/email", "email="+url.QueryEscape(next), "/portal/account/email")
	send("/portal/account/email/code", "code="+f.codeTo(t, next, "Confirm your email address"), "/portal/account?done=email")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := f.sink.Wait(ctx, func(m mailsink.Message) bool {
		return m.To[0] == who.contact.Email && strings.Contains(m.Subject, "was changed")
	}); err != nil {
		t.Errorf("the old address is not told: %v", err)
	}
	if r := f.pageOn(t, f.nodes[1], b, other); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("another session: %s, want 401", r.Status)
	}
	activity := ask(t, clients[1], "GET", home+"/portal/activity?what=access", "", session)
	for _, want := range []string{"changed the email address", "confirmed with a code", "A code was emailed to"} {
		if !strings.Contains(activity.body, want) {
			t.Errorf("the activity does not say %q", want)
		}
	}
}
