package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollhouse/portal/mail/mailsink"
)

// A client whose portal is switched off gets its invoice as a document with the tenant's words on how to pay, and no link anywhere.
func TestPortalOff_SendsTheInvoiceItselfAndNoLink(t *testing.T) {
	f := newFleet(t, 1, nil)
	b := f.addBusiness(t, "alpha")
	who := b.clients[0]
	f.api(t, b, "PATCH", "/api/settings", `{"payment_instructions":"By transfer:\nIBAN DE02 1203 0000"}`, 200)
	f.api(t, b, "PATCH", "/api/crm/contacts/"+who.contact.ID, `{"locale":"de-DE"}`, 200)
	f.api(t, b, "PATCH", "/api/crm/companies/"+who.company.ID, `{"portal_enabled":false}`, 200)
	links := one[int](t, f, `SELECT count(*) FROM portal_links`)
	number := f.api(t, b, "POST", "/api/crm/invoices/"+who.draft+"/send", "{}", 200)["number"].(string)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	m, err := f.sink.Wait(ctx, func(m mailsink.Message) bool {
		return m.To[0] == who.contact.Email && strings.Contains(m.Subject, number)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{m.Text, m.HTML} {
		if !strings.Contains(part, "So bezahlen Sie") || !strings.Contains(part, "IBAN DE02 1203 0000") || strings.Contains(part, "http") || strings.Contains(part, "/portal") {
			t.Errorf("the mail says:\n%s", part)
		}
	}
	if len(m.Attached) != 1 || m.Attached[0].Name != number+".pdf" || m.Attached[0].ContentType != "application/pdf" {
		t.Fatalf("%d documents: %+v", len(m.Attached), m.Attached)
	}
	text := pdfText(t, m.Attached[0].Bytes)
	for _, want := range []string{number, "Business alpha", "IBAN DE02 1203 0000", "Rechnung"} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "http") || bytes.Contains(bytes.ToLower(m.Attached[0].Bytes), []byte("tollhouse")) {
		t.Error("the document leads somewhere, or names the program")
	}
	if n := one[int](t, f, `SELECT count(*) FROM portal_links`); n != links {
		t.Errorf("%d links were made", n-links)
	}
	list := f.api(t, b, "GET", "/api/crm/mails?document_id="+who.draft, "", 200)["data"].([]any)
	if len(list) != 1 {
		t.Errorf("the API tells of %v", list)
	}
}

// pdfText is what a reader of a PDF copies from it.
func pdfText(t *testing.T, pdf []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext, of poppler-utils: %v", err)
	}
	return string(text)
}
