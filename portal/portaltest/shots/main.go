// Command shots takes pictures of every page in every state, for three tenants, on a phone and on a desk, light and dark, and writes them with
// an index page, so that whoever changes a page can look at what they did.
//
//	go run ./portal/portaltest/shots -out .dev/shots
package main

import (
	"context"
	"crypto/x509"
	"flag"
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"tollhouse/portal/portaltest"
	"tollhouse/tenant"
)

// looks are how each page is looked at, by the name that its pictures carry: on a phone, on a desk, printed, and in a contrast theme.
var looks = []struct {
	name string
	look portaltest.Look
}{
	{"phone-light", portaltest.Look{Width: 360, Height: 780}},
	{"phone-dark", portaltest.Look{Width: 360, Height: 780, Dark: true}},
	{"desk-light", portaltest.Look{Width: 1280, Height: 900}},
	{"desk-dark", portaltest.Look{Width: 1280, Height: 900, Dark: true}},
	{"paper", portaltest.Look{Width: 720, Height: 1018, Print: true}},
	{"contrast", portaltest.Look{Width: 720, Height: 900, Dark: true, Forced: true}},
}

func main() {
	out := flag.String("out", ".dev/shots", "the directory that the pictures go to")
	only := flag.String("only", "", "take only pages whose name contains this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "shots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, only string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	fmt.Printf("taking %d pictures, which is a matter of minutes\n", len(chosen(only))*len(portaltest.Tenants())*len(looks))
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range portaltest.Tenants() {
		group.Go(func() error { return take(ctx, t, out, only) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Println("look at", filepath.Join(out, "index.html"))
	return os.WriteFile(filepath.Join(out, "index.html"), []byte(index(only)), 0o644)
}

// take makes all pictures of one tenant, in a browser of its own.
func take(ctx context.Context, t *tenant.Tenant, out, only string) error {
	world := portaltest.NewWorld(t)
	server := httptest.NewTLSServer(world.Handler())
	defer server.Close()
	browser, err := portaltest.StartBrowser(ctx, portaltest.BrowserConfig{Pinned: []*x509.Certificate{server.Certificate()}})
	if err != nil {
		return err
	}
	defer browser.Close()
	tab, err := browser.NewTab()
	if err != nil {
		return err
	}
	base := "https://" + world.Host + ":" + port(server.URL)
	for _, l := range looks {
		if err := tab.SetLook(l.look); err != nil {
			return err
		}
		for _, page := range chosen(only) {
			if err := shoot(tab, base, page, filepath.Join(out, file(t.Slug, page.Name, l.name))); err != nil {
				return err
			}
		}
	}
	return nil
}

func shoot(tab *portaltest.Tab, base string, page portaltest.Page, to string) error {
	if err := tab.Open(base+page.Path, page.Cookie); err != nil {
		return err
	}
	picture, err := tab.Picture(true)
	if err != nil {
		return fmt.Errorf("taking %s: %w", to, err)
	}
	return os.WriteFile(to, picture, 0o644)
}

func chosen(only string) []portaltest.Page {
	var pages []portaltest.Page
	for _, p := range portaltest.AllPages() {
		if strings.Contains(p.Name, only) {
			pages = append(pages, p)
		}
	}
	return pages
}

func file(slug, page, look string) string { return slug + "-" + page + "-" + look + ".png" }

func port(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Port()
}

// index is a page with all pictures, a row a page and tenant.
func index(only string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><meta charset=utf-8><title>Pages</title><style>body{font:14px sans-serif;background:#c9ced6;color:#1a1f2b}" +
		"div{display:flex;gap:12px;align-items:flex-start;margin:0 0 32px}a{color:inherit;text-decoration:none}img{display:block;margin-top:4px;max-width:640px}img.phone{max-width:240px}</style>\n")
	for _, page := range chosen(only) {
		fmt.Fprintf(&b, "<h2>%s</h2>\n", html.EscapeString(page.Name))
		for _, t := range portaltest.Tenants() {
			b.WriteString("<div>")
			for _, l := range looks {
				class := strings.TrimSuffix(strings.TrimSuffix(l.name, "-light"), "-dark")
				fmt.Fprintf(&b, `<a href="%[1]s">%[2]s, %[3]s<img loading=lazy class=%[4]s src="%[1]s"></a>`, file(t.Slug, page.Name, l.name), t.Slug, l.name, class)
			}
			b.WriteString("</div>\n")
		}
	}
	return b.String()
}
