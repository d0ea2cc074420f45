package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/portal/api"
	"tollhouse/portal/api/apidb"
	"tollhouse/portal/mail/maildb"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
	"tollhouse/tenant/tenantdb"
)

// bench is an API on a real database with two tenants. Every answer that passes through it is held against the OpenAPI document.
type bench struct {
	t       *testing.T
	db      pgtest.DB
	server  *api.Server
	config  api.Config
	handler http.Handler
	tenants *tenantdb.Store
	domains *registry
	dns     *zone
	limits  *limits
	log     *bytes.Buffer
	opener  payments.Opener // of processors; nil: there are none
	ring    *seal.Ring

	connections *payments.Connections
	service     *payments.Service
	router      routers.Router

	acme, bolt party // two tenants that must not know of each other
}

var platform = tenant.MustParseHostname("portal.example")

// party is one tenant with a key for everything.
type party struct {
	tenant *tenant.Tenant
	key    string
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, db: pgtest.Clone(t), domains: newRegistry(t), dns: &zone{}, limits: &limits{}, log: &bytes.Buffer{}}
	b.tenants = tenantdb.New(b.db.App, platform, tenantdb.Hooks{})
	b.acme, b.bolt = b.tenant("acme"), b.tenant("bolt")
	ring := seal.RandomRing()
	b.server = b.serve(ring)
	b.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &request.Info{ID: "req-1", Client: netip.MustParseAddr("203.0.113.7")}
		b.server.ServeHTTP(w, r.WithContext(request.With(r.Context(), info)))
	})
	var err error
	if b.router, err = documentRouter(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) serve(ring *seal.Ring) *api.Server {
	b.t.Helper()
	noMail := func(context.Context, pgx.Tx, tenant.ID, accessdb.Mail) error { return nil }
	store, err := accessdb.New(b.db.App, ring, platform, noMail)
	if err != nil {
		b.t.Fatal(err)
	}
	links, err := access.New(access.Config{Store: store, Cache: noCache{}, Ring: ring, Now: time.Now})
	if err != nil {
		b.t.Fatal(err)
	}
	b.ring = ring
	service := b.money(ring)
	b.config = api.Config{
		Connections: b.connections, Payments: service, PaymentEvents: eventsIn{b.connections, service},
		Keys: b.tenants, Tenants: b.tenants, Brands: b.tenants, Logos: tenant.NewLogoChecker(), Limits: b.limits,
		Clients:  accessdb.NewClients(b.db.App, func(context.Context, pgx.Tx, tenant.ID, accessdb.Mail) error { return nil }),
		Invoices: payments.NewInvoices(paymentsdb.New(b.db.App, paymentsdb.Hooks{}), time.Now),
		Links:    links,
		Domains:  b.domains, DomainLimit: quota,
		Senders: b.senders(ring),
		Mails:   maildb.NewDeliveries(b.db.App),
		Audit:   apidb.NewAuditLog(b.db.App),
		Replies: apidb.NewReplies(b.db.App, ring),
		Log:     slog.New(slog.NewTextHandler(b.log, nil)),
	}
	server, err := api.New(b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	return server
}

// tenant makes an active tenant and a key with all scopes.
func (b *bench) tenant(slug string) party {
	b.t.Helper()
	made, err := b.tenants.Create(b.t.Context(), tenant.Draft{Slug: slug, Name: slug})
	if err != nil {
		b.t.Fatal(err)
	}
	return party{made, b.key(made.ID, tenant.Scopes...)}
}

func (b *bench) key(id tenant.ID, scopes ...tenant.Scope) string {
	b.t.Helper()
	secret, _, err := b.tenants.CreateKey(b.t.Context(), id, "test", scopes)
	if err != nil {
		b.t.Fatal(err)
	}
	return secret
}

// as runs SQL as the server's role within a tenant.
func (b *bench) as(id tenant.ID, fn func(tx pgx.Tx) error) {
	b.t.Helper()
	if err := rls.Tx(b.t.Context(), b.db.App, id, fn); err != nil {
		b.t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Raw    string
	Body   map[string]any
}

// want fails the test unless the answer has this status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d, want %d: %s", a.Status, status, a.Raw)
	}
	return a
}

