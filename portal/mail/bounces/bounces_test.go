package bounces_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/portal/mail/bounces"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

const (
	acme    = tenant.ID("ten_acme")
	address = "bounces@mail.portal.example"
	reader  = "payables@client.test"
)

func returns(t *testing.T) *bounces.Returns {
	t.Helper()
	r, err := bounces.NewReturns(seal.RandomRing(), address)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// report is a delivery report as Postfix sends it.
func report(to, recipient, action, status, diagnostic string) string {
	return crlf(`Return-Path: <>
From: MAILER-DAEMON@mx.client.test (Mail Delivery System)
To: ` + to + `
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1/mx"

This is a MIME-encapsulated message.

--b1/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered. 452 450

--b1/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.test
X-Postfix-Sender: rfc822; x@y.example
Arrival-Date: Mon,  4 May 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; ` + recipient + `
Action: ` + action + `
Status: ` + status + `
Diagnostic-Code: smtp; ` + diagnostic + `

--b1/mx
Content-Type: text/rfc822-headers

Subject: Invoice INV-12
--b1/mx--
`)
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func read(t *testing.T, r *bounces.Returns, message, to string) bounces.Report {
	t.Helper()
	got, err := bounces.Read(strings.NewReader(message), r, to)
	if err != nil {
		t.Fatalf("%v\n%.800s", err, message)
	}
	return got
}

func TestReturns_OnlyTheRingsOwnTokensAreGenuine(t *testing.T) {
	r, other := returns(t), returns(t)
	id := tenant.NewID("mail", time.Now())
	of := r.Address(acme, id)
	local, _, _ := strings.Cut(of, "@")
	if len(local) > 64 || !strings.HasPrefix(of, "bounces+") || !strings.HasSuffix(of, "@mail.portal.example") {
		t.Errorf("%s has %d characters before the @", of, len(local))
	}
	for name, form := range map[string]string{"as made": of, "in capitals": strings.ToUpper(of), "in brackets": " <" + of + "> "} {
		if token, ok := r.Token(form); !ok || token.MailID != id || !r.Genuine(acme, token) {
			t.Errorf("%s: %+v %t", name, token, ok)
		}
	}
	token, _ := r.Token(of)
	if r.Genuine("ten_bolt", token) || other.Genuine(acme, token) {
		t.Error("another tenant's, or another ring's, passes")
	}
	swapped := "0"
	if strings.HasPrefix(of[len("bounces+")+26:], "0") {
		swapped = "1"
	}
	forged := of[:len("bounces+")+26] + swapped + of[len("bounces+")+27:]
	if token, ok := r.Token(forged); !ok || r.Genuine(acme, token) {
		t.Errorf("a forged one passes: %s", forged)
	}
	for _, bad := range []string{"", "@", address, of[1:], strings.Replace(of, "@", "x@", 1), local[:len(local)-1] + "@mail.portal.example", local + "@other.example",
		strings.Replace(of, "bounces+", "bounces+u", 1), "bounces+" + strings.Repeat("u", 42) + "@mail.portal.example"} {
		if _, ok := r.Token(bad); ok {
			t.Errorf("%q is read as a token", bad)
		}
	}
	if got := r.Address(acme, "mail_1"); got != "" {
		t.Errorf("the address of no id is %s", got)
	}
}

func TestReturns_OutliveTheRotationOfKeys(t *testing.T) {
	old, both := "a:"+strings.Repeat("01", 32), "b:"+strings.Repeat("02", 32)+",a:"+strings.Repeat("01", 32)
	ring := func(text string) *bounces.Returns {
		parsed, err := seal.ParseRing(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := bounces.NewReturns(parsed, address)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	id := tenant.NewID("mail", time.Now())
	token, _ := ring(both).Token(ring(old).Address(acme, id))
	if !ring(both).Genuine(acme, token) {
		t.Error("a mail sent before the rotation cannot come back")
	}
}

func TestNewReturns_RefusesWhatLeavesNoRoom(t *testing.T) {
	for _, bad := range []string{"", "bounces", "a+b@x.example", strings.Repeat("b", 22) + "@x.example", "B <b@x.example>", "b@x.example, c@x.example"} {
		if _, err := bounces.NewReturns(seal.RandomRing(), bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRead_JudgesDeliveryReports(t *testing.T) {
	r := returns(t)
	of := r.Address(acme, tenant.NewID("mail", time.Now()))
	for _, c := range []struct {
		name, action, status, diagnostic string
		want                             bounces.Outcome
	}{
		{"no such mailbox", "failed", "5.1.1", "550 5.1.1 <x> user unknown", bounces.Outcome{Kind: bounces.Gone, Code: "550 5.1.1"}},
		{"no enhanced code", "failed", "5.0.0", "550 no such user here", bounces.Outcome{Kind: bounces.Gone, Code: "550"}},
		{"a code of the report only", "failed", "5.1.1", "", bounces.Outcome{Kind: bounces.Gone, Code: "5.1.1"}},
		{"disabled", "failed", "5.2.1 (mailbox disabled)", "550 5.2.1 gone", bounces.Outcome{Kind: bounces.Gone, Code: "550 5.2.1"}},
		{"full", "failed", "5.2.2", "552 5.2.2 over quota", bounces.Outcome{Kind: bounces.Refused, Code: "552 5.2.2"}},
		{"our reputation", "failed", "5.0.0", "550 5.7.1 spam from 192.0.2.1", bounces.Outcome{Kind: bounces.Refused, Code: "550 5.7.1"}},
		{"a day of trying", "failed", "4.4.7", "400 4.4.7 expired", bounces.Outcome{Kind: bounces.Refused, Code: "400 4.4.7"}},
		{"nothing said", "failed", "5.0.0", "", bounces.Outcome{Kind: bounces.Refused, Code: "5.0.0"}},
		{"late", "delayed", "4.4.1", "connection timed out", bounces.Outcome{Kind: bounces.Delayed, Code: "4.4.1"}},
		{"arrived", "delivered", "2.0.0", "250 ok", bounces.Outcome{Kind: bounces.Nothing, Code: "2.0.0"}},
		{"in capitals", "FAILED", "5.1.1", "550 5.1.1 no", bounces.Outcome{Kind: bounces.Gone, Code: "550 5.1.1"}},
	} {
		got, ok := read(t, r, report(of, "Payables@Client.test", c.action, c.status, c.diagnostic), "").For(reader)
		c.want.Recipients = []string{reader}
		if diff := cmp.Diff(c.want, got); !ok || diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if _, ok := read(t, r, report(of, "ceo@client.test", "failed", "5.1.1", "550 5.1.1"), "").For(reader); ok {
		t.Error("a report about another address counts")
	}
}

func TestRead_JudgesWhatIsForPeople(t *testing.T) {
	r := returns(t)
	of := r.Address(acme, tenant.NewID("mail", time.Now()))
	qmail := "Hi. This is the qmail-send program at client.test.\n<payables@client.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n4.7.1 450\n"
	for _, c := range []struct {
		name, from, subject, text string
		kind                      bounces.Kind
		code                      string
	}{
		{"qmail", "MAILER-DAEMON@client.test", "failure notice", qmail, bounces.Gone, "5.1.1"},
		{"without a code", "postmaster@client.test", "Undeliverable", "Your message could not be delivered.", bounces.Refused, ""},
		{"numbers of the mail only", "mailer-daemon@client.test", "failure", "It failed.\n--- Below this line is a copy of the message.\n550 5.1.1", bounces.Refused, ""},
		{"a delay", "Mail Delivery System <Mailer-Daemon@client.test>", "Warning: message delayed 24 hours", "No action is required.", bounces.Delayed, ""},
		{"a soft code", "mailer-daemon@client.test", "notice", "451 4.3.0 try again", bounces.Delayed, "451 4.3.0"},
		{"a person's answer", "Payables <payables@client.test>", "Re: Invoice", "We will pay 550 5.1.1.", bounces.Nothing, ""},
		{"a holiday", "payables@client.test", "Out of office", "I am away.", bounces.Nothing, ""},
	} {
		message := crlf("Return-Path: <>\nFrom: " + c.from + "\nTo: <" + of + ">\nSubject: " + c.subject + "\n\n" + c.text)
		o, ok := read(t, r, message, "").For(reader)
		if !ok || o.Kind != c.kind || o.Code != c.code {
			t.Errorf("%s: %+v, want %s %s", c.name, o, c.kind, c.code)
		}
	}
	exim := crlf("X-Failed-Recipients: payables@client.test\nFrom: nobody@client.test\nTo: " + of + "\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" +
		"NTUwIDUuMS4xIHVua25vd24=\n--x--\n")
	if o, ok := read(t, r, exim, "").For(reader); !ok || o.Kind != bounces.Gone || o.Code != "550 5.1.1" {
		t.Errorf("Exim's: %+v", o)
	}
}

func TestRead_TakesComplaints(t *testing.T) {
	r := returns(t)
	id := tenant.NewID("mail", time.Now())
	arf := func(to, feedback string) string {
		return crlf("From: fbl@mailbox.example\nTo: " + to + "\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\n\n--x\nContent-Type: text/plain\n\nSpam!\n--x\nContent-Type: message/feedback-report\n\n" +
			feedback + "\nUser-Agent: F/1\nVersion: 1\nOriginal-Mail-From: <" + r.Address(acme, id) + ">\n\n--x--\n")
	}
	got := read(t, r, arf("abuse@portal.example", "Feedback-Type: abuse"), "")
	if o, ok := got.For(reader); !ok || o.Kind != bounces.Complaint || got.Token.MailID != id {
		t.Errorf("%+v", got)
	}
	if o, ok := read(t, r, arf(r.Address(acme, id), "Feedback-Type: not-spam"), "").For(reader); !ok || o.Kind != bounces.Nothing {
		t.Errorf("praise: %+v", o)
	}
	if _, err := bounces.Read(strings.NewReader(arf("abuse@portal.example", "Foo: bar")), r, ""); !errors.Is(err, bounces.ErrMalformed) {
		t.Errorf("a complaint of no kind: %v", err)
	}
}

func TestRead_RefusesWhatItCannotBelieve(t *testing.T) {
	r := returns(t)
	of, other := r.Address(acme, tenant.NewID("mail", time.Now())), r.Address(acme, tenant.NewID("mail", time.Now()))
	good := report(of, reader, "failed", "5.1.1", "550 5.1.1")
	read(t, r, good, "")
	read(t, r, "From MAILER-DAEMON Mon May  4 10:00:00 2026\n"+good, of)
	read(t, r, report("someone@else.example", reader, "failed", "5.1.1", "x"), of)
	head, _, _ := strings.Cut(good, "Action:")
	for _, c := range []struct {
		name, message, to string
		want              error
	}{
		{"50 MB", good + strings.Repeat("x", 50<<20), "", bounces.ErrTooLarge},
		{"nothing", "", "", bounces.ErrMalformed},
		{"no header", "\x00\xff\xfe garbage", of, bounces.ErrMalformed},
		{"NUL in the header", strings.Replace(good, "Subject: U", "Subject: \x00", 1), "", bounces.ErrMalformed},
		{"NUL in the report", strings.Replace(good, "Status: 5", "Status: \x005", 1), "", bounces.ErrMalformed},
		{"cut in the report", head, "", bounces.ErrMalformed},
		{"no boundary", strings.Replace(good, "boundary", "bound", 1), "", bounces.ErrMalformed},
		{"another boundary", strings.Replace(good, "b1/mx\"", "b2\"", 1), "", bounces.ErrMalformed},
		{"no recipient", strings.Replace(good, "Final-Recipient", "Final-R", 1), "", bounces.ErrMalformed},
		{"no action", strings.Replace(good, "Action: failed", "Action: exploded", 1), "", bounces.ErrMalformed},
		{"too many recipients", strings.Replace(good, "Final-Recipient", strings.Repeat("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n", 60)+"Final-Recipient", 1), "", bounces.ErrMalformed},
		{"a broken field", strings.Replace(good, "Status: 5.1.1", "Status 5.1.1", 1), "", bounces.ErrMalformed},
		{"to nobody of ours", strings.ReplaceAll(good, of, "x@mail.portal.example"), "", bounces.ErrNoToken},
		{"to two mails", strings.Replace(good, "To: "+of, "To: "+of+", "+other, 1), "", bounces.ErrNoToken},
		{"to another, by the envelope", good, "x@mail.portal.example", bounces.ErrNoToken},
		{"a cut token", strings.ReplaceAll(good, of, strings.Replace(of, "@", "\x40", 1)[1:]), "", bounces.ErrNoToken},
		{"bare base64 that is none", crlf("From: mailer-daemon@x.example\nTo: " + of + "\nContent-Transfer-Encoding: base64\n\n!!!!\n"), "", bounces.ErrMalformed},
	} {
		if got, err := bounces.Read(strings.NewReader(c.message), r, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	r, err := bounces.NewReturns(seal.RandomRing(), address)
	if err != nil {
		f.Fatal(err)
	}
	of := r.Address(acme, tenant.NewID("mail", time.Now()))
	f.Add(report(of, reader, "failed", "5.1.1", "550 5.1.1"))
	f.Add(crlf("From: mailer-daemon@x.example\nTo: " + of + "\n\n550 5.1.1\n"))
	f.Fuzz(func(t *testing.T, message string) {
		got, err := bounces.Read(strings.NewReader(message), r, of)
		if (err == nil) != (len(got.Outcomes) > 0) {
			t.Errorf("%d outcomes and %v", len(got.Outcomes), err)
		}
		for _, o := range got.Outcomes {
			if len(o.Code) > 20 {
				t.Errorf("the code %q does not fit", o.Code)
			}
		}
	})
}
