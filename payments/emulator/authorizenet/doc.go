// Package authorizenetemu is Authorize.Net as far as a billing portal meets it: one API endpoint that holds every request against the order of its
// schema, hosted pages that work without scripts, signed webhooks, batches that settle, and banks that return debits weeks later. It keeps what
// was truly captured, so that a test can say: what the processor took is what we posted.
//
// It never talks to anybody but the webhooks' endpoints, and keeps of a card's number its last four digits and a salted hash that dies with the
// process.
//
//	world := core.New(core.Config{Now: time.Now})
//	emu := authorizenetemu.New(authorizenetemu.Config{Core: world})
//	merchant := emu.AddMerchant(authorizenetemu.Merchant{Name: "Acme", Currency: "USD"})
//	server := httptest.NewServer(emu.Handler()) // the API's endpoint is server.URL + "/xml/v1/request.api"
package authorizenetemu
