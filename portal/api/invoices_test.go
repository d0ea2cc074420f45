package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const invoices = "/api/crm/invoices"

// draft creates an invoice over 120.00 USD and returns it.
func (b *bench) draft(p party, company string) answer {
	b.t.Helper()
	return b.call(p, "POST", invoices, fmt.Sprintf(`{"company_id":%q,"lines":[{"description":"Hours","quantity":"1.5",
		"unit_amount":{"amount":8000,"currency":"USD"}}]}`, company)).want(201)
}

// billed returns a company with a payer, and a sent invoice.
func (b *bench) billed(p party) (company, invoice string) {
	b.t.Helper()
	company = b.company(p, "Hartmann")
	b.contact(p, company, "m@example.com")
	invoice = b.draft(p, company).id()
	b.call(p, "POST", invoices+"/"+invoice+"/send", "").want(200)
	return company, invoice
}

func amount(a answer, field string) any { return a.Body[field].(map[string]any)["amount"] }

func TestInvoice_GoesFromDraftToPaid(t *testing.T) {
	b := setup(t)
	company := b.company(b.acme, "Hartmann")
	b.contact(b.acme, company, "m@example.com")
	draft := b.draft(b.acme, company)
	if draft.Body["status"] != "draft" || draft.Body["state"] != "draft" || amount(draft, "total") != 12000.0 {
		t.Errorf("draft %s", draft.Raw)
	}
	path := invoices + "/" + draft.id()
	sent := b.call(b.acme, "POST", path+"/send", "{}").want(200)
	if sent.Body["status"] != "sent" || sent.Body["state"] != "open" || amount(sent, "balance") != 12000.0 || sent.Body["sent_at"] == nil {
		t.Errorf("sent %s", sent.Raw)
	}
	paid := b.call(b.acme, "POST", path+"/payments", `{"amount":{"amount":12000,"currency":"USD"},"method":"Cheque 1042"}`).want(201)
	if paid.Body["status"] != "succeeded" || paid.Body["invoice_id"] != draft.id() {
		t.Errorf("payment %s", paid.Raw)
	}
	read := b.call(b.acme, "GET", path, "").want(200)
	if read.Body["state"] != "paid" || amount(read, "paid") != 12000.0 || len(read.Body["payments"].([]any)) != 1 || len(read.Body["lines"].([]any)) != 1 {
		t.Errorf("read %s", read.Raw)
	}
	b.call(b.acme, "POST", path+"/void", `{"reason":"mistake"}`).problem(409, "invoice_has_payments")
}

func TestInvoice_IsVoidedWithAReason(t *testing.T) {
	b := setup(t)
	_, id := b.billed(b.acme)
	got := b.call(b.acme, "POST", invoices+"/"+id+"/void", `{"reason":"wrong client"}`).want(200)
	if got.Body["state"] != "void" || got.Body["void_reason"] != "wrong client" || amount(got, "balance") != 0.0 {
		t.Errorf("voided %s", got.Raw)
	}
	b.call(b.acme, "POST", invoices+"/"+id+"/send", "").problem(409, "invoice_not_draft")
	b.call(b.acme, "POST", invoices+"/"+id+"/payments", `{"amount":{"amount":1,"currency":"USD"},"method":"Cash"}`).problem(409, "invoice_not_open")
}

func TestInvoice_NamesEveryWrongFieldAtOnce(t *testing.T) {
	b := setup(t)
	got := b.call(b.acme, "POST", invoices, `{"number":"-1","due_date":"2026-02-30","title":"`+strings.Repeat("x", 201)+`",
		"lines":[{"quantity":"1.00001","unit_amount":{"amount":-1,"currency":"USD"},"tax_bps":10001},
		         {"description":" ","unit_amount":{"amount":1,"currency":"EUR"},"discount":{"amount":1}}]}`).problem(422, "invalid").fields()
	want := map[string]string{"company_id": "required", "number": "invalid", "due_date": "invalid_date", "title": "too_long",
		"lines[0].description": "required", "lines[0].quantity": "invalid_quantity", "lines[0].unit_amount.amount": "out_of_range",
		"lines[0].tax_bps": "out_of_range", "lines[1].description": "required", "lines[1].unit_amount.currency": "currency_mismatch",
		"lines[1].discount.currency": "required"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestInvoice_SaysWhatBillingRefuses(t *testing.T) {
	b := setup(t)
	company, id := b.billed(b.acme)
	line := `"lines":[{"description":"x","unit_amount":{"amount":100,"currency":"USD"}}]`
	for body, want := range map[string]string{
		`{"company_id":"` + company + `","issue_date":"2026-05-02","due_date":"2026-05-01",` + line + `}`:                                                     "due_date",
		`{"company_id":"` + company + `","lines":[]}`:                                                                                                         "lines",
		`{"company_id":"` + company + `","lines":[{"description":"x","unit_amount":{"amount":1,"currency":"USD"},"discount":{"amount":2,"currency":"USD"}}]}`: "lines[0].discount",
	} {
		if got := b.call(b.acme, "POST", invoices, body).problem(422, "invalid").fields(); len(got) != 1 || got[want] == "" {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
	over := b.call(b.acme, "POST", invoices+"/"+id+"/payments", `{"amount":{"amount":12001,"currency":"USD"},"method":"Cash"}`).problem(422, "invalid")
	if over.fields()["amount"] == "" {
		t.Errorf("paying too much: %s", over.Raw)
	}
	numbered := `{"company_id":"` + company + `","number":"A-1",` + line + `}`
	b.call(b.acme, "POST", invoices, numbered).want(201)
	b.call(b.acme, "POST", invoices, numbered).problem(409, "invoice_number_taken")
	lonely := b.draft(b.acme, b.company(b.acme, "Nobody")).id()
	if got := b.call(b.acme, "POST", invoices+"/"+lonely+"/send", "").problem(422, "invalid").fields(); got["contact_id"] != "no_recipient" {
		t.Errorf("sending to nobody: %v", got)
	}
}

func TestInvoices_AreListedByCompanyAndState(t *testing.T) {
	b := setup(t)
	company, id := b.billed(b.acme)
	other := b.draft(b.acme, b.company(b.acme, "Other")).id()
	for query, want := range map[string]string{"company_id=" + company: id, "state=draft": other, "state=open": id} {
		got := b.call(b.acme, "GET", invoices+"?"+query, "").want(200).data()
		if len(got) != 1 || got[0].(map[string]any)["id"] != want {
			t.Errorf("%s lists %v, want %s", query, got, want)
		}
	}
	b.call(b.acme, "GET", invoices+"?state=late", "").problem(400, "invalid_parameter")
	page := b.call(b.acme, "GET", invoices+"?limit=1", "").want(200)
	next := b.call(b.acme, "GET", invoices+"?limit=1&cursor="+page.Body["next_cursor"].(string), "").want(200)
	if len(next.data()) != 1 || next.Body["next_cursor"] != nil || cmp.Equal(next.data(), page.data()) {
		t.Errorf("second page %s", next.Raw)
	}
}
