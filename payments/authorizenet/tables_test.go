package authorizenet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/ledger"
)

// vendorStatuses are those of the processor's schema.
const vendorStatuses = `authorizedPendingCapture capturedPendingSettlement communicationError refundSettledSuccessfully refundPendingSettlement
	approvedReview declined couldNotVoid expired generalError pendingFinalSettlement pendingSettlement failedReview settledSuccessfully settlementError
	underReview updatingSettlement voided FDSPendingReview FDSAuthorizedPendingReview returnedItem chargeback chargebackReversal authorizedPendingRelease`

func TestMeaningOf_KnowsEveryStatusOfTheSchema(t *testing.T) {
	rows, cards, banks := authorizenet.StatusRows()
	all := strings.Fields(vendorStatuses)
	if len(rows) != len(all) {
		t.Errorf("%d rows for %d statuses", len(rows), len(all))
	}
	known := append(payments.Statuses(), "")
	for i, vendor := range rows {
		for _, m := range []authorizenet.Meaning{cards[i], banks[i]} {
			found := false
			for _, s := range known {
				found = found || s == m.Status
			}
			if !found || m.Status == payments.Unknown || m.Status == "" && m.Effect == authorizenet.Nothing && !m.Alert {
				t.Errorf("%s means %+v", vendor, m)
			}
		}
		if authorizenet.MeaningOf(vendor, false) != cards[i] || authorizenet.MeaningOf(vendor, true) != banks[i] {
			t.Errorf("%s is not found", vendor)
		}
	}
	for _, vendor := range all {
		if m := authorizenet.MeaningOf(vendor, false); m == (authorizenet.Meaning{Alert: true}) && vendor != "couldNotVoid" {
			t.Errorf("%s has no meaning", vendor)
		}
	}
}

func TestMeaningOf_EachRow(t *testing.T) {
	for vendor, want := range map[string][2]string{
		"authorizedPendingCapture": {payments.Processing, payments.Processing}, "capturedPendingSettlement": {payments.Succeeded, payments.Processing},
		"approvedReview": {payments.Succeeded, payments.Processing}, "pendingSettlement": {payments.Succeeded, payments.Processing},
		"updatingSettlement": {payments.Succeeded, payments.Processing}, "pendingFinalSettlement": {payments.Succeeded, payments.Processing},
		"settledSuccessfully": {payments.Succeeded, payments.Succeeded}, "FDSPendingReview": {payments.HeldReview, payments.HeldReview},
		"FDSAuthorizedPendingReview": {payments.HeldReview, payments.HeldReview}, "underReview": {payments.HeldReview, payments.HeldReview},
		"authorizedPendingRelease": {payments.HeldReview, payments.HeldReview}, "declined": {payments.Failed, payments.Failed},
		"failedReview": {payments.Failed, payments.Failed}, "expired": {payments.Failed, payments.Failed}, "generalError": {payments.Failed, payments.Failed},
		"communicationError": {payments.Failed, payments.Failed}, "settlementError": {payments.Failed, payments.Failed},
		"voided": {payments.Canceled, payments.Canceled}, "returnedItem": {payments.Succeeded, payments.Succeeded},
		"chargeback": {payments.Succeeded, payments.Succeeded}, "chargebackReversal": {payments.Succeeded, payments.Succeeded},
		"refundPendingSettlement": {"", ""}, "refundSettledSuccessfully": {"", ""}, "couldNotVoid": {"", ""}, "somethingNew": {"", ""},
	} {
		if c, b := authorizenet.MeaningOf(vendor, false).Status, authorizenet.MeaningOf(vendor, true).Status; c != want[0] || b != want[1] {
			t.Errorf("%s: got %q and %q, want %q", vendor, c, b, want)
		}
	}
	if m := authorizenet.MeaningOf("somethingNew", false); !m.Alert {
		t.Error("a status that nobody knows must be seen by a person")
	}
}

