package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
)

// marker stands in everything bad that these tests send, so that it shows wherever it comes out.
const marker = "smuggledmarker"

// besieged is a fleet of one node and two tenants, with a picture of every table before anything bad was sent.
type besieged struct {
	*fleet
	alpha, beta *business
	c           *http.Client
	before      map[string]string
}

func besiege(t *testing.T) *besieged {
	t.Helper()
	f := newFleet(t, 1, nil)
	b := &besieged{fleet: f, alpha: f.addBusiness(t, "alpha"), beta: f.addBusiness(t, "beta"), c: f.client(f.nodes[0])}
	ask(t, b.c, "GET", "https://"+b.alpha.host+"/portal/test", "") // the certificates are there from here on
	ask(t, b.c, "GET", "https://api."+fleetDomain+"/api/openapi.json", "")
	b.settle(t)
	return b
}

// settle waits for the mails under way and looks at every table.
func (b *besieged) settle(t *testing.T) {
	t.Helper()
	waitFor(t, "the mails", func() bool { return one[int](t, b.fleet, `SELECT count(*) FROM mails WHERE status = 'queued'`) == 0 })
	waitFor(t, "the first look at the domains", func() bool {
		return one[int](t, b.fleet, `SELECT count(*) FROM domain_checks WHERE due_at < now() + interval '3 minutes'`) == 0
	})
	b.before = tables(t, b.fleet)
}

// unharmed asserts that no table changed, that nobody's data and nothing that was sent is in the log, and that the portal is still there.
func (b *besieged) unharmed(t *testing.T) {
	t.Helper()
	for name, now := range tables(t, b.fleet) {
		if now != b.before[name] {
			t.Errorf("the table %s changed", name)
		}
	}
	logs := b.logs.String()
	for _, text := range []string{marker, b.alpha.clients[0].canary, b.alpha.key, `"level":"ERROR"`, "panic"} {
		if at := strings.Index(logs, text); at >= 0 {
			t.Errorf("the log holds %q: %s", text, logs[max(0, at-300):min(len(logs), at+300)])
		}
	}
	if !strings.Contains(logs, `"msg":"request"`) {
		t.Error("control: the log has no request at all")
	}
	if r := ask(t, b.c, "GET", "https://"+b.alpha.host+"/portal/test", ""); r.StatusCode != 200 {
		t.Errorf("control: %s", r.Status)
	}
}

// one is the only value of the only row of an answer, asked across all tenants.
func one[T any](t *testing.T, f *fleet, query string, args ...any) (value T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), f.db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// tables returns a digest of each table's rows. Left out are those that live by themselves: the certificates' and the CAs', the nodes', the job
// queue's (another schema) and the keys', which note when they were last used.
func tables(t *testing.T, f *fleet) map[string]string {
	t.Helper()
	digests := map[string]string{}
	for _, name := range strings.Fields(one[string](t, f, `
		SELECT string_agg(relname, ' ') FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname !~ '^(certificate|ca_|nodes|directory|api_keys|schema)'`)) {
		digests[name] = one[string](t, f, `SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM `+name+` t`)
	}
	if len(digests) < 10 {
		t.Fatalf("only %d tables: %v", len(digests), digests)
	}
	return digests
}

// clearPage asserts that an answer is a page for people, in the tenant's brand when it is known whose.
func clearPage(t *testing.T, name string, r answer, brand string) {
	t.Helper()
	body := strings.ToLower(r.body)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") || !strings.Contains(body, "<h1") || !strings.Contains(r.body, brand) {
		t.Errorf("%s: %s is no page of %q: %s\n%.300s", name, r.Status, brand, r.Header.Get("Content-Type"), r.body)
	}
	if strings.Contains(r.body, marker) || strings.Contains(body, "tollhouse") {
		t.Errorf("%s: the page repeats what was sent or names the program", name)
	}
	if r.StatusCode < 400 || strings.Contains(r.Header.Get("Set-Cookie"), "__Host-bp=") {
		t.Errorf("%s: %s %v", name, r.Status, r.Header)
	}
}

