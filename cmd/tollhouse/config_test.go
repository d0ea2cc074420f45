package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollhouse/certs"
)

// complete is an environment with everything that is required.
func complete(change map[string]string) func(string) string {
	all := map[string]string{
		"TOLLHOUSE_PLATFORM_DOMAIN": "portal.example", "TOLLHOUSE_POSTGRES_URL": "postgres://app:hunter2@db/x", "TOLLHOUSE_REDIS_URL": "redis://:hunter3@cache:6379",
		"TOLLHOUSE_SEAL_KEYS": "k1:" + strings.Repeat("ab", 32), "TOLLHOUSE_ACME_EMAIL": "ops@portal.example",
		"TOLLHOUSE_SMTP_ADDR": "mail:587", "TOLLHOUSE_MAIL_FROM": "billing@portal.example",
	}
	for k, v := range change {
		all["TOLLHOUSE_"+k] = v
	}
	return func(name string) string { return all[name] }
}

func TestLoadConfig_TakesTheDefaults(t *testing.T) {
	c, err := loadConfig(complete(nil), "", false)
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTPSAddr != ":443" || c.DrainTime != 30*time.Second || c.PlatformDomain.String() != "portal.example" || c.SMTPSecurity != "starttls" {
		t.Errorf("defaults: %+v", c)
	}
	if c.ACME.Limits != certs.LetsEncrypt() || c.Fallback.Directory != "" || c.RenewalCheck != time.Minute {
		t.Errorf("defaults of CAs: %+v, %+v, %s", c.ACME, c.Fallback, c.RenewalCheck)
	}
	if c.EdgeDomain.String() != "edge.portal.example" || len(c.Resolvers) != 2 || c.PublicAddresses != nil || len(c.CAAIssuers) != 1 || c.CAAIssuers[0] != "letsencrypt.org" || c.Domains != 100 {
		t.Errorf("defaults of domains: %s, %v, %v, %v, %d", c.EdgeDomain, c.Resolvers, c.PublicAddresses, c.CAAIssuers, c.Domains)
	}
}

func TestLoadConfig_ReportsEverythingAtOnce(t *testing.T) {
	_, err := loadConfig(complete(map[string]string{"PLATFORM_DOMAIN": "", "HTTPS_ADDR": "443", "REDIS_MODE": "mesh", "DRAIN_TIME": "soon",
		"SEAL_KEYS": "k1:abc", "PPROF": "maybe", "ACME_DIRECTORY": "http://ca", "PROXY_PEERS": "10.0.0.0"}), "", false)
	for _, name := range []string{"PLATFORM_DOMAIN: is required", "HTTPS_ADDR", "REDIS_MODE", "DRAIN_TIME", "SEAL_KEYS", "PPROF", "ACME_DIRECTORY", "PROXY_PEERS"} {
		if err == nil || !strings.Contains(err.Error(), prefix+name) {
			t.Errorf("%s is not reported in: %v", name, err)
		}
	}
}

