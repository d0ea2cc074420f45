package mail_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/mailsink"
)

// rsaPEM is made once: it takes a while.
var rsaPEM = sync.OnceValues(mail.MintDKIM)

func newKey(t *testing.T, domain, selector string) *mail.DKIM {
	t.Helper()
	keyPEM, err := rsaPEM()
	if err != nil {
		t.Fatal(err)
	}
	key, err := mail.NewDKIM(domain, selector, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func edPEM(t *testing.T) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pkcs8(t, key)
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// verify checks the signatures of a mail as its receiver does, with the keys' records in DNS.
func verify(raw []byte, published ...*mail.DKIM) ([]*dkim.Verification, error) {
	return dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		for _, key := range published {
			if strings.TrimSuffix(name, ".") == key.Name() {
				return []string{key.Record()}, nil
			}
		}
		return nil, fmt.Errorf("no record at %s", name)
	}})
}

// signedBy fails the test unless the mail has one good signature, by key's domain.
func signedBy(t *testing.T, raw []byte, key *mail.DKIM) dkim.Verification {
	t.Helper()
	found, err := verify(raw, key)
	if len(found) == 1 && err == nil {
		err = found[0].Err
	}
	if err != nil || len(found) != 1 || found[0].Domain != key.Domain() {
		t.Fatalf("%d signatures, %v; want a good one of %s\n%s", len(found), err, key.Domain(), raw)
	}
	return *found[0]
}

// sentWith sends a mail through a sender that signs with key, and returns it as it arrived.
func sentWith(t *testing.T, m mail.Message, key *mail.DKIM) []byte {
	t.Helper()
	sink := startSink(t, mailsink.Config{})
	config := to(sink)
	config.DKIM = key
	if err := newSender(t, config).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return sink.Messages()[0].Raw
}

func TestSend_SignsWithThePlatformsKey(t *testing.T) {
	m := render(t, letter(mail.Invoice, tenants()["plain"]))
	key := newKey(t, "mail.platform.test", "a1")
	raw := sentWith(t, m, key)
	got := signedBy(t, raw, key)
	for _, header := range []string{"from", "to", "subject", "date", "message-id", "content-type", "reply-to", "list-unsubscribe"} {
		if !slices.ContainsFunc(got.HeaderKeys, func(k string) bool { return strings.EqualFold(k, header) }) {
			t.Errorf("%s is not signed; %v are", header, got.HeaderKeys)
		}
	}
	if since := time.Since(got.Time); since < 0 || since > time.Minute || !bytes.Contains(raw, []byte("c=relaxed/relaxed;")) {
		t.Errorf("signed at %v, want now and relaxed/relaxed:\n%s", got.Time, raw)
	}
}

func TestSend_SignsWithTheMailsOwnKeyInstead(t *testing.T) {
	m := render(t, letter(mail.Invoice, tenants()["plain"]))
	m.DKIM = newKey(t, "acme.test", "th1")
	raw := sentWith(t, m, newKey(t, "mail.platform.test", "a1"))
	signedBy(t, raw, m.DKIM)
	if !strings.Contains(string(raw), "<mail_0001@mail.platform.test>") {
		t.Error("the Message-ID changed with the key")
	}
}

func TestSend_SignsAMailWithItsLogo(t *testing.T) {
	l := letter(mail.Invoice, tenants()["yellow"])
	var err error
	if l.Logo, err = mail.FitLogo(picture(t, 800, 200)); err != nil {
		t.Fatal(err)
	}
	key := newKey(t, "mail.platform.test", "a1")
	signedBy(t, sentWith(t, render(t, l), key), key)
}

func TestSend_SignsWithEd25519(t *testing.T) {
	key, err := mail.NewDKIM("mail.platform.test", "e1", edPEM(t))
	if err != nil {
		t.Fatal(err)
	}
	signedBy(t, sentWith(t, render(t, letter(mail.LoginLink, tenants()["rtl"])), key), key)
}

