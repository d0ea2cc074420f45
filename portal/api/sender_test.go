package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/mail/senders"
	"tollhouse/portal/mail/senders/sendersdb"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor"
	"tollhouse/tenant/seal"
)

const senderPath = "/api/settings/sender"

// zone is what two resolvers show.
type zone struct {
	mu      sync.Mutex
	records map[string]string
}

func (z *zone) set(name, value string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.records == nil {
		z.records = map[string]string{}
	}
	z.records[name] = value
}

func (z *zone) Texts(_ context.Context, name string) []domaindoctor.TextView {
	z.mu.Lock()
	defer z.mu.Unlock()
	var values []string
	if v := z.records[name]; v != "" {
		values = []string{v}
	}
	view := domaindoctor.TextView{Resolver: netip.MustParseAddrPort("127.0.0.1:53"), Known: true, Values: values}
	return []domaindoctor.TextView{view, view}
}

func (b *bench) senders(ring *seal.Ring) *senders.Service {
	b.t.Helper()
	s, err := senders.New(senders.Config{Store: sendersdb.New(b.db.App), Resolver: b.dns, Ring: ring, From: "billing@portal.example",
		Own: []tenant.Hostname{platform}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// sender gives a tenant an address and returns the selector of its key.
func (b *bench) sender(p party, address string) string {
	b.t.Helper()
	name := record(b.call(p, "PUT", senderPath, `{"address":"`+address+`"}`).want(200))["name"].(string)
	selector, _, _ := strings.Cut(name, ".")
	return selector
}

// record is the one of the key.
func record(a answer) map[string]any {
	return a.Body["records"].([]any)[0].(map[string]any)
}

func TestSender_GoesFromOffToVerifiedAndBack(t *testing.T) {
	b := setup(t)
	state := func(a answer, state, from string) {
		t.Helper()
		if a.Body["state"] != state || a.Body["mails_come_from"] != from {
			t.Errorf("state %v from %v, want %s from %s", a.Body["state"], a.Body["mails_come_from"], state, from)
		}
	}
	off := b.call(b.acme, "GET", senderPath, "").want(200)
	state(off, "off", "billing@portal.example")
	if records, ok := off.Body["records"].([]any); !ok || len(records) != 0 || off.Body["address"] != nil {
		t.Errorf("without a sender: %s", off.Raw)
	}
	for _, route := range []string{"/check", "/rotate"} {
		if got := b.call(b.acme, "POST", senderPath+route, "").problem(404, "not_found"); !strings.Contains(got.Raw, "PUT /api/settings/sender") {
			t.Errorf("%s without a sender: %s", route, got.Raw)
		}
	}
	set := b.call(b.acme, "PUT", senderPath, `{"address":"billing@Acme.COM","name":"Acme accounts"}`).want(200)
	state(set, "pending", "billing@portal.example")
	if key := record(set); set.Body["address"] != "billing@acme.com" || key["result"] != "unchecked" || key["required"] != true {
		t.Errorf("set: %s", set.Raw)
	}
	b.dns.set(record(set)["name"].(string), record(set)["value"].(string))
	state(b.call(b.acme, "POST", senderPath+"/check", "").want(200), "verified", "billing@acme.com")
	if got := b.call(b.acme, "POST", senderPath+"/check", "").problem(429, "rate_limited"); got.Header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After %s", got.Header.Get("Retry-After"))
	}
	rotated := b.call(b.acme, "POST", senderPath+"/rotate", "").want(200)
	state(rotated, "verified", "billing@acme.com")
	if rotated.Body["rotating"] != true {
		t.Errorf("rotated: %s", rotated.Raw)
	}
	b.call(b.acme, "DELETE", senderPath, "").want(204)
	b.call(b.acme, "DELETE", senderPath, "").want(204)
	state(b.call(b.acme, "GET", senderPath, "").want(200), "off", "billing@portal.example")
}

func TestSender_RefusesWhatCannotBeAnAddress(t *testing.T) {
	b := setup(t)
	for body, code := range map[string]string{
		`{}`: "required", `{"address":""}`: "invalid_email", `{"address":"billing"}`: "invalid_email", `{"address":"a@b"}`: "invalid_email",
		`{"address":"Eve <billing@acme.com>"}`: "invalid_email", `{"address":"a@acme.com,b@acme.com"}`: "invalid_email",
		`{"address":"a@acme.com\r\nBcc: b@acme.com"}`: "invalid_email", `{"address":"a@[127.0.0.1]"}`: "invalid_email",
		`{"address":"a@portal.example"}`: "platform_domain", `{"address":"a@acme.PORTAL.example"}`: "platform_domain",
	} {
		if got := b.call(b.acme, "PUT", senderPath, body).problem(422, "invalid"); got.fields()["address"] != code {
			t.Errorf("%s: %v, want %s", body, got.fields(), code)
		}
	}
	for _, name := range []string{`Acme\r\nBcc: x`, strings.Repeat("x", 101), `\u202eemcA`} {
		if got := b.call(b.acme, "PUT", senderPath, `{"address":"a@acme.com","name":"`+name+`"}`).problem(422, "invalid"); got.fields()["name"] == "" {
			t.Errorf("%s: %v", name, got.fields())
		}
	}
	if got := b.call(b.acme, "GET", senderPath, "").want(200); got.Body["state"] != "off" {
		t.Errorf("a refused address is kept: %s", got.Raw)
	}
}

func TestSender_ShowsNoPrivateKeyAndTellsWhoSetIt(t *testing.T) {
	b := setup(t)
	b.sender(b.acme, "billing@acme.com")
	if raw := b.call(b.acme, "GET", senderPath, "").want(200).Raw; strings.Contains(raw, "PRIVATE") || strings.Contains(raw, "sealed") {
		t.Errorf("a private key is shown: %s", raw)
	}
	var actor string
	var plain bool
	b.as(b.acme.tenant.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT (SELECT actor FROM audit_events WHERE kind = 'sender.set'), bool_or(position('PRIVATE'::bytea in key_sealed) > 0) FROM sender_keys`).Scan(&actor, &plain)
	})
	if actor != "api" || plain {
		t.Errorf("the log names %q; the key lies open: %v", actor, plain)
	}
	if got := b.call(b.bolt, "GET", senderPath, "").want(200); got.Body["state"] != "off" {
		t.Errorf("another tenant has it: %s", got.Raw)
	}
}
