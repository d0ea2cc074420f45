package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/tenant"
)

const requestsPath = "/api/crm/access-requests"

// askedFor makes a pending request for access to a company's documents and returns its id.
func (b *bench) askedFor(p party, company, email string) string {
	b.t.Helper()
	id := tenant.NewID("arq", time.Now())
	b.as(p.tenant.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), `INSERT INTO access_requests (tenant_id, id, state, company_id, name, email) VALUES ($1, $2, 'pending', $3, 'Dana', $4)`,
			p.tenant.ID, id, company, email)
		return err
	})
	return id
}

func TestPreview_AnswersItsLinkOnce(t *testing.T) {
	b := setup(t)
	company, invoice := b.billed(b.acme)
	contact := b.contact(b.acme, company, "n@example.com")
	path := contacts + "/" + contact + "/preview-session"
	a := b.call(b.acme, "POST", path, `{"document_id":"`+invoice+`","reason":"a call"}`).want(201)
	if url := a.Body["url"].(string); !strings.HasPrefix(url, "https://acme.portal.example/portal/preview/") || a.Body["preview_seconds"] != 1800.0 || a.Body["document_id"] != invoice {
		t.Errorf("%v", a.Body)
	}
	b.call(b.acme, "POST", path, "").want(201)
	for body, field := range map[string]string{`{"reason":"` + strings.Repeat("x", 201) + `"}`: "reason", `{"reason":"two\nlines"}`: "reason", `{"document_id":""}`: "document_id"} {
		if got := b.call(b.acme, "POST", path, body).problem(422, "invalid").fields(); got[field] == "" {
			t.Errorf("%s: %v", body, got)
		}
	}
	b.call(b.acme, "POST", path, `{"document":"x"}`).problem(400, "unknown_field")
	b.call(b.acme, "POST", path, `{"document_id":"`+b.draft(b.acme, company).id()+`"}`).want(404)
	b.call(b.acme, "PATCH", contacts+"/"+contact, `{"status":"disabled"}`).want(200)
	b.call(b.acme, "POST", path, "").problem(409, "conflict")
	b.call(b.acme, "PATCH", contacts+"/"+contact, `{"status":"removed"}`).want(200)
	b.call(b.acme, "POST", path, "").want(404)
}

func TestAccessRequests_AreListedApprovedAndDismissed(t *testing.T) {
	b := setup(t)
	company, _ := b.billed(b.acme)
	first, second := b.askedFor(b.acme, company, "one@example.com"), b.askedFor(b.acme, company, "two@example.com")
	page := b.call(b.acme, "GET", requestsPath+"?limit=1&status=pending", "").want(200)
	next := b.call(b.acme, "GET", requestsPath+"?limit=1&status=pending&cursor="+page.Body["next_cursor"].(string), "").want(200)
	if one, two := page.Body["data"].([]any)[0].(map[string]any), next.Body["data"].([]any)[0].(map[string]any); one["id"] != second || two["id"] != first || two["name"] != "Dana" {
		t.Errorf("%v then %v", one, two)
	}
	b.call(b.acme, "GET", requestsPath+"?status=noted", "").problem(400, "invalid_parameter")
	if got := b.call(b.acme, "POST", requestsPath+"/"+first+"/approve", `{"role":"owner"}`).problem(422, "invalid").fields(); got["role"] == "" {
		t.Errorf("%v", got)
	}
	approved := b.call(b.acme, "POST", requestsPath+"/"+first+"/approve", "").want(200)
	contact := b.call(b.acme, "GET", contacts+"/"+approved.Body["contact_id"].(string), "").want(200)
	if contact.Body["role"] != "viewer" || contact.Body["email"] != "one@example.com" || contact.Body["name"] != "Dana" || contact.Body["status"] != "active" {
		t.Errorf("%v", contact.Body)
	}
	again := b.call(b.acme, "POST", requestsPath+"/"+first+"/approve", `{"role":"payer"}`).problem(409, "conflict")
	if !strings.Contains(again.Raw, "approved already") {
		t.Error(again.Raw)
	}
	b.call(b.acme, "POST", requestsPath+"/"+first+"/dismiss", "").problem(409, "conflict")
	for range 2 {
		if got := b.call(b.acme, "POST", requestsPath+"/"+second+"/dismiss", "").want(200); got.Body["status"] != "dismissed" || got.Body["contact_id"] != nil {
			t.Errorf("%v", got.Body)
		}
	}
	b.call(b.acme, "POST", requestsPath+"/"+second+"/approve", "").problem(409, "conflict")
	taken := b.askedFor(b.acme, company, "ONE@example.com")
	if got := b.call(b.acme, "POST", requestsPath+"/"+taken+"/approve", "").problem(409, "conflict"); !strings.Contains(got.Raw, "already has a contact") {
		t.Error(got.Raw)
	}
}

// A contact's address is free again when the contact is removed, and what was theirs stays dead.
func TestContacts_ARemovedOnesAddressCanBeAddedAgain(t *testing.T) {
	b := setup(t)
	company, _ := b.billed(b.acme)
	gone := b.contact(b.acme, company, "n@example.com")
	session := b.call(b.acme, "POST", sessions, `{"contact_id":"`+gone+`"}`).want(201).id()
	body := `{"company_id":"` + company + `","name":"N","email":"N@example.com"}`
	b.call(b.acme, "POST", contacts, body).problem(409, "conflict")
	b.call(b.acme, "PATCH", contacts+"/"+gone, `{"status":"removed"}`).want(200)
	if got := b.call(b.acme, "GET", sessions+"/"+session, "").want(200); got.Body["status"] != "revoked" {
		t.Errorf("its pending session is %v", got.Body["status"])
	}
	fresh := b.call(b.acme, "POST", contacts, body).want(201).id()
	if fresh == gone {
		t.Error("it is the same contact")
	}
	b.call(b.acme, "PATCH", contacts+"/"+gone, `{"status":"active"}`).problem(409, "conflict")
	b.call(b.acme, "POST", contacts+"/"+gone+"/portal-link", "").want(404)
	b.call(b.acme, "POST", contacts+"/"+fresh+"/portal-link", `{"send_email":false}`).want(201)
}
