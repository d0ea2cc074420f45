package portal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/portal/portaltest"
	"tollhouse/tenant"
)

func config(world *portaltest.World) portal.Config {
	return portal.Config{Access: world, Pages: world, Logos: world, Methods: world, Payments: world.Payer(), Now: time.Now, Log: slog.New(slog.DiscardHandler)}
}

func TestNew_WantsEverything(t *testing.T) {
	for name, spoil := range map[string]func(*portal.Config){
		"access": func(c *portal.Config) { c.Access = nil }, "pages": func(c *portal.Config) { c.Pages = nil }, "logos": func(c *portal.Config) { c.Logos = nil },
		"payments": func(c *portal.Config) { c.Payments = nil },
		"now":      func(c *portal.Config) { c.Now = nil }, "log": func(c *portal.Config) { c.Log = nil },
	} {
		c := config(plainWorld())
		if _, err := portal.New(c); err != nil {
			t.Fatal(err)
		}
		spoil(&c)
		if _, err := portal.New(c); err == nil {
			t.Errorf("New takes a Config without %s", name)
		}
	}
}

func TestErrors_BecomePages(t *testing.T) {
	for _, c := range []struct {
		err     error
		status  int
		heading string
	}{
		{fmt.Errorf("reading: %w", access.ErrNoSession), http.StatusUnauthorized, "Please sign in again"},
		{fmt.Errorf("reading: %w", access.ErrNotFound), http.StatusNotFound, "There is nothing"},
		{fmt.Errorf("reading: %w", tenant.ErrNotFound), http.StatusNotFound, "There is nothing"},
		{fmt.Errorf("reading: %w", access.ErrConflict), http.StatusConflict, "Something changed"},
		{fmt.Errorf("reading: %w", access.ErrLimited), http.StatusTooManyRequests, "A little slower"},
		{fmt.Errorf("reading: %w", context.DeadlineExceeded), http.StatusServiceUnavailable, "We cannot show this"},
		{errors.New("pq: password for user tollhouse is hunter2"), http.StatusInternalServerError, "Something went wrong on our side"},
	} {
		world := plainWorld()
		world.Fail = c.err
		for _, path := range []string{"/portal/", ready} {
			a := newBrowser(t, world, portaltest.Full).get(path).wants(c.status, c.heading)
			if strings.Contains(a.Body.String(), "hunter2") || strings.Contains(a.Body.String(), "reading:") {
				t.Errorf("%s tells of the cause: %s", path, a.Body)
			}
		}
	}
}

func TestErrors_OfOursAreLoggedWithTheNumberThatThePageShows(t *testing.T) {
	var log bytes.Buffer
	world := plainWorld()
	world.Log, world.Fail = slog.New(slog.NewTextHandler(&log, nil)), errors.New("the store is away")
	a := newBrowser(t, world, portaltest.Full).get("/portal/invoices?tab=paid")
	if got := a.page().Text(".reference"); got != "Reference: req_5f3a9c17e2" {
		t.Errorf("the page says %q", got)
	}
	for _, want := range []string{"request=req_5f3a9c17e2", "route=/portal/invoices", "the store is away"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, &log)
		}
	}
	if strings.Contains(log.String(), portaltest.Full) {
		t.Error("the log holds the session's token")
	}
}

func TestError_SaysHowLongToWait(t *testing.T) {
	server, err := portal.New(config(plainWorld()))
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[string]string{"": "in a minute", "5": "in a minute", "90": "in 2 minutes", "3600": "in an hour", "7000": "in 2 hours", "soon": "in a minute"} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			w := httptest.NewRecorder()
			if after != "" {
				w.Header().Set("Retry-After", after)
			}
			server.Error(w, httptest.NewRequest(http.MethodGet, "/", nil), status)
			if !strings.Contains(w.Body.String(), want) || w.Header().Get("Retry-After") == "" || w.Code != status {
				t.Errorf("Retry-After %q: %d, waits %q: %s", after, w.Code, w.Header().Get("Retry-After"), w.Body)
			}
		}
	}
}

func TestError_NeedsNoTenant(t *testing.T) {
	world := plainWorld()
	server, err := portal.New(config(world))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://nobody.example/portal/", nil))
	a := (&answer{t: t, ResponseRecorder: w}).wants(http.StatusMisdirectedRequest, "This address is not served here")
	if a.page().Count("header a") != 0 || a.page().Count("main a") != 0 {
		t.Error("the page leads somewhere on a host that is not served")
	}
	sheet := a.page().Attr("link[rel=stylesheet]", "href")
	if got := newBrowser(t, world, "").get(sheet); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "--page:") {
		t.Errorf("%s: %d", sheet, got.Code)
	}
}

func TestError_ReadsAStatusWithoutWordsAs500(t *testing.T) {
	newBrowser(t, plainWorld(), "").get("/_status/418").wants(http.StatusInternalServerError, "Something went wrong on our side")
}

func TestPages_AreRenderedForAReaderWhoHasGone(t *testing.T) {
	var log bytes.Buffer
	world := plainWorld()
	world.Log = slog.New(slog.NewTextHandler(&log, nil))
	ctx, hangUp := context.WithCancel(context.Background())
	hangUp()
	for path, want := range map[string]int{"/portal/sign-in": http.StatusOK, "/portal/": http.StatusUnauthorized, "/nowhere": http.StatusNotFound} {
		w := httptest.NewRecorder()
		world.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://plain.portal.test"+path, nil).WithContext(ctx))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if log.Len() != 0 {
		t.Errorf("whoever hangs up early writes into the log: %s", log.String())
	}
}

func TestLinks_LeaveNoTraceOfTheirAddressOnAnyPage(t *testing.T) {
	limited := plainWorld()
	limited.Fail = access.ErrLimited
	broken := plainWorld()
	broken.Fail = errors.New("away")
	for name, answer := range map[string]*httptest.ResponseRecorder{
		"landing":   newBrowser(t, plainWorld(), "").get(ready).ResponseRecorder,
		"too many":  newBrowser(t, limited, "").get(ready).ResponseRecorder,
		"a fault":   newBrowser(t, broken, "").get(ready).ResponseRecorder,
		"no method": newBrowser(t, plainWorld(), "").get(ready + "/resend").ResponseRecorder,
		"no path":   newBrowser(t, plainWorld(), "").get(ready + "/more").ResponseRecorder,
	} {
		if got := answer.Header().Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s, %d: Referrer-Policy %q", name, answer.Code, got)
		}
	}
	if got := newBrowser(t, plainWorld(), "").get("/portal/sign-in").Header().Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("control: Referrer-Policy %q", got)
	}
}
