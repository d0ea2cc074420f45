package authorizenet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/authorizenet"
	"tollhouse/payments/emulator/authorizenet"
	"tollhouse/payments/emulator/core"
)

// ask sends a raw body to the emulator and returns the answer as it comes.
func (w *world) ask(body string) []byte {
	w.t.Helper()
	body = strings.NewReplacer("LOGIN", w.merchant.Login, "KEY", w.merchant.Key).Replace(body)
	res, err := http.Post(w.url+"/xml/v1/request.api", "application/json", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d, %v", res.StatusCode, err)
	}
	return raw
}

func TestEmulator_AnswersWithAByteOrderMarkAndStatus200(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	raw := w.ask(`{"authenticateTestRequest":{"merchantAuthentication":{"name":"LOGIN","transactionKey":"wrong"}}}`)
	if !bytes.HasPrefix(raw, []byte("\xef\xbb\xbf{")) || json.Valid(raw) || !bytes.Contains(raw, []byte("E00007")) {
		t.Errorf("got %q", raw)
	}
}

// The order of a request's fields is the schema's, or the request is refused; a Go map would sort them.
func TestEmulator_RefusesFieldsInAnotherOrder(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	const in = `{"createTransactionRequest":{"merchantAuthentication":{"name":"LOGIN","transactionKey":"KEY"},"transactionRequest":%s}}`
	for name, c := range map[string]struct{ transaction, want string }{
		"sorted by key": {`{"amount":"1.00","transactionType":"authCaptureTransaction"}`,
			"The element 'transactionRequest' in namespace 'AnetApi/xml/v1/schema/AnetApiSchema.xsd' has invalid child element 'amount'"},
		"order after its successor": {`{"transactionType":"authCaptureTransaction","customerIP":"192.0.2.1","order":{"invoiceNumber":"A"}}`, "invalid child element 'order'"},
		"unknown":                   {`{"transactionType":"authCaptureTransaction","metadata":{}}`, "invalid child element 'metadata'"},
		"twice":                     {`{"transactionType":"a","amount":"1","amount":"2"}`, "invalid child element 'amount'"},
		"too long":                  {`{"transactionType":"authCaptureTransaction","order":{"invoiceNumber":"` + strings.Repeat("A", 21) + `"}}`, "greater than the MaxLength value"},
		"not a number":              {`{"transactionType":"authCaptureTransaction","amount":"1,50"}`, "'Decimal'"},
		"missing":                   {`{"transactionType":"authCaptureTransaction","payment":{"opaqueData":{"dataDescriptor":"x"}}}`, "incomplete content"},
	} {
		if raw := w.ask(fmt.Sprintf(in, c.transaction)); !bytes.Contains(raw, []byte("E00003")) || !strings.Contains(string(raw), c.want) {
			t.Errorf("%s: got %s", name, raw)
		}
	}
	for name, body := range map[string]string{
		"refId after the payload": `{"getTransactionDetailsRequest":{"merchantAuthentication":{"name":"LOGIN","transactionKey":"KEY"},"transId":"1","refId":"x"}}`,
		"two roots":               `{"authenticateTestRequest":{},"x":{}}`, "no JSON": `<xml/>`, "empty": ``, "list": `[]`,
	} {
		if raw := w.ask(body); !bytes.Contains(raw, []byte("E00003")) {
			t.Errorf("%s: got %s", name, raw)
		}
	}
}

