// Package core holds what every emulated processor needs and no processor's protocol: a clock that can be moved, faults that are armed by
// script, webhooks that are delivered, retried and spoiled, and counters. The emulators of Stripe and of Authorize.Net are built on it; when they
// share one Core, they share its time.
//
// It refuses to be hidden state: nothing happens but by a call, by an armed fault or by a due job, and with a seed all of it repeats.
//
//	c := core.New(core.Config{Seed: 7, Now: func() time.Time { return start }})
//	c.Faults.Arm(core.Fault{Route: "POST /v1/payment_intents/{id}/confirm", Kind: core.TimeoutAfter, Times: 1})
//	c.Clock.Advance(4 * 24 * time.Hour) // everything due meanwhile happens, in its order, before Advance returns
package core
