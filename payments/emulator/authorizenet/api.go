package authorizenetemu

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"

	"tollhouse/payments/emulator/core"
)

// maxRequest bounds a request's body.
const maxRequest = 1 << 20

// routePrefix begins the routes that faults and counters know, like "authorizenet/createTransactionRequest".
const routePrefix = "authorizenet/"

func (e *Emulator) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /xml/v1/request.api", e.api)
	mux.HandleFunc("GET /rest/v1/webhooks", e.rest("GET webhooks", e.listHooks))
	mux.HandleFunc("POST /rest/v1/webhooks", e.rest("POST webhooks", e.createHook))
	mux.HandleFunc("DELETE /rest/v1/webhooks/{id}", e.rest("DELETE webhooks", e.deleteHook))
	e.pages(mux)
	mux.Handle("/_emulator/", e.Control())
	return mux
}

// object is an answer; its keys' order means nothing to anybody.
type object map[string]any

// problem is an answer that is an error of the whole request.
type problem struct{ code, text string }

// call is one request, understood as far as its sender.
type call struct {
	m    *merchant
	name string
	ref  string
	body *node // below the root key
}

// calls are the requests that are served. Each is called with the emulator locked.
var calls = map[string]func(*Emulator, call) (object, *problem){
	"authenticateTestRequest":                     func(*Emulator, call) (object, *problem) { return object{}, nil },
	"getMerchantDetailsRequest":                   (*Emulator).merchantDetails,
	"createTransactionRequest":                    (*Emulator).createTransaction,
	"updateHeldTransactionRequest":                (*Emulator).updateHeld,
	"getHostedPaymentPageRequest":                 (*Emulator).hostedPaymentPage,
	"getHostedProfilePageRequest":                 (*Emulator).hostedProfilePage,
	"createCustomerProfileRequest":                (*Emulator).createCustomer,
	"createCustomerPaymentProfileRequest":         (*Emulator).createMethod,
	"createCustomerProfileFromTransactionRequest": (*Emulator).keepMethod,
	"getCustomerProfileRequest":                   (*Emulator).getCustomer,
	"deleteCustomerPaymentProfileRequest":         (*Emulator).deleteMethod,
	"deleteCustomerProfileRequest":                (*Emulator).deleteCustomer,
	"getTransactionDetailsRequest":                (*Emulator).details,
	"getUnsettledTransactionListRequest":          (*Emulator).listUnsettled,
	"getTransactionListRequest":                   (*Emulator).listBatch,
	"getTransactionListForCustomerRequest":        (*Emulator).listCustomer,
	"getSettledBatchListRequest":                  (*Emulator).listBatches,
	"securePaymentContainerRequest":               (*Emulator).secureContainer,
}

// browserCalls may be made by pages, with the client key.
var browserCalls = []string{"securePaymentContainerRequest"}

func (e *Emulator) api(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*") // pages of merchants ask for tokens here
	tree, err := parseTree(body)
	if err != nil || tree.kind != '{' || len(tree.members) != 1 {
		e.Calls.Count(routePrefix + "unreadable")
		send(w, "", nil, &problem{"E00003", "Root element is missing."})
		return
	}
	c := call{name: tree.members[0].name, body: tree.members[0].value}
	serve, known := calls[c.name]
	if !known {
		e.Calls.Count(routePrefix + "unknown")
		send(w, "", nil, &problem{"E00004", "The name of the requested API method is invalid."})
		return
	}
	e.Calls.Count(routePrefix + c.name)
	c.ref = c.body.at("refId").text
	request := core.Request{Route: routePrefix + c.name, Account: c.body.at("merchantAuthentication", "name").text, Objects: c.objects()}
	answer := func(w http.ResponseWriter) {
		result, fault := e.serve(c, serve)
		send(w, c.ref, result, fault)
	}
	if fault, struck := e.Faults.Take(request); struck {
		fault.Around(w, r, answer, func(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) })
		return
	}
	answer(w)
}

// objects are the ids and codes by which a fault can be aimed.
func (c call) objects() []string {
	t := c.body.at("transactionRequest")
	ids := []string{c.ref, c.body.at("transId").text, c.body.at("customerProfileId").text, t.at("refTransId").text, t.at("order", "invoiceNumber").text}
	return slices.DeleteFunc(ids, func(s string) bool { return s == "" })
}

// serve does the request: schema first, as the processor does, then the credentials.
func (e *Emulator) serve(c call, do func(*Emulator, call) (object, *problem)) (object, *problem) {
	if fault := check(c.name, c.name, c.body); fault != "" {
		return nil, &problem{"E00003", fault}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	login := c.body.at("merchantAuthentication")
	m := e.merchants[login.at("name").text]
	switch key, client := login.at("transactionKey").text, login.at("clientKey").text; {
	case login.at("name").text == "":
		return nil, &problem{"E00005", "The merchant name is missing."}
	case m == nil:
		return nil, &problem{"E00007", "User authentication failed due to invalid authentication values."}
	case slices.Contains(browserCalls, c.name) && client == m.ClientKey, key == m.Key:
		c.m = m
		return do(e, c)
	case key == "" && client == "":
		return nil, &problem{"E00006", "The transaction key is missing."}
	}
	return nil, &problem{"E00007", "User authentication failed due to invalid authentication values."}
}

// send writes an answer as the processor does: status 200 whatever it says, and a byte-order mark before it.
func send(w http.ResponseWriter, ref string, result object, fault *problem) {
	answer := object{}
	for k, v := range result {
		answer[k] = v
	}
	if ref != "" {
		answer["refId"] = ref
	}
	if _, own := answer["messages"]; !own {
		answer["messages"] = messages("Ok", "I00001", "Successful.")
	}
	if fault != nil {
		answer["messages"] = messages("Error", fault.code, fault.text)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(append([]byte("\xef\xbb\xbf"), bytes.TrimSpace(body)...)) // a client that left does not matter
}

func messages(result, code, text string) object {
	return object{"resultCode": result, "message": []object{{"code": code, "text": text}}}
}

func (e *Emulator) merchantDetails(c call) (object, *problem) {
	methods := []string{"AmericanExpress", "Discover", "MasterCard", "Visa"}
	if !c.m.NoBank {
		methods = append(methods, "Echeck")
	}
	return object{
		"isTestMode": c.m.TestMode, "merchantName": c.m.Name, "gatewayId": c.m.GatewayID, "marketTypes": []string{"eCommerce"},
		"processors":   []object{{"name": "Emulated processor", "id": 1, "cardTypes": []string{"A", "D", "M", "V"}}},
		"productCodes": []string{"CNP"}, "paymentMethods": methods, "currencies": []string{string(c.m.Currency)},
		"publicClientKey": c.m.ClientKey, "merchantTimeZone": "America/New_York",
	}, nil
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }
