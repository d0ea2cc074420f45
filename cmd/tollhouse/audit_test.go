package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/portal/audit/auditdb"
)

// An operator verifies the logs, keeps the heads, and is told which entry somebody changed who may do anything to the database.
func TestCLI_AuditVerifyNamesTheChangedEntry(t *testing.T) {
	db := pgtest.Clone(t)
	settings := map[string]string{"PLATFORM_DOMAIN": "portal.test", "POSTGRES_URL": db.AppURL, "SEAL_KEYS": "k1:" + strings.Repeat("5a", 32)}
	for _, args := range [][]string{{"tenant", "create", "acme", "Acme Ltd"}, {"tenant", "create", "beta", "Beta Ltd"}, {"domain", "add", "acme", "billing.acme.test"}} {
		if _, _, err := cliRun(t, settings, args...); err != nil {
			t.Fatal(err)
		}
	}
	heads, _, err := cliRun(t, settings, "audit", "head")
	if err != nil || strings.Count(heads, "\n") != 2 {
		t.Fatalf("audit head: %v\n%s", err, heads)
	}
	kept := filepath.Join(t.TempDir(), "heads.jsonl")
	if err := os.WriteFile(kept, []byte(heads), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err := cliRun(t, settings, "audit", "verify", "--head", kept)
	if err != nil || !strings.Contains(out, "ok      acme: 2 entries") || !strings.Contains(out, "ok      beta: 1 entries") {
		t.Fatalf("audit verify: %v\n%s", err, out)
	}

	admin, err := pgx.Connect(context.Background(), db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	for _, q := range []string{`SET session_replication_role = replica`, `UPDATE audit_events SET actor_id = 'somebody else' WHERE kind = 'domain.added'`} {
		if _, err := admin.Exec(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	out, _, err = cliRun(t, settings, "audit", "verify")
	if exitCode(err) != 1 || !strings.Contains(out, "BROKEN  acme: entry 2 evt_") || !strings.Contains(out, "ok      beta") {
		t.Errorf("after a change: %v\n%s", err, out)
	}
	if out, _, err = cliRun(t, settings, "audit", "verify", "beta"); err != nil || strings.Contains(out, "acme") {
		t.Errorf("of one tenant: %v\n%s", err, out)
	}
	if _, _, err = cliRun(t, settings, "audit", "verify", "nobody"); err == nil || !strings.Contains(err.Error(), `there is no tenant "nobody"`) {
		t.Errorf("of nobody: %v", err)
	}
	if err := os.WriteFile(kept, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err = cliRun(t, settings, "audit", "verify", "--head", kept); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("with a file that is none: %v", err)
	}
}

// A node anchors each tenant's log for the day by itself.
func TestServe_AnchorsAuditLogs(t *testing.T) {
	f := newFleet(t, 2, nil)
	acme := f.addBusiness(t, "acme")
	for _, n := range f.nodes {
		if err := n.anchorToday(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := auditdb.Unanchored(context.Background(), f.db.App, time.Now(), 9); err != nil || len(ids) != 0 {
		t.Errorf("not anchored: %v, %v", ids, err)
	}
	if head, err := auditdb.Verify(context.Background(), f.db.App, f.nodes[0].config.SealKeys, acme.ID); err != nil || head.N == 0 {
		t.Errorf("the log of a busy tenant: %+v, %v", head, err)
	}
}