// clearProblem asserts that an answer is a problem document (RFC 9457) that says what to do.
func clearProblem(t *testing.T, name string, r answer, status int, code string) {
	t.Helper()
	var p struct {
		Status             int
		Type, Code, Detail string
		RequestID          string `json:"request_id"`
		Errors             []struct{ Field, Code, Message string }
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %s is no problem document: %s\n%.300s", name, r.Status, r.Header.Get("Content-Type"), r.body)
		return
	}
	found := p.Code == code
	for _, field := range p.Errors {
		found = found || field.Code == code && field.Message != ""
	}
	if r.StatusCode != status || p.Status != status || !found || len(p.Detail) < 20 || p.RequestID != r.Header.Get("X-Request-Id") {
		t.Errorf("%s: %s, want %d %s\n%s", name, r.Status, status, code, r.body)
	}
	if strings.Contains(r.body, marker) {
		t.Errorf("%s: the problem repeats what was sent: %s", name, r.body)
	}
}

func TestBadInput_HostsAreRefusedOnAWholeNode(t *testing.T) {
	b := besiege(t)
	const get = "GET /portal/sign-in HTTP/1.1\r\n"
	for _, tt := range []struct {
		name, head string
		want       int
	}{
		{"plain", get + "Host: " + b.alpha.host, 200},
		{"with a port", get + "Host: " + b.alpha.host + ":443", 200},
		{"upper case and a dot", get + "Host: BILLING.Alpha.test.", 200},
		{"absolute form", "GET https://" + b.alpha.host + "/portal/sign-in HTTP/1.1\r\nHost: " + b.alpha.host, 200},
		{"duplicated", get + "Host: " + b.alpha.host + "\r\nHost: " + b.alpha.host, 400},
		{"duplicated, another tenant's second", get + "Host: " + b.alpha.host + "\r\nHost: " + b.beta.host, 400},
		{"empty", get + "Host:", 400},
		{"an address", get + "Host: 127.0.0.1", 400},
		{"5,000 labels", get + "Host: " + strings.Repeat("a.", 5000) + marker + ".test", 400},
		{"invalid punycode", get + "Host: xn--" + marker + "-\u00e9.test", 400},
		{"NUL", get + "Host: " + marker + "\x00.test", 400},
		{"another tenant's", get + "Host: " + b.beta.host, 421},
		{"another tenant's in absolute form", "GET https://" + b.beta.host + "/portal/sign-in HTTP/1.1\r\nHost: " + b.alpha.host, 421},
		{"its own other host", get + "Host: " + b.alpha.other, 421},
		{"the API's", get + "Host: api." + fleetDomain, 421},
		{"nobody's", get + "Host: " + marker + ".test", 421},
	} {
		answers := b.speak(t, b.alpha.host, tt.head+"\r\n\r\n")
		if len(answers) != 1 || answers[0].StatusCode != tt.want {
			t.Errorf("%s: %v, want one %d", tt.name, answers, tt.want)
			continue
		}
		body := answers[0].body
		if branded := strings.Contains(body, "Business alpha"); branded != (tt.want == 200) || strings.Contains(body, "beta") || strings.Contains(body, marker) {
			t.Errorf("%s: a page of alpha %t:\n%s", tt.name, branded, body)
		}
		if tt.want == 421 {
			clearPage(t, tt.name, answers[0], "")
		}
	}
	b.unharmed(t)
}

// speak sends bytes over a fresh TLS connection and returns every answer.
func (f *fleet) speak(t *testing.T, sni, text string) (answers []answer) {
	t.Helper()
	c := f.dial(t, f.nodes[0], sni, nil)
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewReader(c); ; {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return answers
		}
		body, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		answers = append(answers, answer{r, string(body)})
	}
}

