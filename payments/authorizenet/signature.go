package authorizenet

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// SignatureHeader carries a webhook's signature.
const SignatureHeader = "X-ANET-Signature"

// VerifyWebhook checks a signature over the body exactly as it came, or returns ErrSignature. The key is the account's Signature Key as it is
// shown, in hexadecimal: its characters are the key's bytes. There is no time in a signature: that an event is taken once is the caller's business,
// by Notification.ID, and so is asking for the object instead of believing the event.
func VerifyWebhook(header string, rawBody []byte, key Secret) error {
	secret := strings.TrimSpace(string(key))
	scheme, signature, found := strings.Cut(strings.TrimSpace(header), "=")
	given, err := hex.DecodeString(signature) // takes both cases
	if secret == "" || !found || !strings.EqualFold(scheme, "sha512") || err != nil {
		return ErrSignature
	}
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write(rawBody)
	if !hmac.Equal(given, mac.Sum(nil)) {
		return ErrSignature
	}
	return nil
}

// Notification is a webhook's body, as far as it is used: what it is about. What it says of amounts and states is not read at all.
type Notification struct {
	ID        string // the same for every delivery of one event
	Type      string // "net.authorize.payment.authcapture.created"
	At        time.Time
	Entity    string // "transaction", "customerProfile", "customerPaymentProfile", …
	EntityID  string
	ProfileID string // of a customerPaymentProfile
	Code      string // merchantReferenceId, as the message claims; "" when it does not
}

// ParseNotification reads a verified body.
func ParseNotification(rawBody []byte) (Notification, error) {
	var w struct {
		ID      text `json:"notificationId"`
		Type    text `json:"eventType"`
		At      text `json:"eventDate"`
		Payload struct {
			Entity    text `json:"entityName"`
			ID        text `json:"id"`
			ProfileID text `json:"customerProfileId"`
			Code      text `json:"merchantReferenceId"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(rawBody, &w); err != nil {
		return Notification{}, fmt.Errorf("reading a webhook: %w", err)
	}
	if w.ID == "" || w.Type == "" || len(w.ID) > 120 || len(w.Type) > 120 {
		return Notification{}, fmt.Errorf("reading a webhook: it has no id or no type")
	}
	n := Notification{ID: string(w.ID), Type: string(w.Type), Entity: string(w.Payload.Entity), EntityID: string(w.Payload.ID),
		ProfileID: string(w.Payload.ProfileID), Code: clip(string(w.Payload.Code), 20)}
	n.At, _ = parseTime(w.At) // a time that cannot be read is the zero time: nothing is decided by it
	return n, nil
}
