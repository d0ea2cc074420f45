package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
	"tollhouse/tenant/domaindoctor/dnstest"
)

// txt writes a value as a zone file has it: strings of 255 bytes at most.
func txt(value string) string {
	var parts []string
	for part := range slices.Chunk([]byte(value), 255) {
		parts = append(parts, `"`+string(part)+`"`)
	}
	return "TXT " + strings.Join(parts, " ")
}

// From the tenant's call to a mail that its receiver can tell is the tenant's; the neighbour's come from the platform, signed by it.
func TestSenders_MailsComeFromTheTenantOnceItsKeyIsPublished(t *testing.T) {
	keyPEM, err := mail.MintDKIM()
	if err != nil {
		t.Fatal(err)
	}
	zones := []*dnstest.Server{dnstest.Start(t), dnstest.Start(t)}
	f := newFleet(t, 1, map[string]string{"DNS_RESOLVERS": zones[0].Addr.String() + "," + zones[1].Addr.String(),
		"DKIM_KEY": string(keyPEM), "DKIM_SELECTOR": "p1", "MAIL_SPF": "include:_spf.portal.test"})
	alpha, beta := f.addBusiness(t, "alpha"), f.addBusiness(t, "beta")
	platform, err := f.nodes[0].config.mailKey()
	if err != nil {
		t.Fatal(err)
	}
	published := map[string]string{platform.Name(): platform.Record()}
	record := f.api(t, alpha, "PUT", "/api/settings/sender", `{"address":"billing@alpha-mail.test","name":"Alpha accounts"}`, 200)["records"].([]any)[0].(map[string]any)
	name, value := record["name"].(string), record["value"].(string)
	published[name] = value

	before := f.sends(t, alpha, alpha.clients[0])
	wantFrom(t, before, `"Business alpha" <billing@portal.test>`, "portal.test", published)
	for _, z := range zones {
		z.Set(name, txt(value))
	}
	waitFor(t, "the key to be seen", func() bool {
		if f.api(t, alpha, "GET", "/api/settings/sender", "", 200)["state"] == "verified" {
			return true
		}
		_, _ = f.nodes[0].senders.Check(context.Background(), alpha.ID)
		return false
	})
	wantFrom(t, f.sends(t, alpha, alpha.clients[1]), `"Alpha accounts" <billing@alpha-mail.test>`, "alpha-mail.test", published)
	wantFrom(t, f.sends(t, beta, beta.clients[0]), `"Business beta" <billing@portal.test>`, "portal.test", published)
}

// sends has a client's second invoice mailed and returns the mail.
func (f *fleet) sends(t *testing.T, b *business, c client) mailsink.Message {
	t.Helper()
	number := f.api(t, b, "POST", "/api/crm/invoices/"+c.draft+"/send", "{}", 200)["number"].(string)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	m, err := f.sink.Wait(ctx, func(m mailsink.Message) bool {
		return m.To[0] == c.contact.Email && strings.Contains(m.Subject, number)
	})
	if err != nil {
		t.Fatalf("no mail of %s: %v", number, err)
	}
	return m
}

// wantFrom holds a mail's sender and its one signature against what DNS has.
func wantFrom(t *testing.T, m mailsink.Message, from, domain string, published map[string]string) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(m.Raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if v := published[name]; v != "" {
			return []string{v}, nil
		}
		return nil, errors.New("no such record")
	}})
	if err != nil || len(found) != 1 || found[0].Err != nil || found[0].Domain != domain || m.Header.Get("From") != from || m.From != "billing@portal.test" {
		t.Errorf("from %s, envelope %s, %d signatures %v; want %s signed by %s", m.Header.Get("From"), m.From, len(found), err, from, domain)
	}
}
