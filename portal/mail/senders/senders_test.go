package senders_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tollhouse/portal/mail/senders"
	"tollhouse/portal/mail/senders/sendersdb"
	"tollhouse/tenant"
	"tollhouse/tenant/domaindoctor/dnstest"
	"tollhouse/tenant/seal"
)

func TestSet_IsUsedOnlyOnceTwoResolversShowTheKey(t *testing.T) {
	b := setup(t)
	if v, err := b.Show(t.Context(), b.acme); err != nil || v.State != senders.Off || v.From != platformFrom || v.Records != nil {
		t.Errorf("before: %+v, %v", v, err)
	}
	v := b.set(b.acme, "billing@acme.com")
	dkim := v.Records[0]
	if v.State != senders.Pending || v.From != platformFrom || dkim.Check.Result != senders.Unchecked || !dkim.Required || !strings.HasSuffix(dkim.Name, "._domainkey.acme.com") {
		t.Errorf("set: %+v", v)
	}
	unused := func(what string, want senders.Result) {
		t.Helper()
		v := b.check(b.acme)
		if id := b.identity(b.acme); v.State != senders.Pending || id.Own() || id.ReplyTo != "billing@acme.com" || v.Records[0].Check.Result != want || v.Records[0].Check.Fix == "" {
			t.Errorf("%s: %s, %+v, %+v", what, v.State, id, v.Records[0].Check)
		}
	}
	unused("nothing published", senders.Missing)
	b.publish(dkim.Name, dkim.Value, b.dns[0])
	unused("seen by one resolver", senders.Undecided)
	b.dns[1].Break(dkim.Name, dnstest.ServFail)
	unused("one resolver is broken", senders.Undecided)
	b.dns[1].Break(dkim.Name, 0)
	b.publish(dkim.Name, "v=DKIM1; k=rsa; p=")
	unused("a revoked key", senders.Mismatch)
	b.publish(dkim.Name, dkim.Value)
	v = b.check(b.acme)
	if id := b.identity(b.acme); v.State != senders.Verified || v.From != "billing@acme.com" || !id.Own() || id.Address != "billing@acme.com" || id.DKIM.Record() != dkim.Value || id.DKIM.Name() != dkim.Name {
		t.Errorf("published: %+v, %+v", v, id)
	}
	b.wantEvents(b.acme, "sender.set", "sender.verified")
}

func TestCheck_AdvisesSPFAndDMARCAndNeedsNeither(t *testing.T) {
	b := setup(t)
	v := b.verified(b.acme, "billing@mail.acme.com")
	result := func(v senders.View, purpose string) senders.Check {
		t.Helper()
		i := slices.IndexFunc(v.Records, func(r senders.Record) bool { return r.Purpose == purpose })
		if i < 0 || v.Records[i].Required {
			t.Fatalf("%s: %+v", purpose, v.Records)
		}
		return v.Records[i].Check
	}
	if spf, dmarc := result(v, "spf"), result(v, "dmarc"); spf.Result != senders.Missing || dmarc.Result != senders.Missing {
		t.Errorf("without records: %+v, %+v", spf, dmarc)
	}
	b.publish("mail.acme.com", "v=spf1 include:_spf.other.example -all")
	b.publish("_dmarc.acme.com", "v=DMARC1; p=reject")
	v = b.check(b.acme)
	if spf, dmarc := result(v, "spf"), result(v, "dmarc"); spf.Result != senders.Mismatch || !strings.Contains(spf.Fix, "add include:_spf.portal.example") || dmarc.Result != senders.OK {
		t.Errorf("with others': %+v, %+v", spf, dmarc)
	}
	b.publish("mail.acme.com", "v=spf1 include:_spf.other.example include:_spf.portal.example -all")
	if v = b.check(b.acme); result(v, "spf").Result != senders.OK || v.State != senders.Verified {
		t.Errorf("all published: %+v", v.Records)
	}
}