func TestLoadConfig_RefusesWhatDoesNotGoTogether(t *testing.T) {
	for _, tc := range []struct {
		name     string
		change   map[string]string
		testMode bool
		want     string
	}{
		{"plain mail over the network", map[string]string{"SMTP_SECURITY": "none"}, false, "loopback only"},
		{"test mode with a public CA", nil, true, "public CA"},
		{"test mode with a public second CA", map[string]string{"ACME_DIRECTORY": "https://127.0.0.1:14000/dir", "DNS_RESOLVERS": "127.0.0.1:53,127.0.0.1:54",
			"ACME_FALLBACK_DIRECTORY": "https://ca.example/dir"}, true, "ACME_FALLBACK_DIRECTORY"},
		{"test mode with public resolvers", map[string]string{"ACME_DIRECTORY": "https://127.0.0.1:14000/dir"}, true, "DNS_RESOLVERS"},
		{"the same CA twice", map[string]string{"ACME_FALLBACK_DIRECTORY": "https://acme-v02.api.letsencrypt.org/directory"}, false, "first CA again"},
		{"half a binding", map[string]string{"ACME_EAB_KID": "k"}, false, "ACME_EAB_HMAC"},
		{"half a binding of the second CA", map[string]string{"ACME_FALLBACK_DIRECTORY": "https://ca.example/dir", "ACME_FALLBACK_EAB_HMAC": "aGk"}, false, "ACME_FALLBACK_EAB_KID"},
		{"a control socket in production", map[string]string{"CONTROL_SOCKET": "/run/x"}, false, "--test-mode"},
	} {
		if _, err := loadConfig(complete(tc.change), "", tc.testMode); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
	local := map[string]string{"ACME_DIRECTORY": "https://127.0.0.1:14000/dir", "ACME_FALLBACK_DIRECTORY": "https://127.0.0.1:14001/dir", "DNS_RESOLVERS": "127.0.0.1:53,[::1]:53",
		"CONTROL_SOCKET": "/tmp/x", "SMTP_SECURITY": "none", "SMTP_ADDR": "127.0.0.1:25"}
	if _, err := loadConfig(complete(local), "", true); err != nil {
		t.Errorf("all of it on loopback: %v", err)
	}
}

func TestLoadConfig_ReadsAFileAndLetsTheEnvironmentWin(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	conf := filepath.Join(dir, "tollhouse.env")
	write(t, key, "k9:"+strings.Repeat("cd", 32)+"\n")
	write(t, conf, "# ours\nTOLLHOUSE_SEAL_KEYS_FILE="+key+"\nTOLLHOUSE_DRAIN_TIME=10s\nTOLLHOUSE_HSTS=1h\n")
	c, err := loadConfig(complete(map[string]string{"SEAL_KEYS": "", "DRAIN_TIME": "20s"}), conf, false)
	if err != nil {
		t.Fatal(err)
	}
	if c.SealKeys.Newest() != "k9" || c.DrainTime != 20*time.Second || c.HSTS != time.Hour {
		t.Errorf("ring %q, drain %s, hsts %s", c.SealKeys.Newest(), c.DrainTime, c.HSTS)
	}
	write(t, conf, "TOLLHOUSE_DRIAN_TIME=10s\n")
	if _, err := loadConfig(complete(nil), conf, false); err == nil || !strings.Contains(err.Error(), "TOLLHOUSE_DRIAN_TIME: no such setting") {
		t.Errorf("a typo passes: %v", err)
	}
}

func TestLoadConfig_TakesAFolderForLocalCopiesThatIsNotThereYet(t *testing.T) {
	dir := t.TempDir()
	c, err := loadConfig(complete(map[string]string{"LOCAL_DIR": filepath.Join(dir, "later")}), "", false)
	if err != nil || c.LocalDir != filepath.Join(dir, "later") {
		t.Errorf("%q, %v", c.LocalDir, err)
	}
	file := filepath.Join(dir, "file")
	write(t, file, "")
	if _, err := loadConfig(complete(map[string]string{"LOCAL_DIR": file}), "", false); err == nil || !strings.Contains(err.Error(), "LOCAL_DIR") {
		t.Errorf("a file: %v", err)
	}
	if c, err := loadConfig(complete(nil), "", false); err != nil || c.LocalDir != "" {
		t.Errorf("without the setting: %q, %v", c.LocalDir, err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestConfig_PrintsNoSecret(t *testing.T) {
	c, err := loadConfig(complete(map[string]string{"SMTP_PASSWORD": "hunter4", "ACME_EAB_KID": "k", "ACME_EAB_HMAC": "hunter5"}), "", false)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s", c, c, c, c.SealKeys)
	if strings.Contains(printed, "hunter") || strings.Contains(printed, "abab") {
		t.Errorf("a secret is printed: %s", printed)
	}
	_, err = loadConfig(complete(map[string]string{"POSTGRES_URL": "postgres:hunter2", "REDIS_URL": "hunter3", "SEAL_KEYS": "hunter9", "ACME_EAB_HMAC": "hunter=5"}), "", false)
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("a secret is repeated in an error: %v", err)
	}
}

func TestSettings_EachIsDocumented(t *testing.T) {
	var b strings.Builder
	writeSettings(&b)
	for _, s := range settings {
		if s.doc == "" || !strings.HasSuffix(s.doc, ".") || !strings.Contains(b.String(), prefix+s.name+" (") {
			t.Errorf("%s lacks a sentence", s.name)
		}
	}
}