func TestBadInput_FormsAreRefusedWithAPage(t *testing.T) {
	b := besiege(t)
	form := "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, contentType, body string
		want                    int
	}{
		{"a little over the limit of a form", form, "email=" + marker + strings.Repeat("x", 17<<10), 413},
		{"over the limit of a request", form, "email=" + marker + strings.Repeat("x", 3<<20), 413},
		{"JSON", "application/json", `{"email":"` + marker + `@client.test"}`, 422},
		{"no type", "", "email=" + marker + "@client.test", 422},
		{"broken escapes", form, "email=%zz" + marker, 400},
		{"NUL", form, "email=" + marker + "%00@client.test", 422},
		{"invalid UTF-8", form, "email=" + marker + "%ff%fe@client.test", 422},
		{"an unknown field only", form, "mail=" + marker + "@client.test", 422},
		{"two addresses", form, "email=" + marker + "@client.test,b@client.test", 422},
		{"a line break", form, "email=" + marker + "%0d%0aBcc:x@client.test", 422},
	} {
		for _, chunked := range []bool{false, true} {
			request, err := http.NewRequest("POST", "https://"+b.alpha.host+"/portal/sign-in", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if chunked {
				request.ContentLength = -1
			}
			request.Header.Set("Content-Type", tt.contentType)
			request.Header.Set("Sec-Fetch-Site", "same-origin")
			r := send(t, b.c, request)
			if r.StatusCode != tt.want {
				t.Errorf("%s, chunked %t: %s, want %d", tt.name, chunked, r.Status, tt.want)
			}
			if tt.want == 422 { // the form again, with what was typed
				r.body = strings.ReplaceAll(r.body, marker, "")
			}
			clearPage(t, tt.name, r, "Business alpha")
		}
	}
	session := b.signIn(t, b.c, b.alpha, b.alpha.clients[0])
	b.settle(t)
	for path, want := range map[string]int{
		"/portal/invoices/inv_%00" + marker: 404, "/portal/invoices/%ff%fe" + marker: 404, "/portal/invoices/" + strings.Repeat("i", 5000): 404,
		"/portal/invoices?tab=%00" + marker: 200, "/portal/invoices?tab=all&after=%ff%00" + marker: 200, "/portal/invoices?tab=all&after=" + strings.Repeat("A", 5000): 404,
		"/portal/%2e%2e/%2e%2e/" + marker: 404,
	} {
		r := ask(t, b.c, "GET", "https://"+b.alpha.host+path, "", session)
		if r.StatusCode != want || strings.Contains(r.body, marker) {
			t.Errorf("%.60s: %s, want %d without what was sent", path, r.Status, want)
		}
	}
	b.unharmed(t)
}

// send is ask for a request that was made by hand.
func send(t *testing.T, c *http.Client, request *http.Request) answer {
	t.Helper()
	r, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{r, string(body)}
}