func TestCheckDue_GoesBackToThePlatformWhenTheKeyIsLost(t *testing.T) {
	b := setup(t)
	v := b.verified(b.acme, "billing@acme.com")
	key := v.Records[0]
	asked := b.dns[0].Asked()
	b.pass(23 * time.Hour)
	b.must(b.CheckDue(t.Context()))
	if n := b.dns[0].Asked(); n != asked {
		t.Errorf("%d questions before it was due", n-asked)
	}
	b.publish(key.Name, "")
	b.pass(2 * time.Hour)
	b.must(b.CheckDue(t.Context()))
	if v, _ := b.Show(t.Context(), b.acme); v.State != senders.Failing || v.From != platformFrom || b.identity(b.acme).Own() {
		t.Errorf("lost: %+v", v)
	}
	b.publish(key.Name, key.Value)
	b.pass(time.Hour)
	b.must(b.CheckDue(t.Context()))
	if v, _ := b.Show(t.Context(), b.acme); v.State != senders.Verified || !b.identity(b.acme).Own() {
		t.Errorf("back: %+v", v)
	}
	b.wantEvents(b.acme, "sender.set", "sender.verified", "sender.lost", "sender.verified")
	families, err := b.metrics.Gather()
	b.must(err)
	if len(families) != 2 {
		t.Errorf("%d metrics, want 2", len(families))
	}
}

func TestCheckDue_TrustsAKeyForThreeDaysOfSilence(t *testing.T) {
	b := setup(t)
	b.verified(b.acme, "billing@acme.com")
	for _, s := range b.dns {
		s.Break("acme.com", dnstest.ServFail)
	}
	for at := 25 * time.Hour; at < 72*time.Hour; at += 12 * time.Hour {
		b.pass(12 * time.Hour)
		b.must(b.CheckDue(t.Context()))
		if v, _ := b.Show(t.Context(), b.acme); v.State != senders.Verified {
			t.Fatalf("after %s of silence: %s", at, v.State)
		}
	}
	b.pass(25 * time.Hour)
	b.must(b.CheckDue(t.Context()))
	if v, _ := b.Show(t.Context(), b.acme); v.State != senders.Failing {
		t.Errorf("after three days of silence: %s", v.State)
	}
}

func TestRotate_SignsWithTheOldKeyUntilTheNewOneIsSeen(t *testing.T) {
	b := setup(t)
	if _, err := b.Rotate(t.Context(), b.acme); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("without a sender: %v", err)
	}
	old := b.verified(b.acme, "billing@acme.com").Records[0]
	v, err := b.Rotate(t.Context(), b.acme)
	b.must(err)
	next := v.Records[1]
	if next.Purpose != "dkim" || next.Name == old.Name || next.Value == old.Value || v.State != senders.Verified {
		t.Fatalf("rotated: %+v", v)
	}
	if again, err := b.Rotate(t.Context(), b.acme); err != nil || again.Records[1].Name != next.Name {
		t.Errorf("again: %+v, %v", again, err)
	}
	if v = b.check(b.acme); b.identity(b.acme).DKIM.Name() != old.Name || v.Records[1].Check.Result != senders.Missing {
		t.Errorf("before it is seen: %+v", v.Records)
	}
	b.publish(next.Name, next.Value)
	if v = b.check(b.acme); b.identity(b.acme).DKIM.Name() != next.Name || v.State != senders.Verified || v.Records[1].Purpose == "dkim" {
		t.Errorf("once it is seen: %+v", v.Records)
	}
	b.publish(old.Name, "")
	if v = b.check(b.acme); v.State != senders.Verified {
		t.Errorf("without the old one: %+v", v)
	}
	b.wantEvents(b.acme, "sender.set", "sender.verified", "sender.rotated", "sender.key_changed")
}

func TestSet_KeepsTheKeyWithinADomainAndNotBeyond(t *testing.T) {
	b := setup(t)
	first := b.verified(b.acme, "billing@acme.com")
	if v := b.set(b.acme, "accounts@acme.com"); v.State != senders.Verified || v.From != "accounts@acme.com" || v.Key.Selector != first.Key.Selector {
		t.Errorf("within the domain: %+v", v)
	}
	if v := b.set(b.acme, "billing@acme.net"); v.State != senders.Pending || v.Key.Public == first.Key.Public || b.identity(b.acme).Own() {
		t.Errorf("in another domain: %+v", v)
	}
	b.must(b.Remove(t.Context(), b.acme))
	b.must(b.Remove(t.Context(), b.acme))
	if v, _ := b.Show(t.Context(), b.acme); v.State != senders.Off || v.From != platformFrom || b.identity(b.acme).ReplyTo != "" {
		t.Errorf("removed: %+v", v)
	}
	var keys int
	b.must(b.db.Owner.QueryRow(t.Context(), `SELECT count(*) FROM sender_keys`).Scan(&keys))
	if _, err := b.Check(t.Context(), b.acme); keys != 0 || !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("%d keys are left; check: %v", keys, err)
	}
	b.wantEvents(b.acme, "sender.set", "sender.verified", "sender.set", "sender.set", "sender.removed")
}