func TestSend_SignsWhatHostileNamesMakeOfIt(t *testing.T) {
	key := newKey(t, "mail.platform.test", "a1")
	sink := startSink(t, mailsink.Config{})
	config := to(sink)
	config.DKIM = key
	s := newSender(t, config)
	for _, name := range hostile {
		of := *tenants()["plain"]
		of.Name = name
		l := letter(mail.Invoice, &of)
		l.Company, l.Contact.Name, of.Brand.Footer = name, name, name
		if err := s.Send(t.Context(), render(t, l)); err != nil {
			t.Fatal(err)
		}
		arrived := sink.Messages()
		signedBy(t, arrived[len(arrived)-1].Raw, key)
		checkWhole(t, name, arrived[len(arrived)-1])
	}
}

func TestSend_SignsSoThatEachChangeShows(t *testing.T) {
	key := newKey(t, "mail.platform.test", "a1")
	raw := sentWith(t, render(t, letter(mail.Invoice, tenants()["plain"])), key)
	signedBy(t, raw, key) // the control
	broken := func(raw []byte) bool {
		found, err := verify(raw, key)
		return err != nil || len(found) != 1 || found[0].Err != nil
	}
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for i := range body {
		if i%7 != 0 || strings.ContainsRune(" \t\r\n", rune(body[i])) {
			continue // relaxed: runs of white space count as one
		}
		bad := bytes.Clone(raw)
		bad[len(head)+4+i] ^= 1
		if !broken(bad) {
			t.Fatalf("byte %d of the body changed and the signature holds: %q", i, body[max(0, i-20):min(len(body), i+20)])
		}
	}
	for what, change := range map[string][2]string{
		"another subject":  {"Subject: ", "Subject: Re: "},
		"another sender":   {"billing@mail.platform.test>\r\n", "billing@evil.test>\r\n"},
		"another reader":   {"payables@client.test", "payables@clienx.test"},
		"a second From":    {"From: ", "From: <eve@evil.test>\r\nFrom: "},
		"a second Subject": {"Subject: ", "Subject: x\r\nSubject: "},
		"an unsubscriber":  {"Subject: ", "List-Unsubscribe: <https://evil.test>\r\nSubject: "},
		"another answer":   {"billing@acme.test", "billing@acmx.test"},
		"another type":     {"multipart/alternative", "multipart/alternatixe"},
	} {
		at := bytes.Index(raw, []byte(change[0]))
		if at < 0 {
			t.Fatalf("%s: the mail has no %q", what, change[0])
		}
		if bad := slices.Concat(raw[:at], []byte(change[1]), raw[at+len(change[0]):]); !broken(bad) {
			t.Errorf("%s: the signature holds", what)
		}
	}
	if found, err := verify(raw, newKey(t, "mail.platform.test", "a2")); err == nil && found[0].Err == nil {
		t.Error("it verifies without its record")
	}
}

func TestNewDKIM_RefusesWhatCannotSign(t *testing.T) {
	good, err := rsaPEM()
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		domain, selector string
		key              []byte
	}{
		"no key": {"acme.test", "a1", nil}, "no PEM": {"acme.test", "a1", []byte("secret-bytes")}, "a short key": {"acme.test", "a1", pkcs8(t, short)},
		"no selector": {"acme.test", "", good}, "a selector with a tag": {"acme.test", "a1; l=0", good}, "a selector with dots": {"acme.test", "a..b", good},
		"no domain": {"", "a1", good}, "a domain with a tag": {"acme.test; l=0", "a1", good}, "an address": {"127.0.0.1", "a1", good},
	} {
		if _, err := mail.NewDKIM(c.domain, c.selector, c.key); err == nil {
			t.Errorf("%s is taken", name)
		} else if strings.Contains(err.Error(), "secret-bytes") {
			t.Errorf("%s: the error repeats the key: %v", name, err)
		}
	}
	key := newKey(t, "acme.test", "a1")
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%+v", key), fmt.Sprintf("%#v", key), fmt.Sprintf("%v", key.LogValue())} {
		if text != "a1._domainkey.acme.test" {
			t.Errorf("it prints as %s", text)
		}
	}
}