func TestKindOf_EachReason(t *testing.T) {
	want := map[payments.FailureKind]string{
		payments.FailedNumber: "6 9 10 37 315", payments.FailedExpiry: "7 316", payments.FailedExpired: "8 317", payments.FailedCVC: "44 65 78",
		payments.FailedAddress: "27 45 127", payments.FailedUnsupported: "17 18 28",
		payments.FailedTryLater:  "19 20 21 22 23 25 26 35 57 58 59 60 61 62 63 120 121 122",
		payments.FailedDuplicate: "11", payments.FailedUnavailable: "5 13 16 30 31 33 34 54 55 84 153",
		payments.FailedDeclined: "2 3 4 41 141 165 200 201 202 203 204 205 206 207 208 209 210 211 212 213 214 215 216 217 218 219 220 221 222 223 224 250 251 254 0 9999",
	}
	seen := map[string]bool{}
	for kind, codes := range want {
		for _, code := range strings.Fields(codes) {
			var n int
			if _, err := fmt.Sscan(code, &n); err != nil {
				t.Fatal(err)
			}
			if got := authorizenet.KindOf(n); got != kind {
				t.Errorf("%d: got %s, want %s", n, got, kind)
			}
			seen[code] = true
		}
	}
	once := map[int]bool{}
	for _, code := range authorizenet.ReasonRows() {
		if !seen[fmt.Sprint(code)] || once[code] {
			t.Errorf("%d has a row that is not tested, or two", code)
		}
		once[code] = true
	}
}

// currencies has each exponent that there is, and the two that processors disagree about.
var currencies = []ledger.Currency{"USD", "EUR", "JPY", "KWD", "UGX", "ISK"}

func TestAmount_ThereAndBackForEveryExponent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, currency := range currencies {
		for i := range 20_000 {
			m := ledger.Money{Amount: random.Int64N(int64(math.Pow10(1+i%11))) + 1, Currency: currency}
			text, back, err := authorizenet.AmountForTest(m)
			if err != nil || back != m {
				t.Fatalf("%v: wrote %q, read %v, %v", m, text, back, err)
			}
			if padded, err := authorizenet.ParseAmountForTest(withZeros(text), currency); err != nil || padded != m {
				t.Fatalf("%v with zeros: %v, %v", m, padded, err)
			}
		}
	}
}

func withZeros(s string) string {
	if !strings.Contains(s, ".") {
		s += "."
	}
	return s + "00"
}

func TestAmount_IsNeverRounded(t *testing.T) {
	for s, currency := range map[string]ledger.Currency{"1.005": "USD", "1.5": "JPY", "1.0001": "KWD", "1e3": "USD", "1,5": "USD", "NaN": "USD",
		"0x10": "USD", " 1": "USD", "99999999999999999999": "USD", ".5": "USD"} {
		if m, err := authorizenet.ParseAmountForTest(s, currency); err == nil {
			t.Errorf("%q: got %v", s, m)
		}
	}
	for text, m := range map[string]ledger.Money{"0.01": {Amount: 1, Currency: "USD"}, "1200": {Amount: 1200, Currency: "ISK"}, "0.005": {Amount: 5, Currency: "KWD"}} {
		if got, _, err := authorizenet.AmountForTest(m); err != nil || got != text {
			t.Errorf("%v: got %q, %v", m, got, err)
		}
	}
}