func TestSenders_OneTenantsRecordIsNoOthers(t *testing.T) {
	b := setup(t)
	own := b.verified(b.acme, "billing@acme.com")
	thief := b.set(b.bolt, "billing@acme.com")
	if thief.Key.Selector == own.Key.Selector || thief.Key.Public == own.Key.Public {
		t.Fatal("two tenants share a key")
	}
	b.publish(thief.Records[0].Name, own.Records[0].Value) // another's key under its selector
	if v := b.check(b.bolt); v.State != senders.Pending || b.identity(b.bolt).Own() {
		t.Errorf("verified by another tenant's key: %+v", v)
	}
	// Another's row, copied by somebody who writes to the database, does not open.
	_, err := b.db.Owner.Exec(t.Context(), `ALTER TABLE sender_keys NO FORCE ROW LEVEL SECURITY; ALTER TABLE sender_domains NO FORCE ROW LEVEL SECURITY`)
	b.must(err)
	_, err = b.db.Owner.Exec(t.Context(), `UPDATE sender_keys SET key_sealed = (SELECT key_sealed FROM sender_keys WHERE tenant_id = 'ten_acme') WHERE tenant_id = 'ten_bolt'`)
	b.must(err)
	_, err = b.db.Owner.Exec(t.Context(), `UPDATE sender_domains SET state = 'verified', seen_at = now() WHERE tenant_id = 'ten_bolt'`)
	b.must(err)
	if b.identity(b.bolt).Own() || !strings.Contains(b.log.String(), "cannot be signed") {
		t.Errorf("a moved key signs; the log says %q", b.log)
	}
	if !b.identity(b.acme).Own() {
		t.Error("the control: its owner cannot sign any more")
	}
}

func TestSenders_AreBounded(t *testing.T) {
	b := setup(t)
	for _, address := range []string{"x@portal.example", "x@mail.portal.example", "x@acme.portal.example"} {
		if _, err := b.Set(t.Context(), b.acme, address, ""); !errors.Is(err, senders.ErrPlatform) {
			t.Errorf("%s: %v", address, err)
		}
	}
	b.set(b.acme, "x@myportal.example")
	var soon *senders.TooSoonError
	b.check(b.acme)
	if _, err := b.Check(t.Context(), b.acme); !errors.As(err, &soon) || soon.After != 10*time.Second {
		t.Errorf("a second check at once: %v", err)
	}
	var err error
	made := 1
	for i := 0; err == nil && i < 20; i++ {
		b.must(b.Remove(t.Context(), b.acme))
		if _, err = b.Set(t.Context(), b.acme, "x@myportal.example", ""); err == nil {
			made++
		}
	}
	if made != 10 || !errors.As(err, &soon) || soon.After > 24*time.Hour {
		t.Errorf("%d keys were made, then %v", made, err)
	}
	b.pass(24 * time.Hour)
	b.set(b.acme, "x@myportal.example")
}

