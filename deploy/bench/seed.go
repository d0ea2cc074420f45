package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"tollhouse/portal/mail/mailsink"
)

// manyInvoices is what the measured client has.
const manyInvoices = 40

// seed makes a client with invoices through the API and signs in as it does. It returns the session's cookie once no mail is left to send.
func (w *world) seed(ctx context.Context, t target) (string, error) {
	key, err := w.command(ctx, "key", "create", "bench", "bench")
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: t.transport(false), Timeout: 30 * time.Second, // the first call waits for a certificate
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	a := api{client, strings.TrimSpace(key), 0}
	contact, err := a.addClient(ctx)
	if err != nil {
		return "", fmt.Errorf("seeding: %w", err)
	}
	if _, err := w.sink.Wait(ctx, func(m mailsink.Message) bool { return m.ID == manyInvoices }); err != nil {
		return "", err
	}
	link, err := a.post(ctx, "/api/crm/contacts/"+contact+"/portal-link", `{"send_email":false}`, "url")
	if err != nil {
		return "", err
	}
	cookie, err := open(ctx, client, link)
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	return cookie, nil
}

// api calls the REST API as the measured tenant.
type api struct {
	client *http.Client
	key    string
	calls  int
}

// addClient makes a company with a contact and invoices, and returns the contact's id.
func (a *api) addClient(ctx context.Context) (contact string, err error) {
	company, err := a.post(ctx, "/api/crm/companies", `{"name":"Globex Corporation","currency":"USD"}`, "id")
	if err != nil {
		return "", err
	}
	contact, err = a.post(ctx, "/api/crm/contacts", fmt.Sprintf(`{"company_id":%q,"name":"Accounts payable","email":"payables@globex.test"}`, company), "id")
	if err != nil {
		return "", err
	}
	for i := range manyInvoices {
		invoice, err := a.post(ctx, "/api/crm/invoices", fmt.Sprintf(`{"company_id":%q,"title":"Design retainer %d","lines":[
			{"description":"Retainer","quantity":"2.5","unit_amount":{"amount":%d,"currency":"USD"}}]}`, company, i, 9_500+100*i), "id")
		if err != nil {
			return "", err
		}
		if _, err := a.post(ctx, "/api/crm/invoices/"+invoice+"/send", "", "id"); err != nil {
			return "", err
		}
	}
	return contact, nil
}

// post makes one call and returns one text field of its answer.
func (a *api) post(ctx context.Context, path, body, field string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://api."+platform+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	a.calls++
	r.Header.Set("Authorization", "Bearer "+a.key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", fmt.Sprintf("bench-%d", a.calls))
	res, text, err := do(a.client, r)
	if err != nil {
		return "", err
	}
	answer := map[string]any{}
	if err := json.Unmarshal(text, &answer); err != nil || res.StatusCode >= 300 {
		return "", fmt.Errorf("POST %s answers %s: %.200s", path, res.Status, text)
	}
	value, _ := answer[field].(string)
	return value, nil
}

var nonceField = regexp.MustCompile(`name="nonce" value="([^"]+)"`)

// open exchanges a link for a session and returns its cookie.
func open(ctx context.Context, client *http.Client, link string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return "", err
	}
	res, page, err := do(client, r)
	if err != nil {
		return "", err
	}
	nonce := nonceField.FindSubmatch(page)
	if nonce == nil {
		return "", errors.New("the link's page has no button")
	}
	form := url.Values{"nonce": {string(nonce[1])}}.Encode()
	r, err = http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader(form))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range res.Cookies() {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	res, _, err = do(client, r)
	if err != nil {
		return "", err
	}
	for _, c := range res.Cookies() {
		if c.Name == "__Host-bp" {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("the portal set no session cookie: %s", res.Status)
}

func do(client *http.Client, r *http.Request) (*http.Response, []byte, error) {
	res, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res, body, err
}