// answerBy is a client whose processor gives what a function makes of the request.
func answerBy(t *testing.T, answer func(request string) string) *authorizenet.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		said := answer(string(body))
		if status, rest, found := strings.Cut(said, " "); found && status == "500" {
			said = rest
			w.WriteHeader(http.StatusInternalServerError)
		}
		if _, err := io.WriteString(w, said); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	c, err := authorizenet.New(authorizenet.Config{Endpoint: server.URL + "/xml/v1/request.api", LoginID: "l", TransactionKey: "k", Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answerWith is a client whose processor always gives this answer.
func answerWith(t *testing.T, body string) *authorizenet.Client {
	t.Helper()
	return answerBy(t, func(string) string { return body })
}

func chargeWith(t *testing.T, body string) (authorizenet.Result, error) {
	t.Helper()
	return answerWith(t, body).Charge(context.Background(),
		authorizenet.Charge{Code: "A1", Amount: dollars(1), Saved: &authorizenet.SavedMethod{ProfileID: "1", MethodID: "2"}})
}

func TestCharge_ReadsEveryFormOfAnAnswer(t *testing.T) {
	const ok = `"messages":{"resultCode":"Ok","message":[{"code":"I00001","text":"Successful."}]}`
	for name, body := range map[string]string{
		"strings":         `{"transactionResponse":{"responseCode":"1","transId":"60001","errors":[]},` + ok + `}`,
		"numbers":         `{"transactionResponse":{"responseCode":1,"transId":60001},` + ok + `}`,
		"with a mark":     "\xef\xbb\xbf" + `{"transactionResponse":{"responseCode":"1","transId":"60001"},` + ok + `}`,
		"one message":     `{"transactionResponse":{"responseCode":"1","transId":"60001","messages":{"code":"1"}},"messages":{"resultCode":"Ok","message":{"code":"I00001"}}}`,
		"wrapped message": `{"transactionResponse":{"responseCode":"1","transId":"60001","messages":{"message":[{"code":1}]}},` + ok + `}`,
	} {
		if r, err := chargeWith(t, body); err != nil || r.TransactionID != "60001" {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
	const no = `"messages":{"resultCode":"Error","message":[{"code":"E00027","text":"The transaction was unsuccessful."}]}`
	for name, body := range map[string]string{
		"flat errors":      `{"transactionResponse":{"responseCode":"2","transId":"0","errors":[{"errorCode":"44","errorText":"x"}]},` + no + `}`,
		"a number":         `{"transactionResponse":{"responseCode":2,"errors":[{"errorCode":44}]},` + no + `}`,
		"one error":        `{"transactionResponse":{"responseCode":"2","errors":{"errorCode":"44"}},` + no + `}`,
		"wrapped":          `{"transactionResponse":{"responseCode":"2","errors":{"error":[{"errorCode":"44"}]}},` + no + `}`,
		"processed though": `{"transactionResponse":{"responseCode":"2","errors":[{"errorCode":"44"}]},` + ok + `}`,
	} {
		var declined *authorizenet.DeclinedError
		if _, err := chargeWith(t, body); !errors.As(err, &declined) || declined.Reason != 44 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCharge_BelievesNoAnswerThatIsNotOne(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":              ``,
		"HTML":                 `<html>Bad gateway</html>`,
		"half":                 `{"transactionResponse":{"responseCode":"1",`,
		"another JSON":         `{"status":"ok"}`,
		"a list":               `[]`,
		"null":                 `null`,
		"ok, no transaction":   `{"messages":{"resultCode":"Ok","message":[]}}`,
		"a fifth code":         `{"transactionResponse":{"responseCode":"5","transId":"1"},"messages":{"resultCode":"Ok"}}`,
		"held without an id":   `{"transactionResponse":{"responseCode":"4","transId":"0"},"messages":{"resultCode":"Ok"}}`,
		"try again later":      `{"messages":{"resultCode":"Error","message":[{"code":"E00001","text":"An error occurred during processing. Please try again."}]}}`,
		"error without a code": `{"messages":{"resultCode":"Error"}}`,
		"a broken server's":    `500 {"transactionResponse":{"responseCode":"1","transId":"60001"},"messages":{"resultCode":"Ok"}}`,
		"two values":           `{"messages":{"resultCode":"Ok"}} {}`,
	} {
		if r, err := chargeWith(t, body); !errors.Is(err, authorizenet.ErrUnknown) {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
}

func TestErrors_HaveTheirNames(t *testing.T) {
	for code, want := range map[string]error{
		"E00003": authorizenet.ErrOurRequest, "E00013": authorizenet.ErrOurRequest, "E00014": authorizenet.ErrOurRequest,
		"E00005": authorizenet.ErrCredentials, "E00006": authorizenet.ErrCredentials, "E00007": authorizenet.ErrCredentials,
		"E00001": authorizenet.ErrRetryLater, "E00040": authorizenet.ErrNotFound, "E00042": authorizenet.ErrTooManyProfiles,
		"E00011": authorizenet.ErrNotPermitted, "E00114": authorizenet.ErrTokenSpent,
	} {
		c := answerWith(t, `{"messages":{"resultCode":"Error","message":[{"code":"`+code+`","text":"secret words"}]}}`)
		err := c.Authenticate(context.Background())
		if !errors.Is(err, want) || errors.Is(err, authorizenet.ErrUnknown) {
			t.Errorf("%s: got %v", code, err)
		}
		if strings.Contains(err.Error(), "secret words") {
			t.Errorf("%s quotes the processor: %v", code, err)
		}
	}
	err := answerWith(t, `{"messages":{"resultCode":"Error","message":[{"code":"E77777","text":"x"}]}}`).Authenticate(context.Background())
	var other *authorizenet.APIError
	if !errors.As(err, &other) || other.Code != "E77777" {
		t.Errorf("got %v", err)
	}
}

// What settles while somebody looks moves from one list to the other: at every moment the transaction is found.
func TestFind_SeesUnsettledSettledAndCustomersTransactions(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	saved := w.saved("")
	ctx := context.Background()
	if _, err := w.client.Charge(ctx, authorizenet.Charge{Code: "A1", Amount: dollars(2500), Saved: &saved}); err != nil {
		t.Fatal(err)
	}
	for _, days := range []int{0, 1, 30} {
		w.emu.Clock.Advance(time.Duration(days) * 24 * time.Hour)
		found, err := w.client.Find(ctx, authorizenet.Search{Code: "A1", Since: start})
		if err != nil || len(found) != 1 || found[0].Code != "A1" {
			t.Errorf("%d days later: %+v, %v", days, found, err)
		}
	}
	found, err := w.client.Find(ctx, authorizenet.Search{Code: "A1", Since: w.emu.Clock.Now(), ProfileID: saved.ProfileID})
	if err != nil || len(found) != 1 {
		t.Errorf("by the customer: %+v, %v", found, err)
	}
	if _, err := w.client.Charge(ctx, authorizenet.Charge{Code: "A2", Amount: dollars(2500), Saved: &saved}); err != nil {
		t.Fatal(err)
	}
	w.emu.Clock.Advance(40 * 24 * time.Hour) // so that it is in the second of three ranges
	if found, err = w.client.Find(ctx, authorizenet.Search{Code: "A2", Since: start}); err != nil || len(found) != 1 {
		t.Errorf("in a later range: %+v, %v", found, err)
	}
	found, err = w.client.Find(ctx, authorizenet.Search{Code: "A", Since: start, ProfileID: saved.ProfileID})
	if err != nil || len(found) != 0 {
		t.Errorf("the beginning of a code is no code: %+v, %v", found, err)
	}
}

func TestFind_AnUnreadListIsNoProof(t *testing.T) {
	for _, route := range []string{"getUnsettledTransactionListRequest", "getSettledBatchListRequest", "getTransactionListRequest",
		"getTransactionListForCustomerRequest", "getTransactionDetailsRequest"} {
		w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
		saved := w.saved("")
		if _, err := w.client.Charge(context.Background(), authorizenet.Charge{Code: "A1", Amount: dollars(2500), Saved: &saved}); err != nil {
			t.Fatal(err)
		}
		w.emu.Clock.Advance(24 * time.Hour)
		w.fault(core.Fault{Route: route, Kind: core.ErrorBefore, Times: 1})
		found, err := w.client.Find(context.Background(), authorizenet.Search{Code: "A1", Since: start, ProfileID: saved.ProfileID})
		if !errors.Is(err, authorizenet.ErrUnknown) {
			t.Errorf("%s: got %+v, %v", route, found, err)
		}
	}
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{NoDetails: true})
	if _, err := w.client.Find(context.Background(), authorizenet.Search{Code: "A1", Since: start}); !errors.Is(err, authorizenet.ErrNotPermitted) {
		t.Errorf("switched off: got %v", err)
	}
}

func TestFind_ReadsEveryPage(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	saved := w.saved("")
	for i := range 1003 {
		if _, err := w.client.Charge(context.Background(), authorizenet.Charge{Code: fmt.Sprintf("A%d", i), Amount: dollars(1), Saved: &saved}); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range []string{"A0", "A1002"} {
		if found, err := w.client.Find(context.Background(), authorizenet.Search{Code: code, Since: start}); err != nil || len(found) != 1 {
			t.Errorf("%s: %+v, %v", code, found, err)
		}
	}
}

func TestBank_DebitIsPaidWhenItSettlesAndMayComeBack(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	url, take := inbox(t)
	if _, err := w.client.CreateWebhook(context.Background(), "tollhouse", url, authorizenet.EventTypes); err != nil {
		t.Fatal(err)
	}
	id := w.paid("A1", w.bank("0000000101"))
	w.emu.Clock.Advance(0)
	if n := len(take()); n != 1 {
		t.Errorf("%d webhooks of the charge", n)
	}
	want := func(day int, status string, effect authorizenet.Effect) {
		t.Helper()
		w.emu.Clock.Set(start.AddDate(0, 0, day))
		tx := w.transaction(id)
		if m := tx.Meaning(); m.Status != status || m.Effect != effect {
			t.Errorf("day %d: %s means %+v", day, tx.Status, m)
		}
	}
	want(0, payments.Processing, authorizenet.Nothing)
	want(1, payments.Processing, authorizenet.Nothing)
	want(6, payments.Succeeded, authorizenet.Nothing)
	want(19, payments.Succeeded, authorizenet.Nothing)
	want(20, payments.Succeeded, authorizenet.Returned)
	tx := w.transaction(id)
	if len(tx.Returns) != 1 || tx.Returns[0].Code != "R01" || tx.Bank == nil || tx.Bank.Account != "XXXX0101" {
		t.Errorf("got %+v", tx)
	}
	if n := len(take()); n != 0 {
		t.Errorf("%d webhooks told of the return; the processor has none", n)
	}
}

func TestReverse_VoidBeforeItSettlesRefundAfter(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	ctx := context.Background()
	early, late := w.paid("A1", w.card(goodCard, "")), w.paid("A2", w.card(goodCard, ""))
	refund := authorizenet.Refund{Code: "R1", OriginalID: late, Amount: dollars(1000), Last4: "1111"}
	if _, err := w.client.Refund(ctx, refund); !errors.Is(err, authorizenet.ErrNotRefundable) {
		t.Errorf("refund of what is not settled: %v", err)
	}
	if _, err := w.client.Void(ctx, "V1", early); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.Void(ctx, "V1", early); err != nil {
		t.Errorf("voided again: %v", err)
	}
	if tx := w.transaction(early); tx.Meaning().Status != payments.Canceled || tx.Meaning().Effect != authorizenet.TakenBack {
		t.Errorf("got %+v", tx)
	}
	w.emu.Clock.Advance(24 * time.Hour)
	if _, err := w.client.Void(ctx, "V2", late); err == nil {
		t.Error("voided what had settled")
	}
	r, err := w.client.Refund(ctx, refund)
	if err != nil {
		t.Fatal(err)
	}
	if tx := w.transaction(r.TransactionID); tx.OriginalID != late || tx.Code != "R1" || tx.Meaning() != (authorizenet.Meaning{Effect: authorizenet.RefundPending}) {
		t.Errorf("got %+v", tx)
	}
	var twin *authorizenet.DuplicateError
	if _, err := w.client.Refund(ctx, refund); !errors.As(err, &twin) || twin.OriginalID != r.TransactionID {
		t.Errorf("the same refund again: %v", err)
	}
	for name, bad := range map[string]authorizenet.Refund{
		"more than is left": {Code: "R2", OriginalID: late, Amount: dollars(1501), Last4: "1111"},
		"another card":      {Code: "R3", OriginalID: late, Amount: dollars(1), Last4: "2222"},
	} {
		if _, err := w.client.Refund(ctx, bad); !errors.Is(err, authorizenet.ErrNotRefundable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.client.Refund(ctx, authorizenet.Refund{Code: "R4", OriginalID: "999", Amount: dollars(1), Last4: "1111"}); !errors.Is(err, authorizenet.ErrNotFound) {
		t.Errorf("no such transaction: %v", err)
	}
	if got := w.emu.Captured(w.merchant.Login); len(got) != 1 || got[0].Refunded != 1000 {
		t.Errorf("captured %+v", got)
	}
	w.emu.Clock.Advance(181 * 24 * time.Hour)
	if _, err := w.client.Refund(ctx, authorizenet.Refund{Code: "R5", OriginalID: late, Amount: dollars(1), Last4: "1111"}); !errors.Is(err, authorizenet.ErrNotRefundable) {
		t.Errorf("after half a year: %v", err)
	}
}

func TestReverse_RefundsABankDebit(t *testing.T) {
	w := newWorld(t, authorizenetemu.Config{}, authorizenetemu.Merchant{})
	id := w.paid("A1", w.bank("1234567890"))
	w.emu.Clock.Advance(7 * 24 * time.Hour)
	tx := w.transaction(id)
	if _, err := w.client.Refund(context.Background(), authorizenet.Refund{Code: "R1", OriginalID: id, Amount: tx.Settled, Bank: tx.Bank}); err != nil {
		t.Error(err)
	}
}

// While a batch settles, rows leave the list of what is unsettled, and others slip from a page that was not read to one that was.
func TestFind_AListThatShrinksIsReadAgain(t *testing.T) {
	calls := 0
	c := answerBy(t, func(request string) string {
		switch {
		case strings.Contains(request, "getUnsettledTransactionListRequest"):
			calls++
			return unsettledPage(calls, strings.Contains(request, `"offset":2`))
		case strings.Contains(request, "getTransactionDetailsRequest"):
			return `{"transaction":{"transId":"7","transactionStatus":"capturedPendingSettlement","order":{"invoiceNumber":"A7"},"settleAmount":1.5},` +
				`"messages":{"resultCode":"Ok"}}`
		}
		return `{"messages":{"resultCode":"Ok","message":[{"code":"I00004"}]}}`
	})
	found, err := c.Find(context.Background(), authorizenet.Search{Code: "A7", Since: time.Now()})
	if err != nil || len(found) != 1 || calls != 3 {
		t.Errorf("after %d calls: %+v, %v", calls, found, err)
	}
}

// unsettledPage is a first page of a thousand rows of 1,500, then a second one of a list that has only 900 left, then the whole of it with what
// had slipped through.
func unsettledPage(call int, second bool) string {
	row := func(id, code string) string {
		return `{"transId":"` + id + `","transactionStatus":"capturedPendingSettlement","invoiceNumber":"` + code + `","submitTimeUTC":"2026-03-02T09:00:00Z"}`
	}
	const end = `],"messages":{"resultCode":"Ok"}}`
	switch {
	case call == 1:
		return `{"totalNumInResultSet":1500,"transactions":[` + strings.TrimSuffix(strings.Repeat(row("1", "B")+",", 1000), ",") + end
	case second:
		return `{"totalNumInResultSet":900,"transactions":[` + row("2", "B") + end
	}
	return `{"totalNumInResultSet":900,"transactions":[` + row("7", "A7") + end
}
