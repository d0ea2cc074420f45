package portal_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollhouse/portal"
	"tollhouse/portal/portaltest"
)

// cardNumber is what nobody may type here.
const cardNumber = "4242 4242 4242 4242"

// fields are those that a page's form has somewhere.
var fields = []string{"name", "email", "language", "code", "amount1", "amount2", "nonce", "who", "anything"}

func TestCardNumber_IsTakenByNoForm(t *testing.T) {
	server, err := portal.New(config(plainWorld()))
	if err != nil {
		t.Fatal(err)
	}
	unread := map[string]bool{} // forms that are not read: their buttons carry nothing
	for _, path := range []string{"/portal/sign-out", "/portal/l/:token/resend", "/portal/more", "/portal/confirm/send", "/portal/end-preview", "/portal/account/sessions/:id/sign-out",
		"/portal/account/sign-out-everywhere", "/portal/companies/:id", "/portal/methods/:id/default", "/portal/methods/:id/remove"} {
		unread[path] = true
	}
	for _, route := range server.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		path := strings.NewReplacer(":token", portaltest.Token("ready"), ":id", portaltest.DepositsMethod, ":kind", "card").Replace(route.Pattern)
		for _, field := range fields {
			world := plainWorld()
			var log bytes.Buffer
			world.Log = slog.New(slog.NewTextHandler(&log, nil))
			b := newBrowser(t, world, portaltest.SteppedUp)
			b.get("/portal/l/" + portaltest.Token("ready")) // the cookie of a form
			a := b.post(path, url.Values{field: {"to " + cardNumber}})
			if a.Code != http.StatusUnprocessableEntity && !unread[route.Pattern] {
				t.Errorf("%s with %s: %d", path, field, a.Code)
			}
			if a.Code == http.StatusUnprocessableEntity && a.page().Text("h1") != "That looks like a card number" {
				t.Errorf("%s with %s says %q", path, field, a.page().Text("h1"))
			}
			if strings.Contains(a.Body.String()+log.String(), "4242 4242 4242") {
				t.Errorf("%s with %s gives it back, or logs it", path, field)
			}
			if n := len(world.Drafts) + len(world.Wished) + len(world.Asked) + len(world.Tried) + len(world.Changed); n != 0 && !unread[route.Pattern] {
				t.Errorf("%s with %s changed %d things", path, field, n)
			}
		}
	}
}

// What was typed before a session ended is kept, but not that.
func TestCardNumber_IsNotKeptForLater(t *testing.T) {
	for _, session := range []string{portaltest.Full, "session-over"} {
		world := plainWorld()
		world.Over["session-over"] = world.Sessions[portaltest.Full]
		newBrowser(t, world, session).post("/portal/account/email", url.Values{"email": {cardNumber}})
		if len(world.Drafts) != 0 {
			t.Errorf("%s: kept %v", session, world.Drafts)
		}
	}
}
