package emulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tollhouse/payments/emulator/core"
)

// mostEvents is how many events an account keeps, unless Config.Forget says less.
const mostEvents = 10_000

type event struct {
	id, kind, object string
	data             json.RawMessage
	created          time.Time
	live             bool
	request, nonce   string
}

func (v *event) key() string     { return v.id }
func (v *event) born() time.Time { return v.created }

func (v *event) render() obj {
	var request any
	if v.request != "" {
		request = obj{"id": v.request, "idempotency_key": null(v.nonce)}
	}
	return obj{
		"id": v.id, "object": "event", "api_version": Version, "created": v.created.Unix(), "data": obj{"object": v.data}, "livemode": v.live,
		"pending_webhooks": 0, "request": request, "type": v.kind,
	}
}

// endpoint is where an account wants its events.
type endpoint struct {
	id, url, secret, description string
	acct                         *account
	enabled                      []string
	version                      string // empty: the account's own, which is Version
	connect                      bool   // events of the accounts this platform acts for
	disabled                     bool
	created                      time.Time
	metadata                     map[string]string
}

func (w *endpoint) key() string     { return w.id }
func (w *endpoint) born() time.Time { return w.created }

func (w *endpoint) render() obj {
	status := "enabled"
	if w.disabled {
		status = "disabled"
	}
	return obj{
		"id": w.id, "object": "webhook_endpoint", "api_version": null(w.version), "application": nil, "created": w.created.Unix(),
		"description": null(w.description), "enabled_events": w.enabled, "livemode": w.acct.Live, "metadata": w.metadata, "status": status, "url": w.url,
	}
}

func (w *endpoint) wants(kind string) bool {
	return !w.disabled && (slices.Contains(w.enabled, "*") || slices.Contains(w.enabled, kind))
}

// emit makes an event of what is shown, and sends it to the endpoints that want it. c is the call that caused it, nil when time did.
func (e *Emulator) emit(a *account, kind, object string, shown obj, c *call) {
	data, err := json.Marshal(shown)
	if err != nil {
		e.log.Error("an object has no JSON form", "object", object, "error", err)
		return
	}
	v := &event{id: e.Source.ID("evt_", 24), kind: kind, object: object, data: data, created: e.now(), live: a.Live}
	if c != nil {
		v.request, v.nonce = c.id, c.r.Header.Get("Idempotency-Key")
	}
	a.events.add(v)
	most := mostEvents
	if e.forget > 0 {
		most = min(most, 4*e.forget)
	}
	if len(a.events.list) > most {
		a.events.forgetOldest()
	}
	for _, w := range a.endpoints.list {
		if !w.connect && w.wants(kind) {
			e.send(v, w, "")
		}
	}
	if platform := e.accounts[a.Platform]; platform != nil {
		for _, w := range platform.endpoints.list {
			if w.connect && w.wants(kind) {
				e.send(v, w, a.ID)
			}
		}
	}
}

func (e *Emulator) send(v *event, w *endpoint, account string) {
	shown := v.render()
	shown["pending_webhooks"] = 1
	if account != "" {
		shown["account"] = account
	}
	body, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		e.log.Error("an event has no JSON form", "event", v.id, "error", err)
		return
	}
	e.Deliveries.Send(core.Message{
		Event: v.id, Kind: v.kind, Account: w.acct.ID, Object: v.object, Endpoint: w.id, URL: w.url, Body: body, Sign: signer(w.secret), Spoil: spoil,
	})
}

// signer signs as the processor does: a time and an HMAC over time and body.
func signer(secret string) func(time.Time, []byte, bool) http.Header {
	return func(at time.Time, body []byte, forge bool) http.Header {
		key := secret
		if forge {
			key = "whsec_of_somebody_else"
		}
		mac := hmac.New(sha256.New, []byte(key))
		_, _ = fmt.Fprintf(mac, "%d.", at.Unix()) // a hash takes everything
		_, _ = mac.Write(body)
		return http.Header{
			"Content-Type":     {"application/json; charset=utf-8"},
			"User-Agent":       {"Emulator/1.0"},
			"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))},
		}
	}
}

