// Package authorizenetemu is Authorize.Net as far as a billing portal meets it: one API endpoint that holds every request against the order of its
// schema, hosted pages that work without scripts, signed webhooks, batches that settle, and banks that return debits weeks later. It keeps what
// was truly captured, so that a test can say: what the processor took is what we posted.
//
// A billing postal code decides about a card: 46282 is declined, 46252 and 46253 are held for review, and 46204, 46206, 46208, 46213, 46217, 46219,
// 46227, 46241, 46265 and 46278 end with the reason in their last two digits. The card 4222 2222 2222 2 ends with the reason that the amount is, in
// whole units. A bank debit from an account ending in 0101, 0102, 0103, 0110 or 0129 comes back on the twentieth day. Everything else is paid. The
// page for people is at /authorizenet/.
//
// It never talks to anybody but the webhooks' endpoints, and keeps of a card's number its last four digits and a salted hash that dies with the
// process.
//
//	world := core.New(core.Config{Now: time.Now})
//	emu := authorizenetemu.New(authorizenetemu.Config{Core: world})
//	merchant := emu.AddMerchant(authorizenetemu.Merchant{Name: "Acme", Currency: "USD"})
//	server := httptest.NewServer(emu.Handler()) // the API's endpoint is server.URL + "/xml/v1/request.api"
package authorizenetemu