func TestBadInput_CallsAreRefusedWithAProblem(t *testing.T) {
	b := besiege(t)
	large := `{"name":"` + marker + strings.Repeat("x", 1<<20) + `"}`
	for _, tt := range []struct {
		name, contentType, body string
		status                  int
		code                    string
	}{
		{"over the API's limit", "application/json", large, 413, "body_too_large"},
		{"over the limit of a request", "application/json", large + strings.Repeat(" ", 2<<20), 413, "body_too_large"},
		{"another type", "application/x-www-form-urlencoded", "name=" + marker, 415, "unsupported_media_type"},
		{"no type", "", `{"name":"` + marker + `"}`, 415, "unsupported_media_type"},
		{"another charset", "application/json; charset=utf-16", `{"name":"` + marker + `"}`, 415, "unsupported_media_type"},
		{"an unknown field", "application/json", `{"name":"` + marker + `","currency":"EUR","colour":"red"}`, 400, "unknown_field"},
		{"a field in other letters", "application/json", `{"Name":"` + marker + `","currency":"EUR"}`, 400, "unknown_field"},
		{"a number for a text", "application/json", `{"name":7,"currency":"EUR"}`, 400, "invalid_type"},
		{"a list", "application/json", `["` + marker + `"]`, 400, "invalid_type"},
		{"NUL", "application/json", `{"name":"` + marker + `\u0000","currency":"EUR"}`, 400, "invalid_text"},
		{"a bare NUL", "application/json", `{"name":"` + marker + "\x00" + `","currency":"EUR"}`, 400, "invalid_json"},
		{"invalid UTF-8", "application/json", `{"name":"` + marker + "\xff\xfe" + `","currency":"EUR"}`, 400, "invalid_text"},
		{"half a pair of surrogates", "application/json", `{"name":"` + marker + `\ud800","currency":"EUR"}`, 400, "invalid_json"},
		{"an end too early", "application/json", `{"name":"` + marker, 400, "invalid_json"},
		{"two objects", "application/json", `{"name":"` + marker + `","currency":"EUR"}{}`, 400, "trailing_data"},
		{"nothing", "application/json", "", 422, "required"},
		{"10,000 brackets", "application/json", strings.Repeat("[", 10_000), 400, "invalid_type"},
	} {
		for _, chunked := range []bool{false, true} {
			request, err := http.NewRequest("POST", "https://api."+fleetDomain+"/api/crm/companies", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if chunked {
				request.ContentLength = -1
			}
			request.Header.Set("Content-Type", tt.contentType)
			request.Header.Set("Authorization", "Bearer "+b.alpha.key)
			r := send(t, b.c, request)
			clearProblem(t, tt.name, r, tt.status, tt.code)
		}
	}
	b.unharmed(t)
	b.api(t, b.alpha, "POST", "/api/crm/companies", `{"name":"Control","currency":"EUR"}`, 201)
}

func TestBadInput_LogosAreRefusedWithTheReason(t *testing.T) {
	b := besiege(t)
	var small bytes.Buffer
	if err := png.Encode(&small, image.NewNRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	put := func(contentType, body string) answer {
		return ask(t, b.c, "PUT", "https://api."+fleetDomain+"/api/brand/logo", body, "Authorization: Bearer "+b.alpha.key, "Content-Type: "+contentType)
	}
	if r := put("image/png", small.String()); r.StatusCode != 200 {
		t.Fatalf("control: %s\n%s", r.Status, r.body)
	}
	b.settle(t)
	svg := `<svg xmlns="http://www.w3.org/2000/svg"><script>` + marker + `</script></svg>`
	for _, tt := range []struct {
		name, contentType, body string
		status                  int
		code, says              string
	}{
		{"no image", "image/png", marker, 422, "unsupported_format", "PNG"},
		{"nothing", "image/png", "", 422, "unsupported_format", "PNG"},
		{"SVG", "image/svg+xml", svg, 422, "unsupported_format", "SVG"},
		{"SVG that says it is PNG", "image/png", svg, 422, "unsupported_format", "SVG"},
		{"a page", "text/html", "<html>" + marker, 415, "unsupported_media_type", "image/png"},
		{"20,000 by 20,000", "image/png", vast(t, 20_000), 422, "too_many_pixels", "16 megapixels"},
		{"half of one", "image/png", small.String()[:small.Len()/2], 422, "damaged", "again"},
		{"over the limit", "image/png", small.String() + strings.Repeat("x", 1<<20), 413, "body_too_large", "1,048,576"},
		{"over the limit of a request", "image/png", small.String() + strings.Repeat("x", 3<<20), 413, "body_too_large", "1,048,576"},
	} {
		r := put(tt.contentType, tt.body)
		clearProblem(t, tt.name, r, tt.status, tt.code)
		if !strings.Contains(r.body, tt.says) {
			t.Errorf("%s: the reason does not say %q: %s", tt.name, tt.says, r.body)
		}
	}
	b.unharmed(t)
	if r := ask(t, b.c, "GET", "https://api."+fleetDomain+"/api/brand/logo", "", "Authorization: Bearer "+b.alpha.key); r.StatusCode != 200 {
		t.Errorf("the logo that was there: %s", r.Status)
	}
}

// vast is a whole PNG of side × side grey pixels, small as a file.
func vast(t *testing.T, side int) string {
	t.Helper()
	var out, pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	row := make([]byte, 1+(side+7)/8) // a filter byte, then a bit a pixel
	for range side {
		if _, err := z.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(side)), uint32(side))
	out.WriteString("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct {
		kind string
		data []byte
	}{{"IHDR", append(header, 1, 0, 0, 0, 0)}, {"IDAT", pixels.Bytes()}, {"IEND", nil}} {
		out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(chunk.data))))
		whole := append([]byte(chunk.kind), chunk.data...)
		out.Write(binary.BigEndian.AppendUint32(whole, crc32.ChecksumIEEE(whole)))
	}
	return out.String()
}

