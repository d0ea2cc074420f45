package authorizenetemu

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tollhouse/payments/emulator/core"
)

// hook is an address that hears of events.
type hook struct {
	ID     string   `json:"webhookId"`
	Name   string   `json:"name"`
	Status string   `json:"status"`
	URL    string   `json:"url"`
	Events []string `json:"eventTypes"`
}

// mostHooks is how many a merchant may have.
const mostHooks = 100

// events are the types that can be asked for.
var events = []string{
	"net.authorize.payment.authcapture.created", "net.authorize.payment.authorization.created", "net.authorize.payment.capture.created",
	"net.authorize.payment.priorAuthCapture.created", "net.authorize.payment.refund.created", "net.authorize.payment.void.created",
	"net.authorize.payment.fraud.held", "net.authorize.payment.fraud.approved", "net.authorize.payment.fraud.declined",
	"net.authorize.customer.created", "net.authorize.customer.updated", "net.authorize.customer.deleted",
	"net.authorize.customer.paymentProfile.created", "net.authorize.customer.paymentProfile.updated", "net.authorize.customer.paymentProfile.deleted",
}

// rest wraps a call of the webhook half: basic authentication, faults, real statuses.
func (e *Emulator) rest(route string, do func(*merchant, *http.Request, []byte) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e.Calls.Count(routePrefix + route)
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			core.WriteJSON(w, http.StatusRequestEntityTooLarge, restProblem(413, "INVALID_DATA", "The request is too long."))
			return
		}
		login, key, _ := r.BasicAuth()
		answer := func(w http.ResponseWriter) {
			e.mu.Lock()
			defer e.mu.Unlock()
			status, result := http.StatusUnauthorized, any(restProblem(401, "AUTHENTICATION_FAILURE", "The credentials are wrong."))
			if m := e.merchants[login]; m != nil && m.Key == key {
				status, result = do(m, r, body)
			}
			core.WriteJSON(w, status, result)
		}
		if fault, struck := e.Faults.Take(core.Request{Route: routePrefix + route, Account: login}); struck {
			fault.Around(w, r, answer, func(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) })
			return
		}
		answer(w)
	}
}

func restProblem(status int, reason, message string) object {
	return object{"status": status, "reason": reason, "message": message, "correlationId": "00000000-0000-0000-0000-000000000000"}
}

func (e *Emulator) listHooks(m *merchant, _ *http.Request, _ []byte) (int, any) {
	return http.StatusOK, append([]*hook{}, m.hooks...)
}

func (e *Emulator) createHook(m *merchant, _ *http.Request, body []byte) (int, any) {
	h := &hook{}
	if err := json.Unmarshal(body, h); err != nil {
		return http.StatusBadRequest, restProblem(400, "INVALID_DATA", "The body is no webhook.")
	}
	u, err := url.Parse(h.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return http.StatusBadRequest, restProblem(400, "INVALID_DATA", "The url is invalid.")
	case len(h.Events) == 0:
		return http.StatusBadRequest, restProblem(400, "MISSING_DATA", "eventTypes are missing.")
	case len(m.hooks) >= mostHooks:
		return http.StatusBadRequest, restProblem(400, "INVALID_DATA", "There are too many webhooks.")
	}
	for _, one := range h.Events {
		if !slices.Contains(events, one) {
			return http.StatusBadRequest, restProblem(400, "INVALID_DATA", "The event type "+one+" is unknown.")
		}
	}
	if h.Status == "" {
		h.Status = "active"
	}
	h.ID = e.uuid()
	m.hooks = append(m.hooks, h)
	return http.StatusOK, h
}

func (e *Emulator) deleteHook(m *merchant, r *http.Request, _ []byte) (int, any) {
	before := len(m.hooks)
	m.hooks = slices.DeleteFunc(m.hooks, func(h *hook) bool { return h.ID == r.PathValue("id") })
	if len(m.hooks) == before {
		return http.StatusNotFound, restProblem(404, "RESOURCE_NOT_FOUND", "The webhook does not exist.")
	}
	return http.StatusOK, object{}
}

// uuid makes an id in the form that webhooks have.
func (e *Emulator) uuid() string {
	s := e.Source.Letters("0123456789abcdef", 32)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// tell sends an event to every hook that asked for it: one notification, one message a hook.
func (e *Emulator) tell(m *merchant, event string, tx *transaction) {
	notification := e.uuid()
	for _, h := range m.hooks {
		if h.Status != "active" || !slices.Contains(h.Events, event) {
			continue
		}
		// Indented on purpose: a receiver that checks anything but the bytes as they came will find that the signature does not fit.
		body, err := json.MarshalIndent(object{
			"notificationId": notification, "eventType": event, "eventDate": e.Clock.Now().Format("2006-01-02T15:04:05.0000000Z"), "webhookId": h.ID,
			"payload": object{"responseCode": tx.code, "merchantReferenceId": tx.ref, "invoiceNumber": tx.invoice, "authCode": tx.authCode,
				"avsResponse": "Y", "authAmount": price(tx.amount), "entityName": "transaction", "id": tx.id},
		}, "", "  ")
		if err != nil {
			return // an amount is always a number
		}
		key := m.SignatureKey
		e.Deliveries.Send(core.Message{
			Event: notification, Kind: event, Account: m.Login, Object: tx.id, Endpoint: h.ID, URL: h.URL, Body: append(body, '\n'),
			Sign: func(_ time.Time, body []byte, forge bool) http.Header {
				if forge {
					return signed("00"+key, body)
				}
				return signed(key, body)
			},
		})
	}
}

// signed makes the header as the processor writes it, in capitals.
func signed(key string, body []byte) http.Header {
	mac := hmac.New(sha512.New, []byte(key))
	mac.Write(body)
	return http.Header{
		"X-Anet-Signature": {"sha512=" + strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))}, "Content-Type": {"application/json; charset=utf-8"},
	}
}
