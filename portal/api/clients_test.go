package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/tenant"
)

const (
	companies = "/api/crm/companies"
	contacts  = "/api/crm/contacts"
)

// company creates a company and returns its id.
func (b *bench) company(p party, name string) string {
	b.t.Helper()
	return b.call(p, "POST", companies, fmt.Sprintf(`{"name":%q}`, name)).want(201).id()
}

// contact creates a contact and returns its id.
func (b *bench) contact(p party, company, email string) string {
	b.t.Helper()
	return b.call(p, "POST", contacts, fmt.Sprintf(`{"company_id":%q,"name":"Accounts payable","email":%q}`, company, email)).want(201).id()
}

// kinds lists what the audit log holds under a filter, newest first.
func (b *bench) kinds(p party, filter string) []string {
	b.t.Helper()
	var out []string
	for _, e := range b.call(p, "GET", "/api/crm/audit-events?"+filter, "").want(200).data() {
		out = append(out, e.(map[string]any)["kind"].(string))
	}
	return out
}

func TestCompany_IsCreatedReadChangedAndRemembered(t *testing.T) {
	b := setup(t)
	made := b.call(b.acme, "POST", companies, `{"name":"  Hartmann & Daughters ","currency":"EUR","reference":"C-1",
		"billing_address":{"line1":"1 Mill Road","country":"DE"}}`).want(201)
	if made.Body["name"] != "Hartmann & Daughters" || made.Body["portal_enabled"] != true || made.Body["currency"] != "EUR" {
		t.Errorf("made %s", made.Raw)
	}
	path := companies + "/" + made.id()
	if got := b.call(b.acme, "GET", path, "").want(200); got.Raw != made.Raw {
		t.Errorf("read %s, want %s", got.Raw, made.Raw)
	}
	changed := b.call(b.acme, "PATCH", path, `{"billing_address":{"city":"Köln"},"portal_enabled":false}`).want(200)
	address := changed.Body["billing_address"].(map[string]any)
	if address["city"] != "Köln" || address["line1"] != "1 Mill Road" || changed.Body["name"] != "Hartmann & Daughters" {
		t.Errorf("a change of two fields gave %s", changed.Raw)
	}
	b.call(b.acme, "PATCH", path, `{"portal_enabled":false}`).want(200) // changes nothing, and is not remembered
	if diff := cmp.Diff([]string{"company.updated", "company.created"}, b.kinds(b.acme, "company_id="+made.id())); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
}

