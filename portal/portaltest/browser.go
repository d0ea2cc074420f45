package portaltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium that reaches nothing but loopback.
type Browser struct {
	ctx    context.Context
	cancel []context.CancelFunc
	home   string
}

// Look is how a page is looked at.
type Look struct {
	Width, Height int64
	Dark          bool
	Forced        bool // forced colours, as in a contrast theme
	Print         bool
}

// StartBrowser starts Chromium, from TOLLHOUSE_CHROMIUM or the path. It resolves every name below .test to this machine and no other name at
// all. It ends with ctx or with Close.
func StartBrowser(ctx context.Context, c BrowserConfig) (*Browser, error) {
	path, err := chromium()
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "portal-browser-")
	if err != nil {
		return nil, fmt.Errorf("making a home for the browser: %w", err)
	}
	own, err := c.options(ctx, home)
	if err != nil {
		_ = os.RemoveAll(home)
		return nil, err
	}
	b := &Browser{home: home}
	allocator, cancel := chromedp.NewExecAllocator(ctx, append(flags(path, home), own...)...)
	b.cancel = append(b.cancel, cancel)
	b.ctx, cancel = chromedp.NewContext(allocator, chromedp.WithLogf(func(string, ...any) {}), chromedp.WithErrorf(func(string, ...any) {}))
	b.cancel = append(b.cancel, cancel)
	if err := chromedp.Do(b.ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return b, nil
}

// Close ends the browser and forgets what it kept.
func (b *Browser) Close() {
	_ = chromedp.Cancel(b.ctx) // it is going either way
	for _, cancel := range b.cancel {
		cancel()
	}
	_ = os.RemoveAll(b.home)
}

func chromium() (string, error) {
	if path := os.Getenv("TOLLHOUSE_CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no chromium here: run make tools, or name one in TOLLHOUSE_CHROMIUM")
}

func flags(path, home string) []chromedp.ExecAllocatorOption {
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	return append(options, chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(home, "profile")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("font-render-hinting", "none"))
}

// Tab is one tab, with what its pages asked for and what their policy stopped. Use it from one goroutine.
type Tab struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	requests []string
}

// violations collects what the content security policy stopped, from before the page's first byte.
const violations = `window.stopped = []; document.addEventListener("securitypolicyviolation",
	e => window.stopped.push(e.violatedDirective + " " + e.blockedURI));`

// NewTab opens a tab.
func (b *Browser) NewTab() (*Tab, error) {
	t := &Tab{}
	t.ctx, t.cancel = chromedp.NewContext(b.ctx)
	if err := chromedp.Do(t.ctx); err != nil {
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	if err := chromedp.Listen(t.ctx, t.note); err != nil {
		return nil, fmt.Errorf("listening to a tab: %w", err)
	}
	_, err := chromedp.Call(t.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: violations})
	if err != nil {
		return nil, fmt.Errorf("preparing a tab: %w", err)
	}
	return t, nil
}

// Close closes the tab.
func (t *Tab) Close() { t.cancel() }

func (t *Tab) note(event any) {
	// The browser draws its own controls, as the calendar of a date field, from data: addresses, which ask nobody.
	if sent, ok := event.(*network.EventRequestWillBeSent); ok && !strings.HasPrefix(sent.Request.URL, "data:") {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.requests = append(t.requests, sent.Request.URL)
	}
}

// SetLook decides how the pages from now on are looked at.
func (t *Tab) SetLook(l Look) error {
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: choose(l.Dark, "dark", "light")},
		{Name: "forced-colors", Value: choose(l.Forced, "active", "none")},
		{Name: "prefers-reduced-motion", Value: "reduce"}} // a colour on its way to another is neither
	_, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Media: choose(l.Print, "print", ""), Features: features})
	if err != nil {
		return fmt.Errorf("setting the media: %w", err)
	}
	if err := chromedp.Do(t.ctx, chromedp.EmulateViewport(l.Width, l.Height)); err != nil {
		return fmt.Errorf("setting the size: %w", err)
	}
	return nil
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// DisableScripts makes the pages from now on run no script, as a careful reader's browser does.
func (t *Tab) DisableScripts() error {
	_, err := chromedp.Call(t.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		return fmt.Errorf("disabling scripts: %w", err)
	}
	return nil
}

// Open goes to an address, signed in with a session's cookie if there is one, and waits until the page has loaded. What was noted of earlier
// pages is forgotten.
func (t *Tab) Open(address, session string) error {
	if err := t.signIn(address, session); err != nil {
		return err
	}
	return t.Go(address)
}

// Go is Open with whatever cookies the tab has.
func (t *Tab) Go(address string) error {
	t.mu.Lock()
	t.requests = nil
	t.mu.Unlock()
	if err := chromedp.Do(t.ctx, chromedp.Navigate(address)); err != nil {
		return fmt.Errorf("opening %s: %w", address, err)
	}
	return nil
}