// problem fails the test unless the answer is this refusal.
func (a answer) problem(status int, code string) answer {
	a.t.Helper()
	a.want(status)
	if a.Body["code"] != code || a.Header.Get("Content-Type") != "application/problem+json" {
		a.t.Fatalf("problem %v as %s, want code %s: %s", a.Body["code"], a.Header.Get("Content-Type"), code, a.Raw)
	}
	if a.Body["detail"] == "" || a.Body["request_id"] != "req-1" {
		a.t.Errorf("a problem without detail or request id: %s", a.Raw)
	}
	return a
}

// fields are the refused fields with their codes.
func (a answer) fields() map[string]string {
	out := map[string]string{}
	errs, _ := a.Body["errors"].([]any)
	for _, e := range errs {
		m := e.(map[string]any)
		out[m["field"].(string)] = m["code"].(string)
	}
	return out
}

func (a answer) id() string { s, _ := a.Body["id"].(string); return s }

func (a answer) data() []any { d, _ := a.Body["data"].([]any); return d }

// call sends JSON as p. Headers come in pairs.
func (b *bench) call(p party, method, path, body string, headers ...string) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if p.key != "" {
		r.Header.Set("Authorization", "Bearer "+p.key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.send(r)
}

// send runs a request, and holds it and its answer against the document: every answer must be described, and every request that was taken
// must have been allowed.
func (b *bench) send(r *http.Request) answer {
	b.t.Helper()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	out := answer{t: b.t, Status: w.Code, Header: w.Header(), Raw: w.Body.String()}
	if w.Header().Get("Cache-Control") != "no-store" {
		b.t.Errorf("%s %s may be cached", r.Method, r.URL.Path)
	}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &out.Body); err != nil {
			b.t.Fatalf("the answer is not JSON: %v: %s", err, out.Raw)
		}
	}
	b.conform(r, body, out)
	return out
}

func (b *bench) conform(r *http.Request, body []byte, a answer) {
	b.t.Helper()
	if r.Method == http.MethodHead || a.Body["code"] == "unknown_path" || a.Body["code"] == "method_not_allowed" {
		return // not operations of the document
	}
	found, params, err := b.router.FindRoute(r)
	if err != nil {
		b.t.Fatalf("%s %s is not in the document: %v", r.Method, r.URL.Path, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: found, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
		ExcludeRequestBody: strings.HasSuffix(r.URL.Path, "/logo")}}
	if a.Status < 300 {
		if err := openapi3filter.ValidateRequest(b.t.Context(), in); err != nil {
			b.t.Errorf("the program took what the document forbids: %v", err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.Status, Header: a.Header, Options: in.Options}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "image/") {
		return
	}
	out.SetBodyBytes([]byte(a.Raw))
	if err := openapi3filter.ValidateResponse(b.t.Context(), out); err != nil {
		b.t.Errorf("the answer is not as the document says: %v\n%s", err, a.Raw)
	}
}

func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// documentRouter finds operations of the document. It is made once: it only reads.
var documentRouter = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// noCache is a cache that is always away: sessions then come from the record.
type noCache struct{}

func (noCache) Session(context.Context, tenant.ID, [32]byte, access.Check) (access.Session, bool, bool) {
	return access.Session{}, false, true
}
func (noCache) PutSession(context.Context, [32]byte, access.Session) {}
func (noCache) DropSession(context.Context, tenant.ID, [32]byte)     {}
func (noCache) Allow(context.Context, ...access.Check) bool          { return true }

// limits lets everything pass until a bucket is closed.
type limits struct {
	sync.Mutex
	closed string
	asked  []string
	err    error
}

func (l *limits) Allow(_ context.Context, bucket string) (time.Duration, error) {
	l.Lock()
	defer l.Unlock()
	l.asked = append(l.asked, bucket)
	if l.closed != "" && strings.HasPrefix(bucket, l.closed) {
		return 2500 * time.Millisecond, l.err
	}
	return 0, l.err
}