func TestSenders_TwiceAtOnce(t *testing.T) {
	b := setup(t)
	other := b.service(b.ring, nil)
	var wait sync.WaitGroup
	for i := range 6 {
		wait.Go(func() {
			s := []*senders.Service{b.Service, other}[i%2]
			if _, err := s.Set(context.Background(), b.acme, "billing@acme.com", ""); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	b.wantEvents(b.acme, "sender.set")
	v, err := b.Show(t.Context(), b.acme)
	b.must(err)
	b.publish(v.Records[0].Name, v.Records[0].Value)
	for _, s := range []*senders.Service{b.Service, other} {
		wait.Go(func() {
			if err := s.CheckDue(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if v, _ := b.Show(t.Context(), b.acme); v.State != senders.Verified || b.dns[0].Asked() != 3 {
		t.Errorf("%s after %d questions, want 3: one for each record", v.State, b.dns[0].Asked())
	}
}

// eager lists a tenant as due whether or not it is, as a node sees it that another was ahead of.
type eager struct {
	*sendersdb.Store
	due tenant.ID
}

func (e eager) Due(context.Context, time.Time, int) ([]tenant.ID, error) {
	return []tenant.ID{e.due}, nil
}

func TestCheckDue_LeavesWhatAnotherNodeWasAheadOf(t *testing.T) {
	b := setup(t)
	b.verified(b.acme, "billing@acme.com")
	asked := b.dns[0].Asked()
	late := b.on(eager{sendersdb.New(b.db.App), b.acme}, b.ring, nil)
	b.must(late.CheckDue(t.Context()))
	if n := b.dns[0].Asked(); n != asked {
		t.Errorf("%d questions for what was just looked at", n-asked)
	}
	b.pass(25 * time.Hour)
	if b.must(late.CheckDue(t.Context())); b.dns[0].Asked() == asked {
		t.Error("the control: nothing is looked at when it is due")
	}
}

func TestSealedKeys_AfterwardsTheOldKeyIsNotNeeded(t *testing.T) {
	b := setup(t)
	old, fresh := "old:"+strings.Repeat("11", 32), "new:"+strings.Repeat("22", 32)
	ring := func(text string) *seal.Ring {
		r, err := seal.ParseRing(text)
		b.must(err)
		return r
	}
	b.Service = b.service(ring(old), nil)
	b.verified(b.acme, "billing@acme.com")
	b.verified(b.bolt, "billing@bolt.com")
	_, err := b.Rotate(t.Context(), b.bolt)
	b.must(err)
	place := sendersdb.SealedKeys(b.db.App, ring(fresh+","+old))
	if got, err := place.Tally(t.Context()); err != nil || got["old"] != 3 || len(got) != 1 {
		t.Errorf("before: %v, %v", got, err)
	}
	done, err := seal.ResealAll(t.Context(), place, 1, func(context.Context) {})
	if err != nil || done.Resealed != 3 || len(done.Unreadable) != 0 {
		t.Errorf("rotation: %+v, %v", done, err)
	}
	if got, err := place.Tally(t.Context()); err != nil || got["new"] != 3 || len(got) != 1 {
		t.Errorf("afterwards: %v, %v", got, err)
	}
	b.Service = b.service(ring(fresh), nil)
	if !b.identity(b.acme).Own() || !b.identity(b.bolt).Own() {
		t.Error("a key does not open without the old one")
	}
	if done, err := seal.ResealAll(t.Context(), sendersdb.SealedKeys(b.db.App, ring("x:"+strings.Repeat("33", 32))), 10, func(context.Context) {}); err != nil || len(done.Unreadable) != 3 {
		t.Errorf("without any key: %+v, %v", done, err)
	}
}

func TestCheck_ASilentResolverIsNeverAMissingRecord(t *testing.T) {
	b := setup(t)
	b.verified(b.acme, "billing@mail.acme.com")
	b.publish("_dmarc.acme.com", "v=DMARC1; p=reject; sp=quarantine; adkim=s")
	dmarc := func() senders.Check {
		t.Helper()
		v := b.check(b.acme)
		return v.Records[slices.IndexFunc(v.Records, func(r senders.Record) bool { return r.Purpose == "dmarc" })].Check
	}
	if c := dmarc(); c.Result != senders.OK || c.Policy != "quarantine" || c.Alignment != "strict" || !strings.Contains(c.Seen, " at _dmarc.acme.com") {
		t.Errorf("the record above: %+v", c)
	}
	for _, s := range b.dns {
		s.Break("_dmarc.acme.com", dnstest.ServFail)
	}
	if c := dmarc(); c.Result != senders.Undecided {
		t.Errorf("none of its own, and the one above cannot be asked: %+v", c)
	}
	for _, name := range []string{"_dmarc.mail.acme.com", "mail.acme.com"} {
		for _, s := range b.dns {
			s.Break(name, dnstest.ServFail)
		}
	}
	v := b.check(b.acme)
	for _, r := range v.Records[1:] {
		if r.Check.Result != senders.Undecided || r.Check.Policy != "" || r.Check.Fix == "" {
			t.Errorf("%s with broken DNS: %+v", r.Purpose, r.Check)
		}
	}
	if v.State != senders.Verified {
		t.Errorf("the state is %s", v.State)
	}
}
