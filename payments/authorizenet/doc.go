// Package authorizenet speaks to one merchant's account at Authorize.Net: it charges saved methods and one-time tokens, refunds, voids, keeps
// customer profiles, opens the hosted payment pages, reads back what became of a transaction, and proves webhooks. Card numbers never pass
// through it: it can send a saved method, a token or the last four digits, and nothing else.
//
// The processor has no idempotency keys, and answers 200 for most errors. So every charge carries its own code as invoice number with the
// longest duplicate window there is, an answer that is not certain is ErrUnknown and never a decline, and [Client.Find] looks for what a lost
// answer left behind. It refuses to retry by itself, to follow redirects, and to send over plain HTTP to anywhere but this machine.
//
//	c, err := authorizenet.New(authorizenet.Config{Endpoint: authorizenet.Production, LoginID: login, TransactionKey: key, Currency: "USD"})
//	result, err := c.Charge(ctx, authorizenet.Charge{Code: "A7K2…", Amount: amount, Saved: &authorizenet.SavedMethod{ProfileID: "41", MethodID: "97"}})
//	if errors.Is(err, authorizenet.ErrUnknown) {
//		found, err := c.Find(ctx, authorizenet.Search{Code: "A7K2…", Since: sentAt})
//	}
package authorizenet
