package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76/webhook"

	"tollhouse/payments"
	"tollhouse/payments/emulator"
	"tollhouse/payments/stripe"
)

const connections, paymentsPath = "/api/payment-connections", "/api/crm/payments"

// stripeAt gives the bench a Stripe with one account.
func (b *bench) stripeAt(a emulator.Account) (*emulator.Emulator, emulator.Account) {
	b.t.Helper()
	transport := &http.Transport{}
	b.t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	emu := emulator.New(emulator.Config{Seed: 3, Client: client})
	server := httptest.NewServer(emu.Handler())
	b.t.Cleanup(server.Close)
	b.opener = func(processor string, c payments.Credentials) (payments.Processor, error) {
		return stripe.New(stripe.Config{SecretKey: c.SecretKey, WebhookSecrets: c.WebhookSecrets, BaseURL: server.URL, HTTPClient: client, Now: emu.Clock.Now})
	}
	return emu, emu.AddAccount(a)
}

// keys are what a tenant copies from the Dashboard.
func keys(a emulator.Account) string {
	return `{"processor":"stripe","publishable_key":"` + a.PublishableKey + `","secret_key":"` + a.SecretKey + `"}`
}

func TestConnection_IsAskedForBeforeItIsKept(t *testing.T) {
	b := setup(t)
	_, acct := b.stripeAt(emulator.Account{Name: "Acme"})
	made := b.call(b.acme, "POST", connections, keys(acct)).want(201)
	events, _ := made.Body["events"].(map[string]any)
	url, _ := events["url"].(string)
	if made.Body["status"] != "active" || made.Body["account_id"] != acct.ID || made.Body["live"] != false || events["set_up"] != true ||
		!strings.HasPrefix(url, "https://api.portal.example/webhooks/stripe/"+string(b.acme.tenant.ID)+".") {
		t.Errorf("%s", made.Raw)
	}
	shown := b.call(b.acme, "GET", connections+"/"+made.id(), "").want(200)
	list := b.call(b.acme, "GET", connections, "").want(200)
	for name, text := range map[string]string{"made": made.Raw, "shown": shown.Raw, "listed": list.Raw, "logged": b.log.String()} {
		if strings.Contains(text, acct.SecretKey) || strings.Contains(text, "whsec_") {
			t.Errorf("a secret is %s: %s", name, text)
		}
	}
	if strings.Contains(shown.Raw, url) {
		t.Errorf("the address for events is shown again: %s", shown.Raw)
	}
	var sealed []byte
	b.as(b.acme.tenant.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT credentials FROM payment_connections WHERE id = $1`, made.id()).Scan(&sealed)
	})
	if strings.Contains(string(sealed), acct.SecretKey[8:]) || len(sealed) < 50 {
		t.Errorf("kept as %q", sealed)
	}
	b.call(b.acme, "POST", connections, keys(acct)).problem(409, "already_connected")
	if n := len(b.call(b.bolt, "GET", connections, "").data()); n != 0 {
		t.Errorf("another tenant sees %d connections", n)
	}
	b.call(b.bolt, "GET", connections+"/"+made.id(), "").problem(404, "not_found")
}

func TestConnection_RefusesCredentialsThatDoNotWork(t *testing.T) {
	b := setup(t)
	emu, acct := b.stripeAt(emulator.Account{})
	live := emu.AddAccount(emulator.Account{Live: true})
	for name, c := range map[string]struct {
		body, code string
		field      string
	}{
		"unknown key":     {`{"processor":"stripe","publishable_key":"pk_test_x","secret_key":"sk_test_unknown"}`, "bad_credentials", ""},
		"no secret key":   {`{"processor":"stripe","publishable_key":"pk_test_x","secret_key":"sk_test_"}`, "bad_credentials", ""},
		"live":            {keys(live), "live_keys", ""},
		"other modes":     {`{"processor":"stripe","publishable_key":"pk_live_x","secret_key":"` + acct.SecretKey + `"}`, "invalid", "publishable_key"},
		"missing":         {`{"processor":"stripe","publishable_key":"pk_test_x"}`, "invalid", "secret_key"},
		"other's":         {`{"processor":"stripe","publishable_key":"pk_test_x","secret_key":"sk_test_x","login_id":"x"}`, "invalid", "login_id"},
		"spaces":          {`{"processor":"stripe","publishable_key":"pk_test_x","secret_key":"sk_test_a b"}`, "invalid", "secret_key"},
		"other processor": {`{"processor":"paypal","secret_key":"x"}`, "invalid", "processor"},
		"no publishable":  {`{"processor":"stripe","secret_key":"` + acct.SecretKey + `"}`, "invalid", "publishable_key"},
		"wrong prefix":    {`{"processor":"stripe","publishable_key":"` + acct.SecretKey + `","secret_key":"` + acct.SecretKey + `"}`, "invalid", "publishable_key"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.call(b.acme, "POST", connections, c.body)
			got.t = t
			got.problem(422, c.code)
			if c.field != "" && got.fields()[c.field] == "" {
				t.Errorf("fields %v, want %s", got.fields(), c.field)
			}
			if strings.Contains(got.Raw, "sk_test_") && !strings.Contains(got.Raw, "begin with sk_test_") || strings.Contains(got.Raw, acct.SecretKey) {
				t.Errorf("a key is repeated: %s", got.Raw)
			}
		})
	}
	if n := len(b.call(b.acme, "GET", connections, "").data()); n != 0 {
		t.Errorf("%d connections were kept", n)
	}
}

func TestConnection_BreaksAndIsMended(t *testing.T) {
	b := setup(t)
	emu, acct := b.stripeAt(emulator.Account{})
	id := b.call(b.acme, "POST", connections, keys(acct)).want(201).id()
	emu.ExpireKey(acct.ID)
	broken := b.call(b.acme, "POST", connections+"/"+id+"/test", "").want(200)
	trouble, _ := broken.Body["trouble"].(map[string]any)
	if broken.Body["status"] != "broken" || trouble["fix"] == nil {
		t.Errorf("%s", broken.Raw)
	}
	b.call(b.acme, "PATCH", connections+"/"+id, `{"secret_key":"`+acct.SecretKey+`"}`).problem(422, "bad_credentials")
	emu.RestoreKey(acct.ID)
	other := emu.AddAccount(emulator.Account{})
	b.call(b.acme, "PATCH", connections+"/"+id, `{"secret_key":"`+other.SecretKey+`"}`).problem(409, "other_account")
	if got := b.call(b.acme, "PATCH", connections+"/"+id, `{"secret_key":"`+acct.SecretKey+`"}`).want(200); got.Body["status"] != "active" || got.Body["trouble"] != nil {
		t.Errorf("%s", got.Raw)
	}
	for range 2 {
		if got := b.call(b.acme, "DELETE", connections+"/"+id, "").want(200); got.Body["status"] != "disconnected" || got.Body["disconnected_at"] == nil {
			t.Errorf("%s", got.Raw)
		}
	}
	b.call(b.acme, "POST", connections, keys(acct)).want(201) // and again, as a new one
}

func TestWebhook_IsHeardOnlyFromTheProcessor(t *testing.T) {
	b := setup(t)
	emu, acct := b.stripeAt(emulator.Account{})
	made := b.call(b.acme, "POST", connections, keys(acct)).want(201)
	address := made.Body["events"].(map[string]any)["url"].(string)
	path := strings.TrimPrefix(address, "https://api.portal.example")
	post := func(path, body string, headers ...string) answer {
		return b.call(party{}, "POST", path, body, append(headers, "Content-Type", "application/json")...)
	}
	post(path, `{"id":"evt_1"}`).problem(400, "bad_signature")
	post(path, `{"id":"evt_1"}`, "Stripe-Signature", "t=1,v1=00").problem(400, "bad_signature")
	post(path[:len(path)-1]+"x", `{"id":"evt_1"}`).problem(404, "not_found")
	post("/webhooks/stripe/nonsense", `{}`).problem(404, "not_found")
	post(strings.Replace(path, "/stripe/", "/authorize-net/", 1), `{}`).problem(404, "not_found")
	post(strings.Replace(path, string(b.acme.tenant.ID), string(b.bolt.tenant.ID), 1), `{}`).problem(404, "not_found")
	post(path, strings.Repeat("x", 10<<20)).problem(413, "body_too_large")
	body, header := b.signedEvent(emu, made.id())
	for range 2 { // it comes twice now and then
		post(path, body, "Stripe-Signature", header).want(200)
	}
	var kept, refused int
	const q = `SELECT (SELECT count(*) FROM processor_events WHERE connection_id = $1), (SELECT refused_events FROM payment_connections WHERE id = $1)`
	b.as(b.acme.tenant.ID, func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), q, made.id()).Scan(&kept, &refused) })
	if kept != 1 || refused != 2 {
		t.Errorf("%d events kept, %d refused; want 1 and 2", kept, refused)
	}
	if shown := b.call(b.acme, "GET", connections+"/"+made.id(), "").want(200); shown.Body["events"].(map[string]any)["last_at"] == nil {
		t.Errorf("%s", shown.Raw)
	}
}

// signedEvent is an event as Stripe signs it for the connection.
func (b *bench) signedEvent(emu *emulator.Emulator, connection string) (body, header string) {
	b.t.Helper()
	c, err := b.connections.Show(b.t.Context(), b.acme.tenant.ID, connection)
	if err != nil {
		b.t.Fatal(err)
	}
	open, err := payments.OpenCredentials(b.ring, b.acme.tenant.ID, c)
	if err != nil || len(open.WebhookSecrets) != 1 {
		b.t.Fatalf("%d secrets, %v", len(open.WebhookSecrets), err)
	}
	body = `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","livemode":false,"created":1,"data":{"object":{"id":"pi_1"}}}`
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: open.WebhookSecrets[0], Timestamp: emu.Clock.Now()})
	return body, signed.Header
}
