package certsdb_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollhouse/certs/certsdb"
)

func TestStorage_KeepsItsContract(t *testing.T) {
	s, _ := setup(t)
	const key = "acme/" + issuer + "/users/ops@example.com/ops.key"
	if _, err := s.Load(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loading what is absent: %v", err)
	}
	if s.Exists(ctx, key) || s.Exists(ctx, "acme") {
		t.Error("what is absent exists")
	}
	if err := s.Delete(ctx, key); err != nil {
		t.Errorf("deleting what is absent: %v", err)
	}
	for _, value := range []string{"one", "two"} {
		if err := s.Store(ctx, key, []byte(value)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Load(ctx, key); err != nil || string(got) != value {
			t.Errorf("got %q, %v, want %q", got, err, value)
		}
	}
	info, err := s.Stat(ctx, key)
	if err != nil || !info.IsTerminal || info.Key != key || time.Since(info.Modified) > time.Hour {
		t.Errorf("the key: %+v, %v", info, err)
	}
	if info, err = s.Stat(ctx, "acme/"+issuer); err != nil || info.IsTerminal {
		t.Errorf("the directory: %+v, %v", info, err)
	}
	if _, err = s.Stat(ctx, "acm"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a name of a directory: %v", err)
	}
	if err := s.Delete(ctx, "acme/"+issuer); err != nil {
		t.Fatal(err)
	}
	if s.Exists(ctx, key) {
		t.Error("the key outlived its directory")
	}
}

func TestStorage_List(t *testing.T) {
	s, _ := setup(t)
	put(t, s, newAuthority().issue(billing, time.Hour))
	for _, key := range []string{"acme/a/x", "acme/a/y", "acme/b", "other"} {
		if err := s.Store(ctx, key, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		prefix    string
		recursive bool
		want      []string
	}{
		{"acme", false, []string{"acme/a", "acme/b"}},
		{"acme", true, []string{"acme/a/x", "acme/a/y", "acme/b"}},
		{"certificates/" + issuer, false, []string{"certificates/" + issuer + "/" + billing}},
		{"certificates", true, []string{site + ".crt", site + ".json", site + ".key"}},
		{"", false, []string{"acme", "certificates", "other"}},
	} {
		got, err := s.List(ctx, c.prefix, c.recursive)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%q, %v: %v\n%s", c.prefix, c.recursive, err, diff)
		}
	}
	if _, err := s.List(ctx, "nothing", true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("listing what is absent: %v", err)
	}
}

// With "absent" for an answer certmagic would order a certificate that is there already: one time-out a name and an hour's limit is gone.
func TestStorage_CannotTellIsNotAbsent(t *testing.T) {
	s, db := setup(t)
	put(t, s, newAuthority().issue(billing, time.Hour))
	if s.Exists(ctx, "certificates/"+issuer+"/other.acme.test/other.acme.test.crt") {
		t.Error("with the database there, an absent certificate exists")
	}
	db.App.Close()
	for _, ext := range []string{".key", ".crt", ".json"} {
		if !s.Exists(ctx, site+ext) {
			t.Errorf("%s does not exist although nobody could be asked", ext)
		}
		if _, err := s.Load(ctx, site+ext); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("loading %s: %v", ext, err)
		}
	}
	if s.Exists(ctx, "acme/x") {
		t.Error("an account exists although nobody could be asked")
	}
	if _, err := s.Find(ctx, host); err == nil {
		t.Error("Find found nothing without an error")
	}
	if err := s.Store(ctx, "acme/x", nil); err == nil {
		t.Error("Store stored nothing without an error")
	}
}

func TestStorage_CallsEndWithTheirContext(t *testing.T) {
	s, _ := setup(t)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Load(ended, "acme/x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestStorage_IsSealedAndBoundToItsPlace(t *testing.T) {
	s, db := setup(t)
	c := newAuthority().issue(billing, time.Hour)
	put(t, s, c)
	if err := s.Store(ctx, "acme/account", []byte("a private account key")); err != nil {
		t.Fatal(err)
	}
	var clear bool
	const leaks = `SELECT EXISTS (SELECT FROM certificates WHERE position($1::bytea IN key_sealed) > 0)
		OR EXISTS (SELECT FROM certificate_objects WHERE position($2::bytea IN value) > 0)`
	if err := db.Owner.QueryRow(ctx, leaks, c.key[40:80], []byte("private account")).Scan(&clear); err != nil || clear {
		t.Errorf("a secret is in the table in clear: %v, %v", clear, err)
	}
	const move = `INSERT INTO certificates (host, issuer, fence, serial, not_before, not_after, renew_at, chain_pem, key_sealed, metadata)
		SELECT 'other.acme.test', issuer, fence, serial, not_before, not_after, renew_at, chain_pem, key_sealed, metadata FROM certificates`
	if _, err := db.Owner.Exec(ctx, move); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, "certificates/"+issuer+"/other.acme.test/other.acme.test.key"); err == nil {
		t.Error("a key that was moved to another row opened")
	}
	if got, err := s.Load(ctx, site+".key"); err != nil || string(got) != string(c.key) {
		t.Errorf("the key in its own place: %v", err)
	}
}

// certmagic stores under the issuer that it orders from and looks under the one that it is configured with.
func TestChallenge_IsFoundByNameUnderAnyIssuer(t *testing.T) {
	s, db := setup(t)
	answer := []byte(`{"type":"http-01","token":"t","keyAuthorization":"t.k","identifier":{"type":"dns","value":"` + billing + `"}}`)
	if err := s.Store(ctx, "acme/staging.example-dir/challenge_tokens/"+billing+".json", answer); err != nil {
		t.Fatal(err)
	}
	key := "acme/" + issuer + "/challenge_tokens/" + billing + ".json"
	if got, err := s.Load(ctx, key); err != nil || string(got) != string(answer) {
		t.Errorf("got %s, %v", got, err)
	}
	if c, err := s.Challenge(ctx, host); err != nil || c.KeyAuthorization != "t.k" {
		t.Errorf("got %+v, %v", c, err)
	}
	if list, err := s.Challenges(ctx); err != nil || len(list) != 1 {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := db.Owner.Exec(ctx, `UPDATE certificate_objects SET expires_at = now() - interval '1 second'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Challenge(ctx, host); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an expired answer: %v", err)
	}
	if err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := db.Owner.QueryRow(ctx, `SELECT count(*) FROM certificate_objects`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d answers are left, %v", left, err)
	}
}

func TestNew_WantsWhatItNeeds(t *testing.T) {
	if _, err := certsdb.New(certsdb.Config{}); err == nil {
		t.Error("an empty configuration was taken")
	}
}
