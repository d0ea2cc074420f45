package maildb_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"tollhouse/portal/mail/bounces"
	"tollhouse/portal/mail/maildb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
)

const reader = "payables@client.test"

// desk is a house with the address that its mails come back to.
type desk struct {
	*house
	returns *bounces.Returns
	bounces *maildb.Bounces
}

func withDesk(t *testing.T) desk {
	t.Helper()
	returns, err := bounces.NewReturns(seal.RandomRing(), "bounces@mail.platform.test")
	must(t, err)
	d := desk{house: setup(t), returns: returns}
	d.house.returns = returns
	d.bounces, err = maildb.NewBounces(d.db.App, returns)
	must(t, err)
	return d
}

// sent has a mail sent and returns its id.
func (d desk) sent(t *testing.T) string {
	t.Helper()
	id := d.invoiceMail(t)
	if got := d.ended(t, id); got.Status != "sent" {
		t.Fatalf("%+v", got)
	}
	return id
}

// notice is what a mail server says of a mail.
func (d desk) notice(of tenant.ID, id string, kind bounces.Kind, code string, recipients ...string) bounces.Report {
	token, _ := d.returns.Token(d.returns.Address(of, id))
	return bounces.Report{Token: token, Outcomes: []bounces.Outcome{{Kind: kind, Code: code, Recipients: recipients}}}
}

func (d desk) take(t *testing.T, r bounces.Report) maildb.Taken {
	t.Helper()
	taken, err := d.bounces.Take(context.Background(), r)
	must(t, err)
	return taken
}

// fate is what a mail's row says of what came back.
func (d desk) fate(t *testing.T, id string) (fate string) {
	t.Helper()
	const q = `SELECT concat_ws(' ', bounce_kind, NULLIF(bounce_code, ''), CASE WHEN bounced_at IS NOT NULL THEN '!' END, CASE WHEN delayed_at IS NOT NULL THEN 'late ' || delay_code END)
		FROM mails WHERE tenant_id = $1 AND id = $2`
	must(t, rls.Tx(context.Background(), d.db.App, d.tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), q, d.tenant, id).Scan(&fate)
	}))
	return fate
}

func TestWorker_GivesEachMailAnAddressToComeBackTo(t *testing.T) {
	d := withDesk(t)
	d.node(t)
	id := d.sent(t)
	m := d.sink.Messages()[0]
	token, ok := d.returns.Token(m.From)
	if !ok || token.MailID != id || !d.returns.Genuine(d.tenant, token) {
		t.Errorf("the envelope says %s", m.From)
	}
	if from := m.Header.Get("From"); !strings.Contains(from, "<"+sender+">") || strings.Contains(string(m.Raw), m.From) {
		t.Errorf("the mail itself says From %s, or tells the token", from)
	}
}

func TestBounces_AnAddressThatDoesNotExistGetsNoMoreMails(t *testing.T) {
	d := withDesk(t)
	d.node(t)
	id := d.sent(t)
	if got := d.take(t, d.notice(d.tenant, id, bounces.Gone, "550 5.1.1", reader)); got.Tenant != d.tenant || got.Kind != bounces.Gone || got.Again {
		t.Errorf("%+v", got)
	}
	if got := d.fate(t, id); got != "address 550 5.1.1 !" || d.blamed(t) != 1 {
		t.Errorf("the mail is %q, %d addresses", got, d.blamed(t))
	}
	if got := d.take(t, d.notice(d.tenant, id, bounces.Gone, "550 5.1.1")); !got.Again {
		t.Errorf("a second time: %+v", got)
	}
	if got := d.ended(t, d.invoiceMail(t)); got.DroppedWhy != "address_bounced" {
		t.Errorf("the next mail: %+v", got)
	}
	d.wantAudit(t, "mail.sent", "mail.bounced", "mail.dropped address_bounced")
	if n := d.counted.Load(); n != 1 {
		t.Errorf("%d bounces are counted, want 1", n)
	}
	// Cleared, then the same notice once more: it is old news.
	d.exec(t, `DELETE FROM mail_bounces WHERE tenant_id = $1`, d.tenant)
	d.take(t, d.notice(d.tenant, id, bounces.Gone, "550 5.1.1"))
	if got := d.ended(t, d.invoiceMail(t)); got.Status != "sent" || d.blamed(t) != 0 {
		t.Errorf("after it was cleared: %+v, %d addresses", got, d.blamed(t))
	}
}

// blamed counts the house's own addresses that get no more mails.
func (d desk) blamed(t *testing.T) int { t.Helper(); return d.house.bounces(t, d.tenant) }

func TestBounces_OnlyTheAddressThatWasWrittenToIsBlamed(t *testing.T) {
	d := withDesk(t)
	d.node(t)
	id := d.sent(t)
	d.exec(t, `UPDATE contacts SET email = 'new@client.test' WHERE tenant_id = $1 AND id = $2`, d.tenant, d.contact)
	if _, err := d.bounces.Take(context.Background(), d.notice(d.tenant, id, bounces.Gone, "550", "new@client.test")); !errors.Is(err, maildb.ErrOtherAddress) {
		t.Errorf("a report of the new address: %v", err)
	}
	d.take(t, d.notice(d.tenant, id, bounces.Gone, "550", reader))
	if got := d.ended(t, d.invoiceMail(t)); got.Status != "sent" {
		t.Errorf("a mail to the new address: %+v", got)
	}
	d.exec(t, `UPDATE contacts SET email = $3 WHERE tenant_id = $1 AND id = $2`, d.tenant, d.contact, strings.ToUpper(reader))
	if got := d.ended(t, d.invoiceMail(t)); got.DroppedWhy != "address_bounced" {
		t.Errorf("to the old one: %+v", got)
	}
}