func TestBadInput_TokensLeadNowhere(t *testing.T) {
	b := besiege(t)
	mint := func(of *business) string {
		minted, err := b.nodes[0].access.Mint(context.Background(), of.Tenant, access.MintRequest{ContactID: of.clients[0].contact.ID})
		if err != nil {
			t.Fatal(err)
		}
		return minted.URL
	}
	token := func(link string) string { return link[strings.LastIndex(link, "/")+1:] }
	used, expired, good, foreign := mint(b.alpha), mint(b.alpha), mint(b.alpha), mint(b.beta)
	if r := redeem(t, b.c, used); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("control: %s", r.Status)
	}
	b.expire(t, b.alpha, token(expired))
	page := ask(t, b.c, "GET", good, "")
	nonce := nonceField.FindStringSubmatch(page.body)
	if nonce == nil {
		t.Fatalf("control: no form on the page of a good link: %s", page.Status)
	}
	header := []string{"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"}
	for _, cookie := range page.Cookies() {
		header = append(header, "Cookie: "+cookie.Name+"="+cookie.Value)
	}
	try := func(name, token string, want int) {
		t.Helper()
		for _, method := range []string{"GET", "POST"} {
			r := ask(t, b.c, method, "https://"+b.alpha.host+"/portal/l/"+token, "nonce="+url.QueryEscape(nonce[1]), header...)
			if method == "POST" && token == "" && r.StatusCode == http.StatusMethodNotAllowed {
				continue
			}
			if r.StatusCode != want {
				t.Errorf("%s, %s: %s, want %d", name, method, r.Status, want)
			}
			clearPage(t, name, r, "Business alpha")
			noCanary(t, r, b.alpha, b.beta)
		}
	}
	b.settle(t)
	for name, text := range map[string]string{
		"empty":                     "",
		"one letter":                "A",
		"one letter short":          token(good)[:42],
		"one letter long":           token(good) + "A",
		"5,000 letters":             strings.Repeat(marker, 357),
		"with padding":              token(good) + "=",
		"of the other alphabet":     strings.Repeat("%2B", 43),
		"with NUL":                  token(good)[:42] + "%00",
		"with invalid UTF-8":        token(good)[:42] + "%ff",
		"with a bit that says none": token(good)[:42] + string(after(token(good)[42])),
		"of another tenant":         token(foreign),
		"unknown":                   strings.Repeat("A", 43),
	} {
		try(name, text, 404)
	}
	b.unharmed(t)
	// Links that were good once are remembered: who opens them is written down, and nothing else is.
	for name, link := range map[string]string{"used": used, "expired": expired} {
		try(name, token(link), 410)
	}
	now := tables(t, b.fleet)
	for _, name := range []string{"audit_events", "audit_chain", "audit_heads"} {
		if now[name] == b.before[name] {
			t.Errorf("the table %s does not tell of dead links", name)
		}
		b.before[name] = now[name]
	}
	b.unharmed(t)
	for name, link := range map[string]string{"the good link": good, "the other tenant's on its own host": foreign} {
		if r := redeem(t, b.c, link); r.StatusCode != http.StatusSeeOther {
			t.Errorf("control: %s: %s", name, r.Status)
		}
	}
	if tables(t, b.fleet)["portal_links"] == b.before["portal_links"] {
		t.Error("control: a used link leaves its table as it was")
	}
	for _, link := range []string{used, expired, good, foreign} {
		if strings.Contains(b.logs.String(), token(link)) {
			t.Errorf("the log holds a token")
		}
	}
}

// after is the next letter of base64url: with 43 letters the lowest two bits of the last say nothing and must be zero.
func after(letter byte) byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return letters[strings.IndexByte(letters, letter)+1]
}

// expire lets a link's time run out.
func (f *fleet) expire(t *testing.T, b *business, token string) {
	t.Helper()
	n := one[int](t, f, `
		UPDATE portal_links SET created_at = now() - interval '2 days', expires_at = now() - interval '1 minute'
		WHERE tenant_id = $1 AND token_hash = sha256(decode(translate($2, '-_', '+/') || '=', 'base64')) RETURNING 1`, string(b.ID), token)
	if n != 1 {
		t.Fatal("the link did not expire")
	}
}