// spoil changes the version or the account that an event names.
func spoil(how core.Spoil, body []byte) []byte {
	switch how {
	case core.WrongVersion:
		return bytes.Replace(body, []byte(`"api_version": "`+Version+`"`), []byte(`"api_version": "2019-12-03"`), 1)
	case core.WrongAccount:
		var shown map[string]json.RawMessage
		if json.Unmarshal(body, &shown) != nil {
			return body
		}
		shown["account"] = json.RawMessage(`"acct_ofsomebodyelse"`)
		if changed, err := json.MarshalIndent(shown, "", "  "); err == nil {
			return changed
		}
	}
	return body
}

func (c *call) createEndpoint() (obj, error) {
	w := &endpoint{
		id: c.e.Source.ID("we_", 24), secret: "whsec_" + c.e.Source.ID("", 32), acct: c.acct, version: c.p.str("api_version"),
		connect: c.p.bool("connect"), created: c.now,
	}
	if w.version != "" && w.version != Version {
		return nil, invalid("api_version", "", "Invalid API version: only "+Version+" is spoken here.")
	}
	if err := c.changeEndpoint(w); err != nil {
		return nil, err
	}
	if w.url == "" {
		return nil, required("url")
	}
	if len(w.enabled) == 0 {
		return nil, required("enabled_events")
	}
	if len(c.acct.endpoints.list) >= 16 {
		return nil, invalid("", "", "You have reached the maximum of 16 webhook endpoints.")
	}
	c.acct.endpoints.add(w)
	o := w.render()
	o["secret"] = w.secret // shown once
	return o, nil
}

func (c *call) changeEndpoint(w *endpoint) error {
	metadata, err := c.p.metadata(w.metadata)
	if err != nil {
		return err
	}
	if to := c.p.str("url"); to != "" {
		u, err := url.Parse(to)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
			return invalid("url", "url_invalid", "Invalid URL: write it in full, like https://example.com/webhooks.")
		}
		w.url = to
	}
	if enabled := c.p.strings("enabled_events"); len(enabled) > 0 {
		w.enabled = enabled
	}
	if c.p.has("description") {
		w.description = c.p.str("description")
	}
	if c.p.has("disabled") {
		w.disabled = c.p.bool("disabled")
	}
	w.metadata = metadata
	return nil
}

func (c *call) pathEndpoint() (*endpoint, error) {
	w := c.acct.endpoints.get(c.r.PathValue("id"))
	if w == nil {
		return nil, missing("webhook endpoint", c.r.PathValue("id"), "id")
	}
	return w, nil
}

func (c *call) retrieveEndpoint() (obj, error) {
	w, err := c.pathEndpoint()
	if err != nil {
		return nil, err
	}
	return w.render(), nil
}

func (c *call) updateEndpoint() (obj, error) {
	w, err := c.pathEndpoint()
	if err != nil {
		return nil, err
	}
	if err := c.changeEndpoint(w); err != nil {
		return nil, err
	}
	return w.render(), nil
}

func (c *call) deleteEndpoint() (obj, error) {
	w, err := c.pathEndpoint()
	if err != nil {
		return nil, err
	}
	c.acct.endpoints.forgetID(w.id)
	return obj{"id": w.id, "object": "webhook_endpoint", "deleted": true}, nil
}

func (c *call) listEndpoints() (obj, error) { return page(c, c.acct.endpoints, nil) }

func (c *call) retrieveEvent() (obj, error) {
	v := c.acct.events.get(c.r.PathValue("id"))
	if v == nil || c.now.Sub(v.created) > 30*24*time.Hour {
		return nil, missing("event", c.r.PathValue("id"), "id")
	}
	return v.render(), nil
}

func (c *call) listEvents() (obj, error) {
	kind, kinds := c.p.str("type"), c.p.strings("types")
	return page(c, c.acct.events, func(v *event) bool {
		head, all := strings.CutSuffix(kind, "*")
		return (kind == "" || v.kind == kind || (all && strings.HasPrefix(v.kind, head))) && (len(kinds) == 0 || slices.Contains(kinds, v.kind)) &&
			c.now.Sub(v.created) <= 30*24*time.Hour
	})
}
