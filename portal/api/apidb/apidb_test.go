package apidb_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/api"
	"tollhouse/portal/api/apidb"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
	"tollhouse/tenant/seal"
	"tollhouse/tenant/tenantdb"
)

type bench struct {
	db      pgtest.DB
	replies *apidb.Replies
	a, b    tenant.ID
}

func setup(t *testing.T) *bench {
	t.Helper()
	db := pgtest.Clone(t)
	tenants := tenantdb.New(db.App, tenant.MustParseHostname("portal.example"), tenantdb.Hooks{})
	var ids []tenant.ID
	for _, slug := range []string{"acme", "bolt"} {
		made, err := tenants.Create(t.Context(), tenant.Draft{Slug: slug, Name: slug})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.ID)
	}
	return &bench{db: db, replies: apidb.NewReplies(db.App, seal.RandomRing()), a: ids[0], b: ids[1]}
}

var (
	hash  = sha256.Sum256([]byte("request"))
	other = sha256.Sum256([]byte("another request"))
	reply = api.Reply{Status: 201, ContentType: "application/json", Body: []byte(`{"url":"secret"}`)}
)

// begin claims a key that must be free.
func (b *bench) begin(t *testing.T, id tenant.ID, key string) api.Claim {
	t.Helper()
	claim, kept, err := b.replies.Begin(t.Context(), id, key, hash)
	if err != nil || kept != nil {
		t.Fatalf("Begin(%s) = %v, %v; want a claim", key, kept, err)
	}
	return claim
}

// age moves a key's row into the past.
func (b *bench) age(t *testing.T, id tenant.ID, key string, by time.Duration) {
	t.Helper()
	const q = `UPDATE idempotency_keys SET created_at = created_at - $2::bigint * interval '1 second', expires_at = expires_at - $2::bigint * interval '1 second' WHERE key = $1`
	err := rls.Tx(t.Context(), b.db.App, id, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), q, key, int64(by/time.Second))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReplies_KeepForTheSameRequestOfTheSameTenant(t *testing.T) {
	b := setup(t)
	if err := b.replies.Keep(t.Context(), b.begin(t, b.a, "k"), reply); err != nil {
		t.Fatal(err)
	}
	_, kept, err := b.replies.Begin(t.Context(), b.a, "k", hash)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&reply, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if _, _, err := b.replies.Begin(t.Context(), b.a, "k", other); !errors.Is(err, api.ErrMismatch) {
		t.Errorf("another request: %v, want ErrMismatch", err)
	}
	b.begin(t, b.b, "k")
}

