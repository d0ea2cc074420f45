package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tollhouse/portal/mail/bounces"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// pipe runs `tollhouse mail bounce` in a process of its own, as a mail server does, and returns what it says and its exit code.
func (f *fleet) pipe(t *testing.T, message string, settings map[string]string, args ...string) (says string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"mail", "bounce"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=yes")
	for _, values := range []map[string]string{f.conf, settings} {
		for name, value := range values {
			cmd.Env = append(cmd.Env, prefix+name+"="+value)
		}
	}
	cmd.Stdin = strings.NewReader(message)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %s", err, out.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// notice is a delivery report of a failure.
func notice(to, recipient, status, diagnostic string) string {
	return strings.ReplaceAll("From: MAILER-DAEMON@mx.client.test\nTo: "+to+"\nSubject: Undelivered\nMIME-Version: 1.0\n"+
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nIt failed.\n--b\n"+
		"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.client.test\n\nFinal-Recipient: rfc822; "+recipient+"\nAction: failed\nStatus: "+status+
		"\nDiagnostic-Code: smtp; "+diagnostic+"\n\n--b--\n", "\n", "\r\n")
}

// returning is a fleet whose mails come back to an address of their own.
func returning(t *testing.T) *fleet {
	return newFleet(t, 1, map[string]string{"BOUNCE_ADDRESS": "bounces@mail.portal.test"})
}

// A mail server takes the mail and says later that there is no such mailbox: the tenant is told, no further mail goes there, a stranger at the
// portal learns nothing of it, and all ends when the tenant clears it.
func TestMailBounce_FromAMailServersPipeToTheNextMail(t *testing.T) {
	f := returning(t)
	b := f.addBusiness(t, "alpha")
	who, other := b.clients[0], b.clients[1]
	m := f.sends(t, b, who)
	if !strings.HasPrefix(m.From, "bounces+") || !strings.Contains(m.Header.Get("From"), "<billing@portal.test>") {
		t.Fatalf("the envelope says %s, the mail %s", m.From, m.Header.Get("From"))
	}
	if says, code := f.pipe(t, notice("<"+strings.ToUpper(m.From)+">", who.contact.Email, "5.1.1", "550 5.1.1 user unknown"), nil); code != 0 || strings.Contains(says, "@") {
		t.Fatalf("exit %d: %s", code, says)
	}
	mails := f.api(t, b, "GET", "/api/crm/mails?status=bounced", "", 200)["data"].([]any)
	if len(mails) != 1 || mails[0].(map[string]any)["reason"] != "bounced_address" || mails[0].(map[string]any)["code"] != "550 5.1.1" {
		t.Errorf("the API tells of %v", mails)
	}
	if contact := f.api(t, b, "GET", "/api/crm/contacts/"+who.contact.ID, "", 200); contact["bounced_at"] == nil || contact["bounce_code"] != "550 5.1.1" {
		t.Errorf("the contact: %v", contact)
	}
	if events := f.api(t, b, "GET", "/api/crm/audit-events?kind=mail.bounced", "", 200)["data"].([]any); len(events) != 1 {
		t.Errorf("the audit log: %v", events)
	}

	before := len(f.sink.Messages())
	c := f.client(f.nodes[0])
	form := func(email string) answer {
		return ask(t, c, "POST", "https://"+b.host+"/portal/sign-in", url.Values{"email": {email}}.Encode(), "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin")
	}
	gone, there, nobody := form(who.contact.Email), form(other.contact.Email), form("nobody@client.test")
	for name, r := range map[string]answer{"a good address": there, "an unknown one": nobody} {
		if r.Status != gone.Status || withoutID(r) != withoutID(gone) || r.Header.Get("Location") != gone.Header.Get("Location") || r.Header.Get("Content-Length") != gone.Header.Get("Content-Length") {
			t.Errorf("the page for a bounced address differs from that for %s", name)
		}
	}
	f.mailTo(t, other.contact.Email, "sign")
	waitFor(t, "the login mail to be dropped", func() bool {
		return one[int](t, f, `SELECT count(*) FROM mails WHERE kind = 'login_link' AND dropped_why = 'address_bounced'`) == 1
	})
	for _, m := range f.sink.Messages()[before:] {
		if m.To[0] == who.contact.Email {
			t.Errorf("a mail went out all the same: %s", m.Subject)
		}
	}
	f.api(t, b, "POST", "/api/crm/contacts/"+who.contact.ID+"/clear-bounce", "", 200)
	form(who.contact.Email)
	f.mailTo(t, who.contact.Email, "sign")
	if logs := f.logs.String(); strings.Contains(logs, "bounces+") {
		t.Error("the token is in the log")
	}
}

func TestMailBounce_ExitsAsAPipeExpectsAndWritesNothingItCannotBelieve(t *testing.T) {
	f := returning(t)
	alpha, beta := f.addBusiness(t, "alpha"), f.addBusiness(t, "beta")
	m, foreign := f.sends(t, alpha, alpha.clients[0]), f.sends(t, beta, beta.clients[0])
	email := alpha.clients[0].contact.Email
	waitFor(t, "the mails to be noted", func() bool { return one[int](t, f, `SELECT count(*) FROM mails WHERE status = 'queued'`) == 0 })
	before := tables(t, f)
	ring, err := seal.ParseRing(f.conf["SEAL_KEYS"])
	if err != nil {
		t.Fatal(err)
	}
	returns, err := bounces.NewReturns(ring, "bounces@mail.portal.test")
	if err != nil {
		t.Fatal(err)
	}
	token, _ := returns.Token(m.From)
	stolen := returns.Address(beta.ID, token.MailID) // what only a holder of the ring could make, and still another tenant's
	good := notice(m.From, email, "5.1.1", "550 5.1.1 unknown")
	for _, tt := range []struct {
		name, message string
		settings      map[string]string
		args          []string
		want          int
		says          string
	}{
		{"a cut token", notice(m.From[:49]+"@mail.portal.test", email, "5.1.1", "550"), nil, nil, 67, "not addressed"},
		{"another mail's letters", strings.ReplaceAll(good, m.From, swap(m.From)), nil, nil, 67, "no such mail"},
		{"another tenant's", notice(stolen, email, "5.1.1", "550"), nil, nil, 67, "no such mail"},
		{"never sent", notice(returns.Address(alpha.ID, tenant.NewID("mail", time.Now())), email, "5.1.1", "550"), nil, nil, 67, "no such mail"},
		{"another ring", good, map[string]string{"SEAL_KEYS": "k1:" + strings.Repeat("5b", 32)}, nil, 67, "no such mail"},
		{"another recipient", notice(m.From, "ceo@client.test", "5.1.1", "550"), nil, nil, 65, "another address"},
		{"another tenant's recipient", notice(m.From, beta.clients[0].contact.Email, "5.1.1", "550"), nil, nil, 65, "another address"},
		{"50 MB", good + strings.Repeat("x", 50<<20), nil, nil, 65, "too long"},
		{"garbage", "\xff\x00\x01" + strings.Repeat("\x00", 4096), nil, nil, 65, "damaged"},
		{"garbage in parts", strings.ReplaceAll(good, "--b", "--c"), nil, nil, 65, "damaged"},
		{"NUL in the header", strings.Replace(good, "Subject: ", "Subject: \x00", 1), nil, nil, 65, "damaged"},
		{"nothing", "", nil, nil, 65, "damaged"},
		{"to us all, by its envelope", good, nil, []string{"postmaster@mail.portal.test"}, 67, "not addressed"},
		{"no database", good, map[string]string{"POSTGRES_URL": "postgres://x:y@127.0.0.1:1/none"}, nil, 75, ""},
		{"no address set", good, map[string]string{"BOUNCE_ADDRESS": ""}, nil, 75, "BOUNCE_ADDRESS is not set"},
		{"a person's answer", "From: Ap <" + email + ">\r\nTo: " + m.From + "\r\nSubject: Re\r\n\r\nThanks!\r\n", nil, nil, 0, "no notice"},
	} {
		if says, code := f.pipe(t, tt.message, tt.settings, tt.args...); code != tt.want || !strings.Contains(says, tt.says) || strings.Contains(says, email) {
			t.Errorf("%s: exit %d, want %d: %s", tt.name, code, tt.want, says)
		}
	}
	for name, now := range tables(t, f) {
		if now != before[name] && !strings.HasPrefix(name, "domain") { // those are looked at by themselves
			t.Errorf("the table %s changed", name)
		}
	}
	// The controls: the envelope's word, and a notice that is there twice.
	if says, code := f.pipe(t, notice("x@y.example", beta.clients[0].contact.Email, "5.1.1", "550"), nil, foreign.From); code != 0 {
		t.Errorf("by the envelope: exit %d: %s", code, says)
	}
	for _, want := range []string{"does not exist", "as was known"} {
		if says, code := f.pipe(t, good, nil); code != 0 || !strings.Contains(says, want) {
			t.Errorf("exit %d, want 0 and %q: %s", code, want, says)
		}
	}
	waitFor(t, "the bounces to be counted", func() bool {
		r, err := http.Get("http://" + f.nodes[0].listeners.Ops().String() + "/metrics")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		return strings.Contains(body.String(), `tollhouse_mails_bounced_total{what="address"} 2`)
	})
}

// swap changes a letter of a token's proof.
func swap(address string) string {
	at, with := len("bounces+")+30, "0"
	if address[at] == '0' {
		with = "1"
	}
	return address[:at] + with + address[at+1:]
}

func TestSignInMail_NamesTheBrowserUnlessTheTenantKeepsNone(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	c := f.client(f.nodes[0])
	asks := func(email string) mailsink.Message {
		t.Helper()
		ask(t, c, "POST", "https://"+b.host+"/portal/sign-in", url.Values{"email": {email}}.Encode(), "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin",
			"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 <b>x</b>")
		f.mailTo(t, email, "sign")
		for _, m := range f.sink.Messages() {
			if m.To[0] == email && strings.Contains(m.Subject, "sign") {
				return m
			}
		}
		t.Fatal("no mail")
		return mailsink.Message{}
	}
	if m := asks(b.clients[0].contact.Email); !strings.Contains(m.Text, "It was requested from Chrome on Windows.") || strings.Contains(m.HTML, "<b>x</b>") {
		t.Errorf("logged:\n%s", m.Text)
	}
	f.api(t, b, "PATCH", "/api/settings", `{"log_visitors":false}`, 200)
	waitFor(t, "the node to hear of it", func() bool {
		site, ok := f.nodes[0].directory.Tenant(b.ID)
		return ok && !site.Policy.LogVisitors
	})
	if m := asks(b.clients[1].contact.Email); strings.Contains(m.Text, "requested from") {
		t.Errorf("not logged:\n%s", m.Text)
	}
}
