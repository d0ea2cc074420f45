package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"tollhouse/portal/mail"
)

func TestLoadConfig_ReadsTheKeyThatSignsMails(t *testing.T) {
	keyPEM, err := mail.MintDKIM()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dkim.pem")
	write(t, file, string(keyPEM))
	for name, change := range map[string]map[string]string{
		"no selector":         {"DKIM_KEY_FILE": file},
		"no key":              {"DKIM_SELECTOR": "a1"},
		"no PEM":              {"DKIM_KEY": "hunter8", "DKIM_SELECTOR": "a1"},
		"two labels":          {"DKIM_KEY_FILE": file, "DKIM_SELECTOR": "a.b"},
		"a foreign domain":    {"DKIM_KEY_FILE": file, "DKIM_SELECTOR": "a1", "DKIM_DOMAIN": "other.example"},
		"a domain below":      {"DKIM_KEY_FILE": file, "DKIM_SELECTOR": "a1", "DKIM_DOMAIN": "mail.portal.example"},
		"part of its letters": {"DKIM_KEY_FILE": file, "DKIM_SELECTOR": "a1", "DKIM_DOMAIN": "ortal.example"},
	} {
		if _, err := loadConfig(complete(change), "", false); err == nil || !strings.Contains(err.Error(), prefix+"DKIM_") || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, v := range []string{"v=spf1 -all", "include:a.example -all", "all", "include:", "include:a\"b"} {
		if _, err := loadConfig(complete(map[string]string{"MAIL_SPF": v}), "", false); err == nil || !strings.Contains(err.Error(), prefix+"MAIL_SPF") {
			t.Errorf("the SPF mechanism %q: %v", v, err)
		}
	}
	if c, err := loadConfig(complete(map[string]string{"MAIL_SPF": "include:_spf.portal.example"}), "", false); err != nil || c.MailSPF != "include:_spf.portal.example" {
		t.Errorf("an SPF mechanism: %q, %v", c.MailSPF, err)
	}
	c, err := loadConfig(complete(map[string]string{"DKIM_KEY_FILE": file, "DKIM_SELECTOR": "a1"}), "", false)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := c.mailKey(); err != nil || key.Name() != "a1._domainkey.portal.example" {
		t.Errorf("key %v, %v", key, err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", c, c, c), "PRIVATE KEY") {
		t.Error("the key is printed")
	}
	if f := checkDKIM(c); f.err != nil || !strings.Contains(f.advice, "a1._domainkey.portal.example TXT \"v=DKIM1; k=rsa; p=") {
		t.Errorf("the doctor says %+v", f)
	}
	if c, err := loadConfig(complete(nil), "", false); err != nil || c.DKIMKey != "" || checkDKIM(c).err != nil {
		t.Errorf("without a key: %v", err)
	}
}

func TestLoadConfig_ReadsWhereMailsComeBackTo(t *testing.T) {
	for _, bad := range []string{"bounces", "a+b@mail.portal.example", "B <b@mail.portal.example>", strings.Repeat("b", 22) + "@mail.portal.example"} {
		if _, err := loadConfig(complete(map[string]string{"BOUNCE_ADDRESS": bad}), "", false); err == nil || !strings.Contains(err.Error(), prefix+"BOUNCE_ADDRESS") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	c, err := loadConfig(complete(map[string]string{"BOUNCE_ADDRESS": "bounces@mail.portal.example", "FONT_DIRS": "/a, /b"}), "", false)
	if err != nil || c.BounceAddress != "bounces@mail.portal.example" || len(c.FontDirs) != 2 || c.FontDirs[1] != "/b" {
		t.Errorf("%q, %v, %v", c.BounceAddress, c.FontDirs, err)
	}
	if f := checkBounces(c); f.err != nil || !strings.Contains(f.says, "bounces@mail.portal.example") {
		t.Errorf("the doctor says %+v", f)
	}
	if c, err := loadConfig(complete(nil), "", false); err != nil || !strings.Contains(checkBounces(c).advice, "BOUNCE_ADDRESS") {
		t.Errorf("without one: %v", err)
	}
	if _, err := loadConfig(complete(map[string]string{"FONT_DIRS": "/a,,/b"}), "", false); err == nil || !strings.Contains(err.Error(), prefix+"FONT_DIRS") {
		t.Errorf("an empty name: %v", err)
	}
}
