// Package stripe takes payments through a tenant's own Stripe account. It implements payments.Processor with stripe-go, one client a tenant: the library's
// global key is never set.
//
// Payments are confirmed here, on the server: the payment intent is made without moving money, its id is written down by the caller, and only then is it
// confirmed, each with an idempotency key that is derived from the payment. Nothing that could take money waits in a browser. A declined intent is
// cancelled before the decline is told, for what was declined could be confirmed once more.
//
// It refuses to guess: an answer that did not come is payments.ErrLost, whatever the library says of it.
//
//	account, err := stripe.New(stripe.Config{SecretKey: "sk_test_…", WebhookSecrets: []string{"whsec_…"}})
//	id, err := account.Begin(ctx, attempt)
//	outcome, err := account.Submit(ctx, attempt)
package stripe
