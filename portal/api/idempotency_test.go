package api_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/access"
	"tollhouse/portal/api"
	"tollhouse/tenant"
)

const keyHeader = "Idempotency-Key"

// gate stands in for the clients' store where a test must hold a request at work or break it.
type gate struct {
	api.Clients
	entered chan struct{}
	leave   chan error
	after   error // what it says once the work is done
}

func (g *gate) CreateCompany(ctx context.Context, t tenant.ID, by access.Actor, c access.Company) (access.Company, error) {
	g.entered <- struct{}{}
	if err := <-g.leave; err != nil {
		if err == errPanic {
			panic(err)
		}
		return access.Company{}, err
	}
	made, err := g.Clients.CreateCompany(ctx, t, by, c)
	return made, cmp.Or(err, g.after)
}

var errPanic = errors.New("panic")

func (b *bench) gated() *gate {
	g := &gate{Clients: b.config.Clients, entered: make(chan struct{}, 1), leave: make(chan error, 1)}
	config := b.config
	config.Clients = g
	server, err := api.New(config)
	if err != nil {
		b.t.Fatal(err)
	}
	b.server = server
	return g
}

func TestIdempotency_RepeatsTheFirstAnswerAndDoesNothing(t *testing.T) {
	b := setup(t)
	first := b.call(b.acme, "POST", companies, `{"name":"Once"}`, keyHeader, "k-1").want(201)
	second := b.call(b.acme, "POST", companies, `{"name":"Once"}`, keyHeader, "k-1").want(201)
	if first.Raw != second.Raw || first.Header.Get("Idempotency-Replayed") != "" || second.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %s, second %s %v", first.Raw, second.Raw, second.Header)
	}
	if second.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the repeated answer is %s", second.Header.Get("Content-Type"))
	}
	b.call(b.acme, "POST", companies, `{"name":"Once"}`).want(201)
	if n := len(b.call(b.acme, "GET", companies, "").data()); n != 2 {
		t.Errorf("%d companies, want one of the key and one without", n)
	}
}

func TestIdempotency_RefusesAnotherRequestUnderTheKey(t *testing.T) {
	b := setup(t)
	b.call(b.acme, "POST", companies, `{"name":"Once"}`, keyHeader, "k").want(201)
	b.call(b.acme, "POST", companies, `{"name":"Twice"}`, keyHeader, "k").problem(409, "idempotency_mismatch")
	b.call(b.acme, "POST", contacts, `{"name":"Once"}`, keyHeader, "k").problem(409, "idempotency_mismatch")
	b.call(b.bolt, "POST", companies, `{"name":"Twice"}`, keyHeader, "k").want(201) // another tenant's keys are its own
}

func TestIdempotency_ARefusalFreesTheKey(t *testing.T) {
	b := setup(t)
	b.call(b.acme, "POST", companies, `{"nmae":"x"}`, keyHeader, "k").problem(400, "unknown_field")
	b.call(b.acme, "POST", companies, `{"name":"x"}`, keyHeader, "k").want(201)
}

func TestIdempotency_WaitsForNobodyAndSurvivesFaults(t *testing.T) {
	b := setup(t)
	g := b.gated()
	body := `{"name":"Slow"}`
	done := make(chan answer, 1)
	go func() { done <- b.call(b.acme, "POST", companies, body, keyHeader, "k") }()
	<-g.entered
	if got := b.call(b.acme, "POST", companies, body, keyHeader, "k").problem(409, "idempotency_in_progress"); got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After while the first is at work")
	}
	b.call(b.acme, "POST", companies, `{"name":"Other"}`, keyHeader, "k").problem(409, "idempotency_mismatch")
	g.leave <- errors.New("the disk is on fire")
	if got := (<-done).problem(500, "internal"); strings.Contains(got.Raw, "fire") || !strings.Contains(b.log.String(), "fire") {
		t.Errorf("a fault of ours must be in the log and not in the answer: %s", got.Raw)
	}
	g.leave <- nil // a 500 is not kept: the same request now does its work
	b.call(b.acme, "POST", companies, body, keyHeader, "k").want(201)
	<-g.entered
	b.call(b.acme, "POST", companies, body, keyHeader, "k").want(201)
}

func TestIdempotency_APanicFreesTheKey(t *testing.T) {
	b := setup(t)
	g := b.gated()
	g.leave <- errPanic
	func() {
		defer func() { _ = recover() }()
		b.call(b.acme, "POST", companies, `{"name":"x"}`, keyHeader, "k")
		t.Error("the panic was swallowed")
	}()
	<-g.entered
	g.leave <- nil
	b.call(b.acme, "POST", companies, `{"name":"x"}`, keyHeader, "k").want(201)
}

