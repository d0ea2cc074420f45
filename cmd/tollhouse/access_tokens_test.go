package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"tollhouse/portal/portaltest"
)

// guardedSecret is something that only its holder and nobody's storage may know, in every way in which it could be written.
type guardedSecret struct {
	name  string
	texts []string
}

// secretOf a token: as it stands in an address or a cookie, in hex, and in the other base64.
func secretOf(t *testing.T, name, token string) guardedSecret {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 32 {
		t.Fatalf("%s is no token: %q", name, token)
	}
	return guardedSecret{name, []string{token, hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw)}}
}

func secretCode(name, code string) guardedSecret {
	plain := strings.ReplaceAll(code, "-", "")
	return guardedSecret{name, []string{code, plain, strings.ToLower(code), strings.ToLower(plain)}}
}

// keptNowhere fails the test for each secret in what the nodes logged, in any column of any table, jobs included, and in Redis.
func (f *fleet) keptNowhere(t *testing.T, secrets []guardedSecret) {
	t.Helper()
	stores := f.everything(t)
	stores["the log"] = f.logs.String()
	for _, needed := range []string{"the log", "table public.portal_links", "table jobs.river_job", "Redis"} {
		if stores[needed] == "" {
			t.Errorf("control: %s is empty", needed)
		}
	}
	for where, text := range stores {
		for _, s := range secrets {
			for _, form := range s.texts {
				if at := strings.Index(text, form); at >= 0 {
					t.Errorf("%s holds %s: …%s…", where, s.name, text[max(0, at-100):min(len(text), at+100)])
				}
			}
		}
	}
}

// everything is all that Postgres and Redis hold, as text; bytes are in hex.
func (f *fleet) everything(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, f.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(ctx) }()
	const tables = `SELECT s.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'm') AND s.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`
	rows, err := admin.Query(ctx, tables)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 20 {
		t.Fatalf("%d tables, %v", len(names), err)
	}
	all := map[string]string{}
	for _, name := range names {
		var text string
		if err := admin.QueryRow(ctx, `SELECT COALESCE(string_agg(r::text, E'\n'), '') FROM `+name+` r`).Scan(&text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all["table "+name] = text
	}
	all["Redis"] = f.inRedis(t)
	return all
}

// inRedis is every key with its value, whatever its type.
func (f *fleet) inRedis(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	options, err := redis.ParseURL(f.redis)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	defer func() { _ = c.Close() }()
	var b strings.Builder
	for keys := c.Scan(ctx, 0, "*", 1000).Iterator(); keys.Next(ctx); {
		key := keys.Val()
		dump, err := c.Dump(ctx, key).Result()
		if err != nil {
			continue // it has run out meanwhile
		}
		text, _ := c.Get(ctx, key).Result()
		fields, _ := c.HGetAll(ctx, key).Result()
		fmt.Fprintf(&b, "%s\n%s\n%x\n%s\n%v\n", key, dump, dump, text, fields)
	}
	return b.String()
}

// cookieIn is a cookie's value in a browser.
func cookieIn(t *testing.T, tab *portaltest.Tab, name string) string {
	t.Helper()
	value, err := tab.Cookie(name)
	if err != nil || value == "" {
		t.Fatalf("the browser has no cookie %s (%v)", name, err)
	}
	return value
}

// Links, codes and cookies of a whole journey, with its wrong turns, are known to the mail and to the browser, and to nothing else.
func TestTokens_AreKeptAndToldNowhere(t *testing.T) {
	f := newFleet(t, 2, nil)
	b := f.addBusiness(t, "acme")
	who := b.clients[0]
	w := &walker{reader: reader{tab: f.browse(t, f.nodes[0], f.ca.RootPEM), base: "https://" + b.host}}
	if err := w.tab.SetLook(phone); err != nil {
		t.Fatal(err)
	}
	var secrets []guardedSecret
	note := func(name, link string) {
		secrets = append(secrets, secretOf(t, name, link[strings.LastIndex(link, "/")+1:]))
	}
	document := f.mailTo(t, who.contact.Email, "INV-")
	note("the document's token", document)
	w.opens(t, document)
	secrets = append(secrets, secretOf(t, "the form's cookie", cookieIn(t, w.tab, "__Host-bp-form")))
	w.presses(t, "main button")
	w.leftTheLink(t, "/portal/invoices/"+who.invoice)
	secrets = append(secrets, secretOf(t, "the provisional session", cookieIn(t, w.tab, "__Host-bp")))
	f.read(t, b)
	w.presses(t, ".back a")
	w.leftTheLink(t, "/portal/invoices")
	secrets = append(secrets, secretOf(t, "the session", cookieIn(t, w.tab, "__Host-bp")))
	w.presses(t, ".who button")

	login, code := f.asksForLink(t, w, who.contact.Email)
	note("the sign-in token", login)
	secrets = append(secrets, secretCode("the code", code), secretOf(t, "the asking cookie", cookieIn(t, w.tab, "__Host-bp-ask")))
	w.types(t, "#code", strings.ToLower(code))
	w.presses(t, "main form button")
	w.leftTheLink(t, "/portal/")
	secrets = append(secrets, secretOf(t, "the session by code", cookieIn(t, w.tab, "__Host-bp")))
	for _, dead := range []string{document, login} {
		w.opens(t, dead)
		w.leftTheLink(t, "")
	}
	f.strays(t, b, document, code)
	f.keptNowhere(t, secrets)
}

// leftTheLink asserts that the page does not know that its reader came by a link: not from its address, not from where it was opened.
func (w *walker) leftTheLink(t *testing.T, path string) {
	t.Helper()
	if path != "" {
		w.reader.at(t, path)
	}
	referrer, err := portaltest.Evaluate[string](w.tab, "document.referrer")
	if err != nil || strings.Contains(referrer, "/portal/l/") {
		t.Errorf("%s was told that its reader came from %q (%v)", path, referrer, err)
	}
}

// strays sends the secrets where they do not belong, and holds each answer to not repeating them.
func (f *fleet) strays(t *testing.T, b *business, link, code string) {
	t.Helper()
	token, c := link[strings.LastIndex(link, "/")+1:], f.client(f.nodes[1])
	base := "https://" + b.host
	for _, r := range []answer{
		ask(t, c, "PUT", link, ""), ask(t, c, "GET", link+"/more", ""), ask(t, c, "GET", base+"/portal/"+token, ""), ask(t, c, "GET", base+"/"+token+"?token="+token, ""),
		ask(t, c, "POST", link, "nonce=x", formType, "Sec-Fetch-Site: cross-site"), press(t, c, base+"/portal/sign-in/code", "code="+code), press(t, c, base+"/portal/sign-in/code", "code="+token),
		press(t, c, base+"/portal/sign-in", "mail="+token), ask(t, c, "GET", "https://"+b.other+"/portal/l/"+token[:42], ""), press(t, c, link+"x", "nonce="+token),
	} {
		if strings.Contains(r.body, token) || strings.Contains(r.body, code) || strings.Contains(fmt.Sprint(r.Header), token) {
			t.Errorf("%s %s repeats what it was sent", r.Request.Method, r.Status)
		}
		if got := r.Header.Get("Referrer-Policy"); strings.HasPrefix(r.Request.URL.Path, "/portal/l/") && got != "no-referrer" {
			t.Errorf("%s %s: Referrer-Policy %q", r.Request.Method, r.Status, got)
		}
		if r.StatusCode < http.StatusBadRequest {
			t.Errorf("control: %s %s is no error", r.Request.Method, r.Status)
		}
	}
}
