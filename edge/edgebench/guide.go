package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// guide is the part of dev.json that this program reads.
type guide struct {
	Address string `json:"https_addr"`
	API     string `json:"api_url"`
	CAFile  string `json:"ca_file"`
	PID     int    `json:"pid"`
	Tenants []struct {
		Hosts    []string `json:"hosts"`
		Key      string   `json:"api_key"`
		Contacts []struct {
			ID string `json:"id"`
		} `json:"contacts"`
	} `json:"tenants"`
}

// gateway finds the server to measure, from the flags or from the guide, and signs in to it.
func (o options) gateway(ctx context.Context) (target, error) {
	t := o.target
	var g guide
	if o.guide != "" {
		text, err := os.ReadFile(o.guide)
		if err != nil {
			return t, err
		}
		if err := json.Unmarshal(text, &g); err != nil {
			return t, fmt.Errorf("reading %s: %w", o.guide, err)
		}
		t.address, t.pid, o.caFile = or(t.address, g.Address), or(t.pid, g.PID), or(o.caFile, g.CAFile)
	}
	if t.address == "" || t.pid == 0 || o.caFile == "" {
		return t, errors.New("-guide, or -https, -ca, -host, -cookie and -pid, are needed")
	}
	var err error
	if t.roots, err = roots(o.caFile); err != nil {
		return t, err
	}
	if t.cookie == "" {
		return t.signIn(ctx, g)
	}
	return t, nil
}

func or[T comparable](given, byDefault T) T {
	var zero T
	if given == zero {
		return byDefault
	}
	return given
}

func roots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

// signIn asks the API for a fresh link of the first contact and opens it as a browser does: a page, then its button.
func (t target) signIn(ctx context.Context, g guide) (target, error) {
	if len(g.Tenants) == 0 || len(g.Tenants[0].Contacts) == 0 {
		return t, errors.New("the guide names no contact to sign in as; give -cookie")
	}
	client := &http.Client{Transport: t.transport(false), Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	first := g.Tenants[0]
	link, err := mint(ctx, client, g.API, first.Key, first.Contacts[0].ID)
	if err != nil {
		return t, fmt.Errorf("asking for a link: %w", err)
	}
	u, err := url.Parse(link)
	if err != nil {
		return t, err
	}
	t.host = u.Hostname()
	t.cookie, err = open(ctx, client, link)
	if err != nil {
		return t, fmt.Errorf("signing in: %w", err)
	}
	return t, nil
}

func mint(ctx context.Context, client *http.Client, api, key, contact string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/api/crm/contacts/"+contact+"/portal-link", strings.NewReader(`{"send_email":false}`))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", fmt.Sprintf("bench-%d", time.Now().UnixNano()))
	_, body, err := do(client, r, http.StatusCreated)
	if err != nil {
		return "", err
	}
	var answer struct {
		URL string `json:"url"`
	}
	err = json.Unmarshal(body, &answer)
	return answer.URL, err
}

var nonceField = regexp.MustCompile(`name="nonce" value="([^"]+)"`)

// open exchanges a link for a session and returns its cookie.
func open(ctx context.Context, client *http.Client, link string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return "", err
	}
	res, page, err := do(client, r, http.StatusOK)
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
	res, _, err = do(client, r, http.StatusSeeOther)
	if err != nil {
		return "", err
	}
	return sessionCookie(res.Cookies())
}

func sessionCookie(cookies []*http.Cookie) (string, error) {
	var text bytes.Buffer
	for _, c := range cookies {
		if c.Value != "" && c.MaxAge >= 0 {
			_, _ = fmt.Fprintf(&text, "; %s=%s", c.Name, c.Value)
		}
	}
	if text.Len() == 0 {
		return "", errors.New("the portal set no session cookie")
	}
	return text.String()[2:], nil
}

func do(client *http.Client, r *http.Request, want int) (*http.Response, []byte, error) {
	res, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s %s answers %s: %.200s", r.Method, r.URL.Host, res.Status, body)
	}
	return res, body, err
}