func TestIdempotency_ManyAtOnceDoItOnce(t *testing.T) {
	b := setup(t)
	company, id := b.billed(b.acme)
	var mu sync.Mutex
	seen := map[int]int{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got := b.call(b.acme, "POST", invoices+"/"+id+"/payments", `{"amount":{"amount":100,"currency":"USD"},"method":"Cash"}`, keyHeader, "pay-1")
			mu.Lock()
			defer mu.Unlock()
			seen[got.Status]++
		})
	}
	wg.Wait()
	if seen[201] == 0 || seen[201]+seen[409] != 20 {
		t.Errorf("answers %v", seen)
	}
	if got := b.call(b.acme, "GET", invoices+"/"+id, "").want(200); amount(got, "paid") != 100.0 {
		t.Errorf("paid %v at %s, want 100 once", amount(got, "paid"), company)
	}
}

func TestIdempotency_RefusesKeysThatAreNone(t *testing.T) {
	b := setup(t)
	for _, bad := range []string{"", "a b", "é", strings.Repeat("x", 256), "a\tb"} {
		b.call(b.acme, "POST", companies, `{"name":"x"}`, keyHeader, bad).problem(400, "idempotency_key_invalid")
	}
	b.call(b.acme, "POST", companies, `{"name":"x"}`, keyHeader, strings.Repeat("x", 255)).want(201)
}

func TestIdempotency_KeepsMagicLinksSealed(t *testing.T) {
	b := setup(t)
	contact := b.contact(b.acme, b.company(b.acme, "Hartmann"), "m@example.com")
	body := fmt.Sprintf(`{"contact_id":%q}`, contact)
	link := b.call(b.acme, "POST", sessions, body, keyHeader, "k").want(201).Body["url"].(string)
	if again := b.call(b.acme, "POST", sessions, body, keyHeader, "k").want(201).Body["url"]; again != link {
		t.Errorf("the repeated answer has the link %v, want %s", again, link)
	}
	token := link[strings.LastIndex(link, "/")+1:]
	var stored []byte
	b.as(b.acme.tenant.ID, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT response FROM idempotency_keys WHERE key = 'k'`).Scan(&stored)
	})
	if len(stored) == 0 || bytes.Contains(stored, []byte(token)) {
		t.Errorf("the answer is stored in the open: %q", stored)
	}
}

func TestIdempotency_RefusesToRepeatAnAnswerForAKeyWithOtherScopes(t *testing.T) {
	b := setup(t)
	const path, body = "/api/keys", `{"name":"Second","scopes":["keys:write","clients:write"]}`
	first := b.call(b.acme, "POST", path, body, keyHeader, "k").want(201)
	if again := b.call(b.acme, "POST", path, body, keyHeader, "k").want(201); again.Body["key"] != first.Body["key"] {
		t.Error("the same caller gets another answer")
	}
	weak := b.acme
	weak.key = b.call(b.acme, "POST", path, `{"name":"Weak","scopes":["keys:write"]}`).want(201).Body["key"].(string)
	if got := b.call(weak, "POST", path, body, keyHeader, "k").problem(409, "idempotency_mismatch"); strings.Contains(got.Raw, "thk_") {
		t.Error("a weak key was told the secret of a strong one")
	}
	b.call(weak, "POST", path, body).problem(422, "invalid")
}

func TestIdempotency_RefusesToDoAgainWhatFailedAfterItWasDone(t *testing.T) {
	b := setup(t)
	g := b.gated()
	g.after = errors.New("the connection broke just behind the commit")
	g.leave <- nil
	b.call(b.acme, "POST", companies, `{"name":"Once"}`, keyHeader, "k").problem(500, "internal")
	<-g.entered
	b.call(b.acme, "POST", companies, `{"name":"Once"}`, keyHeader, "k").problem(409, "idempotency_in_progress")
	b.as(b.acme.tenant.ID, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE idempotency_keys SET created_at = created_at - interval '61 seconds' WHERE key = 'k'`)
		return err
	})
	b.call(b.acme, "POST", companies, `{"name":"Once"}`, keyHeader, "k").problem(409, "idempotency_answer_lost")
	if n := len(b.call(b.acme, "GET", companies, "").data()); n != 1 {
		t.Errorf("%d companies, want one", n)
	}
}