func TestReplies_ForgetAfterADay(t *testing.T) {
	b := setup(t)
	_ = b.replies.Keep(t.Context(), b.begin(t, b.a, "k"), reply)
	b.age(t, b.a, "k", 24*time.Hour-time.Minute)
	if _, kept, err := b.replies.Begin(t.Context(), b.a, "k", hash); kept == nil || err != nil {
		t.Errorf("within the day: %v, %v", kept, err)
	}
	b.age(t, b.a, "k", 2*time.Minute)
	if _, kept, err := b.replies.Begin(t.Context(), b.a, "k", other); kept != nil || err != nil {
		t.Errorf("after the day: %v, %v; want a claim for any request", kept, err)
	}
	b.age(t, b.a, "k", 48*time.Hour)
	b.begin(t, b.a, "x") // sweeps
	rows := 0
	_ = rls.Tx(t.Context(), b.db.App, b.a, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM idempotency_keys WHERE key = 'k'`).Scan(&rows)
	})
	if rows != 0 {
		t.Error("an answer past its time is not cleared away")
	}
}

func TestReplies_TakeOverFromTheDeadOnlyForTheSameRequest(t *testing.T) {
	b := setup(t)
	slow := b.begin(t, b.a, "k")
	b.age(t, b.a, "k", 50*time.Second)
	if _, _, err := b.replies.Begin(t.Context(), b.a, "k", hash); !errors.Is(err, api.ErrInProgress) {
		t.Errorf("after 50 s: %v, want ErrInProgress", err)
	}
	b.age(t, b.a, "k", 11*time.Second)
	if _, _, err := b.replies.Begin(t.Context(), b.a, "k", other); !errors.Is(err, api.ErrMismatch) {
		t.Errorf("another request after 61 s: %v, want ErrMismatch", err)
	}
	fresh := b.begin(t, b.a, "k")

	// The first holder was only slow. What it says now counts no longer.
	if err := b.replies.Keep(t.Context(), slow, api.Reply{Status: 200}); err != nil {
		t.Fatal(err)
	}
	if err := b.replies.Drop(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.replies.Begin(t.Context(), b.a, "k", hash); !errors.Is(err, api.ErrInProgress) {
		t.Errorf("while the second holder works: %v, want ErrInProgress", err)
	}
	_ = b.replies.Keep(t.Context(), fresh, reply)
	if _, kept, _ := b.replies.Begin(t.Context(), b.a, "k", hash); kept == nil || kept.Status != 201 {
		t.Errorf("kept %v, want the second holder's answer", kept)
	}
}

func TestReplies_RefuseASecondTimeWhatWasDoneAndNeverAnswered(t *testing.T) {
	b := setup(t)
	change := func(claim api.Claim, undo error) error {
		return rls.Tx(t.Context(), b.db.App, b.a, func(tx pgx.Tx) error {
			if err := auditdb.Insert(b.replies.Bind(t.Context(), claim), tx, b.a, audit.Event{Kind: "made", Actor: audit.Key}); err != nil {
				return err
			}
			return undo
		})
	}
	if err := change(b.begin(t, b.a, "undone"), errors.New("refused")); err == nil {
		t.Fatal("the change was not undone")
	}
	if err := change(b.begin(t, b.a, "done"), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.replies.Begin(t.Context(), b.a, "done", hash); !errors.Is(err, api.ErrInProgress) {
		t.Errorf("at once: %v, want ErrInProgress", err)
	}
	b.age(t, b.a, "undone", 61*time.Second) // both processes died before they could say anything
	b.age(t, b.a, "done", 61*time.Second)
	b.begin(t, b.a, "undone")
	if _, _, err := b.replies.Begin(t.Context(), b.a, "done", hash); !errors.Is(err, api.ErrAnswerLost) {
		t.Errorf("after a minute: %v, want ErrAnswerLost", err)
	}
	if _, _, err := b.replies.Begin(t.Context(), b.a, "done", other); !errors.Is(err, api.ErrMismatch) {
		t.Errorf("for another request: %v, want ErrMismatch", err)
	}
}

func TestReplies_RefuseAChangeUnderAClaimThatWasGivenAway(t *testing.T) {
	b := setup(t)
	slow := b.begin(t, b.a, "k")
	b.age(t, b.a, "k", 61*time.Second)
	fresh := b.begin(t, b.a, "k")
	for _, tt := range []struct {
		name  string
		claim api.Claim
		want  error
	}{{"the slow one", slow, api.ErrInProgress}, {"the one that took over", fresh, nil}} {
		err := rls.Tx(t.Context(), b.db.App, b.a, func(tx pgx.Tx) error {
			return auditdb.Insert(b.replies.Bind(t.Context(), tt.claim), tx, b.a, audit.Event{Kind: "made", Actor: audit.Key})
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	// What failed after its change was committed keeps its key: freed, it would be done again.
	if err := b.replies.Drop(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.replies.Begin(t.Context(), b.a, "k", hash); !errors.Is(err, api.ErrInProgress) {
		t.Errorf("after a drop: %v, want ErrInProgress", err)
	}
}

func TestReplies_OneOfManyClaims(t *testing.T) {
	b := setup(t)
	var mu sync.Mutex
	won := 0
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			_, kept, err := b.replies.Begin(context.Background(), b.a, "k", hash)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && kept == nil:
				won++
			case !errors.Is(err, api.ErrInProgress):
				t.Errorf("Begin: %v, %v", kept, err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d callers hold the key", won)
	}
}

func TestReplies_DoNotOpenInAnotherPlace(t *testing.T) {
	b := setup(t)
	_ = b.replies.Keep(t.Context(), b.begin(t, b.a, "k"), reply)
	err := rls.Tx(t.Context(), b.db.App, b.a, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE idempotency_keys SET key = 'moved' WHERE key = 'k'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, kept, err := b.replies.Begin(t.Context(), b.a, "moved", hash); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("a moved answer opens: %v, %v", kept, err)
	}
}

func TestAuditLog_FiltersPagesAndStaysWithinTheTenant(t *testing.T) {
	b := setup(t)
	log := apidb.NewAuditLog(b.db.App)
	write := func(id tenant.ID, events ...audit.Event) {
		t.Helper()
		err := rls.Tx(t.Context(), b.db.App, id, func(tx pgx.Tx) error {
			for _, e := range events {
				if err := auditdb.Insert(t.Context(), tx, id, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	base := time.Now().Add(-time.Hour)
	event := func(n int, e audit.Event) audit.Event {
		e.ID, e.Actor = tenant.NewID("evt", base.Add(time.Duration(n)*time.Second)), audit.System
		return e
	}
	write(b.a, event(1, audit.Event{Kind: "one", CompanyID: "com_1", LinkID: "lnk_1"}), event(2, audit.Event{Kind: "two", ContactID: "con_1", SessionID: "ses_1"}),
		event(3, audit.Event{Kind: "three", DocumentID: "inv_1", Details: map[string]string{"a": "b"}}))
	write(b.b, event(4, audit.Event{Kind: "foreign", CompanyID: "com_1", ContactID: "con_1", DocumentID: "inv_1", SessionID: "ses_1", LinkID: "lnk_1"}))

	for name, tt := range map[string]struct {
		query api.AuditQuery
		want  []string
	}{
		"all":      {api.AuditQuery{}, []string{"three", "two", "one"}},
		"company":  {api.AuditQuery{CompanyID: "com_1"}, []string{"one"}},
		"contact":  {api.AuditQuery{ContactID: "con_1"}, []string{"two"}},
		"document": {api.AuditQuery{DocumentID: "inv_1"}, []string{"three"}},
		"session":  {api.AuditQuery{SessionID: "ses_1"}, []string{"two"}},
		"kind":     {api.AuditQuery{Kind: "t"}, []string{"three", "two"}},
		"no kind":  {api.AuditQuery{Kind: "t%"}, nil},
		"from":     {api.AuditQuery{From: base}, []string{"three", "two", "one"}},
		"later":    {api.AuditQuery{From: base.Add(2 * time.Hour)}, nil},
		"to":       {api.AuditQuery{To: base}, nil},
		"between":  {api.AuditQuery{From: base, To: base.Add(2 * time.Hour), Kind: "one"}, []string{"one"}},
		"nobody":   {api.AuditQuery{SessionID: "ses_2"}, nil},
	} {
		tt.query.Limit = 10
		got, err := log.Events(t.Context(), b.a, tt.query)
		if diff := cmp.Diff(tt.want, kinds(got), cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	first, _ := log.Events(t.Context(), b.a, api.AuditQuery{Limit: 1})
	rest, _ := log.Events(t.Context(), b.a, api.AuditQuery{Limit: 10, After: first[0].ID})
	if diff := cmp.Diff([]string{"two", "one"}, kinds(rest)); diff != "" {
		t.Errorf("after the first (-want +got):\n%s", diff)
	}
	trail, err := log.Trail(t.Context(), b.a, "ses_1", "lnk_1", 10)
	if diff := cmp.Diff([]string{"one", "two"}, kinds(trail)); diff != "" || err != nil {
		t.Errorf("trail: %v (-want +got):\n%s", err, diff)
	}
	if trail, _ := log.Trail(t.Context(), b.a, "ses_1", "", 10); len(trail) != 1 {
		t.Errorf("a session without a link has the trail %v", kinds(trail))
	}
}

func kinds(events []audit.Entry) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}