func (t *Tab) signIn(address, session string) error {
	if _, err := chromedp.Call(t.ctx, network.ClearBrowserCookies, struct{}{}); err != nil {
		return fmt.Errorf("clearing the cookies: %w", err)
	}
	if session == "" {
		return nil
	}
	at, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("reading the address: %w", err)
	}
	secure := true
	_, err = chromedp.Call(t.ctx, network.SetCookie, network.SetCookieParams{Name: "__Host-bp", Value: session,
		URL: "https://" + at.Host + "/", Path: "/", Secure: &secure, HTTPOnly: &secure})
	if err != nil {
		return fmt.Errorf("setting the cookie: %w", err)
	}
	return nil
}

// Picture is the visible part of the page as PNG, or all of it when whole is set.
func (t *Tab) Picture(whole bool) ([]byte, error) {
	action := chromedp.CaptureScreenshot()
	if whole {
		action = chromedp.FullScreenshot(100)
	}
	return chromedp.Run(t.ctx, action)
}

// Requests are the addresses that the page asked for.
func (t *Tab) Requests() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.requests...)
}

// Stopped is what the page's policy stopped, "directive address" each.
func (t *Tab) Stopped() ([]string, error) { return Evaluate[[]string](t, "window.stopped") }

// Overflow is by how many pixels the page is wider than the window.
func (t *Tab) Overflow() (int, error) {
	return Evaluate[int](t, "document.documentElement.scrollWidth - document.documentElement.clientWidth")
}

// Text is what the page shows as text.
func (t *Tab) Text() (string, error) { return Evaluate[string](t, "document.body.innerText") }

// Address is where the tab is.
func (t *Tab) Address() (string, error) { return Evaluate[string](t, "location.href") }

// Click presses the element and waits until the page that it leads to has loaded.
func (t *Tab) Click(selector string) error {
	_, err := chromedp.RunResponse(t.ctx, chromedp.Click(selector))
	if err != nil {
		return fmt.Errorf("pressing %s: %w", selector, err)
	}
	return nil
}

// Type types into the element, after what is there.
func (t *Tab) Type(selector, text string) error {
	if err := chromedp.Do(t.ctx, chromedp.Focus(selector)); err != nil {
		return fmt.Errorf("going to %s: %w", selector, err)
	}
	if err := chromedp.Do(t.ctx, chromedp.KeyEvent(text)); err != nil {
		return fmt.Errorf("typing into %s: %w", selector, err)
	}
	return nil
}

// Cookie is the value of a cookie that the page's requests carry, scripts or not; "" for none.
func (t *Tab) Cookie(name string) (string, error) {
	all, err := chromedp.Call(t.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		return "", fmt.Errorf("reading the cookies: %w", err)
	}
	for _, c := range all.Cookies {
		if c.Name == name {
			return c.Value, nil
		}
	}
	return "", nil
}

// Back goes to the page before, as the browser's button does.
func (t *Tab) Back() error {
	if err := chromedp.Do(t.ctx, chromedp.NavigateBack()); err != nil {
		return fmt.Errorf("going back: %w", err)
	}
	return nil
}

// Finding is one thing that axe-core finds wrong.
type Finding struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

// String is one line for a test's report.
func (f Finding) String() string {
	var at []string
	for _, n := range f.Nodes {
		at = append(at, n.HTML+" ("+n.FailureSummary+")")
	}
	return fmt.Sprintf("%s (%s): %s: %s", f.ID, f.Impact, f.Help, strings.Join(at, "; "))
}

// Audit runs axe-core, whose source is given, over the page: every rule of WCAG 2.2 A and AA and the good practices, or only the given rules.
func (t *Tab) Audit(axe string, rules ...string) ([]Finding, error) {
	if _, err := Evaluate[chromedp.Void](t, "if (!window.axe) {"+axe+"}"); err != nil {
		return nil, fmt.Errorf("loading axe: %w", err)
	}
	options, err := json.Marshal(auditOptions(rules))
	if err != nil {
		return nil, fmt.Errorf("writing the rules: %w", err)
	}
	raw, err := Evaluate[[]byte](t, "axe.run(document, "+string(options)+").then(r => r.violations)", chromedp.EvalAwaitPromise)
	if err != nil {
		return nil, fmt.Errorf("running axe: %w", err)
	}
	var findings []Finding
	if err := json.Unmarshal(raw, &findings); err != nil {
		return nil, fmt.Errorf("reading what axe found: %w", err)
	}
	return findings, nil
}

func auditOptions(rules []string) map[string]any {
	options := map[string]any{"resultTypes": []string{"violations"}}
	if len(rules) > 0 {
		options["runOnly"] = rules
	}
	return options
}

// Evaluate runs a script in the page; the page's policy does not apply to it.
func Evaluate[T any](t *Tab, script string, options ...chromedp.EvaluateOption) (T, error) {
	return chromedp.Run(t.ctx, chromedp.Evaluate[T](script, options...))
}