func TestCompany_NamesEveryWrongFieldAtOnce(t *testing.T) {
	b := setup(t)
	body := `{"currency":"usd","tax_id":"a\u0007b","reference":"` + strings.Repeat("é", 121) + `","billing_address":{"country":"XX"}}`
	got := b.call(b.acme, "POST", companies, body).problem(422, "invalid").fields()
	want := map[string]string{"name": "required", "currency": "invalid_currency", "tax_id": "invalid_text", "reference": "too_long",
		"billing_address.country": "invalid_country"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestText_IsComposedAndCountedInCharacters(t *testing.T) {
	b := setup(t)
	made := b.call(b.acme, "POST", companies, `{"name":"Cafe\u0301","reference":"`+strings.Repeat("é", 120)+`"}`).want(201)
	if made.Body["name"] != "Café" {
		t.Errorf("the name is %q", made.Body["name"])
	}
}

func TestText_RefusesWhatReadsAsSomethingElse(t *testing.T) {
	b := setup(t)
	for _, bad := range []string{"a\\u202eb", "a\\u2066b", "a\\u2028b", "a\\nb", "a\\u0000b"} {
		a := b.call(b.acme, "POST", companies, `{"name":"`+bad+`"}`)
		if a.Status != 422 && a.Status != 400 || a.fields()["name"] != "invalid_text" {
			t.Errorf("%s: %d %s", bad, a.Status, a.Raw)
		}
	}
	b.call(b.acme, "POST", companies, `{"name":"שלום \u200f عالم 株式会社"}`).want(201) // any script is welcome
}

func TestCards_AreRefusedInAnyTextAndNotLogged(t *testing.T) {
	b := setup(t)
	for _, number := range []string{"4111111111111111", "4111 1111 1111 1111", "pay 4111-1111-1111-1111 12/27", "378282246310005", "nr4111111111111111x"} {
		body := fmt.Sprintf(`{"name":"ok","billing_address":{"line2":%q}}`, number)
		got := b.call(b.acme, "POST", companies, body)
		got.problem(422, "invalid")
		if got.fields()["billing_address.line2"] != "looks_like_card_number" {
			t.Errorf("%q: %s", number, got.Raw)
		}
		if strings.Contains(got.Raw, "1111") || strings.Contains(b.log.String(), "1111") {
			t.Errorf("%q is repeated in the answer or the log", number)
		}
	}
	for _, fine := range []string{"4111111111111112", "INV 2026 0000 4242", "12345678901234567890", "+49 221 1234567"} {
		b.call(b.acme, "POST", companies, fmt.Sprintf(`{"name":%q}`, fine)).want(201)
	}
}

func TestContact_IsCreatedReadAndChanged(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	made := b.call(b.acme, "POST", contacts, fmt.Sprintf(`{"company_id":%q,"name":"Accounts payable","email":" Payables@Bücher.example ","locale":"de-at"}`, company)).want(201)
	if made.Body["email"] != "Payables@xn--bcher-kva.example" || made.Body["role"] != "payer" || made.Body["status"] != "active" || made.Body["locale"] != "de-AT" {
		t.Errorf("made %s", made.Raw)
	}
	path := contacts + "/" + made.id()
	if got := b.call(b.acme, "PATCH", path, `{"role":"viewer","status":"disabled"}`).want(200); got.Body["role"] != "viewer" || got.Body["status"] != "disabled" {
		t.Errorf("changed to %s", got.Raw)
	}
	b.call(b.acme, "PATCH", path, `{"company_id":"com_other"}`).problem(400, "unknown_field") // a contact never moves
	if diff := cmp.Diff([]string{"contact.disabled", "contact.created"}, b.kinds(b.acme, "contact_id="+made.id())); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
}

func TestContact_RefusesAddressesThatAreNotOnePlainAddress(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	for _, bad := range []string{"", "payables", "payables@", "@example.com", "a@b@example.com", "Payables <m@example.com>", "m@example.com, n@example.com",
		"m@example.com\\r\\nBcc: x@example.com", `\"m\"@example.com`, "m@localhost", "m@192.0.2.1", "m@[192.0.2.1]", "m.@example.com", "mä@example.com",
		strings.Repeat("a", 65) + "@example.com"} {
		got := b.call(b.acme, "POST", contacts, fmt.Sprintf(`{"company_id":%q,"name":"Accounts payable","email":"%s"}`, company, bad)).problem(422, "invalid")
		if got.fields()["email"] != "invalid_email" {
			t.Errorf("%q: %s", bad, got.Raw)
		}
	}
	b.call(b.acme, "POST", contacts, fmt.Sprintf(`{"company_id":%q,"name":"Accounts payable","email":"m@example.com","status":"removed"}`, company)).problem(422, "invalid")
	b.call(b.acme, "GET", contacts+"?status=gone", "").problem(400, "invalid_parameter")
	b.contact(b.acme, company, "o'hara+billing@example.com")
}

func TestContact_AddressIsUniqueAtACompanyUntilRemoved(t *testing.T) {
	b := setup(t)
	one, two := b.company(b.acme, "One"), b.company(b.acme, "Two")
	first := b.contact(b.acme, one, "m@example.com")
	body := fmt.Sprintf(`{"company_id":%q,"name":"Accounts payable","email":"M@EXAMPLE.com"}`, one)
	b.call(b.acme, "POST", contacts, body).problem(409, "conflict")
	b.contact(b.acme, two, "m@example.com") // a place at another company is another contact
	b.call(b.acme, "PATCH", contacts+"/"+first, `{"status":"removed"}`).want(200)
	b.call(b.acme, "POST", contacts, body).want(201)
	b.call(b.acme, "PATCH", contacts+"/"+first, `{"status":"active"}`).problem(409, "conflict")
}

// warned lists the codes of an answer's warnings.
func warned(a answer) string {
	var codes []string
	for _, w := range a.Body["warnings"].([]any) {
		codes = append(codes, w.(map[string]any)["code"].(string))
	}
	return strings.Join(codes, " ")
}

// Who takes the last payer away is told that invoices have nobody to go to, as sending one then says too.
func TestContact_WarnsWhenItsCompanyIsLeftWithoutAPayer(t *testing.T) {
	for _, change := range []string{`{"status":"removed"}`, `{"status":"disabled"}`, `{"role":"viewer"}`, `{"role":"signer"}`} {
		b := setup(t)
		company := b.company(b.acme, "Hartmann")
		b.contact(b.acme, b.company(b.acme, "Another, with a payer"), "other@example.com")
		first, second := b.contact(b.acme, company, "first@example.com"), b.contact(b.acme, company, "second@example.com")
		if got := b.call(b.acme, "PATCH", contacts+"/"+first, change).want(200); warned(got) != "" {
			t.Errorf("%s of one of two payers: %s", change, got.Raw)
		}
		got := b.call(b.acme, "PATCH", contacts+"/"+second, change).want(200)
		if warned(got) != "no_payer" || !strings.Contains(got.Raw, "Add a payer") {
			t.Errorf("%s of the last payer: %s", change, got.Raw)
		}
		if got := b.call(b.acme, "PATCH", contacts+"/"+second, change).want(200); warned(got) != "no_payer" {
			t.Errorf("%s once more: %s", change, got.Raw)
		}
		if got := b.call(b.acme, "GET", contacts+"/"+first, "").want(200); warned(got) != "no_payer" {
			t.Errorf("%s, read later: %s", change, got.Raw)
		}
		draft := b.draft(b.acme, company).id()
		if got := b.call(b.acme, "POST", invoices+"/"+draft+"/send", "").problem(422, "invalid").fields(); got["contact_id"] != "no_recipient" {
			t.Errorf("%s: sending an invoice then says %v", change, got)
		}
		b.contact(b.acme, company, "third@example.com")
		if got := b.call(b.acme, "GET", contacts+"/"+first, "").want(200); warned(got) != "" {
			t.Errorf("with a payer again: %s", got.Raw)
		}
	}
}

func TestContact_LosesLinksAndSessionsWithItsMailbox(t *testing.T) {
	for _, change := range []string{`{"email":"new@example.com"}`, `{"status":"disabled"}`, `{"status":"removed"}`} {
		b := setup(t)
		contact := b.contact(b.acme, b.company(b.acme, "Hartmann"), "m@example.com")
		path := sessions + "/" + b.call(b.acme, "POST", sessions, fmt.Sprintf(`{"contact_id":%q}`, contact)).want(201).id()
		b.call(b.acme, "PATCH", contacts+"/"+contact, `{"name":"Mary"}`).want(200)
		if got := b.call(b.acme, "GET", path, "").want(200); got.Body["status"] != "pending" {
			t.Errorf("a new name ended the session: %s", got.Raw)
		}
		b.call(b.acme, "PATCH", contacts+"/"+contact, change).want(200)
		if got := b.call(b.acme, "GET", path, "").want(200); got.Body["status"] != "revoked" {
			t.Errorf("%s left the session %v", change, got.Body["status"])
		}
	}
}

func TestLists_PageThroughEverythingOnceNewestFirst(t *testing.T) {
	b := setup(t)
	var want []string
	for i := range 7 {
		want = append([]string{b.company(b.acme, fmt.Sprint("Company ", i))}, want...)
	}
	b.company(b.bolt, "Foreign")
	var got []string
	next := ""
	for pages := 0; ; pages++ {
		a := b.call(b.acme, "GET", companies+"?limit=3"+next, "").want(200)
		for _, c := range a.data() {
			got = append(got, c.(map[string]any)["id"].(string))
		}
		if a.Body["next_cursor"] == nil {
			break
		}
		next = "&cursor=" + url.QueryEscape(a.Body["next_cursor"].(string))
		if pages == 0 {
			b.company(b.acme, "Late") // made while somebody pages: it moves nothing
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("companies (-want +got):\n%s", diff)
	}
}

func TestLists_Filter(t *testing.T) {
	b := setup(t)
	one, two := b.company(b.acme, "One"), b.company(b.acme, "Two")
	b.contact(b.acme, one, "a@example.com")
	gone := b.contact(b.acme, two, "b@example.com")
	b.call(b.acme, "PATCH", contacts+"/"+gone, `{"status":"removed"}`).want(200)
	for query, want := range map[string]int{"": 2, "company_id=" + one: 1, "email=A@example.com": 1, "status=removed": 1, "status=active&email=b@example.com": 0, "company_id=" + tenant.NewID("com", time.Now()): 0} {
		if got := len(b.call(b.acme, "GET", contacts+"?"+query, "").want(200).data()); got != want {
			t.Errorf("%q finds %d contacts, want %d", query, got, want)
		}
	}
}

func TestLists_RefuseParametersThatTheyDoNotKnow(t *testing.T) {
	b := setup(t)
	for query, code := range map[string]string{"refrence=x": "unknown_parameter", "limit=0": "invalid_parameter", "limit=201": "invalid_parameter",
		"limit=": "invalid_parameter", "limit=1e2": "invalid_parameter", "limit=1&limit=2": "duplicate_parameter", "cursor=": "invalid_cursor",
		"cursor=%21": "invalid_cursor", "cursor=MTpY==": "invalid_cursor", "reference=%00": "invalid_text", "reference=%ff": "invalid_text",
		"a=%zz": "invalid_parameter", "tenant_id=" + string(b.bolt.tenant.ID): "unknown_parameter"} {
		b.call(b.acme, http.MethodGet, companies+"?"+query, "").problem(400, code)
	}
	b.call(b.acme, http.MethodGet, companies+"?limit=200&reference=x", "").want(200)
}