func TestClip_NeverCutsThroughACharacter(t *testing.T) {
	for _, c := range []struct {
		in, want string
		limit    int
	}{
		{"Maria", "Maria", 5}, {"Maria", "Mar", 3}, {"Zoë Ünal", "Zoë Ü", 5}, {"😀😀😀", "😀", 3}, {"abe\u0301", "ab", 3}, {"  a\x00b\nc  ", "ab c", 10},
		{"ab ", "ab", 3}, {"اسم طويل", "اسم", 4}, {"\xff\xfe", "", 5}, {"\u0301\u0301", "", 1}, {"", "", 0},
	} {
		if got := authorizenet.ClipForTest(c.in, c.limit); got != c.want {
			t.Errorf("%q to %d: got %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func FuzzClip(f *testing.F) {
	f.Add("Zoë 😀\x00é", 4)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(0, min(limit, 300))
		got := authorizenet.ClipForTest(s, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > limit || authorizenet.ClipForTest(got, limit) != got {
			t.Errorf("%q to %d: got %q", s, limit, got)
		}
	})
}

// Whatever comes back is an error or an approval that names a transaction: it never panics, and nothing else is taken for money.
func FuzzOutcome(f *testing.F) {
	for _, seed := range []string{
		`{"transactionResponse":{"responseCode":"1","transId":"60001"},"messages":{"resultCode":"Ok","message":[{"code":"I00001"}]}}`,
		"\xef\xbb\xbf" + `{"transactionResponse":{"responseCode":3,"errors":[{"errorCode":11}],"refTransID":"5"},"messages":{"resultCode":"Error"}}`,
		`{"messages":{"resultCode":"Error","message":{"code":"E00001"}}}`, `{"transactionResponse":{"messages":{"message":[]},"errors":{"error":{}}}}`, `null`, `[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := authorizenet.OutcomeForTest(body)
		if err == nil && (strings.Trim(r.TransactionID, "0123456789") != "" || strings.Trim(r.TransactionID, "0") == "") {
			t.Errorf("%q: approved as %+v", body, r)
		}
	})
}

func TestSecrets_AreNeverPrinted(t *testing.T) {
	cfg := authorizenet.Config{LoginID: "login-s3cret", TransactionKey: "tkey-s3cret", Currency: "USD"}
	client, err := authorizenet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("x", "cfg", cfg, "client", client, "key", cfg.TransactionKey)
	marshalled, err := json.Marshal(struct{ Key authorizenet.Secret }{cfg.TransactionKey})
	if err != nil {
		t.Fatal(err)
	}
	prints := []string{log.String(), string(marshalled)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		prints = append(prints, fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, client), fmt.Sprintf(verb, *client), fmt.Sprintf(verb, cfg.TransactionKey),
			fmt.Sprintf(verb, struct{ C authorizenet.Config }{cfg}), fmt.Sprintf(verb, struct{ c *authorizenet.Client }{client}))
	}
	for _, p := range prints {
		if strings.Contains(p, "s3cret") || strings.Contains(p, fmt.Sprintf("%x", "s3cret")) {
			t.Errorf("printed %s", p)
		}
	}
}

func TestNew_RefusesWhatWouldLeak(t *testing.T) {
	good := authorizenet.Config{LoginID: "l", TransactionKey: "k", Currency: "USD"}
	if _, err := authorizenet.New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*authorizenet.Config){
		"plain HTTP":         func(c *authorizenet.Config) { c.Endpoint = "http://api.example/xml/v1/request.api" },
		"plain hosted pages": func(c *authorizenet.Config) { c.HostedURL = "http://accept.example" },
		"another path":       func(c *authorizenet.Config) { c.Endpoint = "https://api.example/" },
		"no URL":             func(c *authorizenet.Config) { c.Endpoint = ":" },
		"a password in it":   func(c *authorizenet.Config) { c.Endpoint = "https://a:b@api.example/xml/v1/request.api" },
		"no login":           func(c *authorizenet.Config) { c.LoginID = "" },
		"a long login":       func(c *authorizenet.Config) { c.LoginID = authorizenet.Secret(strings.Repeat("l", 26)) },
		"no key":             func(c *authorizenet.Config) { c.TransactionKey = "" },
		"a long key":         func(c *authorizenet.Config) { c.TransactionKey = authorizenet.Secret(strings.Repeat("k", 17)) },
		"another currency":   func(c *authorizenet.Config) { c.Currency = "XYZ" },
	} {
		c := good
		spoil(&c)
		if _, err := authorizenet.New(c); err == nil || errors.Is(err, authorizenet.ErrUnknown) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
