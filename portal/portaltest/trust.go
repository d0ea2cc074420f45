package portaltest

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// BrowserConfig says whom a browser believes and where it finds the hosts below .test.
type BrowserConfig struct {
	// Pinned certificates, and what they signed, are believed without any further check. It is for servers that stand in for a real one.
	Pinned []*x509.Certificate
	// RootPEM is a root that goes into the browser's own trust store, as an administrator would put it there: names, dates and chains are checked.
	RootPEM []byte
	// HTTPS is the address, "127.0.0.1:8443", that answers for port 443 of every host below .test. "" leaves all ports as they are.
	HTTPS string
}

// options are the flags that come of a configuration, over a home of the browser's own.
func (c BrowserConfig) options(ctx context.Context, home string) ([]chromedp.ExecAllocatorOption, error) {
	hosts := "MAP *.test 127.0.0.1"
	if c.HTTPS != "" {
		hosts = "MAP *.test:443 " + c.HTTPS
	}
	options := []chromedp.ExecAllocatorOption{chromedp.Flag("host-resolver-rules", hosts+", MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")}
	if len(c.Pinned) > 0 {
		options = append(options, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(pins(c.Pinned), ",")))
	}
	if len(c.RootPEM) == 0 {
		return options, nil
	}
	if err := install(ctx, c.RootPEM, home); err != nil {
		return nil, fmt.Errorf("giving the browser a root to trust: %w", err)
	}
	return append(options, chromedp.Env("HOME="+home)), nil
}

func pins(certs []*x509.Certificate) (sums []string) {
	for _, cert := range certs {
		sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
		sums = append(sums, base64.StdEncoding.EncodeToString(sum[:]))
	}
	return sums
}

// install makes the trust store (NSS, as Chromium on Linux reads it) of a home and puts a root into it.
func install(ctx context.Context, root []byte, home string) error {
	store := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(store, 0o700); err != nil {
		return err
	}
	file := filepath.Join(home, "root.pem")
	if err := os.WriteFile(file, root, 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{{"-N", "--empty-password"}, {"-A", "-n", "test root", "-t", "C,,", "-i", file}} {
		out, err := exec.CommandContext(ctx, "certutil", append([]string{"-d", "sql:" + store}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("certutil %s (make tools installs it): %w: %s", args[0], err, out)
		}
	}
	return nil
}