func TestBounces_WhatIsNotTheAddressesFaultLeavesItAlone(t *testing.T) {
	d := withDesk(t)
	d.node(t)
	refused, late, silent := d.sent(t), d.sent(t), d.sent(t)
	d.take(t, d.notice(d.tenant, refused, bounces.Refused, "552 5.2.2"))
	d.take(t, d.notice(d.tenant, late, bounces.Delayed, "4.4.1"))
	if got := d.take(t, d.notice(d.tenant, late, bounces.Delayed, "4.4.7")); !got.Again {
		t.Error("a second delay is written")
	}
	d.take(t, d.notice(d.tenant, silent, bounces.Nothing, ""))
	if a, b, c := d.fate(t, refused), d.fate(t, late), d.fate(t, silent); a != "mail 552 5.2.2 !" || b != "late 4.4.1" || c != "" || d.blamed(t) != 0 {
		t.Errorf("%q, %q, %q, %d addresses", a, b, c, d.blamed(t))
	}
	d.wantAudit(t, "mail.sent", "mail.sent", "mail.sent", "mail.bounced")
	d.take(t, d.notice(d.tenant, late, bounces.Complaint, ""))
	if d.fate(t, late) != "complaint ! late 4.4.1" || d.blamed(t) != 1 {
		t.Errorf("a complaint: %q, %d addresses", d.fate(t, late), d.blamed(t))
	}
}

func TestBounces_RefusesWhatProvesNothing(t *testing.T) {
	d := withDesk(t)
	d.node(t)
	id, unknown := d.sent(t), tenant.NewID("mail", time.Now())
	queued, dropped := tenant.NewID("mail", time.Now()), tenant.NewID("mail", time.Now())
	for _, m := range []string{queued, dropped} {
		d.exec(t, `INSERT INTO mails (tenant_id, id, kind, company_id, contact_id) VALUES ($1, $2, 'invoice', $3, $4)`, d.tenant, m, d.company, d.contact)
	}
	d.exec(t, `UPDATE mails SET status = 'dropped', dropped_why = 'link_used' WHERE tenant_id = $1 AND id = $2`, d.tenant, dropped)
	foreign, err := bounces.NewReturns(seal.RandomRing(), "bounces@mail.platform.test")
	must(t, err)
	forged, _ := foreign.Token(foreign.Address(d.tenant, id))
	for name, c := range map[string]struct {
		report bounces.Report
		want   error
	}{
		"another ring's token":   {bounces.Report{Token: forged, Outcomes: []bounces.Outcome{{Kind: bounces.Gone}}}, maildb.ErrUnknownMail},
		"another tenant's token": {d.notice("ten_other", id, bounces.Gone, ""), maildb.ErrUnknownMail},
		"a mail that never was":  {d.notice(d.tenant, unknown, bounces.Gone, ""), maildb.ErrUnknownMail},
		"a mail never sent":      {d.notice(d.tenant, dropped, bounces.Gone, ""), maildb.ErrUnknownMail},
		"a mail under way":       {d.notice(d.tenant, queued, bounces.Gone, ""), maildb.ErrUnderWay},
		"another address":        {d.notice(d.tenant, id, bounces.Gone, "", "ceo@client.test"), maildb.ErrOtherAddress},
	} {
		if _, err := d.bounces.Take(context.Background(), c.report); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if d.fate(t, id) != "" || d.fate(t, dropped) != "" || d.blamed(t) != 0 {
		t.Error("something was written all the same")
	}
	d.wantAudit(t, "mail.sent")
}

func TestBounces_OneNoticeManyTimesAtOnceIsOneBounce(t *testing.T) {
	d := withDesk(t)
	stop := d.node(t)
	id := d.sent(t)
	stop()
	var g errgroup.Group
	for range 20 {
		g.Go(func() error {
			_, err := d.bounces.Take(context.Background(), d.notice(d.tenant, id, bounces.Gone, "550"))
			return err
		})
	}
	must(t, g.Wait())
	d.wantAudit(t, "mail.sent", "mail.bounced")
	if n := d.jobsLeft(t); n != 1 || d.blamed(t) != 1 {
		t.Errorf("%d jobs to count it, %d addresses", n, d.blamed(t))
	}
}

// A mail that was handed over twice without an answer is dropped, and may yet come back.
func TestBounces_AMailThatNobodyConfirmedMayComeBack(t *testing.T) {
	d := withDesk(t)
	id := d.invoiceMail(t)
	d.exec(t, `UPDATE mails SET status = 'dropped', dropped_why = 'unconfirmed', sent_to = $3 WHERE tenant_id = $1 AND id = $2`, d.tenant, id, reader)
	d.take(t, d.notice(d.tenant, id, bounces.Gone, "550"))
	if d.fate(t, id) != "address 550 !" {
		t.Errorf("it is %q", d.fate(t, id))
	}
}
